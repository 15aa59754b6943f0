//! Who is it? OIDC tokens of configured providers, tokens of our own, certificates of configured
//! authorities.
//!
//! ```text
//!   presented ─► limiter ─┬─ slc_… ──► token desk ───────────────────────────────┐
//!                         ├─ JWT ──► iss ─► provider ─► key ─► signature ─► claims ┼─► Identity
//!                         │                    └─ unknown key: fetch, once in 10 s │
//!                         ├─ certificate ─► authority ─► names ────────────────────┤
//!                         └─ SSH key or certificate ─► token desk or authority ────┘
//! ```
//!
//! What is refused: `none` and HMAC algorithms, a key used with an algorithm of another family,
//! critical headers, tokens over 16 KiB, issuers that are not configured, plain HTTP off loopback;
//! certificates that are not for clients, that ended or were taken back, or that two entries vouch for.
//! A login that fails writes nothing to the store: it is counted in memory and summed up later.

mod certificate;
mod claims;
mod config;
mod elsewhere;
mod failures;
mod fetch;
mod jwt;
mod keys;
mod limiter;
mod provider;
mod sign_ins;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use model::ports::{self, BoxFuture, ShownKey, SignInElsewhere, Unavailable, Unidentified};
use model::{Identity, Secret};
use rustls::server::danger::ClientCertVerifier;
use tokio::sync::Semaphore;

pub use certificate::{AuthorityConfig, GroupsName, SubjectName};
pub(crate) use config::may_be_asked;
pub use config::{ConfigError, ProviderConfig, Sources};
pub use limiter::Limits;

use crate::Clock;
use crate::audit;
use crate::ssh::Authority;
use crate::store::{Store, StoreError};
use crate::tokens::Tokens;
use certificate::Authorities;
use failures::Failures;
use jwt::Unverified;
use limiter::Limiter;
use provider::{Provider, Verdict};
use sign_ins::{Credential, Key, SignIns};

/// The provider's name that identities of our own tokens carry.
pub const SLUICE: &str = "sluice";

/// Knows everybody who may come in.
pub struct Directory {
    providers: Vec<Arc<Provider>>,
    authorities: Arc<Authorities>,
    tokens: Arc<Tokens>,
    limiter: Mutex<Limiter>,
    failures: Arc<Failures>,
    sign_ins: SignIns,
    /// Signs the SSH certificates that are believed.
    ssh: Option<Arc<Authority>>,
    /// Places for sign-ins that end in a browser.
    elsewhere: Arc<Semaphore>,
    store: Arc<Store>,
    clock: Clock,
}

/// So many sign-ins may be under way in browsers.
const ELSEWHERE: usize = 64;

/// Somebody who has proven who they are.
pub(crate) struct SignedIn {
    pub(crate) identity: Identity,
    /// Whether the audit log knows of it, or why it does not.
    pub(crate) entered: Result<(), String>,
}

impl Directory {
    /// A directory of these sources and of our own tokens. Must be called inside a runtime: it leaves
    /// tasks there that write summaries of failed logins and read revocation lists that changed.
    ///
    /// # Errors
    /// An entry cannot be used.
    pub fn new(
        sources: Sources,
        limits: Limits,
        tokens: Arc<Tokens>,
        store: Arc<Store>,
        clock: Clock,
    ) -> Result<Self, ConfigError> {
        let authorities = Arc::new(sources.checked()?);
        let providers = sources
            .providers
            .into_iter()
            .map(|config| Provider::new(config, clock.clone()).map(Arc::new))
            .collect::<Result<_, _>>()?;
        let failures = Arc::new(Failures::default());
        let (kept, written) = (Arc::downgrade(&failures), Arc::downgrade(&store));
        tokio::spawn(Failures::keep_writing(kept, written, clock.clone()));
        if authorities.has_lists() {
            tokio::spawn(Authorities::keep_fresh(Arc::downgrade(&authorities)));
        }
        let limiter = Mutex::new(Limiter::new(limits));
        let sign_ins = SignIns::default();
        Ok(Self {
            providers,
            authorities,
            tokens,
            limiter,
            failures,
            sign_ins,
            ssh: None,
            elsewhere: Arc::new(Semaphore::new(ELSEWHERE)),
            store,
            clock,
        })
    }

    /// With the authority whose SSH certificates are believed.
    #[must_use]
    pub fn with_ssh(self, authority: Arc<Authority>) -> Self {
        Self { ssh: Some(authority), ..self }
    }

    /// Checks the certificates that clients of a listener show in TLS. `None`: nobody's would be
    /// believed, so none is asked for.
    #[must_use]
    pub fn client_certificates(&self) -> Option<Arc<dyn ClientCertVerifier>> {
        let asks = !self.authorities.is_empty();
        asks.then(|| Arc::clone(&self.authorities) as Arc<dyn ClientCertVerifier>)
    }

    /// Fetches every provider's keys, so that the first login does not wait for it. A provider out
    /// of reach is not an error: it is asked again when somebody needs it.
    pub async fn warm(&self) {
        for provider in &self.providers {
            provider.warm().await;
        }
    }

    /// The providers, for those who want to sign in, each with the authorities (PEM) of its own
    /// web server when they are not the public ones.
    pub fn providers(&self) -> impl Iterator<Item = (&ProviderConfig, Option<&str>)> {
        self.providers.iter().map(|provider| (&provider.config, provider.authorities.as_deref()))
    }

    /// Checks what a client showed, and enters it into the audit log.
    pub(crate) async fn sign_in(
        &self,
        presented: &Secret,
        from: SocketAddr,
    ) -> Result<SignedIn, Unidentified> {
        self.throttled(from)?;
        let answer = self.check(presented).await;
        match &answer {
            Ok(_) | Err(Unidentified::Throttled(_)) => {}
            // The provider's fault is not the client's.
            Err(error @ Unidentified::Unavailable(_)) => {
                tracing::warn!(%from, %error, "login not possible");
            }
            Err(error) => self.failed(from, "", &error.to_string()),
        }
        let identity = answer?;
        let key = Key::of(&identity, Credential::Token, from);
        let Some(earlier) = self.sign_ins.note(&key, self.clock.uptime()) else {
            return Ok(SignedIn { identity, entered: Ok(()) });
        };
        let act = key.act(&identity, earlier, self.clock.now());
        let entered = self.store.record(act).await.map_err(|error| {
            self.sign_ins.forget(&key, earlier);
            tracing::error!(%error, "a sign-in could not be written to the audit log");
            error.to_string()
        });
        Ok(SignedIn { identity, entered })
    }

    /// Writes what is still only counted of logins that failed: for the end of the house.
    ///
    /// # Errors
    /// The store failed.
    pub async fn settle(&self) -> Result<(), StoreError> {
        self.failures.write(&self.store, &self.clock, true).await
    }

    async fn check(&self, presented: &Secret) -> Result<Identity, Unidentified> {
        let unknown = |why: &str| Unidentified::Unknown(why.to_owned());
        let token = presented.expose_str().ok_or_else(|| unknown("it is not text"))?;
        if crate::tokens::is_ours(token) {
            return self.tokens.identify(token).await;
        }
        let token = Unverified::parse(token).map_err(unknown)?;
        let provider = self.provider_of(&token).map_err(unknown)?;
        match provider.check(&token, self.clock.now()).await {
            Verdict::Known(identity) => Ok(identity),
            Verdict::Expired => Err(Unidentified::Expired),
            Verdict::Refused(why) => Err(Unidentified::Unknown(why)),
            Verdict::Unreachable(why) => Err(Unidentified::Unavailable(why)),
        }
    }

    /// One issuer may have several entries, for several audiences.
    fn provider_of(&self, token: &Unverified<'_>) -> Result<&Arc<Provider>, &'static str> {
        let issuer = token.issuer().ok_or("it does not say who issued it")?;
        let mut known = false;
        for provider in &self.providers {
            if provider.config.issuer == issuer {
                known = true;
                if token.is_for(&provider.config.audience) {
                    return Ok(provider);
                }
            }
        }
        Err(if known { "it was made for another audience" } else { "its issuer is not configured" })
    }

    /// Whose SSH key or certificate it is, if it is somebody's who may come from there now.
    async fn check_key(
        &self,
        shown: ShownKey<'_>,
        from: SocketAddr,
    ) -> Result<Identity, Unidentified> {
        match shown {
            ShownKey::Key(key) => self.tokens.identify_key(key).await,
            ShownKey::Certificate(certificate) => {
                let authority = self.ssh.as_ref().ok_or(Unidentified::Key)?;
                let identity = authority
                    .identify(certificate, from, self.clock.now())
                    .map_err(Unidentified::SshCertificate)?;
                match identity.token {
                    Some(token) if self.tokens.is_revoked(token).await? => {
                        Err(Unidentified::Revoked)
                    }
                    _ => Ok(identity),
                }
            }
        }
    }

    /// Enters a sign-in into the audit log. No session comes of it before its own entry is written, behind this one.
    fn note(&self, identity: &Identity, credential: Credential, from: SocketAddr) {
        let key = Key::of(identity, credential, from);
        if let Some(earlier) = self.sign_ins.note(&key, self.clock.uptime()) {
            let act = key.act(identity, earlier, self.clock.now());
            self.store
                .write_later("a sign-in", move |transaction| audit::append(transaction, &act));
        }
    }

    fn throttled(&self, from: SocketAddr) -> Result<(), Unidentified> {
        match self.limiter().wait(from.ip(), self.clock.uptime()) {
            Some(wait) => Err(Unidentified::Throttled(wait.as_secs().max(1))),
            None => Ok(()),
        }
    }

    fn failed(&self, from: SocketAddr, claimed: &str, why: &str) {
        let now = self.clock.uptime();
        let wait = self.limiter().failed(from.ip(), now);
        tracing::info!(%from, claimed, why, wait = wait.map(|wait| wait.as_secs()), "login refused");
        metrics::counter!("sluice_logins_refused_total").increment(1);
        self.failures.note(from.ip(), claimed, why, now);
    }

    fn limiter(&self) -> std::sync::MutexGuard<'_, Limiter> {
        self.limiter.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ports::Directory for Directory {
    fn identify<'a>(
        &'a self,
        presented: &'a Secret,
        from: SocketAddr,
    ) -> BoxFuture<'a, Result<Identity, Unidentified>> {
        Box::pin(async move {
            let SignedIn { identity, entered } = self.sign_in(presented, from).await?;
            if let Err(why) = entered {
                // No session comes of it: none is opened while the log cannot be written.
                self.store.health().lost(&why);
            }
            Ok(identity)
        })
    }

    fn identify_certificate(
        &self,
        chain: &[&[u8]],
        from: SocketAddr,
    ) -> Result<Identity, Unidentified> {
        self.throttled(from)?;
        let answer = self.authorities.identify(chain, self.clock.now());
        let identity = answer.map_err(Unidentified::Certificate).inspect_err(|error| {
            self.failed(from, "", &error.to_string());
        })?;
        self.note(&identity, Credential::Certificate, from);
        Ok(identity)
    }

    fn knows_key<'a>(&'a self, shown: ShownKey<'a>, from: SocketAddr) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            self.throttled(from).is_ok() && self.check_key(shown, from).await.is_ok()
        })
    }

    fn identify_key<'a>(
        &'a self,
        shown: ShownKey<'a>,
        from: SocketAddr,
    ) -> BoxFuture<'a, Result<Identity, Unidentified>> {
        Box::pin(async move {
            self.throttled(from)?;
            let identity = self.check_key(shown, from).await.inspect_err(|error| match error {
                Unidentified::Unavailable(_) => tracing::warn!(%from, %error, "login not possible"),
                error => self.failed(from, "", &error.to_string()),
            })?;
            let credential = match shown {
                ShownKey::Key(_) => Credential::SshKey,
                ShownKey::Certificate(_) => Credential::SshCertificate,
            };
            self.note(&identity, credential, from);
            Ok(identity)
        })
    }

    fn sign_in_elsewhere(
        &self,
        from: SocketAddr,
    ) -> BoxFuture<'_, Result<SignInElsewhere, Unavailable>> {
        Box::pin(async move {
            self.throttled(from).map_err(|error| Unavailable(error.to_string()))?;
            // The provider is not asked for more than people can use.
            let place = Arc::clone(&self.elsewhere).try_acquire_owned();
            let place = place.map_err(|_| Unavailable("too many sign-ins are under way".into()))?;
            let by_code = |provider: &&Arc<Provider>| provider.config.client_id.is_some();
            let provider = self.providers.iter().find(by_code);
            let provider = provider.ok_or_else(|| {
                Unavailable("no provider lets people sign in in a browser".into())
            })?;
            let SignInElsewhere { url, code, token } = elsewhere::begin(provider).await?;
            let token = Box::pin(async move {
                let token = token.await;
                drop(place);
                token
            });
            Ok(SignInElsewhere { url, code, token })
        })
    }

    fn refused(&self, from: SocketAddr, claimed: &str, why: &str) {
        self.failed(from, claimed, why);
    }
}
