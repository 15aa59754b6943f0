use crate::shell::{Transfer, transfer};
use crate::ssh::files::{ScpCall, Way};

fn into_folder(path: &str) -> Transfer {
    let paths = vec![path.to_owned()];
    Transfer::Scp(ScpCall { way: Way::Upload, paths, into_folder: true })
}

fn scp(way: Way, path: &str) -> Transfer {
    Transfer::Scp(ScpCall { way, paths: vec![path.to_owned()], into_folder: false })
}

#[test]
fn servers_of_copying_programs_are_recognised() {
    for (line, found) in [
        ("scp -t /srv/in", scp(Way::Upload, "/srv/in")),
        ("scp -v -r -t -- /srv/in", scp(Way::Upload, "/srv/in")),
        ("scp -v -r -d -t -- /srv/in", into_folder("/srv/in")),
        ("scp -rpt '/srv/a b'", scp(Way::Upload, "/srv/a b")),
        ("/usr/bin/scp -f ~/x", scp(Way::Download, "~/x")),
        ("scp -qf -- x", scp(Way::Download, "x")),
        ("/usr/lib/openssh/sftp-server", Transfer::SftpServer),
        (
            "rsync --server --sender -vlogDtpre.iLsfxCIvu . /srv/a /srv/b",
            Transfer::RsyncServer { sends: true, paths: vec!["/srv/a".into(), "/srv/b".into()] },
        ),
        (
            "rsync --server -logDtpre.iLsfxCIvu --delete . in/",
            Transfer::RsyncServer { sends: false, paths: vec!["in/".into()] },
        ),
    ] {
        assert_eq!(transfer(line), Some(found), "{line}");
    }
}

#[test]
fn a_line_that_is_more_than_a_transfer_is_none() {
    for line in [
        "",
        "scp",
        "scp -t",
        "scp -t a b",
        "scp -tf a",
        "scp -S rm -t a",
        "scp a host:b",
        "scp -t a; rm x",
        "scp -t a &",
        "scp -t $(rm x)",
        "scp -t $x",
        "scp -t *",
        "scp -t a >b",
        "A=1 scp -t a",
        "sudo scp -t a",
        "scp -t a\nrm x",
        "rsync a b",
        "rsync --server --daemon .",
        "rsync --server --rsh=sh . a",
        "rsync --server x . a",
        "rsync --server -v",
        "rsync --server -v .",
        "sftp-server -R",
        "sh -c 'scp -t a'",
        "scp -t $'a'",
    ] {
        assert_eq!(transfer(line), None, "{line}");
    }
}
