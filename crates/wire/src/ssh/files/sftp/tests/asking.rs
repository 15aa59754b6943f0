//! What is asked before what.

use model::{Action, Parent};

use super::super::numbers::{
    FSETSTAT, FSTAT, LSTAT, MKDIR, OPENDIR, READLINK, REALPATH, REMOVE, RENAME, RMDIR, SETSTAT,
    STAT, SYMLINK,
};
use super::{client, extended, handle, message, named, names, open, server, told, version};
use crate::ssh::codec::Write;
use crate::ssh::files::tests::{allow, no, sftp, tell};
use crate::ssh::files::{FileCommand, FileStep};

/// The accesses of what is asked for a request, when two files are open: `r` for reading, `w` for writing.
fn accesses(request: &[u8]) -> Vec<String> {
    use std::cell::RefCell;
    let asked = RefCell::new(Vec::new());
    let rule = |command: &FileCommand| {
        asked
            .borrow_mut()
            .push(command.understood.accesses().iter().map(ToString::to_string).collect());
        Ok(())
    };
    let said = super::greeted([
        client(&[open(1, "r", 1), open(2, "w", 2)]),
        server(&[handle(1, "r"), handle(2, "w")]),
        client(&[request.to_vec()]),
    ]);
    let told = tell(sftp(), &said, &mut |bytes| vec![bytes], &rule);
    assert!(told.upstream.ends_with(request), "{:?}", told.asked);
    assert_eq!(asked.borrow().len(), 3, "{:?}", told.asked);
    let last: Vec<String> = asked.borrow_mut().pop().unwrap();
    last
}

fn two(kind: u8, one: &str, other: &str) -> Vec<u8> {
    message(kind, 9, |out| {
        out.put_string(one);
        out.put_string(other);
    })
}

fn changed(kind: u8, what: &str) -> Vec<u8> {
    message(kind, 9, |out| {
        out.put_string(what);
        out.put_u32(1);
        out.put_u64(5);
    })
}

#[test]
fn every_request_that_touches_a_name_is_asked_with_its_accesses() {
    let ext = |name: &str, words: &[&str]| {
        extended(9, name, |out| words.iter().for_each(|word| out.put_string(word)))
    };
    let copy = extended(9, "copy-data", |out| {
        out.put_string("r");
        out.put_u64(0);
        out.put_u64(0);
        out.put_string("w");
        out.put_u64(0);
    });
    let lsetstat = extended(9, "lsetstat@openssh.com", |out| {
        out.put_string("a");
        out.put_u32(0);
    });
    for (request, expected) in [
        (open(9, "a", 1), &["download /home/ann/a"][..]),
        (open(9, "/b/../c", 2), &["upload /c"]),
        (open(9, "a", 2 | 8 | 16), &["upload /home/ann/a"]),
        (open(9, "a", 3), &["download /home/ann/a", "upload /home/ann/a"]),
        (open(9, "a", 0), &["download /home/ann/a"]),
        (open(9, "a", 4), &["download /home/ann/a", "upload /home/ann/a"]),
        (open(9, "a", 1 | 8), &["download /home/ann/a", "upload /home/ann/a"]),
        (open(9, "a", 1 | 16), &["download /home/ann/a", "upload /home/ann/a"]),
        (named(OPENDIR, 9, "."), &["list /home/ann"]),
        (named(STAT, 9, "a"), &["get /home/ann/a"]),
        (named(LSTAT, 9, "../b"), &["get /home/b"]),
        (named(READLINK, 9, "a"), &["get /home/ann/a"]),
        (named(REALPATH, 9, ""), &["get /home/ann"]),
        (named(FSTAT, 9, "r"), &["get /home/ann/r"]),
        (changed(SETSTAT, "a"), &["patch /home/ann/a"]),
        (changed(FSETSTAT, "w"), &["patch /home/ann/w"]),
        (named(REMOVE, 9, "a"), &["delete /home/ann/a"]),
        (named(RMDIR, 9, "/"), &["delete /"]),
        (
            message(MKDIR, 9, |out| {
                out.put_string("a");
                out.put_u32(0);
            }),
            &["create /home/ann/a"],
        ),
        (two(RENAME, "a", "/b"), &["create /b", "delete /home/ann/a"]),
        (
            ext("posix-rename@openssh.com", &["a", "/b"]),
            &["create /b", "delete /home/ann/a", "upload /b"],
        ),
        (
            ext("hardlink@openssh.com", &["a", "/b"]),
            &["create /b", "create /home/ann/a", "download /home/ann/a", "upload /home/ann/a"],
        ),
        (ext("statvfs@openssh.com", &["a"]), &["get /home/ann/a"]),
        (ext("fstatvfs@openssh.com", &["w"]), &["get /home/ann/w"]),
        (lsetstat, &["patch /home/ann/a"]),
        (ext("limits@openssh.com", &[]), &[]),
        (ext("expand-path@openssh.com", &["~/a"]), &["get /home/ann/a"]),
        (ext("expand-path@openssh.com", &["~bob"]), &["get *.~bob", "unknown"]),
        (ext("home-directory", &["bob"]), &["get"]),
        (ext("users-groups-by-id@openssh.com", &["", ""]), &["get"]),
        (copy, &["download /home/ann/r", "upload /home/ann/w"]),
    ] {
        let mut found = accesses(&request);
        found.sort();
        assert_eq!(found, expected, "{request:?}");
    }
}

#[test]
fn a_symbolic_link_is_decided_whichever_of_its_paths_is_the_link() {
    let mut found = accesses(&two(SYMLINK, "../x", "/srv/links/l"));
    found.retain(|access| access.starts_with("download"));
    // From home, from the link's folder, the link, and the link when it is the target.
    assert_eq!(found, ["download /home/x", "download /srv/links/l", "download /srv/x"]);
}

#[test]
fn what_is_done_through_a_handle_was_decided_when_it_was_opened() {
    let told = told(
        [
            client(&[open(1, "r", 1), open(2, "w", 2 | 8), named(OPENDIR, 3, ".")]),
            server(&[handle(1, "r"), handle(2, "w"), handle(3, "d")]),
            client(&[
                super::read(4, "r", 0, 9),
                super::write(5, "w", 0, b"x"),
                named(super::super::numbers::READDIR, 6, "d"),
                extended(7, "fsync@openssh.com", |out| out.put_string("w")),
                super::close(8, "d"),
            ]),
        ],
        &allow,
    );
    assert_eq!(told.asked, ["download /home/ann/r", "upload /home/ann/w create", "list /home/ann"]);
    assert_eq!(told.client, [handle(1, "r"), handle(2, "w"), handle(3, "d")].concat());
}

#[test]
fn a_relative_name_may_be_anywhere_when_the_server_does_not_say_where_it_is() {
    for answer in [super::went(0, 4), names(0, "C:\\Users"), names(0, "")] {
        let mut channel = sftp();
        let said = vec![
            client(&[super::init(3)]),
            server(&[version(3, &[])]),
            server(&[answer]),
            client(&[open(1, "a/../b", 1)]),
        ];
        for (from, bytes) in said {
            channel.feed(from, bytes.into());
            while let Some(step) = channel.next().unwrap() {
                if let FileStep::Ask { what, .. } = step {
                    let [access] = what.understood.accesses() else { panic!("{what:?}") };
                    assert_eq!(
                        (access.action, &access.object.parent),
                        (Action::Download, &Parent::Any)
                    );
                    assert_eq!(access.object.name, "~/b");
                }
            }
        }
    }
}

#[test]
fn a_name_that_is_not_text_is_not_understood() {
    let request = message(REMOVE, 9, |out| out.put_string(b"/a\xff"));
    assert_eq!(accesses(&request), ["unknown", "delete /a\u{fffd}"]);
}

#[test]
fn nothing_of_a_refused_request_reaches_the_server() {
    let told = told(
        [client(&[
            open(1, "secret", 1),
            named(REMOVE, 2, "secret"),
            super::write(3, "x", 0, b"secret"),
        ])],
        &|_| no(),
    );
    assert_eq!(told.upstream, b"");
    let expected = [
        (1, 3, "not today".to_owned()),
        (2, 3, "not today".to_owned()),
        (3, 4, "that handle is not open".to_owned()),
    ];
    assert_eq!(super::statuses(&told.client), expected);
}
