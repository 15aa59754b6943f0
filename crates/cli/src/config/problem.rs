//! What is wrong with a configuration, and where: `sluice.yaml:7:3: …`.

use std::fmt;
use std::path::{Path, PathBuf};

use serde_saphyr::Location;

/// One thing to correct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The file it stands in.
    pub(crate) file: PathBuf,
    /// Line and column, both from 1; absent when the file as a whole is meant.
    pub(crate) place: Option<(u64, u64)>,
    /// What is wrong, and what would be right.
    pub(crate) message: String,
}

impl Problem {
    /// Of a whole file.
    pub(crate) fn of_file(file: &Path, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), place: None, message: message.into() }
    }

    /// At a place a YAML reader gave.
    pub(crate) fn at(file: &Path, location: Location, message: impl Into<String>) -> Self {
        let known = location.line() > 0;
        let place = known.then(|| (location.line(), location.column()));
        Self { file: file.to_owned(), place, message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some((line, column)) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// Everything wrong that could be found in one reading; never empty when it is an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Problems(pub(crate) Vec<Problem>);

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
