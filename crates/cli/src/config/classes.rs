//! `classes/*.yaml`: data classes of the house's own.
//!
//! ```text
//!   classes: [globs] ──► Class ──► a resource whose rules name it ──► DataRule::Define, DataRule::Class
//!                          └─► matches, ignores ──► `sluice check`
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mask::{DefinitionError, DetectorError, Detectors};
use model::{ClassDefinition, DataClass, Masking};
use serde::Deserialize;
use serde_saphyr::{Location, Spanned};

use super::files::{self, Text};
use super::{Problem, Problems, yaml};

/// One class as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    name: Spanned<String>,
    what: String,
    pattern: Option<Spanned<String>>,
    checksum: Option<Spanned<String>>,
    #[serde(default)]
    context: Vec<Spanned<String>>,
    #[serde(default)]
    dictionary: Vec<Spanned<String>>,
    dictionary_file: Option<Spanned<PathBuf>>,
    #[serde(default, deserialize_with = "operator")]
    mask: Option<Spanned<String>>,
    #[serde(default)]
    matches: Vec<Spanned<String>>,
    #[serde(default)]
    ignores: Vec<Spanned<String>>,
}

/// An operator's name. `null` without quotes is one too, and not the absence of any.
fn operator<'de, D: serde::Deserializer<'de>>(
    written: D,
) -> Result<Option<Spanned<String>>, D::Error> {
    let Spanned { value, referenced, defined } = Spanned::<Option<String>>::deserialize(written)?;
    let value = value.unwrap_or_else(|| "null".to_owned());
    Ok(Some(Spanned { value, referenced, defined }))
}

/// A class of the house's own, free of mistakes that can be seen without its examples.
#[derive(Clone, Debug)]
pub(crate) struct Class {
    /// What finds it.
    pub(crate) definition: Arc<ClassDefinition>,
    /// How it is masked wherever a resource does not say otherwise.
    pub(crate) mask: Option<Masking>,
    /// Texts it must be found in.
    pub(crate) matches: Vec<Example>,
    /// Texts it must not be found in.
    pub(crate) ignores: Vec<Example>,
}

/// A text that a class is tried on.
#[derive(Clone, Debug)]
pub(crate) struct Example {
    /// The text.
    pub(crate) text: String,
    /// The file it stands in.
    pub(crate) file: PathBuf,
    /// Where in it.
    pub(crate) location: Location,
}

impl Class {
    /// Its name.
    pub(crate) fn name(&self) -> &DataClass {
        &self.definition.class
    }
}

/// Reads every class of these files and those their dictionaries stand in, which are added to `read`.
pub(super) fn read(
    texts: &[Text],
    read: &mut Vec<Text>,
    problems: &mut Problems,
) -> BTreeMap<DataClass, Class> {
    let mut classes = BTreeMap::new();
    let mut places: BTreeMap<DataClass, String> = BTreeMap::new();
    for text in texts {
        let written = match yaml::many::<Written>(&text.path, &text.text) {
            Ok(written) => written,
            Err(found) => {
                problems.0.extend(found.0);
                continue;
            }
        };
        for written in written {
            let location = written.name.referenced;
            let Some(class) = class(&text.path, written, read, problems) else { continue };
            let name = class.name().clone();
            if let Some(first) = places.get(&name) {
                let message = format!("the class `{name}` is defined already: {first}");
                problems.0.push(Problem::at(&text.path, location, message));
                continue;
            }
            places.insert(name.clone(), format!("{}:{}", text.path.display(), location.line()));
            classes.insert(name, class);
        }
    }
    classes
}

fn class(
    file: &Path,
    written: Written,
    read: &mut Vec<Text>,
    problems: &mut Problems,
) -> Option<Class> {
    let before = problems.0.len();
    let mut complain =
        |location, message: String| problems.0.push(Problem::at(file, location, message));
    let name = match DataClass::try_from(written.name.value.clone()) {
        Ok(name) if mask::catalogue().iter().any(|known| known.name == name.as_str()) => {
            let message = format!(
                "`{name}` is a class of Sluice's own (docs/data-classes.md): choose another name"
            );
            complain(written.name.referenced, message);
            None
        }
        Ok(name) => Some(name),
        Err(why) => {
            complain(written.name.referenced, why);
            None
        }
    };
    if written.what.trim().is_empty() {
        complain(written.name.referenced, "what: say in a sentence what the class is".into());
    }
    let mut dictionary = Vec::new();
    for word in &written.dictionary {
        let word_is = word.value.trim();
        if word_is.is_empty() {
            complain(word.referenced, "dictionary: an empty word would be found everywhere".into());
        }
        dictionary.push(word_is.to_owned());
    }
    for word in &written.context {
        if word.value.trim().is_empty() {
            complain(word.referenced, "context: an empty word says nothing".into());
        }
    }
    let mask = written.mask.and_then(|mask| match mask.value.parse::<Masking>() {
        Ok(masking) => Some(masking),
        Err(why) => {
            complain(mask.referenced, format!("mask: {why}"));
            None
        }
    });
    if let Some(path) = written.dictionary_file {
        let full = files::beside(file, &path.value);
        match files::read(&full) {
            Ok(text) => {
                let words = text.text.lines().map(str::trim).filter(|word| !word.is_empty());
                dictionary.extend(words.map(str::to_owned));
                read.push(text);
            }
            Err(found) => {
                let why = found.0.first().map(|problem| problem.message.clone());
                let why = format!("{} {}", full.display(), why.unwrap_or_default());
                complain(path.referenced, format!("dictionary_file: {why}"));
            }
        }
    }
    if written.pattern.is_none() && dictionary.is_empty() {
        let message = "a class needs a `pattern`, or words in a `dictionary`".to_owned();
        complain(written.name.referenced, message);
    }
    let name = name.filter(|_| problems.0.len() == before)?;
    let (pattern, checksum) = (written.pattern, written.checksum);
    let definition = ClassDefinition {
        class: name,
        what: written.what,
        pattern: pattern.as_ref().map(|pattern| pattern.value.clone()),
        dictionary,
        checksum: checksum.as_ref().map(|checksum| checksum.value.clone()),
        context: written.context.into_iter().map(|word| word.value.trim().to_owned()).collect(),
    };
    let definition = Arc::new(definition);
    let only = std::iter::once(definition.class.clone()).collect();
    if let Err(why) = Detectors::with_definitions(&only, &[Arc::clone(&definition)]) {
        let place = match &why {
            DetectorError::Definition(DefinitionError::Checksum { .. }) => checksum.as_ref(),
            DetectorError::Definition(_) | DetectorError::Unknown(_) => pattern.as_ref(),
        };
        let place = place.map_or(written.name.referenced, |place| place.referenced);
        problems.0.push(Problem::at(file, place, why.to_string()));
        return None;
    }
    let examples = |texts: Vec<Spanned<String>>| {
        let example = |text: Spanned<String>| Example {
            location: text.referenced,
            text: text.value,
            file: file.to_owned(),
        };
        texts.into_iter().map(example).collect()
    };
    let (matches, ignores) = (examples(written.matches), examples(written.ignores));
    Some(Class { definition, mask, matches, ignores })
}
