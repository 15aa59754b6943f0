use std::io::ErrorKind;

use model::ports::VaultError;
use wire::postgres::error::{Report, sqlstate};
use wire::postgres::login::LoginError;

use crate::chance::NoRandomness;
use crate::tls::TlsError;

/// Why a target could not be opened. Never holds a credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DialError {
    /// The vault did not hand the credential out.
    #[error(transparent)]
    Credential(VaultError),
    /// The resource's address cannot be read.
    #[error("the target's address is not HOST:PORT")]
    Address,
    /// The host has no address.
    #[error("the target's host name cannot be resolved: {0}")]
    Resolve(ErrorKind),
    /// Nobody answered.
    #[error("no connection to the target: {0}")]
    Connect(ErrorKind),
    /// A part of the way took too long.
    #[error("{0} took too long")]
    TimedOut(&'static str),
    /// The connection ended too early.
    #[error("the target ended the connection before the login was done: {0}")]
    Lost(ErrorKind),
    /// The resource demands TLS.
    #[error("the target does not offer TLS, and the resource demands it")]
    NoTls,
    /// TLS could not be set up with what the resource says.
    #[error("TLS to the target cannot be set up: {0}")]
    TlsSettings(TlsError),
    /// The handshake failed.
    #[error("the TLS handshake with the target failed: {0}")]
    Handshake(String),
    /// The login failed.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// Nothing can be encrypted or proven.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
}

impl DialError {
    /// What the client is told: which part of the way it was, and nothing of where the target is.
    #[must_use]
    pub fn report(&self, resource: &str) -> Report<'static> {
        let unable = |why: &str| {
            Report::fatal(
                sqlstate::SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION,
                format!("cannot connect to the target of \"{resource}\": {why}"),
            )
            .hint("The gateway's operator finds the reason in its log.")
        };
        match self {
            Self::Login(error) => error.report(resource),
            Self::Credential(_) => unable("its credential cannot be had"),
            Self::Address | Self::Resolve(_) => unable("its address cannot be resolved"),
            Self::Connect(kind) => unable(&kind.to_string()),
            Self::TimedOut(what) => unable(&format!("{what} took too long")),
            Self::Lost(_) => unable("it ended the connection"),
            Self::NoTls => unable("it does not offer TLS"),
            Self::TlsSettings(_) | Self::Handshake(_) => unable("no TLS could be set up with it"),
            Self::Randomness(_) => unable("the gateway is out of order"),
        }
    }
}
