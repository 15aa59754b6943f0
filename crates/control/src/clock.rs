use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use model::Timestamp;

/// Where the desk reads the time from, so that a test can be a year older in a microsecond.
#[derive(Clone)]
pub struct Clock {
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    uptime: Arc<dyn Fn() -> Duration + Send + Sync>,
}

impl Clock {
    /// The machine's own clocks.
    #[must_use]
    pub fn system() -> Self {
        let now = || {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            Timestamp::from_micros(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
        };
        let start = Instant::now();
        Self { now: Arc::new(now), uptime: Arc::new(move || start.elapsed()) }
    }

    /// A clock of the caller's making; must not run backwards.
    pub fn from_fn(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        let now = Arc::new(now);
        let same = Arc::clone(&now);
        Self { now, uptime: Arc::new(move || same().since(Timestamp::EPOCH)) }
    }

    /// What time it is.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.now)()
    }

    /// A time that only ever grows, whatever becomes of the date: for waits and ages.
    #[must_use]
    pub fn uptime(&self) -> Duration {
        (self.uptime)()
    }
}

/// For `serialize_with`: a moment as people write it.
pub(crate) fn rfc3339<S: serde::Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(at)
}

/// As [`rfc3339`], for a moment that may not have come.
pub(crate) fn rfc3339_option<S: serde::Serializer>(
    at: &Option<Timestamp>,
    to: S,
) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => to.collect_str(at),
        None => to.serialize_none(),
    }
}
