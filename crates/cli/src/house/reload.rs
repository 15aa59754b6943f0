//! Policies and resources are read again when their files change, without ending a session.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use control::Clock;
use control::audit::{Act, Event};
use control::store::{Store, StoreError};
use gateway::Resources;
use metrics::{counter, gauge};
use policy::PolicySet;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::changes;
use crate::config::{self, Config, Stamp};

/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(1);

/// Watches the files a configuration is made of, and takes over what they say when it is whole.
pub(super) async fn watch(
    file: PathBuf,
    config: Config,
    policies: Arc<ArcSwap<PolicySet>>,
    resources: Arc<ArcSwap<Resources>>,
    store: Arc<Store>,
) {
    let clock = Clock::system();
    let enter =
        async |event: Event| store.record(Act::by_itself(clock.now(), file.display(), event)).await;
    let mut hangup = signal(SignalKind::hangup())
        .inspect_err(|error| {
            tracing::warn!(%error, "SIGHUP cannot be listened to; files are still looked at each second");
        })
        .ok();
    gauge!("sluice_configuration_good").set(1.0);
    let mut watched = files(&config);
    let mut known = config;
    // They may have changed since they were read to start with: they are read once more.
    let mut seen = Stamp::default();
    // A good change that could not be entered into the audit log waits until it can be.
    let mut waits = false;
    loop {
        let asked = tokio::select! {
            () = tokio::time::sleep(EVERY) => false,
            () = hung_up(hangup.as_mut()) => true,
        };
        // Before they are read: what changes while they are is a change.
        let now = Stamp::of(watched.clone());
        if now == seen && !asked && !waits {
            continue;
        }
        seen = now;
        let found = read(&file);
        if Stamp::of(watched.clone()) != seen {
            // Somebody is writing: half of a change is none.
            (waits, seen) = (waits || asked, Stamp::default());
            continue;
        }
        match found {
            Ok((fresh, set)) => {
                let files = files(&fresh);
                if files != watched {
                    // How a new one looked before it was read nobody knows: it is read once more.
                    (watched, seen) = (files, Stamp::default());
                }
                let before = policies.load().version().to_owned();
                let event = changes::between(&known, &fresh, &before, set.version());
                let entered = match event {
                    Some(event) => enter(event).await,
                    None => Ok(()),
                };
                if let Err(error) = entered {
                    not_entered(&error, waits);
                    waits = true;
                    continue;
                }
                waits = false;
                say_what_waits(&known, &fresh);
                take(&fresh, set, &policies, &resources);
                gauge!("sluice_configuration_good").set(1.0);
                known = fresh;
            }
            Err(error) => {
                waits = false;
                if let Err(error) = enter(changes::refused(&error)).await {
                    tracing::error!(%error, "a refused change could not be written to the audit log");
                }
                gauge!("sluice_configuration_good").set(0.0);
                counter!("sluice_reloads_total", "outcome" => "failed").increment(1);
                tracing::error!(
                    "the changed configuration is wrong and is not taken; what was in force stays in force:\n{error:#}"
                );
            }
        }
    }
}

/// Resolves at a SIGHUP.
async fn hung_up(hangup: Option<&mut Signal>) {
    match hangup {
        Some(hangup) => {
            hangup.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// Nothing is changed that the audit log cannot tell of. Said once.
fn not_entered(error: &StoreError, again: bool) {
    if !again {
        gauge!("sluice_configuration_good").set(0.0);
        tracing::error!(
            %error,
            "a changed configuration is not taken before the audit log can be written; what was in force stays in force"
        );
    }
}

fn read(file: &Path) -> anyhow::Result<(Config, PolicySet)> {
    let config = config::load(file)?;
    let policies = super::policies(&config)?;
    Ok((config, policies))
}

/// What only a restart changes is said, so that nobody waits for it.
fn say_what_waits(old: &Config, new: &Config) {
    let waiting = changes::waiting(old, new);
    if !waiting.is_empty() {
        tracing::warn!(
            keys = waiting.join(", "),
            "only resources and policies are taken over while the gateway runs: restart it for the other changes"
        );
    }
}

fn take(
    config: &Config,
    set: PolicySet,
    policies: &ArcSwap<PolicySet>,
    resources: &ArcSwap<Resources>,
) {
    if set.version() != policies.load().version() {
        let version = set.version().to_owned();
        policies.store(Arc::new(set));
        tracing::info!(version, "new policies are in force");
    }
    let unchanged = {
        let before = resources.load();
        let same = |resource: &Arc<model::Resource>| {
            before.get(&resource.name).is_some_and(|known| known.as_ref() == resource.as_ref())
        };
        before.iter().count() == config.resources.len() && config.resources.iter().all(same)
    };
    if !unchanged {
        resources.store(Arc::new(super::resources(config)));
        tracing::info!(resources = config.resources.len(), "new resources are in force");
    }
    counter!("sluice_reloads_total", "outcome" => "ok").increment(1);
}

/// The files, and the folders they stand in: a new file in one means something too.
fn files(config: &Config) -> Vec<PathBuf> {
    let folders = config.files.iter().filter_map(|file| file.parent().map(Path::to_path_buf));
    config
        .files
        .iter()
        .cloned()
        .chain(folders.filter(|folder| !folder.as_os_str().is_empty()))
        .collect()
}
