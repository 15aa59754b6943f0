//! Exit codes, and the one place where an error becomes words for a person.

use std::fmt;
use std::process::ExitCode;

use crate::config::Problems;
use crate::output;

/// What a command's end means to a script. Documented in `docs/cli.md`; never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// It did what it says.
    Done = 0,
    /// The answer is no: refused, denied, a check failed, a recording does not verify.
    No = 1,
    /// It was asked wrongly, or a configuration is wrong. Also what `clap` exits with.
    Usage = 2,
    /// Nobody is signed in, or what was shown is no longer good.
    SignIn = 3,
    /// The gateway, a provider or a target could not be reached or could not do its part.
    Unavailable = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An error that knows its exit code and what to do next.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    message: String,
    hint: Option<String>,
}

impl Failure {
    /// With a message: one line, lower case, no full stop.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), hint: None }
    }

    /// The same with what the person can do next.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// Says what went wrong and answers what to exit with.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    if let Some(problems) = error.downcast_ref::<Problems>() {
        for problem in &problems.0 {
            output::error(&problem.to_string());
        }
        output::hint(
            "docs/configuration.md lists every key; `sluice check` reads it all without running anything",
        );
        return Exit::Usage.into();
    }
    let failure = error.downcast_ref::<Failure>();
    output::error(&format!("{error:#}"));
    if let Some(hint) = failure.and_then(|failure| failure.hint.as_deref()) {
        output::hint(hint);
    }
    failure.map_or(Exit::Unavailable, |failure| failure.exit).into()
}
