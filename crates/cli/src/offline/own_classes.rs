//! The examples of a house's own classes: what each must and must not be found in.

use std::sync::Arc;

use mask::Detectors;

use crate::config::{Class, Problem, Problems};

/// Tries every class on its examples; answers how many there are. A text is not repeated: an example
/// may be a real value.
pub(crate) fn run(classes: &[Class], problems: &mut Problems) -> usize {
    let mut count = 0;
    for class in classes {
        let name = class.name();
        let only = std::iter::once(name.clone()).collect();
        // What cannot be compiled was told when it was read.
        let Ok(detectors) = Detectors::with_definitions(&only, &[Arc::clone(&class.definition)])
        else {
            continue;
        };
        let examples = class.matches.iter().map(|example| (example, true));
        for (example, expected) in
            examples.chain(class.ignores.iter().map(|example| (example, false)))
        {
            count += 1;
            let message = match (detectors.find(example.text.as_bytes()).is_empty(), expected) {
                (true, true) => format!("matches: `{name}` is not found in this text"),
                (false, false) => format!("ignores: `{name}` is found in this text"),
                (true, false) | (false, true) => continue,
            };
            problems.0.push(Problem::at(&example.file, example.location, message));
        }
    }
    count
}
