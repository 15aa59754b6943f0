//! Successful sign-ins on their way to the audit log: one entry for each identity, credential and
//! address in ten minutes, however many requests it makes.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::{Identity, Timestamp, TokenId};

use crate::audit::{Act, Event};

/// How long an entry stands for more of the same.
const SPAN: Duration = Duration::from_secs(600);
/// So many are remembered; when there are more, each sign-in has its entry.
const MOST: usize = 16_384;

#[derive(Default)]
pub(super) struct SignIns(Mutex<HashMap<Key, Seen>>);

/// What makes two sign-ins the same.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    subject: String,
    provider: String,
    credential: &'static str,
    token: Option<TokenId>,
    from: IpAddr,
}

struct Seen {
    since: Duration,
    earlier: u64,
    /// Its entry could not be written.
    due: bool,
}

/// What somebody showed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Credential {
    Token,
    Certificate,
    SshKey,
    SshCertificate,
}

impl Key {
    pub(super) fn of(identity: &Identity, credential: Credential, from: SocketAddr) -> Self {
        let credential = match (credential, identity.token) {
            (Credential::Certificate, _) => "certificate",
            (Credential::SshKey, _) => "ssh_key",
            (Credential::SshCertificate, _) => "ssh_certificate",
            (Credential::Token, Some(_)) => "sluice_token",
            (Credential::Token, None) => "token",
        };
        let (subject, provider) = (identity.subject.clone(), identity.provider.clone());
        let from = from.ip().to_canonical();
        Self { subject, provider, credential, token: identity.token, from }
    }

    /// The entry, when `earlier` more came since the last.
    pub(super) fn act(&self, identity: &Identity, earlier: u64, at: Timestamp) -> Act {
        let event = Event::SignInAccepted {
            provider: self.provider.clone(),
            kind: identity.kind.name().to_owned(),
            groups: identity.groups.clone(),
            on_behalf_of: identity.on_behalf_of.clone(),
            credential: self.credential.to_owned(),
            token: self.token.map(|token| token.to_string()),
            expires: identity.expires.map(|at| at.to_string()),
            earlier,
        };
        Act::new(at, &self.subject, self.from, event)
    }
}

impl SignIns {
    /// Whether this one needs an entry of its own, and how many the one before stands for beside
    /// itself.
    pub(super) fn note(&self, key: &Key, now: Duration) -> Option<u64> {
        let mut seen = self.lock();
        if let Some(seen) = seen.get_mut(key)
            && !seen.due
            && now.saturating_sub(seen.since) < SPAN
        {
            seen.earlier = seen.earlier.saturating_add(1);
            return None;
        }
        let earlier = seen.remove(key).map_or(0, |seen| seen.earlier);
        if seen.len() >= MOST {
            seen.retain(|_, seen| now.saturating_sub(seen.since) < SPAN);
        }
        if seen.len() < MOST {
            seen.insert(key.clone(), Seen { since: now, earlier: 0, due: false });
        }
        Some(earlier)
    }

    /// The entry could not be written: the next one tries again, and stands for what that one would
    /// have stood for.
    pub(super) fn forget(&self, key: &Key, earlier: u64) {
        if let Some(seen) = self.lock().get_mut(key) {
            (seen.due, seen.earlier) = (true, seen.earlier.saturating_add(earlier));
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Seen>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(subject: &str) -> Key {
        Key {
            subject: subject.into(),
            provider: "corp".into(),
            credential: "token",
            token: None,
            from: IpAddr::from([192, 0, 2, 1]),
        }
    }

    #[test]
    fn a_thousand_requests_are_one_entry_and_the_next_says_how_many_there_were() {
        let sign_ins = SignIns::default();
        let at = Duration::from_secs;
        assert_eq!(sign_ins.note(&key("ana"), at(1)), Some(0));
        for _ in 0..999 {
            assert_eq!(sign_ins.note(&key("ana"), at(2)), None);
        }
        assert_eq!(sign_ins.note(&key("ben"), at(2)), Some(0));
        assert_eq!(sign_ins.note(&key("ana"), at(601)), Some(999));
    }

    #[test]
    fn what_was_not_written_is_due_again() {
        let sign_ins = SignIns::default();
        assert_eq!(sign_ins.note(&key("ana"), Duration::ZERO), Some(0));
        sign_ins.forget(&key("ana"), 0);
        assert_eq!(sign_ins.note(&key("ana"), Duration::ZERO), Some(0));
    }

    #[test]
    fn what_an_entry_that_was_not_written_would_have_told_the_next_one_tells() {
        let sign_ins = SignIns::default();
        let at = Duration::from_secs;
        assert_eq!(sign_ins.note(&key("ana"), at(1)), Some(0));
        assert_eq!(sign_ins.note(&key("ana"), at(2)), None);
        assert_eq!(sign_ins.note(&key("ana"), at(601)), Some(1));
        sign_ins.forget(&key("ana"), 1);
        assert_eq!(sign_ins.note(&key("ana"), at(602)), Some(1));
        assert_eq!(sign_ins.note(&key("ana"), at(603)), None);
    }
}
