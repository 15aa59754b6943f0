//! Who can open what is recorded: this gateway, auditors who hold an age identity, or both.

use std::io::{self, Read, Write};

use age::secrecy::SecretString;
use age::{Decryptor, Encryptor, scrypt, x25519};
use bytes::Bytes;
use evidence::{KeyringKey, SessionKey, Slot};
use model::{Secret, SessionId};
use zeroize::Zeroizing;

/// Who can open a recording from now on.
#[derive(Clone, Debug)]
pub struct Readers {
    auditors: Vec<x25519::Recipient>,
    /// Whether this gateway can: to show, replay and search it.
    pub gateway: bool,
}

impl Default for Readers {
    fn default() -> Self {
        Self { auditors: Vec::new(), gateway: true }
    }
}

impl Readers {
    /// One more who can: an [age](https://age-encryption.org/v1) recipient, `age1…`.
    ///
    /// # Errors
    /// It is no such recipient.
    pub fn add(&mut self, recipient: &str) -> Result<(), String> {
        let auditor = recipient.parse().map_err(|why: &str| {
            format!("`{recipient}` is not an age recipient, as in age1ql3z7hjy54…: {why}")
        })?;
        self.auditors.push(auditor);
        Ok(())
    }

    /// The auditors among them.
    #[must_use]
    pub fn recipients(&self) -> Vec<String> {
        self.auditors.iter().map(ToString::to_string).collect()
    }

    /// A session's key, sealed to each of them.
    pub(super) fn slots(
        &self,
        session: SessionId,
        key: &SessionKey,
        ring: &KeyringKey,
    ) -> io::Result<Vec<Slot>> {
        let mut slots = Vec::new();
        if self.gateway {
            slots.push(ring.wrap(session, key));
        }
        if !self.auditors.is_empty() {
            let auditors = self.auditors.iter().map(|auditor| auditor as &dyn age::Recipient);
            let encryptor = Encryptor::with_recipients(auditors).map_err(io::Error::other)?;
            let mut sealed = Vec::new();
            let mut writer = encryptor.wrap_output(&mut sealed)?;
            writer.write_all(key.bytes())?;
            writer.finish()?;
            slots.push(Slot::Age(sealed.into()));
        }
        Ok(slots)
    }
}

/// What opens a file that age has sealed.
pub struct Identity(Vec<Box<dyn age::Identity>>);

impl Identity {
    /// The secret keys of a file as `age-keygen` writes it: `AGE-SECRET-KEY-1…`, one a line.
    ///
    /// # Errors
    /// It holds none, or something else.
    pub fn from_text(text: &str) -> Result<Self, String> {
        let mut keys: Vec<Box<dyn age::Identity>> = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let key: x25519::Identity = line
                .parse()
                .map_err(|why| format!("line {number} is not an age secret key: {why}"))?;
            keys.push(Box::new(key));
        }
        if keys.is_empty() {
            return Err("it holds no age secret key, as `age-keygen` makes one".into());
        }
        Ok(Self(keys))
    }

    /// A passphrase, as `age --passphrase` asks for one.
    ///
    /// # Errors
    /// It is not text.
    pub fn from_passphrase(passphrase: &Secret) -> Result<Self, String> {
        let text = passphrase.expose_str().ok_or("the passphrase is not UTF-8")?;
        Ok(Self(vec![Box::new(scrypt::Identity::new(SecretString::from(text.to_owned())))]))
    }

    /// What a file holds that age has sealed, binary or armored.
    ///
    /// # Errors
    /// It is no such file, was changed, or is sealed to somebody else.
    pub fn open(&self, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, String> {
        let why = |error: age::DecryptError| error.to_string();
        let armored = age::armor::ArmoredReader::new(sealed);
        let decryptor = Decryptor::new(armored).map_err(why)?;
        let identities = self.0.iter().map(AsRef::as_ref);
        let mut plain = Zeroizing::new(Vec::with_capacity(256));
        let mut reader = decryptor.decrypt(identities).map_err(why)?.take(LONGEST);
        reader.read_to_end(&mut plain).map_err(|error| error.to_string())?;
        Ok(plain)
    }

    /// The key of a recording whose slots these are; `None` when it is not sealed to this identity.
    #[must_use]
    pub fn session_key(&self, slots: &[Slot]) -> Option<SessionKey> {
        slots.iter().find_map(|slot| match slot {
            Slot::Age(sealed) => self.key(sealed),
            Slot::Keyring { .. } | Slot::Unknown { .. } => None,
        })
    }

    fn key(&self, sealed: &Bytes) -> Option<SessionKey> {
        let plain = self.open(sealed).ok()?;
        let bytes: &[u8; 32] = plain.as_slice().try_into().ok()?;
        Some(SessionKey::new(Zeroizing::new(*bytes)))
    }
}

/// Seals bytes as `age` does: for recipients, or under a passphrase.
///
/// # Errors
/// There is no randomness.
pub fn seal(plain: &[u8], to: &Sealing) -> io::Result<Vec<u8>> {
    let encryptor = match to {
        Sealing::Recipients(readers) => {
            let auditors = readers.auditors.iter().map(|auditor| auditor as &dyn age::Recipient);
            Encryptor::with_recipients(auditors).map_err(io::Error::other)?
        }
        Sealing::Passphrase(passphrase) => {
            let text = passphrase.expose_str().ok_or(io::ErrorKind::InvalidData)?;
            Encryptor::with_user_passphrase(SecretString::from(text.to_owned()))
        }
    };
    let mut sealed = Vec::new();
    let mut writer = encryptor.wrap_output(&mut sealed)?;
    writer.write_all(plain)?;
    writer.finish()?;
    Ok(sealed)
}

/// To whom something is sealed.
pub enum Sealing {
    /// To these.
    Recipients(Readers),
    /// To whoever knows this.
    Passphrase(Secret),
}

/// Nothing that is opened here is longer.
const LONGEST: u64 = 64 << 10;

#[cfg(test)]
mod tests {
    use age::secrecy::ExposeSecret;
    use model::Timestamp;

    use super::*;

    #[test]
    fn a_session_is_sealed_to_the_gateway_and_to_auditors_or_to_these_alone() {
        let (ana, ben) = (x25519::Identity::generate(), x25519::Identity::generate());
        let mut readers = Readers::default();
        readers.add(&ana.to_public().to_string()).unwrap();
        let ring = KeyringKey::new(Zeroizing::new([1; 32]));
        let session = SessionId::new(Timestamp::from_secs(1), 7);
        let key = SessionKey::new(Zeroizing::new([9; 32]));
        let slots = readers.slots(session, &key, &ring).unwrap();
        assert!(matches!(slots[..], [Slot::Keyring { .. }, Slot::Age(_)]));
        readers.gateway = false;
        let alone = readers.slots(session, &key, &ring).unwrap();
        assert!(matches!(alone[..], [Slot::Age(_)]));

        let file = |identity: &x25519::Identity| {
            format!("# created: today\n{}\n", identity.to_string().expose_secret())
        };
        let ana = Identity::from_text(&file(&ana)).unwrap();
        assert_eq!(ana.session_key(&alone).unwrap().bytes(), &[9; 32]);
        assert!(Identity::from_text(&file(&ben)).unwrap().session_key(&slots).is_none());
        let Slot::Age(sealed) = &alone[0] else { unreachable!() };
        for index in 0..sealed.len() {
            let mut changed = sealed.to_vec();
            changed[index] ^= 1;
            let changed = [Slot::Age(changed.into())];
            assert!(ana.session_key(&changed).is_none(), "byte {index}");
        }
    }

    #[test]
    fn what_is_no_recipient_and_no_identity_is_refused_with_what_would_be() {
        let why = Readers::default().add("age1nonsense").unwrap_err();
        assert!(why.contains("age1nonsense") && why.contains("age1ql3"), "{why}");
        let why = |text: &str| Identity::from_text(text).err().unwrap();
        assert!(why("# nothing\n").contains("age-keygen"));
        assert!(why("AGE-SECRET-KEY-1NONSENSE\n").contains("line 1"));
        assert!(!why("AGE-SECRET-KEY-1NONSENSE\n").contains("NONSENSE"));
    }
}
