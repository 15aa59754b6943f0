use std::fmt;

use model::Secret;

use crate::postgres::error::{Report, field, sqlstate};
use crate::postgres::scram::{MOST_ITERATIONS, ScramError};

/// Why the gateway was not let into a target. Never holds the credential.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// The target said no.
    #[error("the target refused the login: {0}")]
    Refused(Refusal),
    /// There is nothing to show.
    #[error("the target asks for a password and the resource has none")]
    NoPassword,
    /// A password is not sent in clear.
    #[error("the target asks for the password in clear, and the connection has no TLS")]
    PasswordInClear,
    /// Another way of authentication.
    #[error("the target asks for an authentication method that is not spoken here ({0})")]
    Method(u32),
    /// Other SASL mechanisms.
    #[error("the target offers no SASL mechanism that is spoken here: SCRAM-SHA-256 is")]
    Mechanisms,
    /// What the target offers cannot be.
    #[error("the target offers a binding to TLS in a connection without TLS")]
    BindingWithoutTls,
    /// The target let us in without showing that it knows the password.
    #[error("the target did not prove that it knows the password")]
    Unproven,
    /// The SCRAM exchange went wrong.
    #[error(transparent)]
    Scram(#[from] ScramError),
    /// The target broke the protocol.
    #[error("the target broke the protocol: {0}")]
    Protocol(&'static str),
}

impl LoginError {
    /// What the client is told, in one FATAL error.
    #[must_use]
    pub fn report(&self, resource: &str) -> Report<'static> {
        let unable = sqlstate::SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION;
        let to_operator = "The gateway's operator finds the reason in its log.";
        match self {
            Self::Refused(refusal) => match &refusal.message {
                Some(message) => Report::fatal(refusal.known_code(), message.clone())
                    .detail(format!("The target of \"{resource}\" said so.")),
                None => Report::fatal(
                    unable,
                    format!(
                        "the target of \"{resource}\" refused the gateway's login (SQLSTATE {})",
                        refusal.code
                    ),
                )
                .hint(to_operator),
            },
            Self::Scram(ScramError::Iterations(asked)) => Report::fatal(
                unable,
                format!(
                    "the target of \"{resource}\" asks for {asked} iterations of its password's hash: at most {MOST_ITERATIONS} are accepted"
                ),
            ),
            Self::NoPassword
            | Self::PasswordInClear
            | Self::Method(_)
            | Self::Mechanisms
            | Self::BindingWithoutTls
            | Self::Unproven
            | Self::Scram(_)
            | Self::Protocol(_) => {
                Report::fatal(unable, format!("the login to \"{resource}\" failed: {self}"))
                    .hint(to_operator)
            }
        }
    }
}

/// A target's refusal, as far as it may be repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The SQLSTATE: five letters and digits.
    pub code: String,
    /// The target's own words, where they are about what the client asked for.
    pub message: Option<String>,
}

/// Refusals that are about the client's wishes or the target's state and not about the credential.
const REPEATED: &[&str] = &[
    sqlstate::INVALID_PARAMETER_VALUE,
    sqlstate::INVALID_CATALOG_NAME,
    sqlstate::TOO_MANY_CONNECTIONS,
    sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
    sqlstate::ADMIN_SHUTDOWN,
    sqlstate::CANNOT_CONNECT_NOW,
];

impl Refusal {
    pub(super) fn new(report: &Report<'_>, password: Option<&Secret>) -> Self {
        let code = report.text(field::CODE);
        let well_formed = code.len() == 5 && code.bytes().all(|b| b.is_ascii_alphanumeric());
        let code = if well_formed { code.into_owned() } else { "unknown".to_owned() };
        let words = report.get(field::MESSAGE).unwrap_or_default();
        // A target that repeats what it was shown is not repeated.
        let leaks = password.is_some_and(|password| {
            let secret = password.expose();
            !secret.is_empty() && words.windows(secret.len()).any(|window| window == secret)
        });
        let repeat = REPEATED.contains(&code.as_str()) && !leaks;
        let message = repeat.then(|| {
            let words = String::from_utf8_lossy(words);
            words.chars().filter(|c| !c.is_control()).take(500).collect()
        });
        Self { code, message }
    }

    fn known_code(&self) -> &'static str {
        REPEATED
            .iter()
            .find(|known| **known == self.code)
            .copied()
            .unwrap_or(sqlstate::SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.message {
            Some(message) => write!(f, "{message} (SQLSTATE {})", self.code),
            None => write!(f, "SQLSTATE {}", self.code),
        }
    }
}
