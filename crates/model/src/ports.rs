//! The sockets in the wall between the gateway and the control desk.
//!
//! The gateway calls these traits, the control desk implements them, and only the roof plugs one
//! into the other.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;

use crate::{
    Access, ApprovalId, Ask, Drift, Ending, Event, Evidence, Heritage, Identity, Inherited,
    Parameter, Reason, Resource, Ruling, Secret, SessionHead, SessionId, Terms, Timestamp,
};

/// A future some runtime drives; boxed so that the ground floor needs no runtime of its own.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Finds out who it is.
pub trait Directory: Send + Sync {
    /// Checks what a client showed: a provider's token or one of ours.
    fn identify<'a>(
        &'a self,
        presented: &'a Secret,
        from: SocketAddr,
    ) -> BoxFuture<'a, Result<Identity, Unidentified>>;

    /// Checks the certificate a client showed in TLS: its chain as DER, the client's own first. That
    /// the client holds its key is for the caller to have seen to; all else is checked here.
    ///
    /// # Errors
    /// It is nobody's, or not good any more.
    fn identify_certificate(
        &self,
        chain: &[&[u8]],
        from: SocketAddr,
    ) -> Result<Identity, Unidentified>;

    /// Whether a key that a client offers in SSH may come to anything. Nothing says yet that the client holds it: what
    /// this answers makes nobody anybody.
    fn knows_key<'a>(&'a self, shown: ShownKey<'a>, from: SocketAddr) -> BoxFuture<'a, bool>;

    /// Checks a key that signed an SSH connection. That it did is for the caller to have seen to; all else is checked
    /// here.
    fn identify_key<'a>(
        &'a self,
        shown: ShownKey<'a>,
        from: SocketAddr,
    ) -> BoxFuture<'a, Result<Identity, Unidentified>>;

    /// Begins a sign-in that a person ends in a browser.
    fn sign_in_elsewhere(
        &self,
        from: SocketAddr,
    ) -> BoxFuture<'_, Result<SignInElsewhere, Unavailable>>;

    /// A login that failed before anything could be checked (another subject's name, a certificate
    /// that TLS refused) counts against its address too.
    fn refused(&self, from: SocketAddr, claimed: &str, why: &str);
}

/// A key as SSH writes it (RFC 4253, section 6.6; PROTOCOL.certkeys of OpenSSH).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShownKey<'k> {
    /// A public key.
    Key(&'k [u8]),
    /// A certificate.
    Certificate(&'k [u8]),
}

/// A sign-in under way in a browser. Dropped, it comes to nothing.
pub struct SignInElsewhere {
    /// Where the person goes.
    pub url: String,
    /// What they are shown there: it must be the same.
    pub code: String,
    /// The token that they were given, once they have said that it was them: still to be identified.
    pub token: BoxFuture<'static, Result<Secret, Unidentified>>,
}

/// Why nobody was identified. What the client hears is the same for all but [`Self::Throttled`] and
/// [`Self::Unavailable`]; the operator's log and the audit hear which.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unidentified {
    /// It is no token that any configured provider vouches for.
    #[error("the token is not one of a configured provider: {0}")]
    Unknown(String),
    /// It was good once.
    #[error("the token has expired: sign in again with `sluice login`")]
    Expired,
    /// It was taken back.
    #[error("the token was revoked")]
    Revoked,
    /// It is no certificate that makes an identity.
    #[error("the client certificate is not accepted: {0}")]
    Certificate(String),
    /// It is nobody's key.
    #[error("the key is nobody's")]
    Key,
    /// It is no certificate of the gateway's own authority that is good here and now.
    #[error("the SSH certificate is not accepted: {0}")]
    SshCertificate(String),
    /// Too many failed logins from this address.
    #[error("too many failed logins from this address: wait {0} seconds")]
    Throttled(u64),
    /// The provider's keys could not be had and none are cached.
    #[error("the identity provider cannot be reached: {0}")]
    Unavailable(String),
}

/// Hands out a target's credential at the moment it is needed.
pub trait Vault: Send + Sync {
    /// Fetches it, for this account on the target or for the resource's usual one.
    fn credential<'a>(
        &'a self,
        resource: &'a Resource,
        account: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Credential, VaultError>>;
}

/// A target's credential. No `Debug`: it holds secrets.
#[derive(Clone)]
pub struct Credential {
    /// The account on the target.
    pub username: String,
    /// Its password.
    pub password: Option<Secret>,
    /// A client certificate chain (PEM) and its private key (PEM).
    pub client_certificate: Option<(Bytes, Secret)>,
    /// An SSH private key in OpenSSH's format, and the certificate for it, when there is one, as SSH writes it.
    pub ssh_key: Option<(Secret, Option<Bytes>)>,
}

/// A credential could not be had. Never says what it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the credential of {resource} cannot be read from {source_name}: {why}")]
pub struct VaultError {
    /// Whose.
    pub resource: String,
    /// Where it should have been: `the environment variable ORDERS_PASSWORD`.
    pub source_name: String,
    /// What went wrong.
    pub why: String,
}

/// Remembers which host keys targets showed, where their resource pins none.
pub trait HostKeys: Send + Sync {
    /// A target shows this key, as SSH writes it. The first one that a resource's target shows is remembered before
    /// this answers.
    fn shown(
        &self,
        resource: &Resource,
        key: &[u8],
    ) -> BoxFuture<'static, Result<(), HostKeyRefused>>;
}

/// A host key that is not the one that is expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostKeyRefused {
    /// It is another than the one that was remembered.
    #[error("the target shows another host key than before: {shown} in place of {known}")]
    Changed {
        /// The fingerprint of what it shows.
        shown: String,
        /// The fingerprint of what is remembered.
        known: String,
    },
    /// It was seen for the first time, and an administrator has not confirmed it yet.
    #[error("the target's host key {0} waits for an administrator to confirm it")]
    Unconfirmed(String),
    /// Nothing can be remembered.
    #[error("host keys cannot be kept: {0}")]
    Unavailable(String),
}

/// Where held commands wait for a human.
pub trait Desk: Send + Sync {
    /// Opens a request. Dropping what it returns withdraws the request.
    fn ask(&self, request: ApprovalRequest) -> BoxFuture<'static, Result<Held, Unavailable>>;
}

/// Everything an approver needs to see of a held command.
#[derive(Clone, Debug)]
pub struct ApprovalRequest {
    /// The session it is bound to.
    pub session: SessionId,
    /// Who asks.
    pub identity: Identity,
    /// Of what.
    pub resource: String,
    /// The command's number in its session.
    pub number: u64,
    /// Its text.
    pub text: Bytes,
    /// What is bound to it.
    pub parameters: Vec<Parameter>,
    /// What it does.
    pub accesses: Vec<Access>,
    /// Who must agree, how many, until when.
    pub ask: Ask,
    /// The terms on which it runs once approved. The desk adds the approval's id and changes nothing else.
    pub terms: Terms,
}

/// An open request.
pub struct Held {
    /// Its id, for the client to pass on.
    pub id: ApprovalId,
    /// Resolves once, when somebody decided or nobody did in time. Dropped undecided, it withdraws.
    pub ruling: BoxFuture<'static, Ruling>,
}

/// Remembers which columns hold data of a class because a statement put it there.
pub trait Heirlooms: Send + Sync {
    /// What the columns of a database inherited: the same object for as long as the gateway runs.
    fn of(&self, resource: &str, database: &str) -> Arc<Heritage>;

    /// Keeps what a statement is about to put where. It is on the disk, and in the database's
    /// [`Heritage`], when this answers `Ok`; before that the statement must not be sent.
    fn keep(&self, bequest: Bequest) -> BoxFuture<'static, Result<(), Unavailable>>;
}

/// What a statement is about to put where, and whose it is.
#[derive(Clone, Debug)]
pub struct Bequest {
    /// The session of the statement.
    pub session: SessionId,
    /// Whose session it is.
    pub subject: String,
    /// What it is on.
    pub resource: String,
    /// Which database of it.
    pub database: String,
    /// What goes where.
    pub inherited: Vec<Inherited>,
}

/// Something the house needs is out of order; nothing was executed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unavailable(pub String);

/// Keeps sessions: their recordings, and the list of those alive.
pub trait Ledger: Send + Sync {
    /// Begins a session's recording and lists it as alive. No session runs without.
    ///
    /// # Errors
    /// The recording could not be begun.
    fn open(&self, head: SessionHead) -> Result<OpenedSession, RecordError>;

    /// Somebody known was not let in to a resource: there is no session, and it is entered all the
    /// same.
    fn refused(&self, refusal: &Refusal<'_>);
}

/// Somebody known who was not let in.
#[derive(Clone, Copy, Debug)]
pub struct Refusal<'r> {
    /// Who.
    pub identity: &'r Identity,
    /// From where.
    pub source: SocketAddr,
    /// To what, as they named it.
    pub resource: &'r str,
    /// Why.
    pub reason: &'r Reason,
}

/// A session that may begin.
pub struct OpenedSession {
    /// Where its events go.
    pub recorder: Box<dyn Recorder>,
    /// Resolves with a sentence for the client when the session must end: killed by an
    /// administrator, its token revoked or expired.
    pub must_end: BoxFuture<'static, String>,
}

/// What was recorded is on its way to where it must be.
pub type Committing = BoxFuture<'static, Result<(), RecordError>>;

/// Keeps a session's events, in order.
pub trait Recorder: Send {
    /// Whether what is recorded now will be kept, as far as can be known. While it will not be, no
    /// command is let through.
    ///
    /// # Errors
    /// Recordings cannot be kept, and why.
    fn ready(&self) -> Result<(), RecordError>;

    /// Takes an event down. May keep it in memory until [`Self::commit`].
    ///
    /// # Errors
    /// It could not be kept: what it describes must not be sent, and the session ends.
    fn record(&mut self, at: Timestamp, event: &Event) -> Result<(), RecordError>;

    /// The client was sent these bytes, whether they are recorded or not.
    fn delivered(&mut self, bytes: &[u8]);

    /// Called before a command's bytes are sent: they may be when this is `None`, or else when the
    /// future resolves and nothing was recorded since this call. `evidence` says how far what was
    /// recorded must have come by then.
    ///
    /// # Errors
    /// What was recorded could not be kept: the command must not be sent, and the session ends.
    fn commit(&mut self, evidence: Evidence) -> Result<Option<Committing>, RecordError>;

    /// Ends the recording in order.
    ///
    /// # Errors
    /// The last events could not be kept.
    fn close(self: Box<Self>, ending: Ending) -> Result<(), RecordError>;
}

/// Hears of columns that look sensitive and that no rule speaks of.
pub trait Lookout: Send + Sync {
    /// Values that went by say that a column of this resource's database holds a class. Of one column it may be
    /// said more than once, with newer counts.
    fn drifted(&self, resource: &str, database: &str, drift: &Drift);
}

/// A recording failed; the session it belongs to must not go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the recording cannot be written: {0}")]
pub struct RecordError(pub String);
