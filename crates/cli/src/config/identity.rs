//! `identity:`: who vouches for people and machines.

use std::path::Path;

use control::identity::ProviderConfig;
use model::IdentityKind;
use serde::Deserialize;
use serde_saphyr::{Location, Spanned};

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

/// Reads every entry. What makes one unusable is `control`'s to say; where it stands is said here.
pub(super) fn read(
    file: &Path,
    written: &[Written],
    problems: &mut Problems,
) -> Vec<ProviderConfig> {
    let mut providers = Vec::new();
    for entry in written {
        if !super::is_name(&entry.name.value) {
            let message = format!(
                "`{}` cannot be a provider's name: use letters, digits, `-`, `_` and `.`",
                entry.name.value
            );
            problems.0.push(Problem::at(file, entry.name.referenced, message));
        }
        providers.push(provider(file, entry));
        if let Err(error) = control::identity::check(&providers) {
            let location = match error.why.split('`').nth(1) {
                Some("issuer") => entry.issuer.referenced,
                Some("audience") => entry.audience.referenced,
                Some("subject_claim") => entry.subject_claim.referenced,
                _ => entry.name.referenced,
            };
            problems.0.push(Problem::at(file, location, error.to_string()));
            // Said once: what follows is checked without it.
            providers.pop();
        }
    }
    providers
}

fn provider(file: &Path, written: &Written) -> ProviderConfig {
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
