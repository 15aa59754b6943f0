use super::walk::Piece;
use super::{Document, MOST, Way};
use crate::Operator;
use crate::value::mask_whole;

/// The value that is being masked as a whole.
pub(super) struct Ruled {
    operator: Operator,
    /// How deep it stands.
    depth: usize,
    /// The byte that it begins with says of which kind it is.
    first: u8,
    /// Whether its operator has to see it.
    seen: bool,
}

impl Document {
    /// A value begins: is it masked as a whole?
    pub(super) fn begin_ruled(&mut self, first: u8, piece: &mut Piece<'_, '_>) {
        let Some(operator) = self.nest.operator(&self.rules, &mut self.met) else { return };
        let seen = match first {
            b'{' | b'[' => matches!(operator, Operator::Hash(_) | Operator::Token(_)),
            _ => !operator.hides_all(),
        };
        self.settle(piece.at, piece);
        self.told.clear();
        self.way = if seen { Way::Held } else { Way::Out };
        self.ruled = Some(Ruled { operator, depth: self.nest.depth(), first, seen });
    }

    /// A value ended: what stands in its place, if it was that one.
    pub(super) fn end_ruled(&mut self, piece: &mut Piece<'_, '_>) {
        let depth = self.nest.depth();
        let Some(ruled) = self.ruled.take_if(|ruled| ruled.depth == depth) else { return };
        if self.held.is_empty() && self.way == Way::Held {
            // All of it is in this piece.
            self.replace(&ruled, piece.slice(piece.from, piece.at));
        } else {
            self.settle(piece.at, piece);
            let mut held = std::mem::take(&mut self.held);
            self.replace(&ruled, &held);
            held.clear();
            self.held = held;
        }
        piece.out.extend_from_slice(&self.masked);
        piece.from = piece.at;
        self.way = Way::On;
        self.count_met();
    }

    /// What its operator leaves of a value. One that it has to see and that is too long is no longer there.
    fn replace(&mut self, ruled: &Ruled, json: &[u8]) {
        let first = [ruled.first];
        let too_long = self.way == Way::Out || json.len() > MOST;
        let (operator, json) = match ruled.seen {
            true if too_long => {
                self.unread += 1;
                (&Operator::Redact, &first[..])
            }
            true => (&ruled.operator, json),
            false => (&ruled.operator, &first[..]),
        };
        self.masked.clear();
        if !mask_whole(operator, json, &mut self.masked) {
            self.masked.clear();
            self.masked.extend_from_slice(b"null");
        }
        self.stay_text();
    }

    /// It counts once for each class that rules say it has.
    fn count_met(&mut self) {
        for (place, rule) in self.met.iter().enumerate() {
            let Some(rule) = self.rules.rule(*rule) else { continue };
            let before = self.met.get(..place).unwrap_or_default();
            let mut others = before.iter().filter_map(|other| self.rules.rule(*other));
            if others.all(|other| other.class != rule.class) {
                *self.counts.entry(rule.class.clone()).or_default() += 1;
            }
        }
    }
}
