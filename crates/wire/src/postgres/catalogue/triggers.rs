//! What is written behind a statement's back: by triggers and rules, by the functions it calls, by defaults.

use model::{Classes, Parent};
use rustc_hash::{FxHashMap, FxHashSet};
use sql::Flow;

use super::Catalogue;
use super::carried::Carried;
use super::code::{Code, From, Language, Name, Place};

/// Functions that a text may call, directly or not, before it counts as one that may do anything.
const MOST_CALLED: usize = 64;

/// Functions of extensions in C that are volatile and write nowhere.
const HARMLESS: &[&str] = &[
    "uuid_generate_v1",
    "uuid_generate_v1mc",
    "uuid_generate_v4",
    "gen_salt",
    "gen_random_bytes",
    "gen_random_uuid",
    "clock_timestamp",
];

/// `pg_type.oid` of tsvector.
const TSVECTOR: u32 = 3614;

/// Code as the catalogue's rows have it.
#[derive(Default)]
pub(super) struct Texts<'a> {
    /// (function, its text, its language)
    pub(super) functions: Vec<(u32, &'a str, &'a str)>,
    /// (table, trigger, function, whether it has the rows as tables)
    pub(super) triggers: Vec<(u32, &'a str, u32, bool)>,
    /// (relation, rule, definition)
    pub(super) rules: Vec<(u32, &'a str, &'a str)>,
    /// (relation, column, expression)
    pub(super) defaults: Vec<(u32, i16, &'a str)>,
}

/// Where a statement may write that does not say so, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Behind {
    /// The trigger, rule or function.
    by: Box<str>,
    classes: Classes,
}

/// What is behind a write to a relation, and behind a call of a function.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Hidden {
    relations: FxHashMap<u32, Behind>,
    functions: FxHashMap<u32, Behind>,
    /// Functions that may put what they are given where it is not masked.
    keepers: FxHashSet<u32>,
}

/// A column of a relation, or any.
type Column = (u32, Option<i16>);

/// A text that was read, with those that it calls.
#[derive(Debug)]
pub(super) struct Unit {
    of: Of,
    by: Box<str>,
    /// Relations it may read, or whatever there is.
    reads: Vec<u32>,
    anything: bool,
    /// Columns of its own table's row that it names.
    row: Vec<i16>,
    writes: Vec<(Vec<Column>, Given)>,
    unknown: bool,
}

#[derive(Clone, Copy, Debug)]
enum Of {
    Relation(u32),
    Function(u32),
    /// A column's default.
    Column,
}

#[derive(Debug)]
enum Given {
    Everything,
    /// Columns of its own table.
    Row(Vec<i16>),
    Columns(Vec<sql::Source>),
}

/// Reads all code there is.
pub(super) fn read(texts: Texts<'_>, catalogue: &Catalogue) -> Vec<Unit> {
    let mut codes: FxHashMap<u32, Code> = FxHashMap::default();
    for (function, text, language) in texts.functions {
        if let Some(language) = Language::of(language) {
            codes.insert(function, Code::read(text, language, catalogue));
        }
    }
    let unread = Code::unread();
    let mut units = Vec::new();
    for (&function, code) in &codes {
        let by = catalogue.function_name(function).map_or("", |(_, name)| name);
        units.push(unit(
            Of::Function(function),
            format!("function \"{by}\""),
            code,
            &codes,
            catalogue,
        ));
    }
    for (table, name, function, tables) in texts.triggers {
        let code = codes.get(&function).unwrap_or(&unread);
        let by = format!("trigger \"{name}\"");
        let server = function < super::FIRST_NORMAL_OBJECT;
        let mut unit = if server {
            makes_vectors(table, by, catalogue)
        } else {
            unit(Of::Relation(table), by, code, &codes, catalogue)
        };
        if tables {
            unit.row = numbers(catalogue, table);
        }
        units.push(unit);
    }
    for (relation, name, definition) in texts.rules {
        let code = Code::of_rule(definition, catalogue);
        units.push(unit(
            Of::Relation(relation),
            format!("rule \"{name}\""),
            &code,
            &codes,
            catalogue,
        ));
    }
    for (relation, column, expression) in texts.defaults {
        let code = Code::read(expression, Language::Sql, catalogue);
        let mut unit = unit(Of::Column, String::new(), &code, &codes, catalogue);
        unit.anything |= unit.unknown;
        unit.writes.push((vec![(relation, Some(column))], Given::Everything));
        units.push(unit);
    }
    units
}

/// `tsvector_update_trigger`, the one of the server's own that keeps what it reads.
fn makes_vectors(table: u32, by: String, catalogue: &Catalogue) -> Unit {
    let columns =
        catalogue.relations.get(&table).into_iter().flat_map(|relation| &relation.columns);
    let vectors = columns.filter(|(_, column)| column.type_oid == TSVECTOR);
    Unit {
        of: Of::Relation(table),
        by: by.into(),
        reads: Vec::new(),
        anything: false,
        row: numbers(catalogue, table),
        writes: vec![(
            vectors.map(|(number, _)| (table, Some(*number))).collect(),
            Given::Everything,
        )],
        unknown: false,
    }
}

fn unit(
    of: Of,
    by: String,
    code: &Code,
    codes: &FxHashMap<u32, Code>,
    catalogue: &Catalogue,
) -> Unit {
    let table = match of {
        Of::Relation(table) => Some(table),
        Of::Function(_) | Of::Column => None,
    };
    let mut unit = Unit {
        of,
        by: by.into(),
        reads: Vec::new(),
        anything: code.anything,
        row: Vec::new(),
        writes: Vec::new(),
        unknown: code.unknown,
    };
    if let Some(table) = table {
        unit.row = match code.whole_row {
            true => numbers(catalogue, table),
            false => numbers_of(catalogue, table, code.row.iter().map(|name| &**name)),
        };
    }
    let mut reads: FxHashSet<u32> =
        code.names.iter().flat_map(|name| meant(catalogue, name)).collect();
    for write in &code.writes {
        let into = match (&write.into, table) {
            (Place::Row(Some(column)), Some(table)) => {
                let columns = numbers_of(catalogue, table, [&**column]);
                columns.into_iter().map(|number| (table, Some(number))).collect()
            }
            (Place::Row(None), Some(table)) => vec![(table, None)],
            (Place::Row(_), None) => continue,
            (Place::Relation(relation, column), _) => {
                places(catalogue, relation, column.as_deref())
            }
        };
        let given = match (&write.from, table) {
            (From::Row(columns), Some(table)) => {
                Given::Row(numbers_of(catalogue, table, columns.iter().map(|name| &**name)))
            }
            (From::Columns(sources), _) => Given::Columns(sources.clone()),
            (From::Everything | From::Row(_), _) => Given::Everything,
        };
        unit.writes.push((into, given));
    }
    // What is called has in its parameters what the caller has, and gives back what it reads.
    for function in called(code, codes, catalogue, &mut unit.unknown) {
        let Some(code) = codes.get(&function) else { continue };
        unit.unknown |= code.unknown;
        unit.anything |= code.anything;
        reads.extend(code.names.iter().flat_map(|name| meant(catalogue, name)));
        for write in &code.writes {
            if let (Place::Relation(relation, column), From::Everything) =
                (&write.into, &write.from)
            {
                let into = places(catalogue, relation, column.as_deref());
                unit.writes.push((into, Given::Everything));
            }
        }
    }
    unit.reads = reads.into_iter().collect();
    unit.reads.sort_unstable();
    unit
}

/// Every function that a text calls, and those call.
fn called(
    code: &Code,
    codes: &FxHashMap<u32, Code>,
    catalogue: &Catalogue,
    unknown: &mut bool,
) -> FxHashSet<u32> {
    let mut seen = FxHashSet::default();
    let mut open: Vec<&Code> = vec![code];
    while let Some(code) = open.pop() {
        for (schema, name) in &code.calls {
            let named = catalogue.functions.get(name).into_iter().flatten().filter(|function| {
                function.user_defined
                    && schema.as_ref().is_none_or(|schema| function.schema == *schema)
            });
            for function in named {
                if seen.len() >= MOST_CALLED {
                    *unknown = true;
                    return seen;
                }
                if !seen.insert(function.oid) {
                    continue;
                }
                match codes.get(&function.oid) {
                    Some(code) => open.push(code),
                    None => *unknown |= function.volatile && !HARMLESS.contains(&&**name),
                }
            }
        }
    }
    seen
}

/// The relations that a name in a text may be.
fn meant<'c>(catalogue: &'c Catalogue, (schema, name): &'c Name) -> impl Iterator<Item = u32> + 'c {
    catalogue.named(name).filter_map(move |(oid, relation)| {
        let fits = schema.as_deref().is_none_or(|schema| {
            *relation.schema == *schema
                || (schema == "pg_temp" && relation.schema.starts_with("pg_temp_"))
        });
        fits.then_some(oid)
    })
}

fn places(
    catalogue: &Catalogue,
    relation: &sql::RelationName,
    column: Option<&str>,
) -> Vec<Column> {
    let named = catalogue.named(&relation.name);
    let meant = named.filter(|(_, entry)| super::may_be(&relation.schema, &entry.schema));
    let place = |(oid, _)| match column {
        None => vec![(oid, None)],
        Some(column) => {
            let numbers = numbers_of(catalogue, oid, [column]);
            numbers.into_iter().map(|number| (oid, Some(number))).collect()
        }
    };
    meant.flat_map(place).collect()
}

fn numbers(catalogue: &Catalogue, table: u32) -> Vec<i16> {
    let relation = catalogue.relations.get(&table);
    relation.into_iter().flat_map(|relation| relation.columns.keys().copied()).collect()
}

fn numbers_of<'n>(
    catalogue: &Catalogue,
    table: u32,
    names: impl IntoIterator<Item = &'n str>,
) -> Vec<i16> {
    let Some(relation) = catalogue.relations.get(&table) else { return Vec::new() };
    let by_name: FxHashMap<&str, i16> =
        relation.columns.iter().map(|(number, column)| (&*column.name, *number)).collect();
    names.into_iter().filter_map(|name| by_name.get(name).copied()).collect()
}

impl Unit {
    /// What it may have in its variables.
    fn everything(&self, catalogue: &Catalogue, anything: &Classes) -> Carried {
        let mut all = Carried::default();
        if self.anything {
            all.join(&Carried::made_of(anything.clone()));
        }
        for relation in self.reads.iter().filter_map(|oid| catalogue.relations.get(oid)) {
            all.join(&relation.carried);
        }
        all.join(&self.of_row(catalogue, &self.row));
        all.through(Flow::Computed)
    }

    fn of_row(&self, catalogue: &Catalogue, columns: &[i16]) -> Carried {
        let mut all = Carried::default();
        let Of::Relation(table) = self.of else { return all };
        for column in columns.iter().filter_map(|number| catalogue.column(table, *number)) {
            all.join(&column.carried);
        }
        all.through(Flow::Computed)
    }

    /// Whether what it is given may end up where it writes.
    fn keeps(&self) -> bool {
        let everything = |(places, given): &(Vec<Column>, Given)| {
            matches!(given, Given::Everything) && !places.is_empty()
        };
        self.unknown || self.writes.iter().any(everything)
    }

    /// Gives what it writes to where it writes it. Answers whether that changed anything.
    pub(super) fn spread(&self, catalogue: &mut Catalogue, anything: &Classes) -> bool {
        if self.writes.is_empty() {
            return false;
        }
        let everything = self.everything(catalogue, anything);
        let mut changed = false;
        for (places, given) in &self.writes {
            let carried = match given {
                Given::Everything => everything.clone(),
                Given::Row(columns) => self.of_row(catalogue, columns),
                Given::Columns(sources) => {
                    let mut all = Carried::default();
                    for source in sources {
                        let relation = &source.relation;
                        let one = catalogue.carried(
                            &relation.schema,
                            &relation.name,
                            source.column.as_deref(),
                        );
                        let one = one.unwrap_or_else(|| Carried::made_of(anything.clone()));
                        all.join(&one.through(source.flow));
                    }
                    all
                }
            };
            if carried.is_nothing() {
                continue;
            }
            for &(relation, column) in places {
                changed |= match column {
                    Some(column) => super::inherit::add(catalogue, relation, column, &carried),
                    None => super::inherit::mark(catalogue, relation, &carried),
                };
            }
        }
        changed
    }
}

/// What may be written nobody knows where, once classes have spread. `above`: a write to the second is
/// one to the first, too.
pub(super) fn hidden(
    units: &[Unit],
    above: impl Iterator<Item = (u32, u32)>,
    catalogue: &Catalogue,
    anything: &Classes,
) -> Hidden {
    let mut hidden = Hidden::default();
    let keeps = |unit: &Unit| match unit.of {
        Of::Function(function) => unit.keeps().then_some(function),
        Of::Relation(_) | Of::Column => None,
    };
    hidden.keepers = units.iter().filter_map(keeps).collect();
    for unit in units.iter().filter(|unit| unit.unknown) {
        let mut classes: Classes = unit.everything(catalogue, anything).all().cloned().collect();
        match unit.of {
            Of::Relation(table) => {
                classes.extend(
                    catalogue
                        .relations
                        .get(&table)
                        .into_iter()
                        .flat_map(|r| r.carried.all().cloned()),
                );
                add(&mut hidden.relations, table, &unit.by, &classes);
            }
            Of::Function(function) => {
                add(&mut hidden.functions, function, &unit.by, &classes);
            }
            Of::Column => {}
        }
    }
    if hidden.relations.is_empty() {
        return hidden;
    }
    let writes = units.iter().flat_map(|unit| {
        let places = unit.writes.iter().flat_map(|(places, _)| places);
        places.map(move |(place, _)| (unit.of, *place))
    });
    let above = above.map(|(below, above)| (Of::Relation(above), below));
    let edges: Vec<(Of, u32)> = writes.chain(above).collect();
    loop {
        let mut changed = false;
        for (of, place) in &edges {
            let Some(Behind { by, classes }) = hidden.relations.get(place).cloned() else {
                continue;
            };
            changed |= match of {
                Of::Relation(table) => add(&mut hidden.relations, *table, &by, &classes),
                Of::Function(function) => add(&mut hidden.functions, *function, &by, &classes),
                Of::Column => false,
            };
        }
        if !changed {
            return hidden;
        }
    }
}

fn add(all: &mut FxHashMap<u32, Behind>, key: u32, by: &str, classes: &Classes) -> bool {
    if classes.is_empty() {
        return false;
    }
    let behind =
        all.entry(key).or_insert_with(|| Behind { by: by.into(), classes: Classes::new() });
    let before = behind.classes.len();
    behind.classes.extend(classes.iter().cloned());
    behind.classes.len() > before
}

impl Catalogue {
    /// What a write to a relation may put nobody knows where, with the trigger or rule that does.
    #[must_use]
    pub fn writes_behind(&self, parent: &Parent, name: &str) -> Option<(&str, Classes)> {
        let meant = self.named(name).filter(|(_, entry)| super::may_be(parent, &entry.schema));
        joined(meant.filter_map(|(oid, _)| self.hidden.relations.get(&oid)))
    }

    /// Whether a call of a function may put what it is given where it is not masked.
    #[must_use]
    pub fn keeps_arguments(&self, parent: &Parent, name: &str) -> bool {
        let functions = self.functions.get(name).into_iter().flatten();
        functions
            .filter(|function| super::may_be(parent, &function.schema))
            .any(|function| self.hidden.keepers.contains(&function.oid))
    }

    /// What a call of a function may put nobody knows where.
    #[must_use]
    pub fn calls_behind(&self, parent: &Parent, name: &str) -> Option<(&str, Classes)> {
        let meant = self.functions.get(name)?.iter();
        let meant = meant.filter(|function| super::may_be(parent, &function.schema));
        joined(meant.filter_map(|function| self.hidden.functions.get(&function.oid)))
    }
}

fn joined<'b>(all: impl Iterator<Item = &'b Behind>) -> Option<(&'b str, Classes)> {
    let mut joined: Option<(&str, Classes)> = None;
    for Behind { by, classes } in all {
        let (_, known) = joined.get_or_insert_with(|| (by, Classes::new()));
        known.extend(classes.iter().cloned());
    }
    joined
}
