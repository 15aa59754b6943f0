//! What the target's own catalogue says: which names there are, and which columns carry which data classes.
//!
//! It is read over the gateway's own connection with [`query()`], never from the client's session, and
//! is immutable: a newer reading is another `Catalogue`.

mod bodies;
mod carried;
mod code;
mod heritage;
mod inherit;
mod query;
mod rules;
mod tokens;
mod triggers;
mod views;

use std::collections::BTreeMap;
use std::sync::Arc;

use mask::{JsonPath, ValueType};
use model::{Classes, DataClass, DataRule, Inheritance, Parent};
use rustc_hash::FxHashMap;

pub use self::carried::Carried;
pub use self::query::query;
pub use self::rules::ruled_classes;

/// The first OID that is not the server's own (`FirstNormalObjectId` in `transam.h`).
pub const FIRST_NORMAL_OBJECT: u32 = 16_384;

/// A row that is not of [`query()`]'s making.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the target's catalogue cannot be read: a row of kind {0:?} is not of the expected form")]
pub struct BadCatalogue(String);

/// A schema, and a name in it.
type Qualified = (Box<str>, Box<str>);

/// Names, columns and classes of one database at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    default_path: Vec<String>,
    relations: FxHashMap<u32, Relation>,
    names: Arc<FxHashMap<Box<str>, Vec<u32>>>,
    functions: Arc<FxHashMap<Box<str>, Vec<Function>>>,
    function_names: Arc<FxHashMap<u32, Qualified>>,
    types: Arc<FxHashMap<u32, NamedType>>,
    /// Of each enum its first label that is ASCII, and so the same in every encoding of a client's.
    enum_labels: Arc<FxHashMap<u32, Box<str>>>,
    comments: Arc<Notes>,
    labels: Arc<Notes>,
    /// What views show, as far as their definitions were read.
    definitions: Arc<views::Definitions>,
    /// What functions in SQL return.
    bodies: Arc<bodies::Bodies>,
    /// What is written nobody knows where.
    hidden: Arc<triggers::Hidden>,
}

/// Texts of columns, by relation and number.
type Notes = FxHashMap<(u32, i16), Box<str>>;

/// What people said of a column, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Noted<'a> {
    /// `COMMENT ON COLUMN`.
    pub comment: Option<&'a str>,
    /// `SECURITY LABEL ON COLUMN`, of every provider.
    pub label: Option<&'a str>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Relation {
    schema: Box<str>,
    name: Box<str>,
    /// By attribute number, in the table's order.
    columns: BTreeMap<i16, ColumnEntry>,
    /// What any column of it carries.
    carried: Arc<Carried>,
}

/// One column of a relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnEntry {
    /// Its name.
    pub name: Box<str>,
    /// Its type's OID.
    pub type_oid: u32,
    /// It is computed from others: COPY leaves it out unless it is named.
    pub generated: bool,
    /// It is never NULL.
    pub not_null: bool,
    /// What it carries.
    pub carried: Arc<Carried>,
    /// Which parts of its documents are sensitive; their classes are among what it carries.
    pub json: Arc<[(JsonPath, DataClass)]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Function {
    oid: u32,
    schema: Box<str>,
    volatile: bool,
    user_defined: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct NamedType {
    name: Box<str>,
    /// `pg_type.typcategory`.
    category: u8,
    /// `pg_type.typtype`.
    kind: u8,
    /// What a domain, a range or an array is of; 0 for others.
    of: u32,
}

/// One row of [`query()`]'s result: six texts.
pub type Row<'a> = [Option<&'a str>; 6];

impl Catalogue {
    /// Reads the rows of [`query()`]. What `earlier` knew of a column's classes stays with the column:
    /// renaming a column or a table does not make its data harmless.
    ///
    /// # Errors
    /// A row is not of the expected form.
    pub fn read<'a>(
        rows: impl IntoIterator<Item = Row<'a>>,
        rules: &[DataRule],
        inheritance: &Inheritance,
        earlier: Option<&Self>,
    ) -> Result<Self, BadCatalogue> {
        let mut this = Self::default();
        let mut columns: Vec<(u32, i16, &str, u32, &str)> = Vec::new();
        let mut links = inherit::Links::default();
        let mut definitions = Vec::new();
        let mut texts = Vec::new();
        let mut code = triggers::Texts::default();
        for row in rows {
            let kind = row[0].unwrap_or_default();
            let bad = || BadCatalogue(kind.to_owned());
            let text = |index: usize| row.get(index).copied().flatten().ok_or_else(bad);
            let oid = |index: usize| text(index)?.parse::<u32>().map_err(|_| bad());
            match kind {
                "path" => this.default_path.push(text(2)?.to_owned()),
                "relation" => this.add_relation(oid(1)?, text(2)?, text(3)?),
                "function" => this.add_function(oid(1)?, text(2)?, text(3)?, text(4)? == "v"),
                "type" => {
                    let entry = NamedType {
                        name: text(2)?.into(),
                        category: text(3)?.bytes().next().unwrap_or(b'U'),
                        kind: text(4)?.bytes().next().unwrap_or(b'b'),
                        of: row[5].and_then(|of| of.parse().ok()).unwrap_or(0),
                    };
                    Arc::make_mut(&mut this.types).insert(oid(1)?, entry);
                }
                "enum" => {
                    let (oid, label) = (oid(1)?, text(2)?);
                    if label.is_ascii() {
                        Arc::make_mut(&mut this.enum_labels).insert(oid, label.into());
                    }
                }
                "child" => links.child(oid(1)?, oid(2)?),
                "view" => links.view(oid(1)?, oid(2)?, text(3)?.parse().map_err(|_| bad())?),
                // A view that was dropped meanwhile has none.
                "definition" => {
                    if let Some(definition) = row[2] {
                        definitions.push((oid(1)?, definition));
                    }
                }
                "body" => texts.push((oid(1)?, text(2)?)),
                // What was dropped meanwhile has no definition.
                "code" => {
                    if let Some(body) = row[2] {
                        code.functions.push((oid(1)?, body, text(3)?));
                    }
                }
                "trigger" => code.triggers.push((oid(1)?, text(2)?, oid(3)?, text(4)? == "t")),
                "rule" => {
                    if let Some(definition) = row[3] {
                        code.rules.push((oid(1)?, text(2)?, definition));
                    }
                }
                "default" => {
                    if let Some(expression) = row[3] {
                        let number = text(2)?.parse().map_err(|_| bad())?;
                        code.defaults.push((oid(1)?, number, expression));
                    }
                }
                "generated" => {
                    let number = |index: usize| text(index)?.parse().map_err(|_| bad());
                    links.generated(oid(1)?, number(2)?, number(3)?);
                }
                "comment" | "label" => {
                    let number = text(2)?.parse().map_err(|_| bad())?;
                    let notes = if kind == "label" { &mut this.labels } else { &mut this.comments };
                    let notes = Arc::make_mut(notes);
                    notes.insert((oid(1)?, number), text(3)?.into());
                }
                "column" => {
                    let number = text(2)?.parse().map_err(|_| bad())?;
                    columns.push((oid(1)?, number, text(3)?, oid(4)?, row[5].unwrap_or_default()));
                }
                _ => return Err(bad()),
            }
        }
        for (relation, number, name, type_oid, flags) in columns {
            let Some(relation) = this.relations.get_mut(&relation) else { continue };
            let (carried, json) = rules::of(rules, &relation.schema, &relation.name, name);
            let entry = ColumnEntry {
                name: name.into(),
                type_oid,
                generated: flags.contains('g'),
                not_null: flags.contains('n'),
                carried: Arc::new(carried),
                json,
            };
            relation.columns.insert(number, entry);
        }
        this.give(inheritance);
        if let Some(earlier) = earlier {
            this.keep_classes_of(earlier, inheritance);
        }
        this.sum_up();
        this.bodies = Arc::new(bodies::read(texts, &this, earlier));
        this.definitions = Arc::new(views::read(definitions, &this, earlier));
        let mut anything = ruled_classes(rules);
        anything.extend(inheritance.iter().map(|one| one.class.clone()));
        let units = triggers::read(code, &this);
        links.spread(&mut this, &units, &anything);
        this.sum_up();
        this.hidden = Arc::new(triggers::hidden(&units, links.above(), &this, &anything));
        Ok(this)
    }

    /// The search path a fresh session of the gateway's has, schemas that exist only.
    #[must_use]
    pub fn default_path(&self) -> &[String] {
        &self.default_path
    }

    /// Whether a schema has a relation of this name.
    #[must_use]
    pub fn has_relation(&self, schema: &str, name: &str) -> bool {
        self.named(name).any(|(_, relation)| &*relation.schema == schema)
    }

    /// Whether this relation is known.
    #[must_use]
    pub fn knows(&self, relation: u32) -> bool {
        self.relations.contains_key(&relation)
    }

    /// Whether a relation is the same in both: its name, its columns, what they carry.
    #[must_use]
    pub fn agrees(&self, other: &Self, relation: u32) -> bool {
        let here = self.relations.get(&relation);
        here.is_some() && here == other.relations.get(&relation)
    }

    /// One column of a relation, by its number in the table.
    #[must_use]
    pub fn column(&self, relation: u32, number: i16) -> Option<&ColumnEntry> {
        self.relations.get(&relation)?.columns.get(&number)
    }

    /// The one relation that can be meant, when there is only one.
    #[must_use]
    pub fn resolve(&self, parent: &Parent, name: &str) -> Option<u32> {
        let mut candidates =
            self.named(name).filter(|(_, relation)| may_be(parent, &relation.schema));
        let (oid, _) = candidates.next()?;
        candidates.next().is_none().then_some(oid)
    }

    /// A relation's columns with their numbers, in the order the table has them.
    pub fn numbered(&self, relation: u32) -> impl Iterator<Item = (i16, &ColumnEntry)> {
        let columns = self.relations.get(&relation).into_iter();
        columns.flat_map(|relation| relation.columns.iter().map(|(number, entry)| (*number, entry)))
    }

    /// The schema and name of a relation.
    #[must_use]
    pub fn relation_name(&self, relation: u32) -> Option<(&str, &str)> {
        self.relations.get(&relation).map(|relation| (&*relation.schema, &*relation.name))
    }

    /// What people said of a column.
    #[must_use]
    pub fn noted(&self, relation: u32, number: i16) -> Noted<'_> {
        Noted {
            comment: self.comments.get(&(relation, number)).map(|text| &**text),
            label: self.labels.get(&(relation, number)).map(|text| &**text),
        }
    }

    /// The name of a type that is a domain.
    #[must_use]
    pub fn domain_name(&self, oid: u32) -> Option<&str> {
        self.types.get(&oid).filter(|entry| entry.kind == b'd').map(|entry| &*entry.name)
    }

    /// A relation's columns in the order the table has them.
    pub fn columns(&self, relation: u32) -> impl Iterator<Item = &ColumnEntry> {
        self.relations.get(&relation).into_iter().flat_map(|relation| relation.columns.values())
    }

    /// Every class that any relation carries that can be meant.
    #[must_use]
    pub fn classes_of(&self, parent: &Parent, name: &str) -> Classes {
        self.named(name)
            .filter(|(_, relation)| may_be(parent, &relation.schema))
            .flat_map(|(_, relation)| relation.carried.all().cloned())
            .collect()
    }

    /// What a column (or, with `None`, any column) carries of every relation that can be meant;
    /// `None` when there is no such relation.
    #[must_use]
    pub fn carried(&self, parent: &Parent, name: &str, column: Option<&str>) -> Option<Carried> {
        let mut carried = None;
        let meant = self.named(name).filter(|(_, relation)| may_be(parent, &relation.schema));
        for (_, relation) in meant {
            let found = column
                .and_then(|column| relation.columns.values().find(|entry| *entry.name == *column));
            // `t.name` that is no column may be a function that is given the whole row.
            let one = found.map_or(&relation.carried, |entry| &entry.carried);
            carried.get_or_insert_with(Carried::default).join(one);
        }
        carried
    }

    /// What is known of the functions of this name: whether one is the user's own, and whether one of
    /// those may change something.
    #[must_use]
    pub fn function(&self, schema: Option<&str>, name: &str) -> sql::FunctionFacts {
        let mut own = self
            .functions
            .get(name)
            .into_iter()
            .flatten()
            .filter(|function| schema.is_none_or(|schema| *function.schema == *schema))
            .filter(|function| function.user_defined)
            .peekable();
        if own.peek().is_none() {
            return sql::FunctionFacts::NotUserDefined;
        }
        sql::FunctionFacts::UserDefined { volatile: own.any(|function| function.volatile) }
    }

    /// The schema and name of the function with this OID.
    #[must_use]
    pub fn function_name(&self, oid: u32) -> Option<(&str, &str)> {
        self.function_names.get(&oid).map(|(schema, name)| (&**schema, &**name))
    }

    /// The name of a type that is not the server's own.
    #[must_use]
    pub fn type_name(&self, oid: u32) -> Option<&str> {
        self.types.get(&oid).map(|entry| &*entry.name)
    }

    /// What the values of a type are.
    #[must_use]
    pub fn value_type(&self, oid: u32) -> ValueType {
        // A domain of a domain is followed, and not for ever.
        self.value_type_within(oid, 8)
    }

    fn value_type_within(&self, oid: u32, depth: u32) -> ValueType {
        let known = ValueType::from_postgres(oid);
        let (ValueType::Other, Some(entry), Some(depth)) =
            (known, self.types.get(&oid), depth.checked_sub(1))
        else {
            return known;
        };
        let of = || self.value_type_within(entry.of, depth);
        match (entry.kind, entry.category) {
            (b'd', _) => of(),
            (b'e', _) => ValueType::Enum,
            (b'c', _) => ValueType::Record,
            (b'r', _) => fixed(of()).map_or(ValueType::Other, ValueType::Range),
            (b'm', _) => fixed(of()).map_or(ValueType::Other, ValueType::MultiRange),
            (_, b'A') => fixed(of()).map_or(ValueType::Other, ValueType::Array),
            // `citext` and the like are texts in both formats.
            (_, b'S') => ValueType::Text,
            _ if &*entry.name == "hstore" => ValueType::Hstore,
            _ => ValueType::Other,
        }
    }

    /// What stands in the place of a masked value of an enum: the same label for all, so it tells nothing.
    /// Of a domain or an array it is that of the type beneath.
    #[must_use]
    pub fn label(&self, oid: u32) -> Option<&str> {
        let mut oid = oid;
        for _ in 0..8 {
            if let Some(label) = self.enum_labels.get(&oid) {
                return Some(label);
            }
            let beneath = self.types.get(&oid).filter(|entry| matches!(entry.kind, b'd' | b'b'));
            oid = beneath.map(|entry| entry.of)?;
        }
        None
    }

    /// Notes of each relation what any of its columns carries.
    fn sum_up(&mut self) {
        for relation in self.relations.values_mut() {
            let mut all = Carried::default();
            for column in relation.columns.values() {
                all.join(&column.carried);
            }
            if *relation.carried != all {
                relation.carried = Arc::new(all);
            }
        }
    }

    fn named(&self, name: &str) -> impl Iterator<Item = (u32, &Relation)> {
        let oids = self.names.get(name).into_iter().flatten();
        oids.filter_map(|oid| self.relations.get(oid).map(|relation| (*oid, relation)))
    }

    fn add_relation(&mut self, oid: u32, schema: &str, name: &str) {
        Arc::make_mut(&mut self.names).entry(name.into()).or_default().push(oid);
        let relation = Relation {
            schema: schema.into(),
            name: name.into(),
            columns: BTreeMap::new(),
            carried: Arc::default(),
        };
        self.relations.insert(oid, relation);
    }

    fn add_function(&mut self, oid: u32, schema: &str, name: &str, volatile: bool) {
        let user_defined = oid >= FIRST_NORMAL_OBJECT;
        let function = Function { oid, schema: schema.into(), volatile, user_defined };
        Arc::make_mut(&mut self.functions).entry(name.into()).or_default().push(function);
        Arc::make_mut(&mut self.function_names).insert(oid, (schema.into(), name.into()));
    }

    fn keep_classes_of(&mut self, earlier: &Self, inheritance: &Inheritance) {
        for (oid, relation) in &mut self.relations {
            let Some(before) = earlier.relations.get(oid) else { continue };
            if inheritance.was_forgotten(&before.name) {
                continue;
            }
            for (number, column) in &mut relation.columns {
                let Some(known) = before.columns.get(number) else { continue };
                // What a column is computed from is seen anew each time; what a rule gave it stays.
                if !known.carried.value.is_subset(&column.carried.value) {
                    let value = known.carried.value.iter().cloned();
                    Arc::make_mut(&mut column.carried).value.extend(value);
                }
            }
        }
    }
}

/// Whether a relation of this schema may be meant. A session's temporary relations come before all
/// others, and whose they are cannot be told.
fn may_be(parent: &Parent, schema: &str) -> bool {
    if schema.starts_with("pg_temp_") {
        return true;
    }
    match parent {
        Parent::Is(named) => named == schema,
        Parent::OneOf(several) => several.iter().any(|named| named == schema),
        Parent::None | Parent::Any => true,
    }
}

/// The types that user-defined arrays and ranges are of.
fn fixed(of: ValueType) -> Option<&'static ValueType> {
    const KNOWN: &[ValueType] = &[
        ValueType::Text,
        ValueType::Int2,
        ValueType::Int4,
        ValueType::Int8,
        ValueType::Float4,
        ValueType::Float8,
        ValueType::Numeric,
        ValueType::Bool,
        ValueType::Date,
        ValueType::Time,
        ValueType::Timestamp,
        ValueType::TimestampTz,
        ValueType::Uuid,
        ValueType::Json,
        ValueType::Jsonb,
        ValueType::Bytea,
        ValueType::Inet,
        ValueType::Record,
        ValueType::Hstore,
        ValueType::Enum,
    ];
    KNOWN.iter().find(|known| **known == of)
}

#[cfg(test)]
mod tests;
