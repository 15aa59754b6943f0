//! What a word is when its quotes are removed, and which parts of it are expanded.
//!
//! A second reading beside the parser's: whatever these rules take for an expansion must be one in the
//! parser's tree, from the same byte, and the other way round. A parser that takes a substitution for
//! plain text, or ends a word early, does not get past it.

mod ansi;
mod expansion;

use super::tree::Word;
use super::why::{Result, unread};

/// An expansion that the parser found: where it stands in the text, and what it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `$x`, `${x}` and its forms.
    Parameter,
    /// `$(…)` or backquotes.
    Command,
    /// `<(…)`, `>(…)`.
    Process,
    /// `$((…))`.
    Arithmetic,
}

/// Where a word stands, which is what its special characters depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Among the words of a command.
    Word,
    /// Behind the `=` of an assignment: one word, whatever is in it.
    Value,
    /// A pattern of `case` or `[[ … ]]`.
    Pattern,
    /// The body of a here-document.
    Body,
}

/// A word and the texts of the commands in it, which are yet to be read.
pub(super) struct Scanned {
    pub(super) word: Word,
    pub(super) texts: Vec<String>,
}

const DISAGREE: &str = "its quotes are not read the same twice";

/// Scans `raw`, which stands at `base` of the text that `parts` count from.
pub(super) fn scan(raw: &str, base: usize, parts: &[Part], place: Place) -> Result<Scanned> {
    let mut scan = Scan {
        raw,
        at: 0,
        base,
        parts,
        place,
        word: Word { typed: raw.to_owned(), single: true, ..Word::default() },
        text: String::new(),
        texts: Vec::new(),
        braces: Braces::default(),
    };
    scan.whole()?;
    if !scan.parts.is_empty() {
        return unread(DISAGREE);
    }
    let Scan { mut word, text, texts, .. } = scan;
    match word.blur {
        None => {
            word.lead.clone_from(&text);
            word.literal = Some(text);
        }
        Some(TILDE) => word.home = Some(text),
        Some(_) => {}
    }
    Ok(Scanned { word, texts })
}

const TILDE: &str = "begins with somebody's home directory";

struct Scan<'t> {
    raw: &'t str,
    at: usize,
    base: usize,
    /// Those that are still to come.
    parts: &'t [Part],
    place: Place,
    word: Word,
    text: String,
    texts: Vec<String>,
    braces: Braces,
}

/// How much of an unquoted `{a,b}` has been seen.
#[derive(Default)]
struct Braces {
    open: bool,
    parted: bool,
}

impl<'t> Scan<'t> {
    fn rest(&self) -> &'t str {
        self.raw.get(self.at..).unwrap_or("")
    }

    fn next(&mut self) -> Option<char> {
        let char = self.rest().chars().next()?;
        self.at += char.len_utf8();
        Some(char)
    }

    fn blur(&mut self, why: &'static str, single: bool) {
        if self.word.blur.is_none() || self.word.blur == Some(TILDE) {
            self.word.lead.clone_from(&self.text);
            self.word.blur = Some(why);
        }
        self.word.single &= single;
    }

    fn whole(&mut self) -> Result<()> {
        if self.place != Place::Body && self.rest().starts_with('~') {
            self.tilde();
        }
        while let Some(char) = self.rest().chars().next() {
            if self.place == Place::Body {
                self.body(char)?;
            } else {
                self.unquoted(char)?;
            }
        }
        Ok(())
    }

    /// A tilde is only taken for a home directory where all shells do: before a plain name.
    fn tilde(&mut self) {
        let end = self.rest().find('/').unwrap_or(self.rest().len());
        let user = self.rest().get(1..end).unwrap_or("");
        let plain = user.chars().all(|char| char.is_ascii_alphanumeric() || "._-+".contains(char));
        self.blur(if plain { TILDE } else { "begins with a tilde" }, true);
    }

    fn unquoted(&mut self, char: char) -> Result<()> {
        let rest = self.rest();
        match char {
            '\'' => {
                self.at += 1;
                self.single_quoted()
            }
            '"' => {
                self.at += 1;
                self.double_quoted()
            }
            '\\' => {
                self.at += 1;
                match self.next() {
                    None => unread("it ends in a backslash"),
                    Some('\n') => Ok(()),
                    Some(char) => {
                        self.text.push(char);
                        Ok(())
                    }
                }
            }
            '$' if rest.starts_with("$'") => {
                self.at += 2;
                self.word.dollar_quoted = true;
                self.at += ansi::decode(rest.get(2..).unwrap_or(""), &mut self.text)?;
                Ok(())
            }
            '$' if rest.starts_with("$\"") => {
                self.at += 2;
                self.word.dollar_quoted = true;
                self.double_quoted()
            }
            '$' | '`' => self.expansion(false),
            '<' | '>' if rest.get(1..2) == Some("(") => self.expansion(false),
            ' ' | '\t' | '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>' => unread(DISAGREE),
            _ => {
                self.special(char);
                self.at += char.len_utf8();
                self.text.push(char);
                Ok(())
            }
        }
    }

    /// What becomes the names of files, or several words.
    fn special(&mut self, char: char) {
        if self.place != Place::Word {
            return;
        }
        match char {
            '*' | '?' => self.blur("is a pattern of file names", false),
            '[' if self.rest().contains(']') => self.blur("is a pattern of file names", false),
            '=' if self.at == 0 => self.blur("begins with an equals sign", true),
            '{' => self.braces.open = true,
            ',' => self.braces.parted |= self.braces.open,
            '.' if self.rest().starts_with("..") => self.braces.parted |= self.braces.open,
            '}' if self.braces.parted => self.blur("is several words in braces", false),
            _ => {}
        }
    }

    fn single_quoted(&mut self) -> Result<()> {
        let Some((inside, _)) = self.rest().split_once('\'') else { return unread(DISAGREE) };
        self.text.push_str(inside);
        self.at += inside.len() + 1;
        Ok(())
    }

    fn double_quoted(&mut self) -> Result<()> {
        loop {
            let Some(char) = self.rest().chars().next() else { return unread(DISAGREE) };
            match char {
                '"' => {
                    self.at += 1;
                    return Ok(());
                }
                '$' | '`' => self.expansion(true)?,
                '\\' => {
                    self.at += 1;
                    self.escaped("$`\"\\");
                }
                _ => {
                    self.at += char.len_utf8();
                    self.text.push(char);
                }
            }
        }
    }

    fn body(&mut self, char: char) -> Result<()> {
        match char {
            '$' | '`' => self.expansion(true)?,
            '\\' => {
                self.at += 1;
                self.escaped("$`\\");
            }
            _ => {
                self.at += char.len_utf8();
                self.text.push(char);
            }
        }
        Ok(())
    }

    /// Behind a backslash that takes away the meaning of few characters and else stands for itself.
    fn escaped(&mut self, meaning: &str) {
        match self.rest().chars().next() {
            Some('\n') => self.at += 1,
            Some(char) if meaning.contains(char) => {
                self.at += 1;
                self.text.push(char);
            }
            _ => self.text.push('\\'),
        }
    }

    /// At a `$`, a backquote or a `<(`.
    fn expansion(&mut self, quoted: bool) -> Result<()> {
        let rest = self.rest();
        let follows = rest.chars().nth(1);
        let literal = rest.starts_with('$')
            && !follows
                .is_some_and(|char| char.is_ascii_alphanumeric() || "_{([@*#?$!-".contains(char));
        if literal {
            // Some shells expand what others leave alone, and all of them leave these alone.
            return match follows {
                None
                | Some(' ' | '\t' | '\n' | '"' | '/' | '.' | ',' | ':' | '%' | '^' | ')' | '|') => {
                    self.at += 1;
                    self.text.push('$');
                    Ok(())
                }
                Some(_) => unread("a dollar stands before something that is no parameter"),
            };
        }
        let Some((part, parts)) = self.parts.split_first() else { return unread(DISAGREE) };
        let Some(length) = part.end.checked_sub(part.start) else { return unread(DISAGREE) };
        let Some(typed) = rest.get(..length) else { return unread(DISAGREE) };
        if part.start != self.base + self.at {
            return unread(DISAGREE);
        }
        self.parts = parts;
        self.at += length;
        self.blur("is made when it is run", quoted);
        let after = self.rest().chars().next();
        expansion::read(typed, part.kind, quoted, after, &mut self.word, &mut self.texts)
    }
}
