//! What columns inherited by statements that put data there.

use std::sync::Arc;

use model::{Derivation, Inheritance, Inherited};

use super::Catalogue;

impl Catalogue {
    /// This catalogue, with what columns inherited since. What is made of those columns (views, code) is
    /// only known when the catalogue is read again.
    #[must_use]
    pub fn inheriting(&self, inheritance: &Inheritance) -> Self {
        let mut this = self.clone();
        this.give(inheritance);
        this.sum_up();
        this
    }

    /// Whether relations of this name are known, and all of them are temporary.
    #[must_use]
    pub fn is_temporary(&self, name: &str) -> bool {
        let mut named = self.named(name).peekable();
        named.peek().is_some() && named.all(|(_, relation)| relation.schema.starts_with("pg_temp_"))
    }

    /// Gives columns what they inherited, by the names in force now.
    pub(super) fn give(&mut self, inheritance: &Inheritance) {
        for name in inheritance.relations() {
            let Some(oids) = self.names.get(name) else { continue };
            for oid in oids {
                let Some(relation) = self.relations.get_mut(oid) else { continue };
                for one in inheritance.of(name) {
                    // Where a temporary table of a name is, another may not be meant.
                    let temporary = relation.schema.starts_with("pg_temp_");
                    let here = |schema: &str| *schema == *relation.schema || temporary;
                    if !one.schema.as_deref().is_none_or(here) {
                        continue;
                    }
                    let columns = relation.columns.values_mut();
                    for column in columns.filter(|column| means(one, &column.name)) {
                        let carried = Arc::make_mut(&mut column.carried);
                        let classes = match one.derivation {
                            Derivation::Value => &mut carried.value,
                            Derivation::Computed => &mut carried.computed,
                            Derivation::Fact => &mut carried.fact,
                        };
                        classes.insert(one.class.clone());
                    }
                }
            }
        }
    }
}

fn means(one: &Inherited, column: &str) -> bool {
    one.column.as_deref().is_none_or(|named| named == column)
}
