//! Signing in, staying signed in, signing out.

use anyhow::Result;
use model::Secret;
use serde::Deserialize;
use url::Url;

use super::credentials::{SignedIn, Store};
use super::oidc::{Obtained, Prompt, Provider, now};
use super::remote::key;
use super::trust::Roots;
use crate::error::{Exit, Failure};

/// A token this close to its end is renewed before it is shown, in seconds.
const NEAR_THE_END: u64 = 60;

/// A provider as the gateway names it to whoever wants to sign in.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct LoginProvider {
    /// What the gateway calls it.
    pub(crate) name: String,
    /// Its issuer URL.
    pub(crate) issuer: String,
    /// The public client to sign in with.
    pub(crate) client_id: Option<String>,
    /// The authority of the issuer's certificate, when it is not a public one.
    #[serde(default)]
    pub(crate) ca: Option<String>,
}

/// Which way to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// A browser anywhere.
    Device,
    /// A browser here when there is one, else anywhere when the provider can do that.
    Whichever {
        /// Whether there is a browser here.
        browser: bool,
    },
}

/// Signs in at a provider; nothing is kept yet.
pub(crate) fn sign_in(
    provider: &LoginProvider,
    how: How,
    prompt: impl FnOnce(Prompt<'_>),
) -> Result<SignedIn> {
    let Some(client_id) = &provider.client_id else {
        return Err(Failure::new(
            Exit::Usage,
            format!("the provider {} cannot be signed in to by people", provider.name),
        )
        .hint(
            "it has no `client_id` in the gateway's configuration; choose another with --provider",
        )
        .into());
    };
    let roots = issuer_roots(provider.ca.as_deref())?;
    let found = Provider::discover(&provider.issuer, client_id, &roots)?;
    let device = match how {
        How::Device => true,
        How::Whichever { browser } => !browser && found.has_device_code(),
    };
    let obtained = if device { found.by_device(prompt)? } else { found.by_browser(prompt)? };
    let mut signed_in = SignedIn::default();
    signed_in.provider.clone_from(&provider.name);
    signed_in.issuer.clone_from(&provider.issuer);
    signed_in.issuer_ca.clone_from(&provider.ca);
    signed_in.client_id.clone_from(client_id);
    take(&mut signed_in, obtained);
    Ok(signed_in)
}

/// Takes back what can be taken back at the provider. `false`: it cannot.
pub(crate) fn sign_out(signed_in: &SignedIn) -> Result<bool> {
    let Some(refresh_token) = &signed_in.refresh_token else { return Ok(false) };
    provider_of(signed_in)?.revoke(refresh_token)
}

/// The token for a gateway, renewed first when its end is near.
pub(super) fn renewed(gateway: &str) -> Result<Secret> {
    let store = Store::read()?;
    let kept = store.gateways.get(gateway).filter(|kept| !kept.token.is_empty());
    let Some(signed_in) = kept else {
        return Err(Failure::new(Exit::SignIn, format!("nobody is signed in at {gateway}"))
            .hint(format!("run `sluice login --url {gateway}`, or set SLUICE_TOKEN"))
            .into());
    };
    if fresh(signed_in) {
        return Ok(Secret::from(signed_in.token.clone()));
    }
    // Under the lock, and looked at again: another command may have renewed it meanwhile.
    Store::update(|store| {
        let Some(signed_in) = store.gateways.get_mut(gateway) else {
            return Err(Failure::new(Exit::SignIn, "signed out meanwhile")
                .hint("run `sluice login`")
                .into());
        };
        if !fresh(signed_in) {
            let expired = || {
                Failure::new(Exit::SignIn, format!("the sign-in at {gateway} has expired"))
                    .hint(format!("run `sluice login --url {gateway}`"))
            };
            let refresh_token = signed_in.refresh_token.clone().ok_or_else(expired)?;
            let obtained = provider_of(signed_in)?.refresh(&refresh_token)?;
            take(signed_in, obtained);
        }
        Ok(Secret::from(signed_in.token.clone()))
    })
}

/// Keeps a sign-in as the current one.
pub(crate) fn keep(base: &Url, signed_in: SignedIn) -> Result<()> {
    Store::update(|store| {
        store.current = Some(key(base));
        store.gateways.insert(key(base), signed_in);
        Ok(())
    })
}

fn fresh(signed_in: &SignedIn) -> bool {
    signed_in.expires > now() + NEAR_THE_END
}

fn take(signed_in: &mut SignedIn, obtained: Obtained) {
    signed_in.token = obtained.id_token;
    signed_in.expires = obtained.expires;
    signed_in.refresh_token = obtained.refresh_token;
}

fn provider_of(signed_in: &SignedIn) -> Result<Provider> {
    let roots = issuer_roots(signed_in.issuer_ca.as_deref())?;
    Provider::discover(&signed_in.issuer, &signed_in.client_id, &roots)
}

fn issuer_roots(ca: Option<&str>) -> Result<Roots> {
    ca.map_or(Ok(Roots::Public), Roots::from_pem)
}
