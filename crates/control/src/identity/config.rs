use std::collections::BTreeSet;
use std::path::PathBuf;

use model::IdentityKind;
use url::Url;

use super::certificate::{Authorities, AuthorityConfig};

/// Everybody who is believed about who somebody is: the whole of `identity:`.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Issuers of tokens.
    pub providers: Vec<ProviderConfig>,
    /// Authorities of client certificates.
    pub authorities: Vec<AuthorityConfig>,
}

impl Sources {
    /// Checks every entry without speaking to anybody: what `sluice check` can know offline.
    ///
    /// # Errors
    /// The first entry that cannot be used, and why.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.checked().map(drop)
    }

    pub(super) fn checked(&self) -> Result<Authorities, ConfigError> {
        let providers = self.providers.iter().map(|provider| &provider.name);
        let authorities = self.authorities.iter().map(|authority| &authority.name);
        let mut names = BTreeSet::new();
        for name in providers.chain(authorities) {
            let refuse = |why: &str| ConfigError { provider: name.clone(), why: why.to_owned() };
            if name.is_empty() || name == super::SLUICE {
                return Err(refuse("`name` must be a word other than `sluice`"));
            }
            if !names.insert(name) {
                return Err(refuse("another provider has the same `name`"));
            }
        }
        check(&self.providers)?;
        Authorities::load(&self.authorities)
    }
}

impl From<Vec<ProviderConfig>> for Sources {
    fn from(providers: Vec<ProviderConfig>) -> Self {
        Self { providers, authorities: Vec::new() }
    }
}

/// One entry of `identity:` in the configuration: an issuer whose tokens are believed.
#[derive(Clone, Debug)]
pub struct ProviderConfig {
    /// What policies and recordings call it.
    pub name: String,
    /// The issuer, letter for letter as its tokens' `iss` has it.
    pub issuer: String,
    /// What the tokens' `aud` must hold.
    pub audience: String,
    /// Where the subject stands: a claim's name, or a path of names (`a.b`).
    pub subject_claim: String,
    /// Where the groups stand; no groups when absent.
    pub groups_claim: Option<String>,
    /// The public client with which `sluice login` and the web page sign people in.
    pub client_id: Option<String>,
    /// What its identities are.
    pub kind: IdentityKind,
    /// A claim that says what an identity is (`user`, `machine` or `agent`), where one provider has several.
    pub kind_claim: Option<String>,
    /// Where the person stands that a machine or an agent acts for.
    pub on_behalf_of_claim: Option<String>,
    /// A PEM file of authorities that its web server's certificate may come from, in place of the
    /// usual public ones.
    pub ca: Option<PathBuf>,
}

impl ProviderConfig {
    /// A provider of people, with the claims most have: subject `email`, groups `groups`.
    #[must_use]
    pub fn of_people(name: &str, issuer: &str, audience: &str) -> Self {
        Self {
            name: name.to_owned(),
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            subject_claim: "email".to_owned(),
            groups_claim: Some("groups".to_owned()),
            client_id: None,
            kind: IdentityKind::User,
            kind_claim: None,
            on_behalf_of_claim: None,
            ca: None,
        }
    }
}

/// A provider's entry cannot be used as it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("identity provider `{provider}`: {why}")]
pub struct ConfigError {
    /// Its name.
    pub provider: String,
    /// What to change.
    pub why: String,
}

fn check(providers: &[ProviderConfig]) -> Result<(), ConfigError> {
    for (position, provider) in providers.iter().enumerate() {
        let refuse = |why: String| ConfigError { provider: provider.name.clone(), why };
        for (key, value) in
            [("audience", &provider.audience), ("subject_claim", &provider.subject_claim)]
        {
            if value.is_empty() {
                return Err(refuse(format!("`{key}` must not be empty")));
            }
        }
        let url = Url::parse(&provider.issuer)
            .map_err(|error| refuse(format!("`issuer` is not a URL: {error}")))?;
        if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
            return Err(refuse(
                "`issuer` must be a plain URL, without query, fragment or user".into(),
            ));
        }
        may_be_asked(&url).map_err(|why| refuse(format!("`issuer` {why}")))?;
        // A token that could be read in two ways would let one person be two.
        let same = |other: &ProviderConfig| {
            other.issuer == provider.issuer && other.audience == provider.audience
        };
        if providers.iter().take(position).any(same) {
            return Err(refuse("another provider has the same `issuer` and `audience`".into()));
        }
    }
    Ok(())
}

/// Keys may be fetched over TLS, or from this very machine.
pub(crate) fn may_be_asked(url: &Url) -> Result<(), String> {
    let loopback = match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    };
    match url.scheme() {
        "https" => Ok(()),
        "http" if loopback => Ok(()),
        "http" => Err("must be https: http is for loopback addresses only".into()),
        other => Err(format!("must be https, not {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_that_could_be_spoofed_is_refused_at_load() {
        let good = ProviderConfig::of_people("corp", "https://idp.example.com", "sluice");
        let with = |change: fn(&mut ProviderConfig)| {
            let mut changed = good.clone();
            change(&mut changed);
            changed
        };
        let check = |providers: &[ProviderConfig]| Sources::from(providers.to_vec()).check();
        assert_eq!(check(std::slice::from_ref(&good)), Ok(()));
        for issuer in ["http://127.0.0.1:9000", "http://[::1]:9000/x", "http://localhost:1"] {
            let mut local = good.clone();
            local.issuer = issuer.into();
            assert_eq!(check(&[local]), Ok(()), "{issuer}");
        }
        for (bad, why) in [
            (with(|p| p.issuer = "http://idp.example.com".into()), "must be https"),
            (with(|p| p.issuer = "http://localhost.example.com".into()), "must be https"),
            (with(|p| p.issuer = "file:///etc/passwd".into()), "must be https"),
            (with(|p| p.issuer = "https://idp.example.com?x=1".into()), "plain URL"),
            (with(|p| p.issuer = "idp.example.com".into()), "not a URL"),
            (with(|p| p.audience = String::new()), "`audience`"),
            (with(|p| p.name = "sluice".into()), "`name`"),
        ] {
            let error = check(&[bad]).unwrap_err();
            assert!(error.why.contains(why), "{error}");
        }
        let twice = [good.clone(), with(|p| p.name = "other".into())];
        assert!(check(&twice).unwrap_err().why.contains("same `issuer`"));
        let mut machines = twice;
        machines[1].audience = "sluice-ci".into();
        assert_eq!(check(&machines), Ok(()));
    }
}
