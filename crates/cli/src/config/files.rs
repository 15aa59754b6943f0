//! Which files a configuration is made of, and how to notice that one of them changed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{Problem, Problems};

/// One file's name and text.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    /// Its path, as it is named in messages.
    pub(crate) path: PathBuf,
    /// What it says.
    pub(crate) text: String,
}

/// `path` as seen from the folder of `config`.
pub(crate) fn beside(config: &Path, path: &Path) -> PathBuf {
    match config.parent() {
        Some(folder) if !folder.as_os_str().is_empty() && path.is_relative() => {
            folder.join(path.strip_prefix(".").unwrap_or(path))
        }
        _ => path.to_owned(),
    }
}

/// The files a pattern names, in order. A plain name that is not there is a mistake; a pattern that
/// fits nothing is not, or an empty folder would need a configuration of its own.
pub(crate) fn matching(config: &Path, pattern: &str) -> Result<Vec<PathBuf>, String> {
    let full = beside(config, Path::new(pattern));
    if !pattern.contains(['*', '?', '[']) {
        return if full.is_file() {
            Ok(vec![full])
        } else {
            Err(format!("there is no file {}", full.display()))
        };
    }
    // What the configuration's own folder is called is no pattern.
    let text = match config.parent().and_then(Path::to_str) {
        Some(folder) => {
            beside(&Path::new(&glob::Pattern::escape(folder)).join("-"), Path::new(pattern))
        }
        None => full,
    };
    let text = text.to_str().ok_or("the path is not UTF-8")?;
    let found = glob::glob(text).map_err(|error| format!("`{pattern}` is no pattern: {error}"))?;
    let mut files = Vec::new();
    for entry in found {
        let file =
            entry.map_err(|error| format!("{}: {}", error.path().display(), error.error()))?;
        if file.is_file() {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

/// The policy files a person names: one file, or all of a folder.
pub(crate) fn policies(path: &Path) -> Result<Vec<Text>, Problems> {
    if !path.is_dir() {
        return Ok(vec![read(path)?]);
    }
    let failed = |why: String| Problems::from(Problem::of_file(path, why));
    let entries =
        std::fs::read_dir(path).map_err(|error| failed(format!("cannot be read: {error}")))?;
    let mut files = Vec::new();
    for entry in entries {
        let file = entry.map_err(|error| failed(format!("cannot be read: {error}")))?.path();
        if file.extension().is_some_and(|end| end == "cedar") && file.is_file() {
            files.push(file);
        }
    }
    if files.is_empty() {
        return Err(failed("there is no *.cedar file in it".to_owned()));
    }
    files.sort();
    files.iter().map(|file| read(file)).collect()
}

/// Reads one file.
pub(crate) fn read(path: &Path) -> Result<Text, Problems> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Text { path: path.to_owned(), text }),
        Err(error) => Err(Problem::of_file(path, format!("cannot be read: {error}")).into()),
    }
}

/// What the files a configuration is made of looked like; two that are equal mean that nothing
/// changed on disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stamp(BTreeMap<PathBuf, Option<(SystemTime, u64)>>);

impl Stamp {
    /// Looks at the files as they are now.
    pub(crate) fn of(files: impl IntoIterator<Item = PathBuf>) -> Self {
        Self(files.into_iter().map(|file| (file.clone(), look(&file))).collect())
    }
}

fn look(file: &Path) -> Option<(SystemTime, u64)> {
    let about = std::fs::metadata(file).ok()?;
    Some((about.modified().ok()?, about.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_may_be_called_what_would_be_a_pattern() {
        let folder = tempfile::tempdir().unwrap();
        let house = folder.path().join("[prod]*");
        std::fs::create_dir_all(house.join("policies")).unwrap();
        for name in ["a.cedar", "b.cedar", "c.yaml"] {
            std::fs::write(house.join("policies").join(name), "").unwrap();
        }
        let found = matching(&house.join("sluice.yaml"), "./policies/*.cedar").unwrap();
        assert_eq!(found, ["a.cedar", "b.cedar"].map(|name| house.join("policies").join(name)));
    }
}
