use std::path::Path;

use model::Timestamp;
use ring::digest::{SHA256, digest};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::CertificateError;

pub(super) fn read(path: &Path) -> Result<String, CertificateError> {
    std::fs::read_to_string(path)
        .map_err(|source| CertificateError::File { path: path.to_owned(), source })
}

pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let text = read(path)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) => Err(unusable(path, "there is no certificate in it")),
        Err(error) => Err(unusable(path, &error.to_string())),
    }
}

pub(super) fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, CertificateError> {
    let text = zeroize::Zeroizing::new(read(path)?);
    PrivateKeyDer::from_pem_slice(text.as_bytes())
        .map_err(|_| unusable(path, "there is no private key in it (PEM, not encrypted)"))
}

pub(super) fn first_certificate(text: &str) -> Option<CertificateDer<'static>> {
    CertificateDer::from_pem_slice(text.as_bytes()).ok()
}

/// `SHA256:AB:CD:…`, as `openssl x509 -fingerprint -sha256` prints it.
pub(super) fn fingerprint(der: &[u8]) -> String {
    let hash = digest(&SHA256, der);
    let bytes: Vec<String> = hash.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
    format!("SHA256:{}", bytes.join(":"))
}

pub(super) fn expires(der: &[u8]) -> Option<Timestamp> {
    let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
    let end = certificate.validity().not_after.timestamp();
    Some(Timestamp::from_secs(u64::try_from(end).unwrap_or(0)))
}

/// The names a certificate was made out to.
pub(super) fn names(der: &[u8]) -> Option<Vec<String>> {
    use x509_parser::extensions::GeneralName;
    let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
    let names = certificate.subject_alternative_name().ok()??;
    let text = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(|v4| std::net::IpAddr::from(v4).to_string());
            let v6 = <[u8; 16]>::try_from(*bytes).map(|v6| std::net::IpAddr::from(v6).to_string());
            v4.or(v6).ok()
        }
        _ => None,
    };
    Some(names.value.general_names.iter().filter_map(text).collect())
}

fn unusable(path: &Path, why: &str) -> CertificateError {
    CertificateError::Unusable { path: path.to_owned(), why: why.to_owned() }
}
