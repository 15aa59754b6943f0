//! Sign-ins under way. Pure: times and random words are arguments.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::Timestamp;
use ring::digest::{SHA256, digest};

const CODE: Duration = Duration::from_secs(60);
const DEVICE: Duration = Duration::from_secs(600);
const REFRESH: Duration = Duration::from_secs(12 * 3600);
/// So many of each kind are kept; a demo has a handful.
const MOST: usize = 1000;

#[derive(Default)]
pub(super) struct Flows {
    codes: HashMap<String, Code>,
    devices: HashMap<String, Device>,
    refreshes: HashMap<String, (String, Timestamp)>,
}

/// An authorization code, and what it was given out for.
pub(super) struct Code {
    pub(super) subject: String,
    pub(super) redirect_uri: String,
    pub(super) challenge: String,
    pub(super) nonce: Option<String>,
    pub(super) until: Timestamp,
}

struct Device {
    user_code: String,
    subject: Option<String>,
    until: Timestamp,
}

/// Where a device's sign-in stands.
pub(super) enum Polled {
    Pending,
    Expired,
    Done(String),
}

impl Flows {
    pub(super) fn give_code(&mut self, word: String, mut code: Code, now: Timestamp) {
        code.until = now.plus(CODE);
        self.codes.retain(|_, code| code.until > now);
        if self.codes.len() < MOST {
            self.codes.insert(word, code);
        }
    }

    /// Takes a code back for its verifier; it is gone whether or not they fit.
    pub(super) fn take_code(
        &mut self,
        word: &str,
        verifier: &str,
        redirect_uri: &str,
        now: Timestamp,
    ) -> Option<Code> {
        let code = self.codes.remove(word)?;
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
        let good =
            code.until > now && code.challenge == challenge && code.redirect_uri == redirect_uri;
        good.then_some(code)
    }

    pub(super) fn give_device(&mut self, word: String, user_code: String, now: Timestamp) {
        self.devices.retain(|_, device| device.until > now);
        if self.devices.len() < MOST {
            let device = Device { user_code, subject: None, until: now.plus(DEVICE) };
            self.devices.insert(word, device);
        }
    }

    /// Whether there was a device waiting with this code.
    pub(super) fn confirm(&mut self, user_code: &str, subject: &str, now: Timestamp) -> bool {
        let typed = user_code.trim().to_ascii_uppercase();
        let waiting = |device: &&mut Device| {
            device.user_code == typed && device.until > now && device.subject.is_none()
        };
        let Some(device) = self.devices.values_mut().find(waiting) else { return false };
        device.subject = Some(subject.to_owned());
        true
    }

    pub(super) fn poll(&mut self, word: &str, now: Timestamp) -> Polled {
        match self.devices.get(word) {
            Some(device) if device.until > now => {}
            _ => return Polled::Expired,
        }
        let confirmed = self.devices.get(word).is_some_and(|device| device.subject.is_some());
        if !confirmed {
            return Polled::Pending;
        }
        self.devices
            .remove(word)
            .and_then(|device| device.subject)
            .map_or(Polled::Expired, Polled::Done)
    }

    pub(super) fn give_refresh(&mut self, word: String, subject: String, now: Timestamp) {
        self.refreshes.retain(|_, (_, until)| *until > now);
        if self.refreshes.len() < MOST {
            self.refreshes.insert(word, (subject, now.plus(REFRESH)));
        }
    }

    /// Each is good once: what comes next is in the answer.
    pub(super) fn take_refresh(&mut self, word: &str, now: Timestamp) -> Option<String> {
        let (subject, until) = self.refreshes.remove(word)?;
        (until > now).then_some(subject)
    }
}
