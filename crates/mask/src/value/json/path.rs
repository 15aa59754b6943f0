use std::str::FromStr;

use model::{Masked, ValueFormat};

use super::whole::mask_whole;
use super::{end_of_string, unescape};
use crate::Operator;
use crate::value::ValueType;

/// Documents nested deeper are masked as a whole.
const DEEPEST: usize = 200;
const LONGEST_PATH: usize = 64;

/// Where a value stands in a JSON document: `$.customer.ssn`, `$.items[*].card`, `$['a b'][0]`.
///
/// Of RFC 9535 it knows names, indexes from the front and the wildcards `.*` and `[*]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonPath(Vec<Segment>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Name(String),
    Index(usize),
    /// Every member or element.
    Any,
}

impl Segment {
    fn is_member(&self, name: &[u8]) -> bool {
        match self {
            Self::Name(wanted) => wanted.as_bytes() == name,
            Self::Any => true,
            Self::Index(_) => false,
        }
    }

    const fn is_element(&self, place: usize) -> bool {
        match self {
            Self::Index(wanted) => *wanted == place,
            Self::Any => true,
            Self::Name(_) => false,
        }
    }
}

/// A text that is no path into a JSON document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no path into a JSON document: write it as in `$.customer.ssn`, `$.items[*].card` or `$['a b'][0]`"
)]
pub struct UnknownPath(String);

impl JsonPath {
    /// Reads a path.
    ///
    /// # Errors
    /// The text is none, or uses more of RFC 9535 than is known here.
    pub fn parse(text: &str) -> Result<Self, UnknownPath> {
        let unknown = || UnknownPath(text.to_owned());
        let mut rest = text.trim().strip_prefix('$').ok_or_else(unknown)?;
        let mut segments = Vec::new();
        while !rest.is_empty() {
            let (segment, after) = segment(rest).ok_or_else(unknown)?;
            segments.push(segment);
            rest = after;
        }
        if segments.len() > LONGEST_PATH {
            return Err(unknown());
        }
        Ok(Self(segments))
    }

    /// How deep it leads.
    pub(crate) const fn length(&self) -> usize {
        self.0.len()
    }

    /// Whether it leads from this depth on to a member of this name.
    pub(crate) fn leads_to_member(&self, depth: usize, name: &[u8]) -> bool {
        self.0.get(depth).is_some_and(|segment| segment.is_member(name))
    }

    /// Whether it leads from this depth on to the element of this place.
    pub(crate) fn leads_to_element(&self, depth: usize, place: usize) -> bool {
        self.0.get(depth).is_some_and(|segment| segment.is_element(place))
    }
}

impl FromStr for JsonPath {
    type Err = UnknownPath;

    fn from_str(text: &str) -> Result<Self, UnknownPath> {
        Self::parse(text)
    }
}

/// The segment at the front, and what follows it.
fn segment(text: &str) -> Option<(Segment, &str)> {
    if let Some(name) = text.strip_prefix('.') {
        let end = name.find(['.', '[']).unwrap_or(name.len());
        let (name, after) = name.split_at_checked(end)?;
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-') || !c.is_ascii();
        return match name {
            "*" => Some((Segment::Any, after)),
            _ if !name.is_empty() && name.chars().all(plain) => {
                Some((Segment::Name(name.to_owned()), after))
            }
            _ => None,
        };
    }
    let inside = text.strip_prefix('[')?;
    if let Some(quote @ ('\'' | '"')) = inside.chars().next() {
        let mut name = String::new();
        let mut letters = inside.char_indices().skip(1);
        while let Some((at, letter)) = letters.next() {
            match letter {
                '\\' => name.push(
                    letters.next().map(|(_, letter)| letter).filter(|l| !l.is_alphanumeric())?,
                ),
                _ if letter == quote => {
                    let after = inside.get(at + 1..)?.strip_prefix(']')?;
                    return Some((Segment::Name(name), after));
                }
                _ => name.push(letter),
            }
        }
        return None;
    }
    let (index, after) = inside.split_once(']')?;
    match index {
        "*" => Some((Segment::Any, after)),
        _ if index.bytes().all(|b| b.is_ascii_digit()) => {
            Some((Segment::Index(index.parse().ok()?), after))
        }
        _ => None,
    }
}

/// Masks the values at these paths of a `json` or `jsonb` and keeps every other byte. Where several
/// paths meet, the strictest operator holds; a value that becomes NULL is JSON's `null`.
///
/// What is no JSON, or is nested too deep, is masked as a whole by `redact`.
pub fn mask_json_paths(
    paths: &[(JsonPath, Operator)],
    ty: ValueType,
    format: ValueFormat,
    value: &[u8],
    out: &mut Vec<u8>,
) -> Masked {
    if paths.is_empty() {
        return Masked::Kept;
    }
    let json = match (ty, format) {
        (ValueType::Jsonb, ValueFormat::Binary) => value.strip_prefix(&[1]),
        (ValueType::Json | ValueType::Jsonb, _) => Some(value),
        _ => None,
    };
    let Some(json) = json else { return Masked::Null };
    let at = out.len();
    out.extend_from_slice(value.get(..value.len() - json.len()).unwrap_or_default());
    let mut walk = Walk { paths, json, at: 0, copied: 0, out };
    let all = (0..paths.len()).collect::<Vec<_>>();
    let read = walk.value(&all, 0).filter(|()| {
        walk.space();
        walk.at == json.len()
    });
    let copied = walk.copied;
    match read {
        Some(()) if copied == 0 => {
            out.truncate(at);
            Masked::Kept
        }
        Some(()) => {
            out.extend_from_slice(json.get(copied..).unwrap_or_default());
            Masked::Replaced
        }
        None => {
            out.truncate(at);
            crate::mask_value(&Operator::Redact, ty, format, value, out)
        }
    }
}

/// A document being read. Whatever it holds, each byte is read once, and compared with each path at
/// most once.
struct Walk<'a, 'j> {
    paths: &'a [(JsonPath, Operator)],
    json: &'j [u8],
    at: usize,
    /// What is before this stands in `out` already.
    copied: usize,
    out: &'a mut Vec<u8>,
}

impl<'j> Walk<'_, 'j> {
    /// Reads a value. `active` are the paths that lead to it or into it; `None`: it is not valid.
    fn value(&mut self, active: &[usize], depth: usize) -> Option<()> {
        self.space();
        let start = self.at;
        let ends = |path: &&usize| self.segments(**path).is_some_and(|path| path.len() == depth);
        let operator = active
            .iter()
            .filter(ends)
            .filter_map(|&path| self.paths.get(path).map(|(_, operator)| operator.clone()))
            .reduce(Operator::strictest);
        let Some(operator) = operator else { return self.inside(active, depth) };
        self.inside(&[], depth)?;
        self.out.extend_from_slice(self.json.get(self.copied..start)?);
        let at = self.out.len();
        if !mask_whole(&operator, self.json.get(start..self.at)?, self.out) {
            self.out.truncate(at);
            self.out.extend_from_slice(b"null");
        }
        self.copied = self.at;
        Some(())
    }

    fn inside(&mut self, active: &[usize], depth: usize) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        match self.peek()? {
            b'{' => self.members(active, depth),
            b'[' => self.elements(active, depth),
            b'"' => self.string().map(drop),
            b'-' | b'0'..=b'9' => self.number(),
            _ => ["true", "false", "null"]
                .iter()
                .any(|word| self.skip(word.as_bytes()))
                .then_some(()),
        }
    }

    fn members(&mut self, active: &[usize], depth: usize) -> Option<()> {
        self.at += 1;
        self.space();
        if self.skip(b"}") {
            return Some(());
        }
        loop {
            self.space();
            let key = self.string()?;
            let inner = if active.is_empty() {
                Vec::new()
            } else {
                let key = unescape(key);
                self.leading(active, depth, |segment| segment.is_member(&key))
            };
            self.space();
            if !self.skip(b":") {
                return None;
            }
            self.value(&inner, depth + 1)?;
            self.space();
            if self.skip(b"}") {
                return Some(());
            }
            if !self.skip(b",") {
                return None;
            }
        }
    }

    fn elements(&mut self, active: &[usize], depth: usize) -> Option<()> {
        self.at += 1;
        self.space();
        if self.skip(b"]") {
            return Some(());
        }
        for index in 0.. {
            let inner = self.leading(active, depth, |segment| segment.is_element(index));
            self.value(&inner, depth + 1)?;
            self.space();
            if self.skip(b"]") {
                return Some(());
            }
            if !self.skip(b",") {
                return None;
            }
        }
        None
    }

    /// The paths whose segment at this depth fits.
    fn leading(
        &self,
        active: &[usize],
        depth: usize,
        fits: impl Fn(&Segment) -> bool,
    ) -> Vec<usize> {
        let fits =
            |path: &usize| self.segments(*path).and_then(|path| path.get(depth)).is_some_and(&fits);
        active.iter().copied().filter(fits).collect()
    }

    fn segments(&self, path: usize) -> Option<&[Segment]> {
        self.paths.get(path).map(|(path, _)| path.0.as_slice())
    }

    /// The inside of a string, as it is written.
    fn string(&mut self) -> Option<&'j [u8]> {
        if self.peek()? != b'"' {
            return None;
        }
        let end = end_of_string(self.json, self.at + 1);
        let inner = self.json.get(self.at + 1..end)?.strip_suffix(b"\"")?;
        self.at = end;
        is_valid(inner).then_some(inner)
    }

    fn number(&mut self) -> Option<()> {
        self.skip(b"-");
        if !self.skip(b"0") {
            self.digits()?;
        }
        if self.skip(b".") {
            self.digits()?;
        }
        if self.skip(b"e") || self.skip(b"E") {
            let _ = self.skip(b"+") || self.skip(b"-");
            self.digits()?;
        }
        Some(())
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    fn space(&mut self) {
        while self.peek().is_some_and(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn skip(&mut self, word: &[u8]) -> bool {
        let there = self.json.get(self.at..).is_some_and(|rest| rest.starts_with(word));
        self.at += if there { word.len() } else { 0 };
        there
    }

    fn peek(&self) -> Option<u8> {
        self.json.get(self.at).copied()
    }
}

/// Whether the inside of a string is made of characters and escapes.
fn is_valid(inner: &[u8]) -> bool {
    let mut rest = inner;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        rest = match rest.get(at + 1..).unwrap_or_default() {
            [b'u', hex @ ..] => match hex.split_at_checked(4) {
                Some((hex, after)) if hex.iter().all(u8::is_ascii_hexdigit) => after,
                _ => return false,
            },
            [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', after @ ..] => after,
            _ => return false,
        };
    }
    inner.iter().all(|&b| b >= 0x20)
}
