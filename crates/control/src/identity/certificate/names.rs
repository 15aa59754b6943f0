//! A verified certificate → an [`Identity`], as its entry says. Pure.

use model::{Identity, Timestamp};
use serde::Deserialize;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::parse_x509_certificate;
use x509_parser::x509::AttributeTypeAndValue;

use super::AuthorityConfig;
use crate::identity::claims::{MOST_GROUPS, is_name, unless_service_account};

/// Where a certificate's subject stands: the one name of this kind that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectName {
    /// The common name (CN) of its subject.
    CommonName,
    /// The email address among its alternative names.
    Email,
    /// The URI among its alternative names.
    Uri,
    /// The DNS name among its alternative names.
    Dns,
}

/// Where a certificate's groups stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupsName {
    /// The organizations (O) of its subject, each a group.
    Organization,
}

impl SubjectName {
    const fn words(self) -> &'static str {
        match self {
            Self::CommonName => "common name",
            Self::Email => "email address",
            Self::Uri => "URI",
            Self::Dns => "DNS name",
        }
    }
}

/// Who it names, and until when. That it is genuine was seen to.
pub(super) fn identity(config: &AuthorityConfig, der: &[u8]) -> Result<Identity, String> {
    let (_, certificate) = parse_x509_certificate(der).map_err(|error| error.to_string())?;
    let subject = subject(config.subject, &certificate)?;
    let end = certificate.validity().not_after.timestamp();
    Ok(Identity {
        kind: unless_service_account(config.kind, &subject),
        groups: groups(config.groups, &certificate)?,
        subject,
        provider: config.name.clone(),
        on_behalf_of: None,
        expires: Some(Timestamp::from_secs(u64::try_from(end).unwrap_or(0))),
        token: None,
        only_resources: None,
    })
}

/// Whether it says of itself that it is for clients.
pub(super) fn is_for_clients(der: &[u8]) -> bool {
    let Ok((_, certificate)) = parse_x509_certificate(der) else { return false };
    certificate.extended_key_usage().is_ok_and(|usage| usage.is_some_and(|it| it.value.client_auth))
}

fn subject(from: SubjectName, certificate: &X509Certificate<'_>) -> Result<String, String> {
    let names = match from {
        SubjectName::CommonName => texts(certificate.subject().iter_common_name()),
        SubjectName::Email | SubjectName::Uri | SubjectName::Dns => alternative(from, certificate),
    };
    let what = from.words();
    match names.ok_or_else(|| format!("its {what} cannot be read"))?.as_slice() {
        [] => Err(format!("it has no {what}")),
        [name] if is_name(name) => Ok((*name).to_owned()),
        [_] => Err(format!("its {what} is not a name")),
        [_, _, ..] => Err(format!("it has more than one {what}")),
    }
}

/// The alternative names of a kind. `None`: some cannot be read, so how many there are is not known.
fn alternative<'a>(
    kind: SubjectName,
    certificate: &'a X509Certificate<'_>,
) -> Option<Vec<&'a str>> {
    let Some(extension) = certificate.subject_alternative_name().ok()? else {
        return Some(Vec::new());
    };
    let mut names = Vec::new();
    for name in &extension.value.general_names {
        let (found, name) = match name {
            GeneralName::RFC822Name(name) => (SubjectName::Email, name),
            GeneralName::URI(name) => (SubjectName::Uri, name),
            GeneralName::DNSName(name) => (SubjectName::Dns, name),
            GeneralName::Invalid(..) => return None,
            GeneralName::OtherName(..)
            | GeneralName::X400Address(_)
            | GeneralName::DirectoryName(_)
            | GeneralName::EDIPartyName(_)
            | GeneralName::IPAddress(_)
            | GeneralName::RegisteredID(_) => continue,
        };
        if found == kind {
            names.push(*name);
        }
    }
    Some(names)
}

fn groups(
    from: Option<GroupsName>,
    certificate: &X509Certificate<'_>,
) -> Result<Vec<String>, String> {
    let names = match from {
        None => return Ok(Vec::new()),
        Some(GroupsName::Organization) => texts(certificate.subject().iter_organization()),
    };
    let good =
        |names: &Vec<&str>| names.len() <= MOST_GROUPS && names.iter().all(|name| is_name(name));
    let names = names.filter(good).ok_or("its organizations are not names")?;
    Ok(names.into_iter().map(str::to_owned).collect())
}

/// `None`: one of them is not text.
fn texts<'a>(
    attributes: impl Iterator<Item = &'a AttributeTypeAndValue<'a>>,
) -> Option<Vec<&'a str>> {
    attributes.map(|attribute| attribute.as_str().ok()).collect()
}
