//! The `options` parameter: command-line switches for the server's process, of which only settings pass.

use super::{Refused, printable};
use crate::postgres::error::{Report, sqlstate};

/// The settings an `options` text asks for: `-c name=value`, `-cname=value` and `--name=value`.
pub(super) fn split(text: &str) -> Result<Vec<(String, String)>, Refused> {
    let mut settings = Vec::new();
    let mut words = words(text).into_iter();
    while let Some(word) = words.next() {
        let setting = if let Some(long) = word.strip_prefix("--") {
            long.to_owned()
        } else if let Some(short) = word.strip_prefix("-c") {
            if short.is_empty() {
                words.next().ok_or_else(|| needs_value("-c"))?
            } else {
                short.to_owned()
            }
        } else {
            return Err(Report::fatal(
                sqlstate::INSUFFICIENT_PRIVILEGE,
                format!("the server option \"{}\" is not allowed here", printable(&word)),
            )
            .hint("In `options`, only settings pass: -c name=value.")
            .into());
        };
        let (name, value) = setting.split_once('=').ok_or_else(|| needs_value(&setting))?;
        // The server's ParseLongOption reads `statement-timeout` as `statement_timeout`.
        settings.push((name.replace('-', "_"), value.to_owned()));
    }
    Ok(settings)
}

fn needs_value(what: &str) -> Report<'static> {
    Report::fatal(
        sqlstate::SYNTAX_ERROR,
        format!("in `options`, \"{}\" requires a value", printable(what)),
    )
}

/// Words between white space; a backslash takes the next character as it is (`pg_split_opts`).
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut escaped = false;
    for c in text.chars() {
        if !escaped && matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c') {
            words.extend(word.take());
            continue;
        }
        let word = word.get_or_insert_default();
        if !escaped && c == '\\' {
            escaped = true;
        } else {
            escaped = false;
            word.push(c);
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backslash_keeps_a_space_in_its_word() {
        for (text, expected) in [
            ("", &[][..]),
            ("   ", &[]),
            (" -c  a=b\t--c=d ", &["-c", "a=b", "--c=d"]),
            (r"-c a=b\ c", &["-c", "a=b c"]),
            (r"-c a=b\\ c", &["-c", r"a=b\", "c"]),
            (r"a\", &["a"]),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn only_settings_are_read() {
        for (text, expected) in [
            ("-c geqo=off", Some(vec![("geqo", "off")])),
            (
                "-cgeqo=off --statement-timeout=5",
                Some(vec![("geqo", "off"), ("statement_timeout", "5")]),
            ),
            ("-c role=", Some(vec![("role", "")])),
            ("-c=", Some(vec![("", "")])),
            ("-c", None),
            ("-c geqo", None),
            ("--geqo", None),
            ("-e", None),
            ("-S 100", None),
            ("geqo=off", None),
            ("-- -c x=1", None),
        ] {
            let settings = split(text).ok();
            let expected = expected.map(|list| {
                list.into_iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect::<Vec<_>>()
            });
            assert_eq!(settings, expected, "{text}");
        }
    }
}
