//! What real programs said once, told again in all pieces.
//!
//! A recording is what each end said, in order: who (0 the client, 1 the target), a 16-bit length and the bytes.

use std::path::Path;

use model::Peer;

use super::live::{Scene, are_here};
use super::{Said, allow, no, play, scp, sftp};
use crate::ssh::files::FileCommand;

const UP: &str = "scp -r -p -t /in/";
const DOWN: &str = "scp -r -f /out/*";

fn read(mut recording: &[u8]) -> Said {
    let mut said = Said::new();
    while let Some((&[who, high, low], rest)) = recording.split_first_chunk::<3>() {
        let (bytes, rest) = rest.split_at(usize::from(u16::from_be_bytes([high, low])));
        said.push((if who == 0 { Peer::Client } else { Peer::Upstream }, bytes.to_vec()));
        recording = rest;
    }
    said
}

fn written(said: &Said) -> Vec<u8> {
    let mut recording = Vec::new();
    for (from, bytes) in said {
        for piece in bytes.chunks(usize::from(u16::MAX)) {
            recording.push(u8::from(*from == Peer::Upstream));
            recording.extend_from_slice(&u16::try_from(piece.len()).unwrap().to_be_bytes());
            recording.extend_from_slice(piece);
        }
    }
    recording
}

#[test]
fn sftp_says_the_same_however_it_is_cut() {
    let said = read(include_bytes!("recorded/sftp"));
    let told = play(&sftp, &said, &allow);
    assert_eq!(told.breach, None);
    let verbs: Vec<&str> = told.asked.iter().map(|text| text.split(' ').next().unwrap()).collect();
    for verb in [
        "upload",
        "download",
        "list",
        "posix-rename",
        "symlink",
        "hardlink",
        "remove",
        "mkdir",
        "setstat",
    ] {
        assert!(verbs.contains(&verb), "{verb}: {verbs:?}");
    }
    assert_eq!(told.moved.iter().filter(|moved| moved.complete).count(), 2);
    let heard: Vec<u8> = said
        .iter()
        .filter(|(from, _)| *from == Peer::Client)
        .flat_map(|(_, bytes)| bytes.clone())
        .collect();
    // All that the client said, and the gateway's own question behind the greeting.
    assert_eq!(told.upstream.len(), heard.len() + 14);
    let refused = play(&sftp, &read(include_bytes!("recorded/sftp-refused")), &refuse);
    assert_eq!(refused.breach, None);
    assert!(!refused.upstream.windows(6).any(|window| window == b"secret"));
}

#[test]
fn scp_says_the_same_however_it_is_cut() {
    for (words, recording) in
        [(UP, &include_bytes!("recorded/scp-up")[..]), (DOWN, include_bytes!("recorded/scp-down"))]
    {
        let told = play(&|| scp(words, None), &read(recording), &refuse);
        assert_eq!(told.breach, None);
        assert_eq!(told.asked.len(), 5, "{:?}", told.asked);
        assert!(told.moved.len() == 2 && told.moved.iter().all(|moved| moved.complete), "{told:?}");
    }
}

fn refuse(command: &FileCommand) -> Result<(), super::Refusal> {
    if String::from_utf8_lossy(&command.text).contains("secret") { no() } else { Ok(()) }
}

#[test]
#[ignore = "writes the recordings anew"]
fn recordings_are_made() {
    assert!(are_here());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ssh/files/tests/recorded");
    std::fs::create_dir_all(&folder).unwrap();
    let save = |name: &str, said: &Said| std::fs::write(folder.join(name), written(said)).unwrap();
    let scene = Scene::new();
    std::fs::write(scene.client("up"), "a file that goes up").unwrap();
    let batch = "mkdir d\nput up d/one\nget d/one back\nrename d/one d/two\nln d/two hard\n\
        ln -s d/two soft\nls -l d\nchmod 600 hard\nrm hard\n";
    save("sftp", &scene.sftp(&["-q"], batch, &allow).well().said);
    let batch = "-put up secret\n-get secret\n-rm secret\nput up\n";
    save("sftp-refused", &scene.sftp(&["-q"], batch, &refuse).well().said);
    std::fs::create_dir_all(scene.client("t/d")).unwrap();
    for name in ["t/a", "t/secret", "t/d/b"] {
        std::fs::write(scene.client(name), name).unwrap();
    }
    save("scp-up", &scene.scp(&["-q", "-r", "-p", "t", "host:."], &refuse).said);
    std::fs::rename(scene.client("t"), scene.server("all")).unwrap();
    save("scp-down", &scene.scp(&["-q", "-r", "host:all", "."], &refuse).said);
}
