//! The ways to a target. Each takes a parcel whole, or says that it did not.

mod file;
mod http;
mod otlp;
mod syslog;
mod web;

use std::time::Duration;

use model::Timestamp;

use super::config::{Target, To};
use super::render::Told;

/// What goes at once.
pub(super) struct Parcel<'t> {
    pub(super) told: &'t [Told],
    pub(super) now: Timestamp,
}

/// The target did not take it.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    pub(super) why: String,
    /// The target asks to be left alone for so long.
    pub(super) after: Option<Duration>,
    /// It will not take it however often it is tried, until somebody changes something.
    pub(super) refused: bool,
    /// It was too much at once.
    pub(super) too_much: bool,
}

impl Trouble {
    fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), ..Self::default() }
    }

    fn io(what: &str, error: &std::io::Error) -> Self {
        Self::new(format!("{what}: {error}"))
    }
}

/// A way to a target.
pub(super) trait Sink: Send {
    /// Sends a parcel. `Ok`: the target has all of it, as far as it can say so. Otherwise it may have any part
    /// of it, and it is sent again.
    fn send(&mut self, parcel: &Parcel<'_>) -> Result<(), Trouble>;

    /// So many events go at once.
    fn most(&self) -> usize {
        500
    }

    /// No event may be longer.
    fn longest(&self) -> usize {
        256 << 10
    }

    /// Whether nothing but ASCII may be sent.
    fn is_ascii(&self) -> bool {
        false
    }
}

/// The way to a target. `stream` names the row of numbers its events go under.
pub(super) fn open(target: &Target, stream: &str) -> Box<dyn Sink> {
    match &target.to {
        To::File(file) => Box::new(file::FileSink::new(file.clone())),
        To::Syslog(syslog) => Box::new(syslog::SyslogSink::new(syslog.clone())),
        To::Http(http) => {
            Box::new(http::HttpSink::new(http.clone(), target.name.clone(), stream.to_owned()))
        }
        To::Otlp(otlp) => Box::new(otlp::OtlpSink::new(otlp.clone(), stream.to_owned())),
    }
}
