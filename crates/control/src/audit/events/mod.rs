//! Every event there is: a code that stays, a category, a sentence, and fields with their meaning.
//!
//! `table` is the one place where an event is added; `docs/audit-events.md` is written from it. A
//! field, once released, stays and keeps its kind: `fields.json` remembers.

#[cfg(test)]
mod page;
mod table;

use serde::Serialize;
use serde_json::Value;

pub use table::{EVENTS, Event};

/// What an event is about; also how exports sort it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Who somebody is.
    Authentication,
    /// Whether they may.
    Authorisation,
    /// What they opened.
    Session,
    /// What people decided.
    Approval,
    /// Masked values.
    Data,
    /// Sluice tokens.
    Token,
    /// What the gateway was told to do.
    Configuration,
    /// Recordings, and the log itself.
    Evidence,
    /// Keys that open recordings.
    Key,
    /// The gateway's process.
    Gateway,
}

/// How much it matters to whoever watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// As it should be.
    Informational,
    /// Worth a look when there are many.
    Low,
    /// Worth a look.
    Medium,
    /// Somebody should look now.
    High,
}

/// What is to be known of an event before there is one.
#[derive(Clone, Copy, Debug)]
pub struct Description {
    /// Its code, which never changes: `token.create`.
    pub code: &'static str,
    /// What it is about.
    pub category: Category,
    /// How much it matters.
    pub severity: Severity,
    /// What its object is.
    pub object: &'static str,
    /// When it is written.
    pub sentence: &'static str,
    /// What its `detail` holds.
    pub fields: &'static [FieldDescription],
}

/// One member of an event's `detail`.
#[derive(Clone, Copy, Debug)]
pub struct FieldDescription {
    /// Its name.
    pub name: &'static str,
    /// What kind of JSON it is.
    pub kind: &'static str,
    /// Whether it may be `null`.
    pub nullable: bool,
    /// What it means.
    pub meaning: &'static str,
}

/// The description of an event by its code.
#[must_use]
pub fn description(code: &str) -> Option<&'static Description> {
    EVENTS.iter().find(|known| known.code == code)
}

/// What a field may be.
trait Field: Serialize {
    const KIND: &'static str;
    const NULLABLE: bool = false;

    fn json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

impl Field for String {
    const KIND: &'static str = "text";
}

impl Field for u64 {
    const KIND: &'static str = "number";
}

impl Field for bool {
    const KIND: &'static str = "boolean";
}

impl Field for Vec<String> {
    const KIND: &'static str = "list of texts";
}

impl<T: Field> Field for Option<T> {
    const KIND: &'static str = T::KIND;
    const NULLABLE: bool = true;
}

/// Makes [`Event`] and [`EVENTS`] of one list.
macro_rules! events {
    ($(
        $(#[doc = $sentence:literal])+
        $name:ident = $code:literal, $category:ident, $severity:ident, $object:literal {
            $( $(#[doc = $meaning:literal])+ $field:ident: $kind:ty, )*
        }
    )*) => {
        /// Something that the audit log tells, with its fields.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Event {
            $(
                $(#[doc = $sentence])+
                $name { $( $(#[doc = $meaning])+ $field: $kind, )* },
            )*
        }

        /// Every event there is, by subject.
        pub const EVENTS: &[Description] = &[$(
            Description {
                code: $code,
                category: Category::$category,
                severity: Severity::$severity,
                object: $object,
                sentence: concat!($($sentence),+),
                fields: &[$(
                    FieldDescription {
                        name: stringify!($field),
                        kind: <$kind as Field>::KIND,
                        nullable: <$kind as Field>::NULLABLE,
                        meaning: concat!($($meaning),+),
                    },
                )*],
            },
        )*];

        impl Event {
            /// Its code.
            #[must_use]
            pub const fn code(&self) -> &'static str {
                match self {
                    $( Self::$name { .. } => $code, )*
                }
            }

            /// Its fields, as an entry's `detail` holds them.
            #[must_use]
            pub fn detail(&self) -> Value {
                match self {
                    $( Self::$name { $($field,)* } => {
                        let members: Vec<(String, Value)> =
                            vec![$( (stringify!($field).to_owned(), Field::json($field)), )*];
                        Value::Object(members.into_iter().collect())
                    } )*
                }
            }
        }
    };
}
use events;
