//! The authority's files, and what is signed with them.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use model::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};

use super::{CertificateError, pem};

const DAY: Duration = Duration::from_secs(24 * 3600);
const AUTHORITY_DAYS: u32 = 3650;
const SERVER_DAYS: u32 = 90;
/// What ends sooner than this is made anew.
const RENEW_DAYS: u32 = 30;

pub(super) fn ca_certificate(dir: &Path) -> PathBuf {
    dir.join("ca.pem")
}

pub(super) fn certificate(dir: &Path) -> PathBuf {
    dir.join("server.pem")
}

pub(super) fn key(dir: &Path) -> PathBuf {
    dir.join("server.key")
}

fn ca_key(dir: &Path) -> PathBuf {
    dir.join("ca.key")
}

/// Sees to it that there is an authority, and a server certificate for these names that is good
/// for another month.
pub(super) fn ensure(dir: &Path, names: &[String], now: Timestamp) -> Result<(), CertificateError> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(|source| CertificateError::File { path: dir.to_owned(), source })?;
    // An authority that is half there, or that ends soon, is not replaced behind its clients' backs.
    if !ca_certificate(dir).exists() && !ca_key(dir).exists() {
        make_authority(dir, now)?;
    }
    if !serves(dir, names, now) {
        make_server(dir, names, now)?;
    }
    Ok(())
}

fn serves(dir: &Path, names: &[String], now: Timestamp) -> bool {
    let Ok(chain) = pem::certificates(&certificate(dir)) else { return false };
    let Some(server) = chain.first() else { return false };
    let lasts = pem::expires(server).is_some_and(|end| end > now.plus(DAY * RENEW_DAYS));
    let named = pem::names(server).is_some_and(|made| names.iter().all(|name| made.contains(name)));
    lasts && named && pem::private_key(&key(dir)).is_ok()
}

fn make_authority(dir: &Path, now: Timestamp) -> Result<(), CertificateError> {
    let pair = KeyPair::generate().map_err(made)?;
    let params = authority_params(&pair, now);
    let certificate = params.self_signed(&pair).map_err(made)?;
    write(&ca_key(dir), &pair.serialize_pem())?;
    write(&ca_certificate(dir), &certificate.pem())
}

/// The name holds the key's own fingerprint, so that two houses' authorities are told apart.
fn authority_params(pair: &KeyPair, now: Timestamp) -> CertificateParams {
    let mut params = CertificateParams::default();
    let name: String = pem::fingerprint(pair.public_key_raw()).split(':').skip(1).take(4).collect();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, format!("Sluice local CA {name}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    last(&mut params, now, AUTHORITY_DAYS);
    params
}

fn make_server(dir: &Path, names: &[String], now: Timestamp) -> Result<(), CertificateError> {
    let ca_pair = zeroize::Zeroizing::new(pem::read(&ca_key(dir))?);
    let ca_pair = KeyPair::from_pem(&ca_pair).map_err(|error| CertificateError::Unusable {
        path: ca_key(dir),
        why: error.to_string(),
    })?;
    let ca = pem::read(&ca_certificate(dir))?;
    let issuer_params = authority_params(&ca_pair, now);
    let issuer = Issuer::from_params(&issuer_params, &ca_pair);

    let pair = KeyPair::generate().map_err(made)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "sluice");
    params.subject_alt_names = names.iter().map(|name| san(name)).collect::<Result<_, _>>()?;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    last(&mut params, now, SERVER_DAYS);
    let server = params.signed_by(&pair, &issuer).map_err(made)?;
    write(&key(dir), &pair.serialize_pem())?;
    write(&certificate(dir), &format!("{}{ca}", server.pem()))
}

fn san(name: &str) -> Result<SanType, CertificateError> {
    if let Ok(address) = name.parse() {
        return Ok(SanType::IpAddress(address));
    }
    let host = name.strip_prefix("*.").unwrap_or(name);
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    if host.len() > 253 || !host.split('.').all(label) {
        return Err(CertificateError::Name(name.to_owned()));
    }
    let dns = name.to_owned().try_into().map_err(|_| CertificateError::Name(name.to_owned()))?;
    Ok(SanType::DnsName(dns))
}

/// From yesterday, for clocks that are behind.
fn last(params: &mut CertificateParams, now: Timestamp, days: u32) {
    let now = rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(now.as_secs());
    params.not_before = now - DAY;
    params.not_after = now + DAY * days;
}

/// Written beside and moved into place, so that nobody ever reads half a file.
fn write(path: &Path, text: &str) -> Result<(), CertificateError> {
    let failed = |source| CertificateError::File { path: path.to_owned(), source };
    let beside = path.with_extension("new");
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)
        .map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    fs::rename(&beside, path).map_err(failed)
}

fn made(error: rcgen::Error) -> CertificateError {
    CertificateError::Made(error.to_string())
}
