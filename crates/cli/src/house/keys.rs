//! The master key, from where the configuration says it is.

use anyhow::{Context, Result, anyhow};
use control::recordings::AgeIdentity;
use control::vault::read_secret;
use evidence::{MasterKey, NoMasterKey};
use model::{Secret, SecretSource};

use crate::config::{Config, MasterSource, Opener};

const KEY: &str = "evidence.master_key";

/// The key that seals the keys of recordings; `None` where the configuration names none and the one in
/// `data_dir` is meant.
pub(crate) fn master_key(config: &Config) -> Result<Option<MasterKey>> {
    config.evidence.master_key.as_ref().map(read_master).transpose()
}

/// The key from one place.
pub(crate) fn read_master(source: &MasterSource) -> Result<MasterKey> {
    match source {
        MasterSource::Plain(source) => understood(&read_secret(KEY, source)?),
        MasterSource::Sealed { file, by } => {
            let identity = opener(by)?;
            let sealed = std::fs::read(file)
                .with_context(|| format!("{KEY}: reading {}", file.display()))?;
            let plain = identity
                .open(&sealed)
                .map_err(|why| anyhow!("{KEY}: {} cannot be opened: {why}", file.display()))?;
            understood(&Secret::new(plain.trim_ascii().to_vec()))
        }
    }
}

fn understood(secret: &Secret) -> Result<MasterKey> {
    let key = secret.expose_str().map(MasterKey::from_text);
    key.unwrap_or(Err(NoMasterKey)).context(KEY)
}

fn opener(by: &Opener) -> Result<AgeIdentity> {
    let read = |name: &str, source: &SecretSource| read_secret(&format!("{KEY}.{name}"), source);
    let identity = match by {
        Opener::Passphrase(source) => AgeIdentity::from_passphrase(&read("passphrase", source)?),
        Opener::Identity(source) => {
            let text = read("identity", source)?;
            AgeIdentity::from_text(text.expose_str().unwrap_or_default())
        }
    };
    identity.map_err(|why| anyhow!("{KEY}: {why}"))
}
