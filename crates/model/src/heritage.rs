//! Which columns of a database hold data of a class because a statement put it there.

use std::collections::{HashMap, HashSet};
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::DataClass;

/// How what a column holds comes from values of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Derivation {
    /// `value`: it is the value.
    Value,
    /// `computed`: it is computed from the value.
    Computed,
    /// `fact`: it tells a fact about it.
    Fact,
}

/// One column, or a whole relation, and a class that it holds since a statement put it there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Inherited {
    /// Its schema; `None` where it may be any.
    pub schema: Option<String>,
    /// The table or view.
    pub relation: String,
    /// The column; `None` for all of them.
    pub column: Option<String>,
    /// What it holds.
    pub class: DataClass,
    /// How.
    pub derivation: Derivation,
}

/// What the columns of one database inherited, at one moment.
#[derive(Debug, Default)]
pub struct Inheritance {
    version: u64,
    relations: HashMap<String, HashSet<Inherited>>,
    count: usize,
    forgotten: HashSet<String>,
    /// What is only there as long as sessions are, and how many of them.
    lent: HashMap<Inherited, usize>,
}

/// What the columns of one database inherited: shared by all who ask, so that what is added holds for
/// every open session at once.
#[derive(Debug, Default)]
pub struct Heritage {
    version: AtomicU64,
    now: RwLock<Arc<Inheritance>>,
}

impl Inheritance {
    /// Grows with every change.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// How much there is.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether there is nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether this is in it, word for word.
    #[must_use]
    pub fn holds(&self, one: &Inherited) -> bool {
        self.relations.get(&one.relation).is_some_and(|known| known.contains(one))
    }

    /// Everything that relations of this name inherited, whatever their schema.
    pub fn of(&self, relation: &str) -> impl Iterator<Item = &Inherited> {
        self.relations.get(relation).into_iter().flatten()
    }

    /// Everything.
    pub fn iter(&self) -> impl Iterator<Item = &Inherited> {
        self.relations.values().flatten()
    }

    /// The names of the relations that inherited something.
    pub fn relations(&self) -> impl Iterator<Item = &str> {
        self.relations.keys().map(String::as_str)
    }

    /// Whether somebody said, since the gateway started, that relations of this name hold less than
    /// they did.
    #[must_use]
    pub fn was_forgotten(&self, relation: &str) -> bool {
        self.forgotten.contains(relation)
    }

    fn put(&mut self, one: Inherited) {
        let known = self.relations.entry(one.relation.clone()).or_default();
        self.count += usize::from(known.insert(one));
    }

    fn take(&mut self, one: &Inherited) {
        let Some(known) = self.relations.get_mut(&one.relation) else { return };
        self.count -= usize::from(known.remove(one));
        if known.is_empty() {
            self.relations.remove(&one.relation);
        }
    }

    fn copy(&self) -> Self {
        Self {
            version: self.version,
            relations: self.relations.clone(),
            count: self.count,
            forgotten: self.forgotten.clone(),
            lent: self.lent.clone(),
        }
    }
}

impl Heritage {
    /// What is known already.
    #[must_use]
    pub fn new(known: impl IntoIterator<Item = Inherited>) -> Self {
        let this = Self::default();
        this.add(known);
        this
    }

    /// Which version [`Self::now`] would answer.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::SeqCst)
    }

    /// What is known now; immutable.
    #[must_use]
    pub fn now(&self) -> Arc<Inheritance> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes these in.
    pub fn add(&self, new: impl IntoIterator<Item = Inherited>) {
        self.change(|next| {
            next.version += 1;
            for one in new {
                next.put(one);
            }
        });
    }

    /// Takes these in until they are given back as often as they were lent: they are in tables that are
    /// gone with their session.
    pub fn lend(&self, new: impl IntoIterator<Item = Inherited>) {
        self.change(|next| {
            next.version += 1;
            for one in new {
                let kept = next.holds(&one) && !next.lent.contains_key(&one);
                if !kept {
                    *next.lent.entry(one.clone()).or_default() += 1;
                    next.put(one);
                }
            }
        });
    }

    /// Gives back what was lent. Nobody need hear of it: the tables are gone.
    pub fn give_back<'a>(&self, lent: impl IntoIterator<Item = &'a Inherited>) {
        self.change(|next| {
            for one in lent {
                let Some(sessions) = next.lent.get_mut(one) else { continue };
                *sessions -= 1;
                if *sessions == 0 {
                    next.lent.remove(one);
                    next.take(one);
                }
            }
        });
    }

    /// Leaves these out from here on.
    pub fn forget<'a>(&self, gone: impl IntoIterator<Item = &'a Inherited>) {
        self.change(|next| {
            next.version += 1;
            for one in gone {
                next.take(one);
                next.forgotten.insert(one.relation.clone());
            }
        });
    }

    fn change(&self, change: impl FnOnce(&mut Inheritance)) {
        let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
        let mut next = now.copy();
        change(&mut next);
        let version = next.version;
        *now = Arc::new(next);
        self.version.store(version, Ordering::SeqCst);
    }
}

impl Derivation {
    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::Computed => "computed",
            Self::Fact => "fact",
        }
    }
}

/// A word that is no [`Derivation`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no way in which a column comes from a class")]
pub struct UnknownDerivation(String);

impl FromStr for Derivation {
    type Err = UnknownDerivation;

    fn from_str(text: &str) -> Result<Self, UnknownDerivation> {
        [Self::Value, Self::Computed, Self::Fact]
            .into_iter()
            .find(|one| one.as_str() == text)
            .ok_or_else(|| UnknownDerivation(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(relation: &str, column: Option<&str>) -> Inherited {
        Inherited {
            schema: Some("public".to_owned()),
            relation: relation.to_owned(),
            column: column.map(str::to_owned),
            class: DataClass::new("us_ssn").unwrap(),
            derivation: Derivation::Value,
        }
    }

    #[test]
    fn what_is_added_is_there_at_once_for_all_who_share_it() {
        let heritage = Arc::new(Heritage::default());
        let shared = Arc::clone(&heritage);
        let before = shared.now();
        heritage.add([one("copies", Some("ssn")), one("copies", None), one("copies", None)]);
        assert!(before.is_empty(), "what was handed out does not change");
        assert_ne!(shared.version(), before.version());
        assert_eq!(shared.version(), shared.now().version());
        assert_eq!(shared.now().len(), 2);
        assert!(shared.now().holds(&one("copies", None)));
        assert!(!shared.now().holds(&one("copies", Some("email"))));
    }

    #[test]
    fn what_is_forgotten_is_gone_and_its_relation_remembered_as_changed() {
        let heritage = Heritage::new([one("copies", None), one("others", None)]);
        heritage.forget(&[one("copies", None)]);
        let now = heritage.now();
        assert_eq!(now.len(), 1);
        assert!(now.was_forgotten("copies") && !now.was_forgotten("others"));
        assert_eq!(now.of("copies").count(), 0);
        assert_eq!(now.relations().collect::<Vec<_>>(), ["others"]);
    }

    #[test]
    fn what_is_lent_is_there_until_the_last_session_gives_it_back() {
        let heritage = Heritage::default();
        let one = one("tmp", None);
        heritage.lend([one.clone()]);
        heritage.lend([one.clone()]);
        heritage.give_back([&one]);
        assert!(heritage.now().holds(&one));
        let version = heritage.version();
        heritage.give_back([&one]);
        assert!(heritage.now().is_empty());
        assert_eq!(heritage.version(), version, "nobody need hear of it");
        heritage.give_back([&one]);
        heritage.add([one.clone()]);
        heritage.lend([one.clone()]);
        heritage.give_back([&one]);
        assert!(heritage.now().holds(&one), "what is kept stays");
    }

    #[test]
    fn a_derivation_is_read_as_it_is_written() {
        for one in [Derivation::Value, Derivation::Computed, Derivation::Fact] {
            assert_eq!(one.as_str().parse(), Ok(one));
        }
        assert!("copied".parse::<Derivation>().is_err());
    }
}
