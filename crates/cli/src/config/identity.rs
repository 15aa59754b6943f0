//! `identity:`: who vouches for people and machines.

use std::path::Path;

use control::identity::ProviderConfig;
use model::IdentityKind;
use serde::Deserialize;
use serde_saphyr::{Location, Spanned};
use url::{Host, Url};

use super::files::beside;
use super::{Problem, Problems};

/// One entry of `identity:` as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    name: Spanned<String>,
    issuer: Spanned<String>,
    audience: Spanned<String>,
    #[serde(default = "subject_claim")]
    subject_claim: Spanned<String>,
    #[serde(default = "groups_claim")]
    groups_claim: Option<String>,
    client_id: Option<String>,
    #[serde(default = "kind")]
    kind: IdentityKind,
    kind_claim: Option<String>,
    on_behalf_of_claim: Option<String>,
    ca: Option<super::FileRef>,
}

fn subject_claim() -> Spanned<String> {
    Spanned::new("email".into(), Location::UNKNOWN, Location::UNKNOWN)
}

#[expect(clippy::unnecessary_wraps, reason = "serde wants the field's own type")]
fn groups_claim() -> Option<String> {
    Some("groups".into())
}

const fn kind() -> IdentityKind {
    IdentityKind::User
}

/// Reads one entry.
pub(super) fn read(file: &Path, written: &Written, problems: &mut Problems) -> ProviderConfig {
    let mut complain = |location, message: String| {
        problems.0.push(Problem::at(file, location, message));
    };
    if !super::is_name(&written.name.value) || written.name.value == "sluice" {
        let message = format!(
            "`{}` cannot be a provider's name: use letters, digits, `-`, `_`, `.` (`sluice` is taken)",
            written.name.value
        );
        complain(written.name.referenced, message);
    }
    if let Err(why) = acceptable_issuer(&written.issuer.value) {
        complain(written.issuer.referenced, format!("issuer: {why}"));
    }
    for (key, value) in [("audience", &written.audience), ("subject_claim", &written.subject_claim)]
    {
        if value.value.is_empty() {
            complain(value.referenced, format!("{key}: must not be empty"));
        }
    }
    ProviderConfig {
        name: written.name.value.clone(),
        issuer: written.issuer.value.clone(),
        audience: written.audience.value.clone(),
        subject_claim: written.subject_claim.value.clone(),
        groups_claim: written.groups_claim.clone(),
        client_id: written.client_id.clone(),
        kind: written.kind,
        kind_claim: written.kind_claim.clone(),
        on_behalf_of_claim: written.on_behalf_of_claim.clone(),
        ca: written.ca.as_ref().map(|ca| beside(file, &ca.file)),
    }
}

fn acceptable_issuer(text: &str) -> Result<(), String> {
    let url = Url::parse(text).map_err(|error| format!("`{text}` is not a URL: {error}"))?;
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(v4)) => v4.is_loopback(),
        Some(Host::Ipv6(v6)) => v6.is_loopback(),
        None => return Err(format!("`{text}` has no host")),
    };
    match url.scheme() {
        "https" => Ok(()),
        "http" if loopback => Ok(()),
        "http" => {
            Err(format!("`{text}` is plain http, which is accepted only on loopback: use https"))
        }
        other => Err(format!("`{other}` is not https")),
    }
}
