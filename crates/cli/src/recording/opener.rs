use std::path::Path;

use anyhow::{Context, Result};
use control::recordings::AgeIdentity;
use evidence::{Preamble, SessionKey};
use zeroize::Zeroizing;

use crate::error::{Exit, Failure};

/// What opens a recording without the gateway.
pub(crate) enum Opener {
    /// Its session's key.
    Key(Zeroizing<[u8; 32]>),
    /// An identity it is sealed to.
    Identity(AgeIdentity),
}

impl Opener {
    /// A session's key as `GET /sessions/{id}/key` gives it: 64 hexadecimal digits.
    pub(crate) fn session_key(file: &Path) -> Result<Self> {
        let text = read(file)?;
        let mut bytes = Zeroizing::new([0; 32]);
        hex::decode_to_slice(text.trim().as_bytes(), bytes.as_mut()).map_err(|_| {
            Failure::new(Exit::Usage, format!("{}: not 64 hexadecimal digits", file.display()))
                .hint("`GET /api/v1/sessions/ID/key` answers with a session's key")
        })?;
        Ok(Self::Key(bytes))
    }

    /// An identity as `age-keygen` makes it.
    pub(crate) fn identity(file: &Path) -> Result<Self> {
        let identity = AgeIdentity::from_text(&read(file)?);
        let why = |why| Failure::new(Exit::Usage, format!("{}: {why}", file.display()));
        Ok(Self::Identity(identity.map_err(why)?))
    }

    /// The key of the recording that begins so.
    pub(super) fn key(&self, preamble: &Preamble) -> Result<SessionKey> {
        match self {
            Self::Key(bytes) => Ok(SessionKey::new(bytes.clone())),
            Self::Identity(identity) => identity.session_key(&preamble.slots).ok_or_else(|| {
                Failure::new(Exit::No, "the recording is not sealed to this identity")
                    .hint("`evidence.recipients` named others when it was made")
                    .into()
            }),
        }
    }
}

fn read(file: &Path) -> Result<Zeroizing<String>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()));
    Ok(Zeroizing::new(text?))
}
