//! The keys that sealed recordings are opened with, and the master key that seals them.
//!
//! ```text
//!   master key ── seals ──► keyring file ── holds ──► keys ── seal ──► a session's key ── seals ──► blocks
//! ```
//!
//! A new master key seals the keyring anew and adds a key; no recording is touched.

use std::fmt::Write as _;

use model::SessionId;
use ring::aead::{Aad, NONCE_LEN, Nonce};
use zeroize::Zeroizing;

use crate::key::KeyId;
use crate::layout::Slot;
use crate::seal::{SessionKey, TAG, aead, seal};

const FIRST_LINE: &str = "sluice keyring 1";

/// Seals the keyring. No `Debug`, no `Clone`.
pub struct MasterKey(Zeroizing<[u8; 32]>);

/// One key of the keyring: it seals the keys of sessions.
pub struct KeyringKey(Zeroizing<[u8; 32]>);

/// The keys of all recordings of a house, the oldest first. The last one seals new sessions.
#[derive(Default)]
pub struct Keyring(Vec<KeyringKey>);

/// A keyring file that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// It was sealed by another master key.
    #[error("it is sealed by the master key {sealed_by}, and the one given is {given}")]
    OtherMaster {
        /// The one it names.
        sealed_by: String,
        /// The one it was to be opened with.
        given: String,
    },
    /// It is something else, or was changed.
    #[error("line {0} is not in the format, or was changed")]
    Malformed(usize),
    /// It holds no key.
    #[error("it holds no key")]
    Empty,
}

/// A master key that is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a master key: 64 hexadecimal digits (`openssl rand -hex 32` makes one)")]
pub struct NoMasterKey;

impl MasterKey {
    /// The key of these bytes.
    #[must_use]
    pub const fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    /// Reads 64 hexadecimal digits; white space around them does not matter.
    ///
    /// # Errors
    /// They are something else.
    pub fn from_text(text: &str) -> Result<Self, NoMasterKey> {
        from_hex(text.trim()).map(|bytes| Self(Zeroizing::new(bytes))).ok_or(NoMasterKey)
    }

    /// The key as [`Self::from_text`] reads it.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(65));
        put_hex(&mut text, self.0.as_ref());
        text.push('\n');
        text
    }

    /// Its name. Says nothing about the key.
    #[must_use]
    pub fn id(&self) -> KeyId {
        name("sluice master key, its name", &self.0)
    }

    fn seals(&self) -> ring::aead::LessSafeKey {
        aead(&Zeroizing::new(blake3::derive_key(
            "sluice master key, seals the keyring",
            self.0.as_ref(),
        )))
    }
}

impl KeyringKey {
    /// The key of these bytes: 32 of a generator fit for keys.
    #[must_use]
    pub const fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    /// Its name. Says nothing about the key.
    #[must_use]
    pub fn id(&self) -> KeyId {
        name("sluice keyring key, its name", &self.0)
    }

    /// The key that hashes the words of statements, for whoever keeps an index of recordings: derived
    /// from this one for that alone.
    #[must_use]
    pub fn index_key(&self) -> Zeroizing<[u8; 32]> {
        let context = "sluice keyring key, hashes the words of an index";
        Zeroizing::new(blake3::derive_key(context, self.0.as_ref()))
    }

    /// The secret of masks that need one: derived from this one for that alone.
    #[must_use]
    pub fn masking_secret(&self) -> Zeroizing<[u8; 32]> {
        let context = "sluice keyring key, the secret of masking operators";
        Zeroizing::new(blake3::derive_key(context, self.0.as_ref()))
    }

    /// Seals a session's key: AES-256-GCM under a key that is derived from this one for that session
    /// alone, so that the nonce can be zero.
    #[must_use]
    pub fn wrap(&self, session: SessionId, key: &SessionKey) -> Slot {
        let mut sealed = Vec::with_capacity(32 + TAG);
        sealed.extend_from_slice(key.bytes());
        let nonce = Nonce::assume_unique_for_key([0; NONCE_LEN]);
        seal(&self.wraps(session), nonce, &session.to_bytes(), &mut sealed, 0);
        let mut out = [0; 48];
        out.iter_mut().zip(sealed).for_each(|(out, byte)| *out = byte);
        Slot::Keyring { key: self.id(), sealed: out }
    }

    fn unwrap(&self, session: SessionId, sealed: &[u8; 48]) -> Option<SessionKey> {
        let mut buffer = Zeroizing::new(*sealed);
        let nonce = Nonce::assume_unique_for_key([0; NONCE_LEN]);
        let aad = Aad::from(session.to_bytes());
        let plain = self.wraps(session).open_in_place(nonce, aad, buffer.as_mut()).ok()?;
        let bytes = Zeroizing::new(plain.first_chunk().copied()?);
        Some(SessionKey::new(bytes))
    }

    fn wraps(&self, session: SessionId) -> ring::aead::LessSafeKey {
        let mut hasher =
            blake3::Hasher::new_derive_key("sluice keyring key, seals a session's key");
        hasher.update(self.0.as_ref());
        hasher.update(&session.to_bytes());
        aead(&Zeroizing::new(*hasher.finalize().as_bytes()))
    }
}

impl Keyring {
    /// A keyring of this key alone.
    #[must_use]
    pub fn of(key: KeyringKey) -> Self {
        Self(vec![key])
    }

    /// Adds a key; from now on it seals new sessions.
    pub fn add(&mut self, key: KeyringKey) {
        self.0.push(key);
    }

    /// The key that seals new sessions.
    #[must_use]
    pub fn current(&self) -> Option<&KeyringKey> {
        self.0.last()
    }

    /// The names of its keys, the oldest first.
    pub fn ids(&self) -> impl Iterator<Item = KeyId> {
        self.0.iter().map(KeyringKey::id)
    }

    /// The key of this name, when it holds it.
    #[must_use]
    pub fn key(&self, id: KeyId) -> Option<&KeyringKey> {
        self.0.iter().find(|key| key.id() == id)
    }

    /// How many keys it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The key of a session, from the slots of its recording; `None` when this keyring opens none.
    #[must_use]
    pub fn open(&self, session: SessionId, slots: &[Slot]) -> Option<SessionKey> {
        slots.iter().find_map(|slot| match slot {
            Slot::Keyring { key, sealed } => {
                let found = self.0.iter().find(|one| one.id() == *key)?;
                found.unwrap(session, sealed)
            }
            Slot::Age(_) | Slot::Unknown { .. } => None,
        })
    }

    /// The text of the keyring's file, sealed by `master`. `nonce` gives 12 fresh random bytes.
    ///
    /// # Errors
    /// `nonce` has none to give.
    pub fn seal<E>(
        &self,
        master: &MasterKey,
        mut nonce: impl FnMut() -> Result<[u8; NONCE_LEN], E>,
    ) -> Result<String, E> {
        let mut text = format!("{FIRST_LINE}\nmaster {}\n", master.id());
        for key in &self.0 {
            let (id, nonce) = (key.id(), nonce()?);
            let mut sealed = nonce.to_vec();
            sealed.extend_from_slice(key.0.as_ref());
            seal(
                &master.seals(),
                Nonce::assume_unique_for_key(nonce),
                &id.0,
                &mut sealed,
                NONCE_LEN,
            );
            let _ = write!(text, "key {id} ");
            put_hex(&mut text, &sealed);
            text.push('\n');
        }
        Ok(text)
    }

    /// Reads a keyring's file.
    ///
    /// # Errors
    /// It is no keyring, was changed, or was sealed by another master key.
    pub fn read(text: &str, master: &MasterKey) -> Result<Self, KeyringError> {
        let mut lines = text.lines().enumerate();
        let malformed = |index: usize| KeyringError::Malformed(index + 1);
        match lines.next() {
            Some((_, FIRST_LINE)) => {}
            _ => return Err(malformed(0)),
        }
        let sealed_by = lines.next().and_then(|(_, line)| line.strip_prefix("master "));
        let sealed_by = sealed_by.ok_or_else(|| malformed(1))?;
        if sealed_by != master.id().to_string() {
            let given = master.id().to_string();
            return Err(KeyringError::OtherMaster { sealed_by: sealed_by.to_owned(), given });
        }
        let mut keys = Vec::new();
        for (index, line) in lines {
            keys.push(take_key(line, master).ok_or_else(|| malformed(index))?);
        }
        if keys.is_empty() { Err(KeyringError::Empty) } else { Ok(Self(keys)) }
    }
}

fn take_key(line: &str, master: &MasterKey) -> Option<KeyringKey> {
    let (id, sealed) = line.strip_prefix("key ")?.split_once(' ')?;
    let sealed: [u8; NONCE_LEN + 32 + TAG] = from_hex(sealed)?;
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
    let mut sealed = Zeroizing::new(sealed.to_vec());
    let named = from_hex::<16>(id)?;
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let plain = master.seals().open_in_place(nonce, Aad::from(named), &mut sealed).ok()?;
    let key = KeyringKey(Zeroizing::new(plain.first_chunk().copied()?));
    (key.id().0 == named).then_some(key)
}

fn name(context: &str, key: &[u8; 32]) -> KeyId {
    let hash = blake3::derive_key(context, key);
    KeyId(hash.first_chunk().copied().unwrap_or_default())
}

fn put_hex(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
}

fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let mut bytes = [0; N];
    for (out, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let &[high, low] = pair else { return None };
        *out = u8::try_from(digit(high)? << 4 | digit(low)?).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Timestamp;

    fn secret(byte: u8) -> Zeroizing<[u8; 32]> {
        Zeroizing::new([byte; 32])
    }

    fn session() -> SessionId {
        SessionId::new(Timestamp::from_secs(1), 7)
    }

    fn fixed() -> Result<[u8; NONCE_LEN], std::convert::Infallible> {
        Ok([5; NONCE_LEN])
    }

    #[test]
    fn a_keyring_reads_back_under_its_master_key_and_no_other() {
        let master = MasterKey::new(secret(1));
        let mut ring = Keyring::of(KeyringKey::new(secret(2)));
        let slot = ring.current().unwrap().wrap(session(), &SessionKey::new(secret(9)));
        ring.add(KeyringKey::new(secret(3)));
        let text = ring.seal(&master, fixed).unwrap();
        let again = Keyring::read(&text, &master).unwrap();
        assert_eq!(again.len(), 2);
        assert_eq!(again.current().unwrap().id(), KeyringKey::new(secret(3)).id());
        let opened =
            again.open(session(), &[Slot::Age(bytes::Bytes::new()), slot.clone()]).unwrap();
        assert_eq!(opened.bytes(), &[9; 32]);
        let other = SessionId::new(Timestamp::from_secs(1), 8);
        assert!(again.open(other, &[slot]).is_none(), "a slot is for its session alone");

        let new = MasterKey::new(secret(4));
        assert!(matches!(Keyring::read(&text, &new), Err(KeyringError::OtherMaster { .. })));
        let sealed_anew = again.seal(&new, || Ok::<_, ()>([6; 12])).unwrap();
        assert_eq!(Keyring::read(&sealed_anew, &new).unwrap().len(), 2);
    }

    #[test]
    fn a_keyring_that_was_changed_is_not_read() {
        let master = MasterKey::new(secret(1));
        let text = Keyring::of(KeyringKey::new(secret(2))).seal(&master, fixed).unwrap();
        assert!(!text.contains(&"02".repeat(16)), "{text}");
        for (index, byte) in text.bytes().enumerate() {
            let mut edited = text.clone().into_bytes();
            edited[index] = if byte == b'0' { b'1' } else { b'0' };
            let edited = String::from_utf8(edited).unwrap();
            assert!(Keyring::read(&edited, &master).is_err(), "byte {index}");
        }
        let empty: String = text.lines().take(2).map(|line| format!("{line}\n")).collect();
        assert!(matches!(Keyring::read(&empty, &master), Err(KeyringError::Empty)));
    }

    #[test]
    fn a_master_key_is_64_digits() {
        let key = MasterKey::new(secret(0xab));
        assert_eq!(key.to_text().as_str(), format!("{}\n", "ab".repeat(32)));
        assert_eq!(MasterKey::from_text(&key.to_text()).unwrap().id(), key.id());
        for text in ["", "ab", &"g".repeat(64), &"ab".repeat(33)] {
            assert!(MasterKey::from_text(text).is_err(), "{text}");
        }
    }
}
