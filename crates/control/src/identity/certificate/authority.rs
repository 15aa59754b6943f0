//! One entry: its authorities, and what they took back.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use model::IdentityKind;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, TrustAnchor, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{DistinguishedName, Error, RootCertStore};
use x509_parser::certificate::X509Certificate;
use x509_parser::parse_x509_certificate;

use super::names::{GroupsName, SubjectName};
use crate::identity::ConfigError;

/// One entry of `identity:` in the configuration: authorities whose client certificates are identities.
#[derive(Clone, Debug)]
pub struct AuthorityConfig {
    /// What policies and recordings call it.
    pub name: String,
    /// A PEM file of authorities: what they signed is believed.
    pub client_ca: PathBuf,
    /// A PEM file of revocation lists, read again when it changes.
    pub crl: Option<PathBuf>,
    /// Where the subject stands.
    pub subject: SubjectName,
    /// Where the groups stand; no groups when absent.
    pub groups: Option<GroupsName>,
    /// What its identities are.
    pub kind: IdentityKind,
}

#[derive(Debug)]
pub(super) struct Authority {
    pub(super) config: AuthorityConfig,
    roots: Arc<RootCertStore>,
    checks: ArcSwap<Checks>,
}

/// What a certificate is held against, with the revocation lists as they were read.
#[derive(Debug)]
struct Checks {
    verifier: Arc<dyn ClientCertVerifier>,
    /// What the file of lists looked like.
    seen: Option<Look>,
}

/// Two that are equal mean that a file did not change.
type Look = (Option<SystemTime>, u64);

impl Authority {
    pub(super) fn load(
        config: &AuthorityConfig,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, ConfigError> {
        let refuse = |why| ConfigError { provider: config.name.clone(), why };
        let unusable = |why| refuse(format!("`client_ca`: {}: {why}", config.client_ca.display()));
        let roots = Arc::new(roots(&config.client_ca).map_err(unusable)?);
        let checks = checks(&roots, config.crl.as_deref(), provider).map_err(refuse)?;
        Ok(Self { config: config.clone(), roots, checks: ArcSwap::from_pointee(checks) })
    }

    /// Whether an authority of one is an authority of the other.
    pub(super) fn shares_a_key_with(&self, other: &Self) -> bool {
        let is_own = |anchor: &TrustAnchor<'_>| {
            self.roots.roots.iter().any(|own| {
                own.subject == anchor.subject
                    && own.subject_public_key_info == anchor.subject_public_key_info
            })
        };
        other.roots.roots.iter().any(is_own)
    }

    pub(super) fn subjects(&self) -> Vec<DistinguishedName> {
        self.roots.subjects()
    }

    /// Whether one of these authorities vouches for it, now and for a client.
    pub(super) fn verify(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        self.checks.load().verifier.verify_client_cert(own, others, now).map(drop)
    }

    /// Reads the revocation lists again if their file changed. What cannot be read is not taken: the
    /// lists that were there hold until they end by themselves.
    pub(super) fn refresh(&self, provider: &Arc<CryptoProvider>) {
        let Some(file) = &self.config.crl else { return };
        let before = self.checks.load();
        let seen = look(file);
        if seen == before.seen {
            return;
        }
        let identity = &self.config.name;
        let checks = match checks(&self.roots, Some(file), provider) {
            Ok(checks) => {
                tracing::info!(identity, "a new revocation list is in force");
                checks
            }
            Err(why) => {
                tracing::error!(
                    identity, %why,
                    "the changed revocation list is wrong and is not taken; what was in force stays in force"
                );
                // Said once for each change.
                Checks { verifier: Arc::clone(&before.verifier), seen }
            }
        };
        self.checks.store(Arc::new(checks));
    }
}

/// The authorities of a file; each must be one, for whatever stands here can make identities.
fn roots(file: &Path) -> Result<RootCertStore, String> {
    let pem = std::fs::read(file).map_err(|error| error.to_string())?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| error.to_string())?;
        let (_, parsed) =
            parse_x509_certificate(&certificate).map_err(|error| error.to_string())?;
        if !signs_certificates(&parsed) {
            return Err(format!("`{}` is no authority's certificate", parsed.subject()));
        }
        roots.add(certificate.clone()).map_err(|error| error.to_string())?;
    }
    if roots.is_empty() {
        return Err("there is no PEM certificate in it".to_owned());
    }
    Ok(roots)
}

fn signs_certificates(certificate: &X509Certificate<'_>) -> bool {
    let is_authority =
        certificate.basic_constraints().is_ok_and(|found| found.is_some_and(|it| it.value.ca));
    let may_sign =
        certificate.key_usage().is_ok_and(|found| found.is_none_or(|it| it.value.key_cert_sign()));
    is_authority && may_sign
}

fn checks(
    roots: &Arc<RootCertStore>,
    crl: Option<&Path>,
    provider: &Arc<CryptoProvider>,
) -> Result<Checks, String> {
    // Looked at before it is read: a change in between is seen the next time.
    let seen = crl.and_then(look);
    let builder =
        WebPkiClientVerifier::builder_with_provider(Arc::clone(roots), Arc::clone(provider));
    let verifier = match crl {
        None => builder.build().map_err(|error| format!("`client_ca`: {error}")),
        Some(file) => {
            let unusable = |why: String| format!("`crl`: {}: {why}", file.display());
            // A list that has ended may hide what was taken back since.
            builder
                .with_crls(lists(file).map_err(unusable)?)
                .enforce_revocation_expiration()
                .build()
                .map_err(|error| unusable(error.to_string()))
        }
    }?;
    Ok(Checks { verifier, seen })
}

/// The lists of a file; at least one, for with none nothing would be checked.
fn lists(file: &Path) -> Result<Vec<CertificateRevocationListDer<'static>>, String> {
    let pem = std::fs::read(file).map_err(|error| error.to_string())?;
    let lists: Result<Vec<_>, _> = CertificateRevocationListDer::pem_slice_iter(&pem).collect();
    match lists {
        Ok(lists) if !lists.is_empty() => Ok(lists),
        Ok(_) => Err("there is no PEM revocation list in it".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn look(file: &Path) -> Option<Look> {
    let about = std::fs::metadata(file).ok()?;
    Some((about.modified().ok(), about.len()))
}
