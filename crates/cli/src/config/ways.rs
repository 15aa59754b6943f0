//! `via: NAME`: which jump host each resource is reached through, and that every way ends.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use model::Resource;

use super::resource::Read;
use super::{Problem, Problems};

/// How many jump hosts may lie one behind the other.
const MOST: usize = 4;

/// Puts the jump hosts into the resources that name them.
pub(super) fn joined(read: Vec<(&Path, Read)>, problems: &mut Problems) -> Vec<Arc<Resource>> {
    let ways = Ways(read.iter().map(|(_, one)| (one.resource.name.as_str(), one)).collect());
    let mut vias = Vec::with_capacity(read.len());
    for (file, one) in &read {
        let via = match &one.via {
            None => None,
            Some(name) => match ways.to(&name.value, 1) {
                Ok(jump) => Some(jump),
                Err(why) => {
                    problems.0.push(Problem::at(file, name.referenced, format!("via: {why}")));
                    None
                }
            },
        };
        vias.push(via);
    }
    let resources = read.into_iter().zip(vias);
    resources.map(|((_, one), via)| Arc::new(Resource { via, ..one.resource })).collect()
}

struct Ways<'r>(BTreeMap<&'r str, &'r Read>);

impl Ways<'_> {
    /// The jump host of this name, with those on the way to it.
    fn to(&self, name: &str, hosts: usize) -> Result<Arc<Resource>, String> {
        let Some(jump) = self.0.get(name) else {
            return Err(format!("there is no resource `{name}`"));
        };
        if jump.resource.protocol.as_str() != "ssh" {
            return Err(format!("`{name}` is no jump host: its protocol is not `ssh`"));
        }
        if hosts > MOST {
            return Err(format!(
                "`{name}` lies behind {MOST} other jump hosts, or on a way that leads back to itself"
            ));
        }
        let via = match &jump.via {
            None => None,
            Some(next) => Some(self.to(&next.value, hosts + 1)?),
        };
        Ok(Arc::new(Resource { via, ..jump.resource.clone() }))
    }
}
