//! `sluice.yaml` and the files it names, read into what the rooms below understand.
//!
//! ```text
//!   sluice.yaml ──► listen, tls, identity, …
//!        ├─ classes:   [globs] ──► Class, defined in the resources that name it
//!        ├─ resources: [globs] ──► model::Resource
//!        └─ policies:  [globs] ──► policy::PolicySet, and their *.test.yaml beside them
//! ```
//!
//! An unknown key is a mistake, every mistake has a place, and all that can be found in one reading
//! are told at once. Relative paths are relative to the file they stand in.

mod archive;
mod classes;
pub(crate) mod data;
#[cfg(test)]
mod documented;
mod evidence;
mod export;
mod files;
mod identity;
mod listen;
mod problem;
mod resource;
mod secret;
mod size;
#[cfg(test)]
mod tests;
mod ways;
pub(crate) mod yaml;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use control::export::Target;
use control::identity::Sources;
use model::Resource;
use serde::Deserialize;
use serde_saphyr::Spanned;

pub(crate) use classes::Class;
pub(crate) use evidence::Keeping;
pub(crate) use files::{Stamp, Text, policies as policy_files};
pub(crate) use listen::{Listen, Tls};
pub(crate) use problem::{Problem, Problems};
pub(crate) use secret::{MasterSource, Opener};

/// Where the file is when nobody says.
pub(crate) const DEFAULT_FILE: &str = "sluice.yaml";

/// `sluice.yaml` as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default = "data_dir")]
    data_dir: PathBuf,
    #[serde(default)]
    listen: listen::Written,
    tls: Option<Spanned<listen::WrittenTls>>,
    public: Option<listen::WrittenPublic>,
    #[serde(default)]
    identity: Vec<identity::Written>,
    #[serde(default)]
    admins: Vec<String>,
    #[serde(default)]
    evidence: evidence::Written,
    #[serde(default)]
    export: Vec<export::Written>,
    #[serde(default)]
    classes: Vec<Spanned<String>>,
    #[serde(default)]
    resources: Vec<Spanned<String>>,
    #[serde(default)]
    policies: Vec<Spanned<String>>,
}

fn data_dir() -> PathBuf {
    "./data".into()
}

/// `{file: PATH}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRef {
    file: PathBuf,
}

/// A house's configuration, whole and free of mistakes that can be seen without running it.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// The store, the recordings, the keys.
    pub(crate) data_dir: PathBuf,
    /// The doors.
    pub(crate) listen: Listen,
    /// Their locks.
    pub(crate) tls: Tls,
    /// Who vouches.
    pub(crate) identity: Sources,
    /// Groups whose members see and end what is others'.
    pub(crate) admins: Vec<String>,
    /// How recordings are kept.
    pub(crate) evidence: Keeping,
    /// Who is told what happens.
    pub(crate) export: Vec<Target>,
    /// Data classes of the house's own.
    pub(crate) classes: Vec<Class>,
    /// What is behind the doors.
    pub(crate) resources: Vec<Arc<Resource>>,
    /// The policy files.
    pub(crate) policies: Vec<Text>,
    /// Their tests, which the gateway does not need and `sluice check` runs.
    pub(crate) tests: Vec<Text>,
    /// Every file read, and the BLAKE3 hash of what it held: `sluice.yaml 1f3a…`.
    pub(crate) digests: Vec<String>,
    /// Every file read, and so every file whose change means something.
    pub(crate) files: Vec<PathBuf>,
}

/// Reads a configuration with everything it names.
pub(crate) fn load(file: &Path) -> Result<Config, Problems> {
    let text = files::read(file)?;
    let written: Written = yaml::one(file, &text.text)?;
    let mut problems = Problems::default();

    let listen = Listen::read(file, &written.listen, written.public.as_ref(), &mut problems);
    let tls = Tls::read(file, written.tls.as_ref(), &listen, &mut problems);
    let identity = identity::read(file, &written.identity, &tls, &mut problems);
    let export = export::read(file, &written.export, &mut problems);
    let mut class_files = texts(file, &written.classes, &mut problems);
    let mut dictionaries = Vec::new();
    let classes = classes::read(&class_files, &mut dictionaries, &mut problems);
    class_files.extend(dictionaries);
    let resource_files = texts(file, &written.resources, &mut problems);
    let mode = written.evidence.mode;
    let resources = resource::read(&resource_files, mode, &classes, &mut problems);
    let evidence = evidence::read(file, written.evidence, &mut problems);
    let policies = texts(file, &written.policies, &mut problems);
    let tests = tests_beside(&policies, &mut problems);

    let read = [&class_files, &resource_files, &policies];
    let read = || std::iter::once(&text).chain(read.into_iter().flatten());
    let digests = read().map(digest).collect();
    let files = read().map(|text| text.path.clone()).collect();
    if !problems.0.is_empty() {
        return Err(problems);
    }
    let data_dir = files::beside(file, &written.data_dir);
    Ok(Config {
        data_dir,
        listen,
        tls,
        identity,
        admins: written.admins,
        evidence,
        export,
        classes: classes.into_values().collect(),
        resources,
        policies,
        tests,
        digests,
        files,
    })
}

fn digest(text: &Text) -> String {
    format!("{} {}", text.path.display(), blake3::hash(text.text.as_bytes()).to_hex())
}

/// Every file the patterns name, read.
fn texts(file: &Path, patterns: &[Spanned<String>], problems: &mut Problems) -> Vec<Text> {
    let mut texts: Vec<Text> = Vec::new();
    for pattern in patterns {
        match files::matching(file, &pattern.value) {
            Ok(found) => {
                for path in found {
                    if texts.iter().any(|text| text.path == path) {
                        continue;
                    }
                    match files::read(&path) {
                        Ok(text) => texts.push(text),
                        Err(found) => problems.0.extend(found.0),
                    }
                }
            }
            Err(why) => problems.0.push(Problem::at(file, pattern.referenced, why)),
        }
    }
    texts
}

/// The `*.test.yaml` files in the folders the policies stand in.
fn tests_beside(policies: &[Text], problems: &mut Problems) -> Vec<Text> {
    let mut folders: Vec<&Path> = policies.iter().filter_map(|text| text.path.parent()).collect();
    folders.sort_unstable();
    folders.dedup();
    let mut texts = Vec::new();
    for folder in folders {
        let found = match files::matching(&folder.join("x"), "*.test.yaml") {
            Ok(found) => found,
            Err(why) => {
                problems.0.push(Problem::of_file(folder, why));
                continue;
            }
        };
        for path in found {
            match files::read(&path) {
                Ok(text) => texts.push(text),
                Err(found) => problems.0.extend(found.0),
            }
        }
    }
    texts
}

/// Letters, digits, `-`, `_` and `.`, beginning with a letter or a digit; at most 63.
fn is_name(text: &str) -> bool {
    text.len() <= 63
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        && text.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric())
}

/// What is said of a part of the design that this version does not have.
fn not_built(what: &str) -> String {
    format!("{what} is not built in this version of Sluice; it speaks postgres and ssh")
}
