//! Fetching a provider's published keys. Blocks; runs on a thread for that.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use url::Url;

use super::config::{ProviderConfig, may_be_asked};
use super::keys::KeySet;

const DEADLINE: Duration = Duration::from_secs(10);
const LONGEST: u64 = 1024 * 1024;
const REFRESH: Duration = Duration::from_secs(3600);

/// What a fetch brings home.
pub(super) struct Fetched {
    pub(super) keys: KeySet,
    /// After how long they should be fetched anew, by the provider's own word.
    pub(super) fresh_for: Duration,
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

/// Where people sign in by code.
pub(super) struct Endpoints {
    pub(super) token: String,
    /// `None`: they cannot.
    pub(super) device: Option<String>,
    /// Those of the usual ones that the provider has.
    pub(super) scopes: Vec<String>,
}

#[derive(Deserialize)]
struct Offered {
    issuer: String,
    token_endpoint: String,
    device_authorization_endpoint: Option<String>,
    scopes_supported: Option<Vec<String>>,
}

/// Discovery document, and what asks further.
pub(super) fn endpoints(
    config: &ProviderConfig,
    trusted: Option<&str>,
) -> Result<(ureq::Agent, Endpoints), String> {
    let (agent, address) = discovery(config, trusted)?;
    let (document, _) = get(&agent, &address)?;
    let offered: Offered = serde_json::from_slice(&document)
        .map_err(|error| format!("{address} is no discovery document: {error}"))?;
    if offered.issuer != config.issuer {
        return Err(format!("{address} speaks for another issuer, {:?}", offered.issuer));
    }
    let remote = config.issuer.starts_with("https:");
    for endpoint in [Some(&offered.token_endpoint), offered.device_authorization_endpoint.as_ref()]
    {
        let Some(endpoint) = endpoint else { continue };
        let url = Url::parse(endpoint).map_err(|error| format!("{endpoint}: {error}"))?;
        may_be_asked(&url).map_err(|why| format!("its endpoint {endpoint} {why}"))?;
        if remote && url.scheme() != "https" {
            return Err(format!("its endpoint {endpoint} must be https, as its issuer is"));
        }
    }
    let known = offered.scopes_supported;
    let wanted = |scope: &&str| {
        *scope == "openid"
            || known.as_ref().is_none_or(|known| known.iter().any(|one| one == scope))
    };
    let scopes = ["openid", "profile", "email", "groups"].into_iter().filter(wanted);
    let scopes = scopes.map(str::to_owned).collect();
    let (token, device) = (offered.token_endpoint, offered.device_authorization_endpoint);
    Ok((agent, Endpoints { token, device, scopes }))
}

/// What asks a provider, and where its discovery document is.
fn discovery(
    config: &ProviderConfig,
    trusted: Option<&str>,
) -> Result<(ureq::Agent, String), String> {
    // What is asked in clear is on this machine: no proxy of the environment has a part in it.
    let proxy = config.issuer.starts_with("https:").then(ureq::Proxy::try_from_env).flatten();
    let address =
        format!("{}/.well-known/openid-configuration", config.issuer.trim_end_matches('/'));
    Ok((agent(trusted, proxy)?, address))
}

/// Discovery document, then key set.
pub(super) fn key_set(config: &ProviderConfig, trusted: Option<&str>) -> Result<Fetched, String> {
    let (agent, address) = discovery(config, trusted)?;
    let (document, _) = get(&agent, &address)?;
    let discovery: Discovery = serde_json::from_slice(&document)
        .map_err(|error| format!("{address} is no discovery document: {error}"))?;
    if discovery.issuer != config.issuer {
        return Err(format!(
            "{address} speaks for the issuer {:?}, not for {:?}: `issuer` must match to the letter",
            discovery.issuer, config.issuer
        ));
    }
    let keys = Url::parse(&discovery.jwks_uri)
        .map_err(|error| format!("its jwks_uri is not a URL: {error}"))?;
    may_be_asked(&keys).map_err(|why| format!("its jwks_uri {why}"))?;
    // A provider on the network cannot point the gateway at the gateway's own machine.
    let remote = |url: &Url| url.scheme() == "https";
    if Url::parse(&config.issuer).is_ok_and(|issuer| remote(&issuer)) && !remote(&keys) {
        return Err("its jwks_uri must be https, as its issuer is".into());
    }
    let (document, fresh_for) = get(&agent, &discovery.jwks_uri)?;
    let keys = KeySet::parse(&document)?;
    if keys.is_empty() {
        return Err("it publishes no key that can be used here".into());
    }
    Ok(Fetched { keys, fresh_for })
}

fn agent(trusted: Option<&str>, proxy: Option<ureq::Proxy>) -> Result<ureq::Agent, String> {
    let roots = match trusted {
        Some(pem) => RootCerts::Specific(Arc::new(authorities(pem)?)),
        None => RootCerts::WebPki,
    };
    Ok(ureq::Agent::config_builder()
        .timeout_global(Some(DEADLINE))
        // A redirect would move trust to a host that nobody configured.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .proxy(proxy)
        .user_agent("sluice")
        .tls_config(TlsConfig::builder().root_certs(roots).build())
        .build()
        .new_agent())
}

/// The certificates in a PEM text; at least one.
pub(super) fn authorities(pem: &str) -> Result<Vec<Certificate<'static>>, String> {
    let mut found = Vec::new();
    for item in parse_pem(pem.as_bytes()) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| error.to_string())? {
            found.push(certificate);
        }
    }
    if found.is_empty() {
        return Err("there is no certificate in it".into());
    }
    Ok(found)
}

fn get(agent: &ureq::Agent, address: &str) -> Result<(Vec<u8>, Duration), String> {
    let failed = |error: ureq::Error| format!("{address}: {error}");
    let mut response =
        agent.get(address).header("accept", "application/json").call().map_err(failed)?;
    if response.status() != 200 {
        return Err(format!("{address} answered {}", response.status()));
    }
    let cache = response.headers().get("cache-control").and_then(|value| value.to_str().ok());
    let fresh_for = freshness(cache);
    let body = response.body_mut().with_config().limit(LONGEST).read_to_vec().map_err(failed)?;
    Ok((body, fresh_for))
}

/// An hour unless the provider says otherwise; never so short that it becomes a burden, never so
/// long that a rotated key lives on for days.
fn freshness(cache_control: Option<&str>) -> Duration {
    let said = cache_control.and_then(|value| {
        let directives = value.split(',').map(str::trim);
        directives.filter_map(|directive| directive.strip_prefix("max-age=")).next()?.parse().ok()
    });
    said.map_or(REFRESH, |seconds: u64| Duration::from_secs(seconds.clamp(300, 6 * 3600)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_says_how_long_its_keys_are_fresh_within_reason() {
        for (header, seconds) in [
            (None, 3600),
            (Some("no-store"), 3600),
            (Some("public, max-age=600, must-revalidate"), 600),
            (Some("max-age=0"), 300),
            (Some("max-age=99999999"), 21_600),
            (Some("max-age=-1"), 3600),
        ] {
            assert_eq!(freshness(header).as_secs(), seconds, "{header:?}");
        }
    }
}
