//! Looks at the house's text instead of running it: the floor plan, the quiet of the pure rooms, the
//! size of files, and that every invariant has a test.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};
use e2e::repository;

/// The rooms by floor. A room may depend on rooms of lower floors only, so the two wings, which are on
/// one floor, never see each other.
const FLOORS: &[&[&str]] = &[
    &["model"],
    &["sql", "mask"],
    &["wire", "policy", "evidence"],
    &["gateway", "control"],
    &["sluice"],
];

/// Below the second floor there is no runtime, no socket, no database, no file and no clock.
const PURE: &[&str] = &["model", "sql", "mask", "wire", "policy", "evidence"];

/// Crates that would bring one of these in.
const LOUD: &[&str] = &[
    "tokio",
    "tokio-rustls",
    "mio",
    "socket2",
    "hyper",
    "hyper-util",
    "axum",
    "tower",
    "rusqlite",
    "ureq",
    "async-std",
    "async-io",
    "smol",
    "rayon",
    "crossbeam-channel",
    "tracing",
    "log-panics",
    "openssl",
    "native-tls",
    "aws-lc-rs",
    "memmap2",
    "notify",
];

/// What the text of a pure room must not say outside its tests.
const NOISE: &[&str] = &[
    "std::fs",
    "fs::File",
    "File::open",
    "File::create",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "UnixStream",
    "SystemTime::now",
    "Instant::now",
    "thread::spawn",
    "thread::Builder",
    "std::process",
    "std::env::var",
    "env::var",
    "stdin()",
    "stdout()",
    "stderr()",
    "rand::rng()",
    "ThreadRng",
    "thread_rng",
    "SystemRandom",
];

fn metadata() -> Metadata {
    MetadataCommand::new().current_dir(repository()).exec().expect("cargo metadata answers")
}

#[test]
fn every_room_depends_on_lower_floors_only() {
    let metadata = metadata();
    let floor = |name: &str| FLOORS.iter().position(|rooms| rooms.contains(&name));
    let mut seen = BTreeSet::new();
    for package in metadata.workspace_packages() {
        let Some(own) = floor(&package.name) else {
            assert!(
                ["e2e", "bench", "fuzz"].contains(&package.name.as_str()),
                "{} stands on no floor: say in FLOORS where",
                package.name
            );
            continue;
        };
        seen.insert(package.name.to_string());
        for dependency in &package.dependencies {
            if let Some(other) = floor(&dependency.name) {
                assert!(other < own, "{} looks up to {}", package.name, dependency.name);
            }
        }
    }
    let all: BTreeSet<_> =
        FLOORS.iter().copied().flatten().map(|room| (*room).to_owned()).collect();
    assert_eq!(seen, all);
}

#[test]
fn no_pure_room_reaches_a_runtime_a_socket_or_a_store() {
    let metadata = metadata();
    let resolve = metadata.resolve.as_ref().expect("a resolved graph");
    let nodes: BTreeMap<&PackageId, _> =
        resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    for package in metadata.workspace_packages() {
        if !PURE.contains(&package.name.as_str()) {
            continue;
        }
        // What is linked: neither tools that run at build time nor what only tests use.
        let mut reached = BTreeSet::new();
        let mut next = vec![&package.id];
        while let Some(id) = next.pop() {
            if !reached.insert(id) {
                continue;
            }
            let linked = nodes[id].deps.iter().filter(|dependency| {
                dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal)
            });
            next.extend(linked.map(|dependency| &dependency.pkg));
        }
        for id in reached {
            let name = metadata[id].name.as_str();
            assert!(!LOUD.contains(&name), "{} reaches {name}", package.name);
        }
    }
}

#[test]
fn the_text_of_the_pure_rooms_is_quiet() {
    let mut wrong = Vec::new();
    for room in PURE {
        let sources = sources(&repository().join("crates").join(room).join("src"));
        let only_tests = declared_for_tests(&sources);
        for (path, text) in &sources {
            if only_tests.iter().any(|tests| path.starts_with(tests)) {
                continue;
            }
            for (at, line) in shipped(text) {
                for noise in NOISE.iter().filter(|noise| line.contains(*noise)) {
                    wrong.push(format!("{}:{at}: {noise}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn no_file_is_too_long_to_be_read() {
    let mut sizes = Vec::new();
    for (path, text) in sources(&repository()) {
        let name = path.display().to_string();
        // Data-driven tests may be long; nothing else.
        if !name.contains("/tests/") && !name.ends_with("tests.rs") {
            sizes.push((text.lines().count(), name));
        }
    }
    sizes.sort_unstable();
    let (longest, name) = sizes.last().expect("there are sources");
    assert!(*longest <= 800, "{name} has {longest} lines");
    let nine_in_ten = &sizes[sizes.len() * 9 / 10];
    assert!(nine_in_ten.0 <= 400, "a tenth of all files is longer than {} lines", nine_in_ten.0);
}

#[test]
fn every_invariant_has_a_test_that_is_there() {
    let page =
        std::fs::read_to_string(repository().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let section = page
        .split("\n## ")
        .find(|section| {
            section.lines().next().is_some_and(|title| title.to_lowercase().contains("invariant"))
        })
        .expect("a section on the invariants");
    let tests: String = sources(&repository()).into_iter().map(|(_, text)| text).collect();
    let mut numbers = BTreeSet::new();
    for row in section.lines().filter(|line| line.starts_with("| ")) {
        let Some(number) = row.split('|').nth(1).and_then(|cell| cell.trim().parse::<u32>().ok())
        else {
            continue;
        };
        numbers.insert(number);
        let mut named = row
            .split('`')
            .skip(1)
            .step_by(2)
            .filter_map(|text| {
                let name = text.rsplit("::").next()?;
                let is_test = name.matches('_').count() >= 2
                    && name
                        .bytes()
                        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
                is_test.then_some(name)
            })
            .peekable();
        assert!(named.peek().is_some(), "invariant {number} names no test");
        for name in named {
            let there = tests.contains(&format!("fn {name}("));
            assert!(there, "invariant {number}: there is no test {name}");
        }
    }
    let last = numbers.last().copied().unwrap_or_default();
    assert!(last >= 11, "eleven invariants are the design's own");
    assert_eq!(numbers, (1..=last).collect(), "the invariants are numbered");
}

#[test]
fn every_room_says_first_what_it_does_and_what_it_refuses() {
    for room in FLOORS.iter().copied().flatten() {
        let folder = if *room == "sluice" {
            "cli/src/main.rs".to_owned()
        } else {
            format!("{room}/src/lib.rs")
        };
        let text = std::fs::read_to_string(repository().join("crates").join(&folder)).unwrap();
        let front: String = text.lines().take_while(|line| line.starts_with("//!")).collect();
        assert!(front.len() > 300, "{folder} has no front page");
        let refuses = ["never", "does not", "refuse", "knows nothing", "no "];
        assert!(refuses.iter().any(|word| front.contains(word)), "{folder} refuses nothing");
    }
}

#[test]
fn nothing_is_left_for_later() {
    let marks = [
        ["TO", "DO"].concat(),
        ["FIX", "ME"].concat(),
        ["X", "XX:"].concat(),
        ["unimple", "mented!("].concat(),
        ["to", "do!("].concat(),
    ];
    let mut wrong = Vec::new();
    for (path, text) in sources(&repository()) {
        for (at, line) in text.lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark.as_str())) {
                wrong.push(format!("{}:{}: {line}", path.display(), at + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The Rust files git knows or would know below a folder, with their text.
fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "*.rs"])
        .current_dir(folder)
        .output()
        .expect("git lists files");
    let names = String::from_utf8(listed.stdout).unwrap();
    let read = |name: &str| {
        let path = folder.join(name);
        // A file that was removed and not yet committed so is listed, and not there.
        Some((path.clone(), std::fs::read_to_string(path).ok()?))
    };
    let sources: Vec<_> = names.lines().filter_map(read).collect();
    assert!(!sources.is_empty(), "{} has no sources", folder.display());
    sources
}

/// The files and folders of modules that are compiled for tests alone.
fn declared_for_tests(sources: &[(PathBuf, String)]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for (path, text) in sources {
        let lines: Vec<_> = text.lines().map(str::trim).collect();
        for pair in lines.windows(2) {
            let module = pair[1].trim_start_matches("pub(crate) ").strip_prefix("mod ");
            let Some(name) = module.and_then(|rest| rest.strip_suffix(';')) else { continue };
            if pair[0] != "#[cfg(test)]" {
                continue;
            }
            let stem = path.file_stem().unwrap();
            let folder = match ["lib", "mod", "main"].iter().any(|own| stem == *own) {
                true => path.parent().unwrap().to_owned(),
                false => path.with_extension(""),
            };
            found.push(folder.join(format!("{name}.rs")));
            found.push(folder.join(name));
        }
    }
    found
}

/// The numbered lines of a file that ship: not its tests at the end, not its comments.
fn shipped(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines: Vec<_> = text.lines().collect();
    let end = lines
        .windows(2)
        .position(|pair| pair[0].trim() == "#[cfg(test)]" && pair[1].trim_end().ends_with('{'));
    lines
        .into_iter()
        .take(end.unwrap_or(usize::MAX))
        .enumerate()
        .map(|(at, line)| (at + 1, line))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}
