//! The words of code in PL/pgSQL or SQL.

use std::borrow::Cow;
use std::ops::Range;

/// A name is cut after this many bytes (`NAMEDATALEN` less one).
const LONGEST_NAME: usize = 63;

/// One token and where it stands in the text.
#[derive(Debug)]
pub(super) struct Token<'t> {
    pub(super) kind: Kind<'t>,
    pub(super) at: Range<usize>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind<'t> {
    /// A key word or a name that is not quoted, in lower case.
    Word(Cow<'t, str>),
    /// A quoted name.
    Quoted(Cow<'t, str>),
    /// A string constant, with its escapes as they stand.
    Text(&'t str),
    /// A number or a parameter by its number.
    Number,
    /// `:=`
    Assign,
    /// Any other character.
    Sign(u8),
}

impl Kind<'_> {
    /// What it names, where it is a name.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Word(name) | Self::Quoted(name) => Some(name),
            _ => None,
        }
    }

    /// The word, where it may be a key word.
    pub(super) fn word(&self) -> &str {
        if let Self::Word(word) = self { word } else { "" }
    }
}

/// Splits a text into its tokens, without comments. Linear; a constant that does not end goes to the end.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next_token() {
        tokens.push(token);
    }
    tokens
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    fn byte(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.at + ahead).copied().unwrap_or(0)
    }

    fn since(&self, start: usize) -> &'t str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn skip_while(&mut self, more: impl Fn(u8) -> bool) {
        while self.at < self.text.len() && more(self.byte(0)) {
            self.at += 1;
        }
    }

    fn next_token(&mut self) -> Option<Token<'t>> {
        self.skip_blank();
        let start = self.at;
        if start >= self.text.len() {
            return None;
        }
        let kind = match self.byte(0) {
            b'"' => self.quoted(),
            b'\'' => self.constant(false),
            b'e' | b'E' if self.byte(1) == b'\'' => {
                self.at += 1;
                self.constant(true)
            }
            b'$' if !self.byte(1).is_ascii_digit() => self.dollar(),
            b'0'..=b'9' | b'$' => {
                self.at += 1;
                self.skip_while(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
                Kind::Number
            }
            b':' if self.byte(1) == b'=' => {
                self.at += 2;
                Kind::Assign
            }
            byte if starts_name(byte) => {
                self.skip_while(|byte| starts_name(byte) || byte.is_ascii_digit() || byte == b'$');
                Kind::Word(cut(folded(self.since(start))))
            }
            byte => {
                self.at += 1;
                Kind::Sign(byte)
            }
        };
        Some(Token { kind, at: start..self.at })
    }

    /// White space, and comments, which may stand in one another.
    fn skip_blank(&mut self) {
        loop {
            self.skip_while(|byte| byte.is_ascii_whitespace() || byte == 0x0b);
            match (self.byte(0), self.byte(1)) {
                (b'-', b'-') => self.skip_while(|byte| byte != b'\n' && byte != b'\r'),
                (b'/', b'*') => {
                    self.at += 2;
                    let mut depth = 1_u32;
                    while depth > 0 && self.at < self.text.len() {
                        match (self.byte(0), self.byte(1)) {
                            (b'/', b'*') => (depth, self.at) = (depth + 1, self.at + 2),
                            (b'*', b'/') => (depth, self.at) = (depth - 1, self.at + 2),
                            _ => self.at += 1,
                        }
                    }
                }
                _ => return,
            }
        }
    }

    fn quoted(&mut self) -> Kind<'t> {
        self.at += 1;
        let start = self.at;
        let mut doubled = false;
        loop {
            self.skip_while(|byte| byte != b'"');
            if self.byte(1) != b'"' || self.byte(0) != b'"' {
                break;
            }
            doubled = true;
            self.at += 2;
        }
        let name = self.since(start);
        self.at = (self.at + 1).min(self.text.len());
        let name =
            if doubled { Cow::Owned(name.replace("\"\"", "\"")) } else { Cow::Borrowed(name) };
        Kind::Quoted(cut(name))
    }

    fn constant(&mut self, escapes: bool) -> Kind<'t> {
        self.at += 1;
        let start = self.at;
        while self.at < self.text.len() {
            match (self.byte(0), self.byte(1)) {
                (b'\'', b'\'') => self.at += 2,
                (b'\'', _) => break,
                (b'\\', _) if escapes => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at = self.at.min(self.text.len());
        let text = self.since(start);
        self.at = (self.at + 1).min(self.text.len());
        Kind::Text(text)
    }

    /// `$tag$ … $tag$`, or a dollar.
    fn dollar(&mut self) -> Kind<'t> {
        let start = self.at;
        self.at += 1;
        self.skip_while(|byte| starts_name(byte) || byte.is_ascii_digit());
        if self.byte(0) != b'$' {
            self.at = start + 1;
            return Kind::Sign(b'$');
        }
        self.at += 1;
        let tag = self.since(start);
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest.find(tag).unwrap_or(rest.len());
        let text = rest.get(..length).unwrap_or_default();
        self.at = (self.at + length + tag.len()).min(self.text.len());
        Kind::Text(text)
    }
}

const fn starts_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn folded(word: &str) -> Cow<'_, str> {
    if word.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(word.to_ascii_lowercase())
    } else {
        Cow::Borrowed(word)
    }
}

fn cut(name: Cow<'_, str>) -> Cow<'_, str> {
    if name.len() <= LONGEST_NAME {
        return name;
    }
    let end = name.floor_char_boundary(LONGEST_NAME);
    Cow::Owned(name.get(..end).unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let shown = |token: &Token<'_>| match &token.kind {
            Kind::Word(word) => word.to_string(),
            Kind::Quoted(name) => format!("<{name}>"),
            Kind::Text(text) => format!("'{text}'"),
            Kind::Number => "#".to_owned(),
            Kind::Assign => ":=".to_owned(),
            Kind::Sign(sign) => char::from(*sign).to_string(),
        };
        tokens(text).iter().map(shown).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn names_are_folded_unless_quoted_and_comments_are_none() {
        assert_eq!(
            shown("NEW.Note := \"Odd \"\"one\"\"\" -- x\n/* a /* b */ c */ || $1;"),
            "new . note := <Odd \"one\"> | | # ;"
        );
    }

    #[test]
    fn constants_end_where_the_server_ends_them() {
        assert_eq!(
            shown("'it''s' E'a\\'b' x'1f' $q$ ' $ $$ $q$ y"),
            "'it''s' 'a\\'b' x '1f' ' ' $ $$ ' y"
        );
        assert_eq!(shown("a $b 'open"), "a $ b 'open'");
        assert_eq!(shown("\"open \u{e9}"), "<open \u{e9}>");
        assert_eq!(shown("$x$ open"), "' open'");
        assert_eq!(shown("E'\\"), "'\\'");
    }

    #[test]
    fn a_long_name_is_cut_as_the_server_cuts_it() {
        let long = "\u{e9}".repeat(40);
        let text = shown(&long);
        assert_eq!(text, "\u{e9}".repeat(31));
    }
}
