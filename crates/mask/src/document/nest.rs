use super::rules::DocumentRules;
use crate::Operator;

/// Arrays and objects in each other, at most.
pub(super) const DEEPEST: usize = 512;

/// Where in a document the reading stands, and which paths lead there. It grows with the depth alone.
#[derive(Default)]
pub(super) struct Nest {
    open: Vec<Open>,
    /// The paths that lead into each that is open, of the outermost first.
    inside: Vec<usize>,
    /// The paths that lead to the next value or into it.
    next: Vec<usize>,
    /// The name in front of the next value, when that has rules.
    named: Option<usize>,
}

struct Open {
    kind: Kind,
    /// Of an array's elements.
    index: usize,
    /// Its paths begin here.
    from: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Object,
    Array,
}

impl Nest {
    pub(super) const fn depth(&self) -> usize {
        self.open.len()
    }

    pub(super) fn kind(&self) -> Option<Kind> {
        self.open.last().map(|open| open.kind)
    }

    /// A document comes next.
    pub(super) fn at_root(&mut self, rules: &DocumentRules) {
        self.named = None;
        self.next.clear();
        self.next.extend(0..rules.paths());
    }

    /// The value of a member of this name comes next.
    pub(super) fn at_member(&mut self, rules: &DocumentRules, name: &[u8]) {
        self.named = rules.named(name);
        self.lead(|path, depth| {
            rules.path_at(path).is_some_and(|(path, _)| path.leads_to_member(depth, name))
        });
    }

    /// The next element of an array comes.
    pub(super) fn at_element(&mut self, rules: &DocumentRules) {
        if !rules.wants_names() {
            return;
        }
        self.named = None;
        let Some(index) = self.open.last_mut().map(|open| {
            open.index += 1;
            open.index - 1
        }) else {
            return;
        };
        self.lead(|path, depth| {
            rules.path_at(path).is_some_and(|(path, _)| path.leads_to_element(depth, index))
        });
    }

    fn lead(&mut self, leads: impl Fn(usize, usize) -> bool) {
        self.next.clear();
        let Some(open) = self.open.last() else { return };
        let depth = self.open.len() - 1;
        let inside = self.inside.get(open.from..).unwrap_or_default();
        self.next.extend(inside.iter().copied().filter(|path| leads(*path, depth)));
    }

    /// The operator that rules say for the next value; which rules they are is put to `met`.
    pub(super) fn operator(&self, rules: &DocumentRules, met: &mut Vec<usize>) -> Option<Operator> {
        if self.next.is_empty() && self.named.is_none() {
            return None;
        }
        met.clear();
        let ending = self.next.iter().filter_map(|path| rules.path_at(*path));
        met.extend(ending.filter(|(path, _)| path.length() == self.depth()).map(|(_, rule)| rule));
        met.extend(self.named.map(|named| rules.rules_of(named)).unwrap_or_default());
        let operators = met.iter().filter_map(|rule| rules.rule(*rule));
        operators.map(|rule| rule.operator.clone()).reduce(Operator::strictest)
    }

    /// Enters the next value. `ruled`: no path leads further.
    pub(super) fn enter(&mut self, kind: Kind, rules: &DocumentRules, ruled: bool) {
        let (from, depth) = (self.inside.len(), self.depth());
        if !ruled {
            let further =
                |path: &usize| rules.path_at(*path).is_some_and(|(path, _)| path.length() > depth);
            self.inside.extend(self.next.iter().copied().filter(further));
        }
        self.open.push(Open { kind, index: 0, from });
    }

    pub(super) fn leave(&mut self) {
        if let Some(open) = self.open.pop() {
            self.inside.truncate(open.from);
        }
    }
}
