//! Files go both ways between real programs, and what is told of them is what arrived.

use std::path::Path;
use std::process::Command;

use super::live::{Ran, Scene, are_here};
use super::{Moved, allow, sha256};
use crate::ssh::files::Undigested;

const SIZES: [usize; 6] = [0, 1, (32 << 10) - 1, 32 << 10, (32 << 10) + 1, 10 << 20];

fn content(size: usize) -> Vec<u8> {
    let mut state = size as u64 | 1;
    let next = |_| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    };
    (0..size).map(next).collect()
}

/// One report says that this file was moved as a whole.
fn has_moved(ran: &Ran, path: &str, upload: bool, content: &[u8]) {
    let found: Vec<&Moved> = ran.told.moved.iter().filter(|moved| *moved.path == *path).collect();
    let [moved] = found[..] else { panic!("{path}: {found:?}") };
    assert_eq!(moved.sha256, Ok(sha256(content)), "{path}");
    assert_eq!(moved.bytes, content.len() as u64, "{path}");
    assert_eq!((moved.upload, moved.complete), (upload, true), "{moved:?}");
}

fn same_tree(one: &Path, other: &Path) {
    let same = Command::new("diff").arg("-r").args([one, other]).status().unwrap();
    assert!(same.success());
}

/// A folder with folders and files of many sizes in it.
fn tree(at: &Path) {
    for (number, folder) in ["", "one", "one/two", "one/empty", "a b"].iter().enumerate() {
        std::fs::create_dir_all(at.join(folder)).unwrap();
        if !folder.ends_with("empty") {
            for size in [0, 1 + number, 70_000 + number] {
                std::fs::write(at.join(folder).join(format!("file {size}")), content(size))
                    .unwrap();
            }
        }
    }
}

#[test]
fn sftp_moves_files_of_all_sizes_both_ways() {
    if !are_here() {
        return;
    }
    const SMALL: [usize; 2] = [1, 300_001];
    for (options, sizes) in [
        (&["-q"][..], &SIZES[..]),
        (&["-R", "1"], &SMALL),
        (&["-B", "4096", "-R", "256"], &SMALL),
        (&["-B", "261120"], &SMALL),
        (&["-p"], &SMALL),
    ] {
        let scene = Scene::new();
        let mut batch = String::new();
        for size in sizes {
            std::fs::write(scene.client(&format!("up{size}")), content(*size)).unwrap();
            std::fs::write(scene.server(&format!("down{size}")), content(*size)).unwrap();
            batch.push_str(&format!("put up{size}\nget down{size}\n"));
        }
        let ran = scene.sftp(options, &batch, &allow).well();
        for size in sizes {
            let content = content(*size);
            assert!(std::fs::read(scene.server(&format!("up{size}"))).unwrap() == content);
            assert!(std::fs::read(scene.client(&format!("down{size}"))).unwrap() == content);
            has_moved(&ran, &scene.at(&format!("up{size}")), true, &content);
            has_moved(&ran, &scene.at(&format!("down{size}")), false, &content);
        }
        assert_eq!(ran.told.moved.len(), 2 * sizes.len());
    }
}

#[test]
fn sftp_moves_trees_both_ways() {
    if !are_here() {
        return;
    }
    let scene = Scene::new();
    tree(&scene.client("tree"));
    let ran = scene.sftp(&["-q"], "put -r tree\nget -r tree back\n", &allow).well();
    same_tree(&scene.client("tree"), &scene.server("tree"));
    same_tree(&scene.client("tree"), &scene.client("back"));
    assert_eq!(ran.told.moved.iter().filter(|moved| moved.complete).count(), 2 * 4 * 3);
    assert!(ran.told.asked.contains(&format!("mkdir {} mode=0755", scene.at("tree/one/two"))));
}

#[test]
fn sftp_does_the_rest_of_its_work() {
    if !are_here() {
        return;
    }
    let scene = Scene::new();
    std::fs::write(scene.server("a"), "12345").unwrap();
    let batch = "mkdir d\nrename a d/b\nln d/b hard\nln -s d/b soft\nln -s /nowhere gone\nls -l\nls -la d\n\
        chmod 600 d/b\ncp d/b copied\nrm hard\nmkdir e\nrmdir e\ncd d\npwd\ndf\nget b back\nlpwd\n";
    let ran = scene.sftp(&["-q"], batch, &allow).well();
    assert_eq!(std::fs::read(scene.client("back")).unwrap(), b"12345");
    assert_eq!(std::fs::read(scene.server("copied")).unwrap(), b"12345");
    assert_eq!(std::fs::read_link(scene.server("gone")).unwrap(), Path::new("/nowhere"));
    for expected in [
        format!("mkdir {} mode=0777", scene.at("d")),
        format!("posix-rename {} {}", scene.at("a"), scene.at("d/b")),
        format!("hardlink {} {}", scene.at("d/b"), scene.at("hard")),
        format!("symlink {} {}", scene.at("d/b"), scene.at("soft")),
        format!("setstat {} mode=0600", scene.at("d/b")),
        format!("copy-data {} {}", scene.at("d/b"), scene.at("copied")),
        format!("remove {}", scene.at("hard")),
        format!("rmdir {}", scene.at("e")),
        format!("statvfs {}", scene.at("d")),
        "limits".to_owned(),
    ] {
        assert!(ran.told.asked.contains(&expected), "{expected}: {:#?}", ran.told.asked);
    }
    let copied = ran.told.moved.iter().find(|moved| *moved.path == *scene.at("copied")).unwrap();
    assert_eq!((copied.sha256, copied.complete), (Err(Undigested::Copied), false));
}

#[test]
fn what_goes_on_where_an_earlier_move_ended_has_no_digest() {
    if !are_here() {
        return;
    }
    let scene = Scene::new();
    let all = content(100_000);
    std::fs::write(scene.server("down"), &all).unwrap();
    std::fs::write(scene.client("down"), &all[..40_000]).unwrap();
    std::fs::write(scene.client("up"), &all).unwrap();
    std::fs::write(scene.server("up"), &all[..40_000]).unwrap();
    let ran = scene.sftp(&["-q"], "reget down\nreput up\n", &allow).well();
    assert!(std::fs::read(scene.client("down")).unwrap() == all);
    assert!(std::fs::read(scene.server("up")).unwrap() == all);
    let told: Vec<_> = ran
        .told
        .moved
        .iter()
        .map(|moved| (moved.upload, moved.bytes, moved.sha256, moved.complete))
        .collect();
    let not_from_start = (false, 60_000, Err(Undigested::NotFromStart), false);
    assert_eq!(told, [not_from_start, (true, 60_000, Err(Undigested::Appended), false)]);
}

#[test]
fn scp_moves_files_of_all_sizes_both_ways() {
    if !are_here() {
        return;
    }
    for size in SIZES {
        let scene = Scene::new();
        let content = content(size);
        std::fs::write(scene.client("up"), &content).unwrap();
        let ran = scene.scp(&["-q", "up", "host:stored"], &allow).well();
        assert!(std::fs::read(scene.server("stored")).unwrap() == content);
        has_moved(&ran, &scene.at("stored"), true, &content);
        assert_eq!(ran.told.moved[0].or.as_deref(), Some(&*scene.at("stored/up")));
        let ran = scene.scp(&["-q", "host:stored", "back"], &allow).well();
        assert!(std::fs::read(scene.client("back")).unwrap() == content);
        has_moved(&ran, &scene.at("stored"), false, &content);
    }
}

#[test]
fn scp_moves_trees_both_ways() {
    if !are_here() {
        return;
    }
    for options in [&["-q", "-r"][..], &["-q", "-r", "-p"]] {
        let scene = Scene::new();
        tree(&scene.client("tree"));
        let ran = scene.scp(&[options, &["tree", "host:."]].concat(), &allow).well();
        same_tree(&scene.client("tree"), &scene.server("tree"));
        has_moved(&ran, &scene.at("tree/a b/file 70004"), true, &content(70_004));
        let ran = scene.scp(&[options, &["host:tree", "back"]].concat(), &allow).well();
        same_tree(&scene.client("tree"), &scene.client("back"));
        has_moved(&ran, &scene.at("tree/a b/file 70004"), false, &content(70_004));
        assert_eq!(ran.told.moved.len(), 4 * 3);
    }
}
