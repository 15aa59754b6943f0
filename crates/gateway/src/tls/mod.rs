//! TLS on both sides, with one provider of cryptography: ring.

mod end_point;
mod refused;
mod upstream;
mod verify;

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

pub(crate) use end_point::server_end_point;
pub(crate) use refused::certificate_refused;
pub(crate) use upstream::{ClientConfigs, server_name};

/// The name PostgreSQL goes by in ALPN; a client that begins with TLS must say it.
pub(crate) const ALPN: &[u8] = b"postgresql";

/// TLS cannot be set up with what was given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TlsError(String);

impl TlsError {
    fn new(what: &str, why: impl std::fmt::Display) -> Self {
        Self(format!("{what}: {why}"))
    }
}

/// A listener's TLS: TLS 1.2 and 1.3 with a certificate chain and its key, both PEM.
///
/// # Errors
/// One of them cannot be read, or they do not belong together.
pub fn server(certificates: &[u8], key: &[u8]) -> Result<Arc<ServerConfig>, TlsError> {
    let (chain, key) = identity(certificates, key)?;
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError::new("TLS versions", error))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| TlsError::new("certificate and key", error))?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    // Clients of PostgreSQL do not resume sessions: a ticket is work for nothing.
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    Ok(Arc::new(config))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn identity(
    certificates: &[u8],
    key: &[u8],
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
    let chain = self::certificates("certificate", certificates)?;
    let key = PrivateKeyDer::from_pem_slice(key)
        .map_err(|_| TlsError::new("private key", "it is no unencrypted PEM private key"))?;
    Ok((chain, key))
}

fn certificates(what: &str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match certificates {
        Ok(list) if !list.is_empty() => Ok(list),
        Ok(_) => Err(TlsError::new(what, "there is no PEM certificate in it")),
        Err(error) => Err(TlsError::new(what, error)),
    }
}
