//! One provider: its keys, kept fresh, and kept when it is out of reach.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use model::{Identity, Timestamp};
use tokio::sync::watch;

use super::claims::{self, Refusal};
use super::config::{ConfigError, ProviderConfig};
use super::fetch::{self, Fetched};
use super::jwt::Unverified;
use super::keys::KeySet;
use crate::Clock;

/// A provider is asked at most this often, whatever tokens come in.
const BETWEEN_FETCHES: Duration = Duration::from_secs(10);
/// As long as there are no keys at all, nobody can come in: it is asked more often.
const BETWEEN_FIRST_FETCHES: Duration = Duration::from_secs(2);
/// Keys of a provider out of reach are believed this long.
const STALE: Duration = Duration::from_secs(24 * 3600);

pub(super) struct Provider {
    pub(super) config: ProviderConfig,
    /// What stands in the file of `ca:`.
    pub(super) authorities: Option<String>,
    clock: Clock,
    keys: ArcSwapOption<Cached>,
    fetching: Mutex<Fetching>,
}

struct Cached {
    keys: KeySet,
    fetched: Duration,
    fresh_for: Duration,
}

#[derive(Default)]
struct Fetching {
    /// When the last fetch was begun.
    begun: Option<Duration>,
    /// Closes when the running fetch is done.
    running: Option<watch::Receiver<()>>,
    /// Why the last fetch failed, if it did.
    failure: Option<String>,
}

/// What a token that names this provider comes to.
pub(super) enum Verdict {
    Known(Identity),
    Expired,
    Refused(String),
    Unreachable(String),
}

impl Provider {
    pub(super) fn new(config: ProviderConfig, clock: Clock) -> Result<Self, ConfigError> {
        let unreadable = |path: &Path, why: String| ConfigError {
            provider: config.name.clone(),
            why: format!("the authorities (`ca`) in {}: {why}", path.display()),
        };
        let authorities = match &config.ca {
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|error| unreadable(path, error.to_string()))?;
                fetch::authorities(&text).map_err(|why| unreadable(path, why))?;
                Some(text)
            }
            None => None,
        };
        let (keys, fetching) = (ArcSwapOption::empty(), Mutex::default());
        Ok(Self { config, authorities, clock, keys, fetching })
    }

    /// Fetches the keys if there are none yet.
    pub(super) async fn warm(self: &Arc<Self>) {
        if self.usable().is_none() {
            self.fetched().await;
        }
    }

    pub(super) async fn check(self: &Arc<Self>, token: &Unverified<'_>, now: Timestamp) -> Verdict {
        if let Some(cached) = self.usable() {
            if self.age(&cached) > cached.fresh_for {
                // Nobody waits for it: what is known goes on until what is new arrives.
                drop(self.fetch());
            }
            if let Some(verdict) = self.judge(&cached, token, now) {
                return verdict;
            }
        }
        // No keys, or none that made this signature: perhaps they were rotated.
        if let Some(allowed) = self.fetch() {
            finished(allowed).await;
        }
        let Some(cached) = self.usable() else {
            let failure = self.lock().failure.clone();
            return Verdict::Unreachable(failure.unwrap_or_else(|| "no keys yet".into()));
        };
        self.judge(&cached, token, now).unwrap_or_else(|| {
            Verdict::Refused("it is not signed with a key its provider publishes".into())
        })
    }

    /// `None` when none of these keys made the signature.
    fn judge(&self, cached: &Cached, token: &Unverified<'_>, now: Timestamp) -> Option<Verdict> {
        let mut candidates = cached.keys.candidates(token.kid.as_deref(), token.algorithm);
        let claims = candidates.find_map(|key| token.verify(key))?;
        Some(match claims::identity(&self.config, claims, now) {
            Ok(identity) => Verdict::Known(identity),
            Err(Refusal::Expired) => Verdict::Expired,
            Err(Refusal::Unfit(why)) => Verdict::Refused(why),
        })
    }

    fn usable(&self) -> Option<Arc<Cached>> {
        self.keys.load_full().filter(|cached| self.age(cached) < STALE)
    }

    fn age(&self, cached: &Cached) -> Duration {
        self.clock.uptime().saturating_sub(cached.fetched)
    }

    async fn fetched(self: &Arc<Self>) {
        if let Some(running) = self.fetch() {
            finished(running).await;
        }
    }

    /// Joins the running fetch, or begins one when the last was long enough ago. The fetch runs to
    /// its end whether or not anybody waits.
    fn fetch(self: &Arc<Self>) -> Option<watch::Receiver<()>> {
        let mut fetching = self.lock();
        // A fetch whose thread died on the way is not waited for.
        let alive = |running: &&watch::Receiver<()>| running.has_changed().is_ok();
        if let Some(running) = fetching.running.as_ref().filter(alive) {
            return Some(running.clone());
        }
        let now = self.clock.uptime();
        let between = if self.usable().is_some() { BETWEEN_FETCHES } else { BETWEEN_FIRST_FETCHES };
        if fetching.begun.is_some_and(|begun| now.saturating_sub(begun) < between) {
            return None;
        }
        let (done, running) = watch::channel(());
        fetching.begun = Some(now);
        fetching.running = Some(running.clone());
        drop(fetching);
        let provider = Arc::clone(self);
        tokio::task::spawn_blocking(move || {
            provider.arrived(fetch::key_set(&provider.config, provider.authorities.as_deref()));
            drop(done);
        });
        Some(running)
    }

    fn arrived(&self, fetched: Result<Fetched, String>) {
        let mut fetching = self.lock();
        fetching.running = None;
        match fetched {
            Ok(Fetched { keys, fresh_for }) => {
                let fetched = self.clock.uptime();
                self.keys.store(Some(Arc::new(Cached { keys, fetched, fresh_for })));
                fetching.failure = None;
            }
            Err(why) => {
                tracing::warn!(
                    provider = self.config.name, %why,
                    "an identity provider's keys cannot be fetched: what is cached goes on for a day"
                );
                fetching.failure = Some(why);
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Fetching> {
        self.fetching.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn finished(mut running: watch::Receiver<()>) {
    // The sender never sends; it is dropped when the fetch is done.
    while running.changed().await.is_ok() {}
}
