//! `find`: its expressions run programs and remove files.

use super::wrappers::UNKNOWN;
use crate::shell::reader::{How, Reader};
use crate::shell::tree::Word;
use crate::shell::why::{Result, unread_named};

impl Reader {
    pub(super) fn find(&mut self, words: &[Word], how: How) -> Result<()> {
        // Any word that is to come may be an action.
        if how.open {
            return unread_named("find", UNKNOWN);
        }
        let mut rest = words;
        while let Some((word, behind)) = rest.split_first() {
            rest = behind;
            let Some(said) = word.literal.as_deref() else {
                let harmless = word.home.is_some()
                    || word
                        .lead
                        .starts_with(|char: char| !matches!(char, '-' | '(' | ')' | '!' | ','));
                if harmless {
                    self.named(word.said());
                    continue;
                }
                return unread_named("find", "its expression is only known when it is run");
            };
            match said {
                "-exec" | "-execdir" | "-ok" | "-okdir" => {
                    let end =
                        rest.iter().position(|word| matches!(word.literal.as_deref(), Some(";")));
                    let more = rest.iter().zip(rest.iter().skip(1)).position(|(one, two)| {
                        one.literal.as_deref() == Some("{}") && two.literal.as_deref() == Some("+")
                    });
                    let (length, skip) = match (end, more) {
                        (Some(end), Some(more)) if more < end => (more, 2),
                        (None, Some(more)) => (more, 2),
                        (Some(end), _) => (end, 1),
                        (None, None) => {
                            return unread_named("find", "where its command ends is not known");
                        }
                    };
                    let (Some(command), Some(behind)) =
                        (rest.get(..length), rest.get(length + skip..))
                    else {
                        return unread_named("find", UNKNOWN);
                    };
                    self.filled(command, "{}", skip == 2)?;
                    rest = behind;
                }
                // What `rm` does, by another name.
                "-delete" => self.also("rm"),
                "-fprint" | "-fprint0" | "-fprintf" | "-fls" | "-files0-from" => {
                    if let Some(file) = rest.first() {
                        self.path(file.said());
                    }
                }
                // The words of expressions are patterns, numbers and names; what is looked through stands first.
                _ => self.named(said),
            }
        }
        Ok(())
    }

    /// A command in which `mark` is replaced by what is found. It may be given to a program, but must
    /// not be one, nor stand in a text that a shell reads.
    pub(super) fn filled(&mut self, command: &[Word], mark: &str, open: bool) -> Result<()> {
        let filled: Vec<Word> = command
            .iter()
            .map(|word| match word.literal.as_deref() {
                Some(literal) if literal.contains(mark) => Word {
                    typed: literal.to_owned(),
                    lead: literal.split(mark).next().unwrap_or("").to_owned(),
                    blur: Some("is made when it is run"),
                    single: true,
                    ..Word::default()
                },
                Some(literal) => Word { dollar_quoted: word.dollar_quoted, ..Word::given(literal) },
                None => Word {
                    typed: word.typed.clone(),
                    lead: word.lead.clone(),
                    blur: Some("is made when it is run"),
                    single: word.single,
                    ..Word::default()
                },
            })
            .collect();
        self.run(&filled, How { functions: false, open })
    }
}
