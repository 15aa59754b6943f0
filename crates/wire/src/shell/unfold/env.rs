//! `env`: variables, then a program.

use super::options::{self, Options};
use super::wrappers::UNKNOWN;
use crate::shell::reader::{How, Reader};
use crate::shell::tree::Word;
use crate::shell::why::{Result, unread_named};

const OPTIONS: Options = Options {
    flags: "i0v",
    valued: "uCSa",
    long: &[
        "ignore-environment",
        "null",
        "debug",
        "block-signal",
        "default-signal",
        "ignore-signal",
        "list-signal-handling",
    ],
    long_valued: &["unset", "chdir", "split-string", "argv0"],
};

impl Reader {
    pub(super) fn env(&mut self, words: &[Word], how: How) -> Result<()> {
        let (given, mut rest) = options::take("env", &OPTIONS, words)?;
        let mut split = Vec::new();
        self.options_name(&given);
        for option in &given {
            match option.name.as_str() {
                "S" | "split-string" => {
                    let text =
                        option.literal().filter(|text| !text.contains(['\\', '\'', '"', '$', '#']));
                    let Some(text) = text else { return unread_named("env", UNKNOWN) };
                    split.extend(text.split_ascii_whitespace().map(Word::given));
                }
                _ => {}
            }
        }
        // A lone dash is `-i`.
        if let Some((word, behind)) = rest.split_first()
            && word.literal.as_deref() == Some("-")
        {
            rest = behind;
        }
        if !split.is_empty() {
            // What is split stands before what follows, and may hold options itself.
            let mut all = split;
            for word in rest {
                let Some(literal) = word.literal.as_deref() else {
                    return unread_named("env", UNKNOWN);
                };
                all.push(Word::given(literal));
            }
            return self.env(&all, how);
        }
        let rest = self.environment("env", rest)?;
        if rest.is_empty() {
            return if how.open { unread_named("env", UNKNOWN) } else { Ok(()) };
        }
        self.run(rest, How { functions: false, ..how })
    }
}
