//! SSH's keys: what clients know the gateway by, its authority for people and for accounts on targets, and what
//! targets are known by.
//!
//! ```text
//!   data_dir/ssh ─┬─ host_ed25519 ──► clients: the same key after every start
//!                 └─ ca_ed25519 ──┬─► a person's certificate: who they are, for as long as that is good
//!                                 └─► an account's certificate: a key of the moment, for five minutes
//!   target's host key ──► HostKeys ──► store: first seen, confirmed by an administrator
//! ```

mod authority;
mod host_keys;
mod keys;

pub use authority::{Authority, Certified, NoCertificate};
pub use host_keys::{HostKeys, KnownHost};
pub use keys::{KeyFileError, Keys};

use ssh_key::public::KeyData;
use ssh_key::{HashAlg, PublicKey};

/// `SHA256:…`, as `ssh-keygen -l` writes it.
pub(crate) fn fingerprint(key: &KeyData) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}

/// A public key as `ssh-keygen` writes it into a file; its comment is not kept.
pub(crate) fn public_key(text: &str) -> Option<PublicKey> {
    let key = PublicKey::from_openssh(text.trim()).ok()?;
    Some(PublicKey::from(key.key_data().clone()))
}
