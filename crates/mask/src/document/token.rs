use std::borrow::Cow;

use super::walk::Piece;
use super::{Document, MOST, NotJson, Way};
use crate::operator::MASKED;
use crate::value::{escape, unescape};

/// What stood in front of a token is remembered so far, for the words that give bare digits a meaning.
const CONTEXT: usize = 64;

impl Document {
    /// A token begins. `wanted`: it is looked at when it ends.
    pub(super) const fn begin(&self, wanted: bool, piece: &mut Piece<'_, '_>) {
        if wanted && self.ruled.is_none() {
            piece.token = Some(piece.at);
        }
    }

    /// A name ended: which rules lead on, and what is found in it.
    pub(super) fn name(&mut self, piece: &mut Piece<'_, '_>) -> Result<(), NotJson> {
        if self.ruled.is_some() {
            return Ok(());
        }
        let start = piece.token;
        if start.is_none() && self.way != Way::Held {
            return Ok(());
        }
        if self.long_name(piece.at, piece).is_some() {
            return Err(self.fault(NotJson::Unexpected, piece.at, piece));
        }
        if start.is_none() {
            self.settle(piece.at, piece);
        }
        let held = std::mem::take(&mut self.held);
        let token = start.map_or(&*held, |start| piece.slice(start, piece.at));
        let escaped = self.inside.escaped;
        let name = text_of(token, escaped);
        if self.rules.wants_names() {
            self.nest.at_member(&self.rules, &name);
        }
        if !self.passes(piece) {
            let context = self.context(start, piece);
            let changed = self.search(&context, token);
            if escaped {
                let speaks = [&*context, b"\"", &name, b"\": "].concat();
                let from = speaks.len().saturating_sub(CONTEXT);
                self.told = speaks.get(from..).unwrap_or_default().to_vec();
            }
            self.write(changed, start, token, piece);
        }
        self.held = held;
        self.held.clear();
        Ok(())
    }

    /// A string or a number ended: what is found in it.
    pub(super) fn searched(&mut self, piece: &mut Piece<'_, '_>) {
        let start = piece.token;
        if self.ruled.is_some() || start.is_none() && self.way == Way::On || self.passes(piece) {
            return;
        }
        if start.is_none() {
            self.settle(piece.at, piece);
        }
        let held = std::mem::take(&mut self.held);
        let token = start.map_or(&*held, |start| piece.slice(start, piece.at));
        if self.way == Way::Out || token.len() > MOST {
            self.unread += 1;
            self.replace_unread();
            self.write(true, start, &[], piece);
            self.before.clear();
            self.told.clear();
            piece.since = piece.at;
        } else {
            let context = self.context(start, piece);
            let changed = self.search(&context, token);
            self.write(changed, start, token, piece);
        }
        self.held = held;
        self.held.clear();
    }

    /// Whether nothing is found in a token of this piece, known at a glance. It is part of a longer span then.
    fn passes(&mut self, piece: &mut Piece<'_, '_>) -> bool {
        let Some(start) = piece.token.filter(|_| !self.inside.escaped) else { return false };
        let token = piece.slice(start, piece.at);
        let detectors = &self.rules.detectors;
        let passes = token.len() <= MOST && {
            let text = text_of(token, false);
            !self.rules.searched || detectors.is_quiet(&text) || detectors.is_idle(&text)
        };
        if passes {
            piece.token = None;
            self.told.clear();
        }
        passes
    }

    /// Whether a name that was read up to `at` is too long to be held.
    pub(super) fn long_name(&self, at: usize, piece: &Piece<'_, '_>) -> Option<NotJson> {
        let (length, began) = match piece.token {
            Some(start) => (at - start, self.read + start as u64),
            None if self.way == Way::Held && self.ruled.is_none() => {
                (self.held.len() + at - piece.from, self.began)
            }
            None => return None,
        };
        (length > MOST).then_some(NotJson::LongName(began))
    }

    /// A token that was looked at goes on, as it came or masked. One that came in this piece and stays is part of a longer
    /// span.
    fn write(
        &mut self,
        changed: bool,
        start: Option<usize>,
        token: &[u8],
        piece: &mut Piece<'_, '_>,
    ) {
        piece.token = None;
        if let (Some(start), true) = (start, changed) {
            self.settle(start, piece);
        }
        if changed {
            piece.out.extend_from_slice(&self.masked);
        } else if start.is_none() {
            piece.out.extend_from_slice(token);
        }
        if start.is_none() {
            keep_last(&mut self.before, token);
            piece.since = piece.at;
        }
        if start.is_none() || changed {
            piece.from = piece.at;
            self.way = Way::On;
        }
    }

    /// What stands in front of a token: as it was written, but for the name there when that is written in escapes.
    fn context<'p>(&mut self, start: Option<usize>, piece: &Piece<'p, '_>) -> Cow<'p, [u8]> {
        if !self.told.is_empty() {
            return std::mem::take(&mut self.told).into();
        }
        let Some(start) = start else { return self.before.clone().into() };
        let here = piece.slice(piece.since.max(start.saturating_sub(CONTEXT)), start);
        if self.before.is_empty() || here.len() == CONTEXT {
            return here.into();
        }
        let mut before = self.before.clone();
        keep_last(&mut before, here);
        before.into()
    }

    /// What was read up to `end` stands in front of what follows.
    pub(super) fn remember(&mut self, end: usize, piece: &mut Piece<'_, '_>) {
        let first = piece.since.max(end.saturating_sub(CONTEXT));
        keep_last(&mut self.before, piece.slice(first, end));
        piece.since = end;
    }

    /// Whether something is found in a token. It is masked in `masked` then, and counted.
    fn search(&mut self, context: &[u8], token: &[u8]) -> bool {
        let detectors = &*self.rules.detectors;
        let escaped = self.inside.escaped;
        let text = text_of(token, escaped);
        let found = detectors.found(context, &text);
        if found.is_empty() {
            return false;
        }
        for one in &found {
            let name = detectors.name(one.what);
            if let Some((_, count)) =
                self.counts.iter_mut().find(|(class, _)| class.as_str() == name)
            {
                *count += 1;
            } else if let Some(class) = model::DataClass::new(name) {
                self.counts.insert(class, 1);
            }
        }
        self.masked.clear();
        self.masked.push(b'"');
        if escaped {
            let mut masked = Vec::new();
            detectors.write_or_copy(found, &text, &mut masked);
            escape(&masked, &mut self.masked);
        } else {
            detectors.write_or_copy(found, &text, &mut self.masked);
        }
        self.masked.push(b'"');
        self.stay_text();
        true
    }

    /// What was written in the place of something is text: if a character were cut, nothing of it may stay.
    pub(super) fn stay_text(&mut self) {
        if std::str::from_utf8(&self.masked).is_err() {
            self.replace_unread();
        }
    }

    fn replace_unread(&mut self) {
        self.masked.clear();
        self.masked.push(b'"');
        self.masked.extend_from_slice(MASKED);
        self.masked.push(b'"');
    }
}

/// What a string stands for; a number is what is written.
fn text_of(token: &[u8], escaped: bool) -> Cow<'_, [u8]> {
    match token {
        [b'"', inner @ .., b'"'] if escaped => unescape(inner).into(),
        [b'"', inner @ .., b'"'] => inner.into(),
        number => number.into(),
    }
}

/// Appends bytes, of which only the last stay.
fn keep_last(kept: &mut Vec<u8>, bytes: &[u8]) {
    let last = bytes.get(bytes.len().saturating_sub(CONTEXT)..).unwrap_or_default();
    kept.extend_from_slice(last);
    kept.drain(..kept.len().saturating_sub(CONTEXT));
}
