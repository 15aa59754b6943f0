//! What changed between two configurations, as the audit log tells it: never a value that could be a
//! secret, but the names of what changed, and of policies the lines.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use control::audit::Event;
use model::Resource;

use super::diff::unified;
use crate::config::Config;

/// An entry's diff is cut after so many bytes.
const LONGEST: usize = 64 << 10;

/// The gateway started with this.
pub(super) fn loaded(config: &Config, version: &str, count: usize) -> Event {
    Event::ConfigLoaded {
        policies: version.to_owned(),
        policy_count: count as u64,
        resources: config.resources.iter().map(|resource| resource.name.clone()).collect(),
        files: config.digests.clone(),
    }
}

/// What is about to be in force in place of `old`; nothing when that is the same.
pub(super) fn between(old: &Config, new: &Config, before: &str, after: &str) -> Option<Event> {
    let (mut added, mut removed, mut changed) = (Vec::new(), Vec::new(), Vec::new());
    let (was, is) = (by_name(old), by_name(new));
    for (name, resource) in &is {
        match was.get(name) {
            None => added.push((*name).to_owned()),
            Some(other) => {
                let keys = keys(other, resource);
                if !keys.is_empty() {
                    changed.push(format!("{name}: {}", keys.join(", ")));
                }
            }
        }
    }
    removed.extend(was.keys().filter(|name| !is.contains_key(*name)).map(|&name| name.to_owned()));
    let (diff, waiting) = (policies(old, new), waiting(old, new));
    let none = [&added, &removed, &changed, &diff, &waiting].iter().all(|list| list.is_empty());
    if none && before == after {
        return None;
    }
    Some(Event::ConfigChanged {
        before: before.to_owned(),
        policies: after.to_owned(),
        diff,
        added,
        removed,
        changed,
        waiting,
        files: new.digests.clone(),
    })
}

/// A changed configuration that is wrong: where, and not what, for what is wrong may be a secret that
/// stands where none belongs.
pub(super) fn refused(error: &anyhow::Error) -> Event {
    let problems = error.downcast_ref::<crate::config::Problems>();
    let place = |problem: &crate::config::Problem| {
        let file = problem.file.display();
        problem
            .place
            .map_or_else(|| file.to_string(), |(line, column)| format!("{file}:{line}:{column}"))
    };
    let places = problems.map(|problems| problems.0.iter().take(100).map(place).collect());
    Event::ConfigRefused { places: places.unwrap_or_default() }
}

/// What only a restart takes over.
pub(super) fn waiting(old: &Config, new: &Config) -> Vec<String> {
    let seen = |config: &Config| {
        [
            ("listen", format!("{:?}", config.listen)),
            ("tls", format!("{:?}", config.tls)),
            ("data_dir", format!("{:?}", config.data_dir)),
            ("identity", format!("{:?}", config.identity)),
            ("admins", format!("{:?}", config.admins)),
            ("evidence", format!("{:?}", config.evidence)),
            ("export", format!("{:?}", config.export)),
        ]
    };
    let both = seen(old).into_iter().zip(seen(new));
    both.filter(|(old, new)| old != new).map(|(old, _)| old.0.to_owned()).collect()
}

fn by_name(config: &Config) -> BTreeMap<&str, &Arc<Resource>> {
    config.resources.iter().map(|resource| (resource.name.as_str(), resource)).collect()
}

/// Which keys of a resource's file changed.
fn keys(old: &Resource, new: &Resource) -> Vec<&'static str> {
    // Named one by one, so that a new key is not forgotten here.
    let Resource {
        name: _,
        protocol,
        address,
        via,
        tls,
        credential,
        labels,
        data,
        strict_masking,
        evidence,
        settings,
    } = old;
    [
        ("protocol", *protocol != new.protocol),
        ("address", *address != new.address),
        ("via", *via != new.via),
        ("tls", *tls != new.tls),
        ("credential", *credential != new.credential),
        ("labels", *labels != new.labels),
        ("data", *data != new.data),
        ("strict_masking", *strict_masking != new.strict_masking),
        ("evidence", *evidence != new.evidence),
        ("settings", *settings != new.settings),
    ]
    .into_iter()
    .filter_map(|(key, changed)| changed.then_some(key))
    .collect()
}

fn policies(old: &Config, new: &Config) -> Vec<String> {
    let texts = |config: &'_ Config| -> BTreeMap<String, String> {
        let named = |text: &crate::config::Text| (shown(&text.path), text.text.clone());
        config.policies.iter().map(named).collect()
    };
    let (was, is) = (texts(old), texts(new));
    let mut lines = Vec::new();
    let names: std::collections::BTreeSet<_> = was.keys().chain(is.keys()).collect();
    for name in names {
        let (before, after) = (was.get(name), is.get(name));
        if before != after {
            let text = |text: Option<&String>| text.cloned().unwrap_or_default();
            lines.extend(unified(name, &text(before), &text(after)));
        }
    }
    let mut room = LONGEST;
    let all = lines.len();
    let fits = lines.iter().take_while(|line| {
        room = room.saturating_sub(line.len());
        room > 0
    });
    let fits = fits.count();
    if fits < all {
        lines.truncate(fits);
        lines.push(format!("({} more lines are not shown)", all - fits));
    }
    lines
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
