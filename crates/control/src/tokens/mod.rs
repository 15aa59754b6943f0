//! Sluice tokens: for machines, and for people where no provider reaches.
//!
//! Shown once, stored as a hash, always expiring, revocable at once, and, if so made, good for
//! some resources only.

mod rows;
mod secret;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::Duration;

use model::ports::Unidentified;
use model::{Identity, IdentityKind, Secret, Timestamp, TokenId};
use serde::Serialize;
use ssh_key::PublicKey;
use subtle::ConstantTimeEq;

pub(crate) use rows::creator;
pub(crate) use secret::is_ours;

use crate::Clock;
use crate::audit::{self, Act, Event};
use crate::clock::{rfc3339, rfc3339_option};
use crate::store::{Store, StoreError};

/// How long a token is good when nobody says otherwise.
pub const USUAL_LIFETIME: Duration = Duration::from_secs(30 * 24 * 3600);
/// How long one may be good at most.
pub const LONGEST_LIFETIME: Duration = Duration::from_secs(366 * 24 * 3600);
const SHORTEST_LIFETIME: Duration = Duration::from_secs(60);
/// Uses are noted in memory and written this often.
const USES_EVERY: Duration = Duration::from_secs(30);

/// What a new token is to be.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// What people call it: `ci deploy`.
    pub name: String,
    /// The subject that policies see.
    pub subject: String,
    /// Person, machine or agent.
    pub kind: IdentityKind,
    /// The groups it brings along.
    pub groups: Vec<String>,
    /// The only resources it is good for; all that policy permits when absent.
    pub only_resources: Option<Vec<String>>,
    /// How long it is good.
    pub lifetime: Duration,
    /// Who makes it.
    pub created_by: String,
}

/// A token as it may be shown: everything but the secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Token {
    /// Names it.
    pub id: TokenId,
    /// What people call it.
    pub name: String,
    /// The subject that policies see.
    pub subject: String,
    /// Person, machine or agent.
    pub kind: IdentityKind,
    /// The groups it brings along.
    pub groups: Vec<String>,
    /// The only resources it is good for.
    pub only_resources: Option<Vec<String>>,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    #[serde(serialize_with = "rfc3339")]
    pub created: Timestamp,
    /// When it stops being good.
    #[serde(serialize_with = "rfc3339")]
    pub expires: Timestamp,
    /// When it was taken back.
    #[serde(serialize_with = "rfc3339_option")]
    pub revoked: Option<Timestamp>,
    /// By whom it was taken back.
    pub revoked_by: Option<String>,
    /// When it was last used, to half a minute.
    #[serde(serialize_with = "rfc3339_option")]
    pub last_used: Option<Timestamp>,
    /// Of one that is an SSH key in place of a secret: the key's fingerprint.
    pub ssh_key: Option<String>,
}

/// A token could not be made or taken back.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// What was asked for makes no token.
    #[error("`{field}` {why}")]
    Invalid {
        /// Which field.
        field: &'static str,
        /// What to change.
        why: String,
    },
    /// There is none of this id.
    #[error("there is no such token")]
    NotFound,
    /// The machine has no randomness to give.
    #[error("this machine's random number generator failed")]
    NoRandomness,
    /// The store could not do its part.
    #[error(transparent)]
    Store(#[from] StoreError),
}

type Listener = Box<dyn Fn(TokenId) + Send + Sync>;

/// Makes, checks, lists and takes back tokens.
pub struct Tokens {
    store: Arc<Store>,
    clock: Clock,
    used: Mutex<HashMap<TokenId, Timestamp>>,
    listeners: Arc<RwLock<Vec<Listener>>>,
}

impl Tokens {
    /// The tokens of this store. Must be called inside a runtime: it leaves a task there that
    /// writes when tokens were last used.
    #[must_use]
    pub fn new(store: Arc<Store>, clock: Clock) -> Arc<Self> {
        let tokens =
            Arc::new(Self { store, clock, used: Mutex::default(), listeners: Arc::default() });
        tokio::spawn(keep_writing_uses(Arc::downgrade(&tokens)));
        tokens
    }

    /// Calls `listener` whenever a token was taken back, so that what it opened can end. It is
    /// called on a thread of the async runtime and must not block.
    pub fn on_revoked(&self, listener: impl Fn(TokenId) + Send + Sync + 'static) {
        self.listeners.write().unwrap_or_else(PoisonError::into_inner).push(Box::new(listener));
    }

    /// Makes a token. The secret is in the answer and nowhere else.
    ///
    /// # Errors
    /// What was asked for makes no token, or the store failed.
    pub async fn create(&self, new: NewToken) -> Result<(Secret, Token), TokenError> {
        check(&new)?;
        let secret = secret::generate().ok_or(TokenError::NoRandomness)?;
        let hash = secret.expose_str().and_then(secret::hash).ok_or(TokenError::NoRandomness)?;
        Ok((secret, self.keep(new, hash, None).await?))
    }

    /// Makes a token of an SSH key: there is no secret, whoever holds the private key has it.
    ///
    /// # Errors
    /// What was asked for makes no token, the key is registered already, or the store failed.
    pub async fn register(&self, new: NewToken, key: &PublicKey) -> Result<Token, TokenError> {
        check(&new)?;
        let invalid = |why: &str| TokenError::Invalid { field: "ssh_key", why: why.to_owned() };
        let bytes = key.to_bytes().map_err(|_| invalid("cannot be read"))?;
        let hash = secret::hash_of_key(&bytes);
        let taken = self.store.read(move |connection| rows::by_hash(connection, &hash)).await?;
        if taken.is_some() {
            return Err(invalid("is registered already, or was: make a new key with `ssh-keygen`"));
        }
        let fingerprint = crate::ssh::fingerprint(key.key_data());
        self.keep(new, hash, Some(fingerprint)).await
    }

    async fn keep(
        &self,
        new: NewToken,
        hash: [u8; 32],
        ssh_key: Option<String>,
    ) -> Result<Token, TokenError> {
        let now = self.clock.now();
        let token = Token {
            id: TokenId::new(now, rand::random()),
            name: new.name,
            subject: new.subject,
            kind: new.kind,
            groups: new.groups,
            only_resources: new.only_resources,
            created_by: new.created_by,
            created: now,
            expires: now.plus(new.lifetime),
            revoked: None,
            revoked_by: None,
            last_used: None,
            ssh_key,
        };
        let row = token.clone();
        self.store
            .write(move |transaction| {
                rows::insert(transaction, &row, &hash)?;
                let (kind, expires) = (row.kind.name().to_owned(), row.expires.to_string());
                let Token { name, subject, groups, only_resources, ssh_key, .. } = row;
                let event = match ssh_key {
                    None => {
                        Event::TokenCreated { name, subject, kind, groups, only_resources, expires }
                    }
                    Some(fingerprint) => Event::SshKeyRegistered {
                        name,
                        subject,
                        kind,
                        groups,
                        only_resources,
                        expires,
                        fingerprint,
                    },
                };
                audit::append(transaction, &Act::new(now, row.created_by, row.id, event))
            })
            .await?;
        Ok(token)
    }

    /// Every token, newest first.
    ///
    /// # Errors
    /// The store failed.
    pub async fn list(&self) -> Result<Vec<Token>, StoreError> {
        self.store.read(rows::list).await
    }

    /// One token.
    ///
    /// # Errors
    /// The store failed.
    pub async fn get(&self, id: TokenId) -> Result<Option<Token>, StoreError> {
        self.store.read(move |connection| rows::by_id(connection, id)).await
    }

    /// Takes a token back. Taking it back twice changes nothing.
    ///
    /// # Errors
    /// There is none of this id, or the store failed.
    pub async fn revoke(&self, id: TokenId, by: &str) -> Result<(), TokenError> {
        let (now, actor) = (self.clock.now(), by.to_owned());
        let (store, listeners) = (Arc::clone(&self.store), Arc::clone(&self.listeners));
        let revoking = async move {
            store
                .write(move |transaction| {
                    let token = rows::by_id(transaction, id)?.ok_or(TokenError::NotFound)?;
                    if token.revoked.is_some() {
                        return Ok(());
                    }
                    rows::revoke(transaction, id, now, &actor)?;
                    let act = Act::new(now, actor, id, Event::TokenRevoked {});
                    Ok::<_, TokenError>(audit::append(transaction, &act)?)
                })
                .await?;
            for listener in listeners.read().unwrap_or_else(PoisonError::into_inner).iter() {
                listener(id);
            }
            Ok::<_, TokenError>(())
        };
        // Whoever asked may hang up meanwhile: what the token opened ends all the same.
        tokio::spawn(revoking).await.unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    pub(crate) async fn identify(&self, presented: &str) -> Result<Identity, Unidentified> {
        let unknown = || Unidentified::Unknown("it is no token of this gateway".into());
        self.identify_hash(secret::hash(presented).ok_or_else(unknown)?).await?.ok_or_else(unknown)
    }

    /// Whose SSH key it is, as SSH writes it.
    pub(crate) async fn identify_key(&self, key: &[u8]) -> Result<Identity, Unidentified> {
        self.identify_hash(secret::hash_of_key(key)).await?.ok_or(Unidentified::Key)
    }

    /// Whether a token that somebody's word rests on was taken back.
    pub(crate) async fn is_revoked(&self, id: TokenId) -> Result<bool, Unidentified> {
        let token =
            self.get(id).await.map_err(|error| Unidentified::Unavailable(error.to_string()))?;
        Ok(token.is_none_or(|token| token.revoked.is_some()))
    }

    async fn identify_hash(&self, hash: [u8; 32]) -> Result<Option<Identity>, Unidentified> {
        let found = self
            .store
            .read(move |connection| rows::by_hash(connection, &hash))
            .await
            .map_err(|error| Unidentified::Unavailable(error.to_string()))?;
        let Some((token, stored)) = found else { return Ok(None) };
        if !bool::from(stored.as_slice().ct_eq(&hash)) {
            return Ok(None);
        }
        if token.revoked.is_some() {
            return Err(Unidentified::Revoked);
        }
        let now = self.clock.now();
        if now >= token.expires {
            return Err(Unidentified::Expired);
        }
        self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(token.id, now);
        Ok(Some(Identity {
            subject: token.subject,
            groups: token.groups,
            kind: token.kind,
            provider: crate::identity::SLUICE.to_owned(),
            on_behalf_of: None,
            expires: Some(token.expires),
            token: Some(token.id),
            only_resources: token.only_resources,
        }))
    }

    async fn write_uses(&self) -> Result<(), StoreError> {
        let used = std::mem::take(&mut *self.used.lock().unwrap_or_else(PoisonError::into_inner));
        if used.is_empty() {
            return Ok(());
        }
        self.store.write(move |transaction| rows::used(transaction, &used)).await
    }
}

async fn keep_writing_uses(tokens: Weak<Tokens>) {
    loop {
        tokio::time::sleep(USES_EVERY).await;
        let Some(tokens) = tokens.upgrade() else { return };
        if let Err(error) = tokens.write_uses().await {
            tracing::warn!(%error, "when tokens were last used could not be written");
        }
    }
}

fn check(new: &NewToken) -> Result<(), TokenError> {
    let invalid = |field, why: &str| TokenError::Invalid { field, why: why.to_owned() };
    let is_name =
        |text: &str| !text.is_empty() && text.len() <= 256 && !text.chars().any(char::is_control);
    let rule = "must be 1 to 256 bytes without control characters";
    for (field, text) in [("name", &new.name), ("subject", &new.subject)] {
        if !is_name(text) {
            return Err(invalid(field, rule));
        }
    }
    if new.groups.len() > 256 || !new.groups.iter().all(|group| is_name(group)) {
        return Err(invalid("groups", "must be at most 256 names"));
    }
    if let Some(resources) = &new.only_resources
        && (resources.is_empty()
            || resources.len() > 1024
            || !resources.iter().all(|name| is_name(name)))
    {
        return Err(invalid("only_resources", "must name 1 to 1024 resources, or be left out"));
    }
    if !(SHORTEST_LIFETIME..=LONGEST_LIFETIME).contains(&new.lifetime) {
        return Err(invalid("lifetime", "must be between a minute and a year"));
    }
    Ok(())
}
