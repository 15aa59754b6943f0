//! What stands in FROM: rows whose columns have names and sources.

use std::rc::Rc;

use super::flow::{Names, Stream};

/// The columns of some rows, in order.
pub(super) type Shape = Vec<Column>;

/// One place of a shape.
#[derive(Clone, Debug)]
pub(super) enum Column {
    /// One column. Without a name it may have any.
    One { name: Option<Rc<str>>, from: Stream },
    /// All columns of a relation that is known.
    Table { relation: u32, columns: Rc<[Rc<str>]> },
    /// All columns of one that is not: any name may be one of them.
    Unknown { relation: u32 },
    /// Any number of columns of any name, each made from this.
    Open(Stream),
}

/// Whether a name is found for sure, or may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hit {
    None,
    Perhaps,
    Sure,
}

/// Columns every table has that hold nothing of its rows (chapter "System Columns").
const SYSTEM: &[&str] = &["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];

/// What a name means among these columns.
pub(super) fn find(shape: &[Column], name: &str, names: &mut Names, found: &mut Stream) -> Hit {
    let mut hit = Hit::None;
    for column in shape {
        let one = match column {
            Column::One { name: Some(own), from } if **own == *name => {
                found.join(from);
                Hit::Sure
            }
            Column::One { name: Some(_), .. } => Hit::None,
            Column::One { name: None, from } => {
                found.join(from);
                Hit::Perhaps
            }
            Column::Table { relation, columns } => {
                if columns.iter().any(|own| **own == *name) {
                    let column = names.column(name);
                    found.join(&Stream::of(*relation, column));
                    Hit::Sure
                } else if SYSTEM.contains(&name) {
                    Hit::Sure
                } else {
                    Hit::None
                }
            }
            Column::Unknown { relation } => {
                let column = names.column(name);
                found.join(&Stream::of(*relation, column));
                Hit::Perhaps
            }
            Column::Open(from) => {
                found.join(from);
                Hit::Perhaps
            }
        };
        hit = hit.max(one);
    }
    hit
}

/// All of these columns together.
pub(super) fn whole(shape: &[Column]) -> Stream {
    let mut all = Stream::default();
    for column in shape {
        match column {
            Column::One { from, .. } | Column::Open(from) => all.join(from),
            Column::Table { relation, .. } | Column::Unknown { relation } => {
                all.join(&Stream::of(*relation, 0));
            }
        }
    }
    all
}

/// The same columns under names of a column alias list.
pub(super) fn renamed(shape: &Shape, aliases: &[Rc<str>], names: &mut Names) -> Shape {
    if aliases.is_empty() {
        return shape.clone();
    }
    let each = single(shape, names);
    let mut renamed = Vec::with_capacity(each.len().max(aliases.len()));
    let mut rest = each.into_iter();
    let mut open: Option<Stream> = None;
    for alias in aliases {
        let from = match (&open, rest.next()) {
            (None, Some(Column::One { from, .. })) => from,
            // From here on nobody knows which column is which.
            (None, next) => {
                let left: Shape = next.into_iter().chain(rest.by_ref()).collect();
                open.insert(whole(&left)).clone()
            }
            (Some(open), _) => open.clone(),
        };
        renamed.push(Column::One { name: Some(Rc::clone(alias)), from });
    }
    renamed.extend(rest);
    renamed.extend(open.map(Column::Open));
    renamed
}

/// The columns of known tables one by one.
pub(super) fn single(shape: &Shape, names: &mut Names) -> Shape {
    let mut each = Vec::with_capacity(shape.len());
    for column in shape {
        match column {
            Column::Table { relation, columns } => each.extend(columns.iter().map(|name| {
                let from = Stream::of(*relation, names.column(name));
                Column::One { name: Some(Rc::clone(name)), from }
            })),
            other => each.push(other.clone()),
        }
    }
    each
}

/// Rows of both in one result (UNION and its kin): the names are those of the first.
pub(super) fn merged(left: &Shape, right: &Shape, names: &mut Names) -> Shape {
    let (left, right) = (single(left, names), single(right, names));
    let is_one = |column: &Column| matches!(column, Column::One { .. });
    let (ones, others) = (left.iter().all(is_one), right.iter().all(is_one));
    let both = match (ones, others) {
        (true, true) if left.len() == right.len() => (left, right),
        (true, false) => {
            let right = stretched(&right, left.len());
            (left, right)
        }
        (false, true) => {
            let left = stretched(&left, right.len());
            (left, right)
        }
        _ => return vec![Column::Open(whole(&left).and(&whole(&right)))],
    };
    let mut merged = Vec::with_capacity(both.0.len());
    for (left, right) in both.0.into_iter().zip(&both.1) {
        merged.push(match (left, right) {
            (Column::One { name, from }, Column::One { from: other, .. }) => {
                Column::One { name, from: from.and(other) }
            }
            (left, right) => {
                let all =
                    whole(std::slice::from_ref(&left)).and(&whole(std::slice::from_ref(right)));
                Column::Open(all)
            }
        });
    }
    merged
}

/// As many single columns as there must be, of columns of which some are any number.
fn stretched(shape: &Shape, count: usize) -> Shape {
    let is_one = |column: &Column| matches!(column, Column::One { .. });
    let first = shape.iter().position(|column| !is_one(column)).unwrap_or(shape.len());
    let last = shape.iter().rposition(|column| !is_one(column)).map_or(shape.len(), |at| at + 1);
    let (front, back) = (shape.get(..first), shape.get(last..));
    let (front, back) = (front.unwrap_or_default(), back.unwrap_or_default());
    let open = whole(shape.get(first..last).unwrap_or_default());
    let between = count.saturating_sub(front.len() + back.len());
    let open = Column::One { name: None, from: open };
    let mut all: Shape = front.to_vec();
    all.extend(std::iter::repeat_n(open, between));
    all.extend_from_slice(back);
    all
}
