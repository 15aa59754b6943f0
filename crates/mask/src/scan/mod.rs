//! One pass over bytes, left to right, that yields findings in order and never overlapping.
//!
//! ```text
//!   bytes ─► anchor: next digit, '@', ':' or '-' ──► number ─► ip │ iban │ card │ ssn │ phone
//!        │                                      ├──► email, ipv6, url, pem
//!        └► word: next run long enough for a token ─► jwt │ key
//! ```
//!
//! Linear by construction: an anchor looks a bounded distance around itself, or over bytes that no
//! other anchor of its kind looks at again.

mod anchor;
mod card;
mod coin;
mod context;
mod email;
mod glance;
#[cfg(test)]
mod hostile;
mod iban;
pub(crate) mod ident;
mod ip;
mod jwt;
mod key;
mod kind;
mod mac;
mod number;
mod pem;
mod phone;
mod ssn;
pub(crate) mod text;
mod url;
mod word;

use std::cell::Cell;

pub(crate) use kind::{Kind, Kinds};
use text::{Text, digit};

/// Part of a text that belongs to a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) kind: Kind,
}

/// What a scan looks for, made ready once per resource.
#[derive(Clone)]
pub(crate) struct Plan {
    kinds: Kinds,
    anchors: [bool; 256],
    anchored: bool,
    words: bool,
    /// What needs neither `@` nor `:` is no shorter.
    shortest: usize,
    /// Numbers of identity, and those of them that need no word.
    shapes: ident::Shapes,
    alone: ident::Shapes,
    /// Where telephone numbers are looked for.
    phones: Option<&'static phone::Plans>,
}

impl Plan {
    pub(crate) fn new(kinds: Kinds) -> Self {
        let any = |of: &[Kind]| of.iter().any(|&kind| kinds.has(kind));
        let (shapes, alone) = (ident::Shapes::of(kinds, true), ident::Shapes::of(kinds, false));
        let numbers = !shapes.is_empty()
            || any(&[
                Kind::CreditCard,
                Kind::UsSsn,
                Kind::Iban,
                Kind::Phone,
                Kind::IpAddress,
                Kind::MacAddress,
            ]);
        let mut anchors = [false; 256];
        for (byte, wanted) in (0..=u8::MAX).zip(&mut anchors) {
            *wanted = match byte {
                b'0'..=b'9' => numbers,
                b'@' => kinds.has(Kind::Email),
                b':' => any(&[Kind::IpAddress, Kind::MacAddress, Kind::Url, Kind::UrlCredentials]),
                b'-' => any(&[Kind::PrivateKey, Kind::MacAddress]),
                _ => false,
            };
        }
        let anchored = anchors.contains(&true);
        Self {
            kinds,
            anchors,
            anchored,
            words: any(&[Kind::Jwt, Kind::CloudKey, Kind::CryptoAddress]),
            shortest: shapes.shortest().min(OWN_SHORTEST),
            shapes,
            alone,
            phones: kinds.has(Kind::Phone).then(phone::Plans::get),
        }
    }

    /// Whether nothing is found in a text, known at a glance: it is short and holds no anchor and no long word, is shorter
    /// than all that is looked for, or is a UUID.
    pub(crate) fn is_idle(&self, text: &[u8]) -> bool {
        text.len() < GLANCED && !anchor::is_any_in(text) && !word::is_any_in(text)
            || text.len() < self.shortest && !text.iter().any(|byte| matches!(byte, b'@' | b':'))
            || is_uuid(text)
    }

    /// Whether nothing is found in a text, as it stands or as it reads: none of its bytes may be part of a finding.
    pub(crate) fn is_quiet(&self, text: &[u8]) -> bool {
        let wanted = |byte: u8| self.anchors.get(usize::from(byte)).copied().unwrap_or(true);
        let wide = wanted(b':') || wanted(b'-');
        !self.words && !anchor::is_any_telling(text, wide)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    pub(crate) const fn wants(&self, kind: Kind) -> bool {
        self.kinds.has(kind)
    }
}

/// A telephone number behind a word, `1.2.3.4`: of what is no number of identity and holds neither `@` nor `:`
/// nothing is shorter.
const OWN_SHORTEST: usize = 7;

/// A text that is shorter is looked at as a whole first: most cells are, and most of those hold nothing.
const GLANCED: usize = 64;

/// Finds what a plan asks for in one text.
pub(crate) struct Scan<'p, 't> {
    plan: &'p Plan,
    text: Text<'t>,
    /// What stood in front of the text, for the words that give bare digits a meaning.
    context: Text<'t>,
    /// The next byte to look at.
    at: usize,
    /// The end of the last finding: no other reaches back over it.
    done: usize,
    anchors: anchor::Anchors,
    words: word::Words,
    mail: email::Ahead,
    ipv6: ip::Cluster,
    groups: iban::Groups,
    /// Where words were looked for last, and of what kinds some stand there.
    told: Cell<(usize, Kinds)>,
}

impl<'p, 't> Scan<'p, 't> {
    pub(crate) fn new(plan: &'p Plan, context: &'t [u8], text: &'t [u8]) -> Self {
        let at = if is_uuid(text) { text.len() } else { 0 };
        Self {
            plan,
            text: Text(text),
            context: Text(context),
            at,
            done: 0,
            anchors: anchor::Anchors::from(Text(text), at),
            words: word::Words::in_text(text, at),
            mail: email::Ahead::default(),
            ipv6: ip::Cluster::default(),
            groups: iban::Groups::default(),
            told: Cell::new((usize::MAX, Kinds::default())),
        }
    }

    fn wants(&self, kind: Kind) -> bool {
        self.plan.wants(kind)
    }

    fn anchored(&mut self, at: usize) -> Option<Hit> {
        self.at = at + 1;
        let byte = self.text.at(at);
        if digit(byte) {
            return self.number(at);
        }
        // One whose first pair ends in a digit was met there.
        if matches!(byte, b':' | b'-')
            && self.wants(Kind::MacAddress)
            && !digit(self.text.before(at))
            && let Some(hit) = self.mac(at)
        {
            return Some(hit);
        }
        if byte == b':'
            && let Some(hit) = self.url(at)
        {
            return Some(hit);
        }
        match byte {
            b'@' => self.email(at),
            b':' if self.wants(Kind::IpAddress) => self.ipv6(at),
            b'-' if self.wants(Kind::PrivateKey) => self.pem(at),
            _ => None,
        }
    }
}

impl Iterator for Scan<'_, '_> {
    type Item = Hit;

    fn next(&mut self) -> Option<Hit> {
        let token = if self.plan.words { self.token() } else { None };
        let limit = token.map_or(self.text.len(), |hit| hit.start);
        while self.plan.anchored && self.at < limit {
            let at = self.anchors.next(self.text, self.at, &self.plan.anchors);
            if at >= limit {
                break;
            }
            if let Some(hit) = self.anchored(at) {
                self.done = hit.end;
                self.at = hit.end.max(self.at);
                return Some(hit);
            }
        }
        let hit = token?;
        self.done = hit.end;
        self.at = hit.end.max(self.at);
        Some(hit)
    }
}

/// The commonest long value that is full of digits and holds nothing.
fn is_uuid(text: &[u8]) -> bool {
    let Ok(text) = <&[u8; 36]>::try_from(text) else { return false };
    let dashes = text[8] == b'-' && text[13] == b'-' && text[18] == b'-' && text[23] == b'-';
    let hexadecimal = |byte: u8| {
        let letter = (byte | 0x20).wrapping_sub(b'a') < 6;
        u8::from(byte.wrapping_sub(b'0') < 10) | u8::from(letter)
    };
    dashes && text.iter().map(|&byte| hexadecimal(byte)).sum::<u8>() == 32
}
