use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Mutex;

use ring::{digest, hmac, pbkdf2};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// The salted keys of a password: enough to log in with, so as secret as the password.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Keys {
    client: [u8; 32],
    server: [u8; 32],
}

impl Keys {
    pub(super) const fn client(&self) -> &[u8; 32] {
        &self.client
    }

    pub(super) const fn server(&self) -> &[u8; 32] {
        &self.server
    }
}

/// The work of hashing a password with a salt many times over.
#[derive(Clone)]
pub struct Derivation {
    password: Zeroizing<Box<[u8]>>,
    salt: Box<[u8]>,
    iterations: NonZeroU32,
}

impl Derivation {
    pub(super) const fn new(
        password: Zeroizing<Box<[u8]>>,
        salt: Box<[u8]>,
        iterations: NonZeroU32,
    ) -> Self {
        Self { password, salt, iterations }
    }

    /// Does it. Takes about 0.3 µs an iteration: not where other sessions wait for it.
    #[must_use]
    pub fn run(&self) -> Keys {
        let mut salted = Zeroizing::new([0_u8; 32]);
        let algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
        pbkdf2::derive(algorithm, self.iterations, &self.salt, &self.password, &mut *salted);
        let key = hmac::Key::new(hmac::HMAC_SHA256, &*salted);
        let mut keys = Keys { client: [0; 32], server: [0; 32] };
        for (name, slot) in [("Client Key", &mut keys.client), ("Server Key", &mut keys.server)] {
            slot.copy_from_slice(hmac::sign(&key, name.as_bytes()).as_ref());
        }
        keys
    }

    /// Names password, salt and iterations without holding them.
    fn name(&self) -> [u8; 32] {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(&self.iterations.get().to_be_bytes());
        context.update(&(self.salt.len() as u64).to_be_bytes());
        context.update(&self.salt);
        context.update(&self.password);
        let mut name = [0; 32];
        name.copy_from_slice(context.finish().as_ref());
        name
    }
}

/// Salted keys of earlier logins, so that the next one with the same credential skips the hashing.
pub struct KeyCache {
    most: usize,
    keys: Mutex<HashMap<[u8; 32], Keys>>,
}

impl Default for KeyCache {
    fn default() -> Self {
        Self::new(1024)
    }
}

impl KeyCache {
    /// Keeps at most this many.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { most, keys: Mutex::default() }
    }

    /// The keys, if an earlier login left them here.
    #[must_use]
    pub fn get(&self, derivation: &Derivation) -> Option<Keys> {
        self.keys.lock().ok()?.get(&derivation.name()).cloned()
    }

    /// Keeps keys with which a login went through. When there is no room, others go.
    pub fn keep(&self, derivation: &Derivation, keys: &Keys) {
        let Ok(mut kept) = self.keys.lock() else { return };
        while kept.len() >= self.most.max(1) {
            let Some(other) = kept.keys().next().copied() else { break };
            kept.remove(&other);
        }
        kept.insert(derivation.name(), keys.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn derivation(password: &str, salt: u8) -> Derivation {
        let password = Zeroizing::new(password.as_bytes().into());
        Derivation::new(password, [salt; 16].into(), NonZeroU32::MIN)
    }

    #[test]
    fn a_cache_answers_only_for_the_same_password_salt_and_iterations() {
        let cache = KeyCache::new(2);
        let kept = derivation("a", 1);
        cache.keep(&kept, &kept.run());
        assert!(cache.get(&kept).is_some_and(|keys| keys.client == kept.run().client));
        let more = Derivation { iterations: NonZeroU32::MAX, ..kept };
        for other in [derivation("b", 1), derivation("a", 2), more] {
            assert!(cache.get(&other).is_none());
        }
    }

    #[test]
    fn a_cache_stays_small() {
        let cache = KeyCache::new(2);
        for salt in 0..10 {
            let derivation = derivation("a", salt);
            cache.keep(&derivation, &derivation.run());
            assert!(cache.get(&derivation).is_some());
        }
        assert_eq!(cache.keys.lock().unwrap().len(), 2);
    }
}
