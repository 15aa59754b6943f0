//! `xargs`: a program, with words that only its input will tell behind it.

use super::options::{self, Options};
use crate::shell::reader::Reader;
use crate::shell::tree::Word;
use crate::shell::why::{Result, unread_named};

const OPTIONS: Options = Options {
    flags: "0oprtx",
    valued: "adEILnPs",
    long: &[
        "null",
        "open-tty",
        "interactive",
        "no-run-if-empty",
        "verbose",
        "exit",
        "replace",
        "eof",
        "max-lines",
        "show-limits",
    ],
    long_valued: &[
        "arg-file",
        "delimiter",
        "max-args",
        "max-procs",
        "max-chars",
        "process-slot-var",
    ],
};

impl Reader {
    pub(super) fn xargs(&mut self, words: &[Word]) -> Result<()> {
        let (given, rest) = options::take("xargs", &OPTIONS, words)?;
        let mut mark = None;
        self.options_name(&given);
        for option in &given {
            match option.name.as_str() {
                "I" => {
                    let Some(text) = option.literal().filter(|text| !text.is_empty()) else {
                        return unread_named("xargs", "what it replaces is not known");
                    };
                    mark = Some(text.to_owned());
                }
                "replace" => mark = Some(option.text.clone().unwrap_or_else(|| "{}".to_owned())),
                "a" | "arg-file" => {
                    if let Some(file) = option.literal() {
                        self.path(file);
                    }
                }
                _ => {}
            }
        }
        if rest.is_empty() {
            // It prints them.
            return Ok(());
        }
        match mark {
            Some(mark) if mark.is_empty() => unread_named("xargs", "what it replaces is not known"),
            Some(mark) => self.filled(rest, &mark, false),
            None => self.filled(rest, "\0", true),
        }
    }
}
