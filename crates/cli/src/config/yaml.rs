//! YAML text → our types, with every complaint carrying its place.

use std::borrow::Cow;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde_saphyr::{Error, MessageFormatter, Options, UserMessageFormatter};

use super::{Problem, Problems};

/// Reads a file of exactly one document.
pub(crate) fn one<T: DeserializeOwned>(file: &Path, text: &str) -> Result<T, Problems> {
    serde_saphyr::from_str_with_options(text, options()).map_err(|error| problem(file, &error))
}

/// Reads a file of documents parted by `---`.
pub(crate) fn many<T: DeserializeOwned>(file: &Path, text: &str) -> Result<Vec<T>, Problems> {
    serde_saphyr::from_multiple_with_options(text, options()).map_err(|error| problem(file, &error))
}

fn options() -> Options {
    serde_saphyr::options! { with_snippet: false, strict_booleans: true }
}

fn problem(file: &Path, error: &Error) -> Problems {
    let message = Plain.format_message(error.without_snippet()).into_owned();
    match error.location() {
        Some(location) => Problem::at(file, location, message).into(),
        None => Problem::of_file(file, message).into(),
    }
}

/// The reader's own words without its places: ours stand in front.
struct Plain;

impl MessageFormatter for Plain {
    fn format_message<'a>(&self, error: &'a Error) -> Cow<'a, str> {
        UserMessageFormatter.format_message(error)
    }
}
