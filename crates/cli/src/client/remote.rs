//! Which gateway a command speaks to, and as whom.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use url::{Host, Url};

use super::credentials::Store;
use super::trust::Roots;
use crate::error::{Exit, Failure};

/// The options of every command that speaks to a gateway.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Remote {
    /// The gateway's web address, as in `https://sluice.example.com:8443` [default: the one signed in to last]
    #[arg(long, env = "SLUICE_URL", value_name = "URL")]
    pub(crate) url: Option<String>,
    /// A PEM file with the authority of the gateway's certificate, when it is not a public one
    #[arg(long, env = "SLUICE_CA", value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
}

impl Remote {
    /// The gateway's address.
    pub(crate) fn base(&self, store: &Store) -> Result<Url> {
        match self.url.as_deref().filter(|url| !url.is_empty()).or(store.current.as_deref()) {
            Some(text) => parse(text),
            None => Err(Failure::new(Exit::SignIn, "it is not known which gateway is meant")
                .hint("sign in with `sluice login --url https://HOST:PORT`, or set SLUICE_URL")
                .into()),
        }
    }

    /// Whom to believe about `base`: the named file, what was trusted at login, or the public authorities.
    pub(crate) fn roots(&self, base: &Url, store: &Store) -> Result<Roots> {
        if let Some(file) = &self.ca {
            return Roots::from_file(file);
        }
        let trusted = store.gateways.get(&key(base)).and_then(|signed_in| signed_in.ca.as_deref());
        trusted.map_or(Ok(Roots::Public), Roots::from_pem)
    }
}

/// How a gateway is named in the credentials file.
pub(crate) fn key(base: &Url) -> String {
    base.as_str().trim_end_matches('/').to_owned()
}

fn parse(text: &str) -> Result<Url> {
    let wrong = |why: &str| {
        Failure::new(Exit::Usage, format!("`{text}` is not a gateway's address: {why}"))
            .hint("it looks like https://sluice.example.com:8443")
    };
    let url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err(wrong("a token is sent in clear only on this machine").into()),
        _ => Err(wrong("it must begin with https://").into()),
    }
}

/// Whether a URL leads to this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(v4)) => v4.is_loopback(),
        Some(Host::Ipv6(v6)) => v6.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_sent_in_clear_only_to_this_machine() {
        for (text, good) in [
            ("https://sluice.example.com", true),
            ("http://127.0.0.1:8443", true),
            ("http://localhost:8443", true),
            ("http://[::1]:8443", true),
            ("http://sluice.example.com", false),
            ("http://127.0.0.1.example.com", false),
            ("ftp://127.0.0.1", false),
            ("sluice", false),
        ] {
            assert_eq!(parse(text).is_ok(), good, "{text}");
        }
    }
}
