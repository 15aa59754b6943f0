//! What the gateway is given by whoever builds the house around it.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use model::Resource;
use model::ports::{Desk, Directory, Heirlooms, HostKeys, Ledger, Lookout, Vault};
use policy::PolicySet;

/// The ports of the other wing, and what may be replaced while sessions run.
pub struct House {
    /// Finds out who it is.
    pub directory: Arc<dyn Directory>,
    /// Hands out a target's credential.
    pub vault: Arc<dyn Vault>,
    /// Remembers the host keys of SSH targets.
    pub host_keys: Arc<dyn HostKeys>,
    /// Where held commands wait.
    pub desk: Arc<dyn Desk>,
    /// Keeps sessions.
    pub ledger: Arc<dyn Ledger>,
    /// Hears of columns that look sensitive.
    pub lookout: Arc<dyn Lookout>,
    /// Remembers which columns were given data of a class.
    pub heirlooms: Arc<dyn Heirlooms>,
    /// The policies in force: a session holds to the newest from its next command on.
    pub policies: Arc<ArcSwap<PolicySet>>,
    /// What is behind the door: a session keeps the resource that it opened.
    pub resources: Arc<ArcSwap<Resources>>,
}

/// The resources, by name.
#[derive(Clone, Debug, Default)]
pub struct Resources(BTreeMap<String, Arc<Resource>>);

impl Resources {
    /// The resource of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<Resource>> {
        self.0.get(name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Resource>> {
        self.0.values()
    }
}

/// Of two resources of one name, the later stays: names are checked where they are read.
impl FromIterator<Resource> for Resources {
    fn from_iter<I: IntoIterator<Item = Resource>>(resources: I) -> Self {
        let named = resources.into_iter().map(|resource| (resource.name.clone(), resource.into()));
        Self(named.collect())
    }
}
