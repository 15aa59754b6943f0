//! Real programs are told no, and go on with what is next.

use super::live::{Scene, are_here};
use super::no;
use crate::ssh::files::{FileCommand, Refusal};

/// All but what has `secret` in its name.
fn no_secrets(command: &FileCommand) -> Result<(), Refusal> {
    if String::from_utf8_lossy(&command.text).contains("secret") { no() } else { Ok(()) }
}

fn has(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window == word.as_bytes())
}

#[test]
fn sftp_goes_on_behind_what_is_refused() {
    if !are_here() {
        return;
    }
    let scene = Scene::new();
    std::fs::write(scene.server("secret"), "classified").unwrap();
    std::fs::write(scene.server("open"), "known").unwrap();
    std::fs::write(scene.client("up"), "new").unwrap();
    let batch = "-get secret\n-put up secret\n-rm secret\n-rename secret open2\n-rename open secret2\n\
        -mkdir secret3\n-chmod 600 secret\n-ln -s secret link\n-ls secret\nget open\nput up\n";
    let ran = scene.sftp(&["-q"], batch, &no_secrets).well();
    assert_eq!(std::fs::read(scene.server("secret")).unwrap(), b"classified");
    assert_eq!(std::fs::read(scene.client("open")).unwrap(), b"known");
    assert_eq!(std::fs::read(scene.server("up")).unwrap(), b"new");
    assert!(!has(&ran.told.upstream, "secret"));
    assert!(!has(&ran.told.client, "classified"));
    assert!(
        ran.errors.contains("not today") || ran.errors.contains("ermission denied"),
        "{}",
        ran.errors
    );
    let mut left: Vec<_> = std::fs::read_dir(scene.folder.join("server"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["open", "secret", "up"]);
}

#[test]
fn scp_goes_on_behind_a_file_that_is_refused() {
    if !are_here() {
        return;
    }
    for options in [&["-q"][..], &["-q", "-p"]] {
        let scene = Scene::new();
        for name in ["a", "secret", "z"] {
            std::fs::write(scene.client(name), format!("content of {name}")).unwrap();
        }
        let ran = scene.scp(&[options, &["a", "secret", "z", "host:."]].concat(), &no_secrets);
        assert_eq!((ran.code, &ran.told.breach), (Some(1), &None));
        assert!(ran.errors.contains("secret: not today"), "{}", ran.errors);
        assert!(!has(&ran.told.upstream, "secret"));
        assert_eq!(std::fs::read(scene.server("a")).unwrap(), b"content of a");
        assert_eq!(std::fs::read(scene.server("z")).unwrap(), b"content of z");
        assert!(!scene.server("secret").exists());

        std::fs::rename(scene.client("secret"), scene.server("secret")).unwrap();
        std::fs::remove_file(scene.client("a")).unwrap();
        std::fs::remove_file(scene.client("z")).unwrap();
        let ran = scene.scp(&[options, &["host:*", "."]].concat(), &no_secrets);
        assert_eq!((ran.code, &ran.told.breach), (Some(1), &None));
        assert!(ran.errors.contains("secret: not today"), "{}", ran.errors);
        assert!(!has(&ran.told.client, "content of secret"));
        assert_eq!(std::fs::read(scene.client("a")).unwrap(), b"content of a");
        assert_eq!(std::fs::read(scene.client("z")).unwrap(), b"content of z");
        assert!(!scene.client("secret").exists());
    }
}

#[test]
fn scp_goes_on_behind_a_folder_that_is_refused() {
    if !are_here() {
        return;
    }
    let scene = Scene::new();
    for folder in ["t/a", "t/secret/deeper", "t/z"] {
        std::fs::create_dir_all(scene.client(folder)).unwrap();
        std::fs::write(scene.client(folder).join("f"), folder).unwrap();
    }
    let ran = scene.scp(&["-q", "-r", "t", "host:."], &no_secrets);
    assert_eq!((ran.code, &ran.told.breach), (Some(1), &None), "{}", ran.errors);
    assert!(!has(&ran.told.upstream, "secret") && !scene.server("t/secret").exists());
    assert!(scene.server("t/a/f").exists() && scene.server("t/z/f").exists());

    std::fs::rename(scene.client("t"), scene.server("all")).unwrap();
    let ran = scene.scp(&["-q", "-r", "host:all", "back"], &no_secrets);
    assert_eq!((ran.code, &ran.told.breach), (Some(1), &None), "{}", ran.errors);
    assert!(!has(&ran.told.client, "t/secret") && !scene.client("back/secret").exists());
    assert!(scene.client("back/a/f").exists() && scene.client("back/z/f").exists());
}

#[test]
fn what_a_target_refuses_by_itself_is_told() {
    if !are_here() {
        return;
    }
    let scene = Scene::new();
    std::fs::write(scene.client("up"), "new").unwrap();
    let ran = scene.scp(&["-q", "up", "host:none/there"], &super::allow);
    assert_eq!((ran.code, &ran.told.breach), (Some(1), &None));
    assert!(ran.errors.contains("No such file"), "{}", ran.errors);
    assert!(ran.told.moved.is_empty());
    let ran = scene.scp(&["-q", "host:none", "."], &super::allow);
    assert_eq!((ran.code, &ran.told.breach), (Some(1), &None));
    assert!(ran.errors.contains("No such file"), "{}", ran.errors);
    let ran =
        scene.sftp(&["-q"], "-get none\n-put up none/there\n-rm none\n", &super::allow).well();
    assert!(ran.told.moved.is_empty());
}
