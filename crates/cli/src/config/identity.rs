//! `identity:`: who vouches for people and machines.

use std::path::Path;

use control::identity::{AuthorityConfig, GroupsName, ProviderConfig, Sources, SubjectName};
use model::IdentityKind;
use serde::Deserialize;
use serde_saphyr::{Location, Spanned};

use super::files::beside;
use super::{FileRef, Problem, Problems, Tls};

/// One entry of `identity:` as it is written: a provider of tokens, or an authority of client
/// certificates where there is `client_ca`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    name: Spanned<String>,
    #[serde(default = "kind")]
    kind: IdentityKind,

    issuer: Option<Spanned<String>>,
    audience: Option<Spanned<String>>,
    subject_claim: Option<Spanned<String>>,
    #[serde(default = "groups_claim")]
    groups_claim: Spanned<Option<String>>,
    client_id: Option<Spanned<String>>,
    kind_claim: Option<Spanned<String>>,
    on_behalf_of_claim: Option<Spanned<String>>,
    ca: Option<Spanned<FileRef>>,

    client_ca: Option<Spanned<FileRef>>,
    crl: Option<Spanned<FileRef>>,
    subject: Option<Spanned<SubjectName>>,
    groups: Option<Spanned<GroupsName>>,
}

const fn kind() -> IdentityKind {
    IdentityKind::User
}

fn groups_claim() -> Spanned<Option<String>> {
    Spanned::new(Some("groups".into()), Location::UNKNOWN, Location::UNKNOWN)
}

/// A key and where it was written, if it was.
type Key = (&'static str, Option<Location>);

fn key<T>(name: &'static str, written: Option<&Spanned<T>>) -> Key {
    (name, written.map(|value| value.referenced))
}

impl Written {
    fn keys_of_a_provider(&self) -> [Key; 8] {
        let groups_claim = &self.groups_claim;
        let written = groups_claim.referenced != Location::UNKNOWN;
        [
            key("issuer", self.issuer.as_ref()),
            key("audience", self.audience.as_ref()),
            key("subject_claim", self.subject_claim.as_ref()),
            key("groups_claim", written.then_some(groups_claim)),
            key("client_id", self.client_id.as_ref()),
            key("kind_claim", self.kind_claim.as_ref()),
            key("on_behalf_of_claim", self.on_behalf_of_claim.as_ref()),
            key("ca", self.ca.as_ref()),
        ]
    }

    fn keys_of_an_authority(&self) -> [Key; 4] {
        [
            key("client_ca", self.client_ca.as_ref()),
            key("crl", self.crl.as_ref()),
            key("subject", self.subject.as_ref()),
            key("groups", self.groups.as_ref()),
        ]
    }

    /// Where a complaint belongs that names a key first.
    fn place(&self, complaint: &str) -> Location {
        let named = complaint.split('`').nth(1);
        let mut keys = self.keys_of_a_provider().into_iter().chain(self.keys_of_an_authority());
        let found = keys.find(|(name, _)| named == Some(*name)).and_then(|(_, place)| place);
        found.unwrap_or(self.name.referenced)
    }
}

/// Reads every entry. What makes one unusable is `control`'s to say; where it stands is said here.
pub(super) fn read(
    file: &Path,
    written: &[Written],
    tls: &Tls,
    problems: &mut Problems,
) -> Sources {
    let mut sources = Sources::default();
    for entry in written {
        if !super::is_name(&entry.name.value) {
            let message = format!(
                "`{}` cannot be a provider's name: use letters, digits, `-`, `_` and `.`",
                entry.name.value
            );
            problems.0.push(Problem::at(file, entry.name.referenced, message));
        }
        let mut with_it = sources.clone();
        let name = &entry.name.value;
        let added = add(file, entry, tls, &mut with_it)
            .map_err(|why| (entry.place(&why), format!("identity provider `{name}`: {why}")))
            .and_then(|()| {
                with_it.check().map_err(|error| (entry.place(&error.why), error.to_string()))
            });
        match added {
            Ok(()) => sources = with_it,
            // Said once: what follows is checked without it.
            Err((place, message)) => problems.0.push(Problem::at(file, place, message)),
        }
    }
    sources
}

fn add(file: &Path, entry: &Written, tls: &Tls, sources: &mut Sources) -> Result<(), String> {
    let Some(client_ca) = &entry.client_ca else {
        if let Some(key) = first(entry.keys_of_an_authority()) {
            return Err(format!(
                "`{key}` goes with `client_ca` only, in an entry without `issuer`"
            ));
        }
        sources.providers.push(provider(file, entry)?);
        return Ok(());
    };
    if let Some(key) = first(entry.keys_of_a_provider()) {
        return Err(format!(
            "`{key}` is a token provider's and does not go with `client_ca`: make two entries of it"
        ));
    }
    if *tls == Tls::Off {
        return Err(
            "`client_ca` means nothing with `tls: off`: certificates are shown in TLS".into()
        );
    }
    sources.authorities.push(AuthorityConfig {
        name: entry.name.value.clone(),
        client_ca: beside(file, &client_ca.value.file),
        crl: entry.crl.as_ref().map(|crl| beside(file, &crl.value.file)),
        subject: entry.subject.as_ref().map_or(SubjectName::CommonName, |subject| subject.value),
        groups: entry.groups.as_ref().map(|groups| groups.value),
        kind: entry.kind,
    });
    Ok(())
}

/// The first of these that was written.
fn first(keys: impl IntoIterator<Item = Key>) -> Option<&'static str> {
    keys.into_iter().find_map(|(name, place)| place.map(|_| name))
}

fn provider(file: &Path, entry: &Written) -> Result<ProviderConfig, String> {
    let (Some(issuer), Some(audience)) = (&entry.issuer, &entry.audience) else {
        let missing = if entry.issuer.is_none() { "issuer" } else { "audience" };
        return Err(format!(
            "`{missing}` is missing; an authority of client certificates has `client_ca` instead"
        ));
    };
    let text = |written: &Option<Spanned<String>>| written.as_ref().map(|text| text.value.clone());
    Ok(ProviderConfig {
        name: entry.name.value.clone(),
        issuer: issuer.value.clone(),
        audience: audience.value.clone(),
        subject_claim: text(&entry.subject_claim).unwrap_or_else(|| "email".into()),
        groups_claim: entry.groups_claim.value.clone(),
        client_id: text(&entry.client_id),
        kind: entry.kind,
        kind_claim: text(&entry.kind_claim),
        on_behalf_of_claim: text(&entry.on_behalf_of_claim),
        ca: entry.ca.as_ref().map(|ca| beside(file, &ca.value.file)),
    })
}
