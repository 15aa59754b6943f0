//! Certificates for the gateway's own listeners: brought by the operator, or made here.
//!
//! Nobody should have to run a PKI to try a gateway, and nobody should be taught to switch
//! verification off: so a house without certificates makes itself a small authority whose
//! fingerprint can be compared once. Its key never leaves `data_dir/tls` (0600), and what it
//! signs is renewed while the gateway runs.

mod authority;
mod pem;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use model::Timestamp;
use rustls::ServerConfig;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{
    ClientHello, NoServerSessionStorage, ResolvesServerCert, WebPkiClientVerifier,
};
use rustls::sign::CertifiedKey;

use crate::Clock;

/// A certificate could not be made, read or used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file could not be read or written.
    #[error("cannot use {path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file holds something else.
    #[error("{path}: {why}")]
    Unusable {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A name cannot stand in a certificate.
    #[error("`{0}` is neither a host name nor an address")]
    Name(String),
    /// Signing failed.
    #[error("cannot make a certificate: {0}")]
    Made(String),
}

/// Where the listeners' certificate comes from.
enum Source {
    Files { certificate: PathBuf, key: PathBuf },
    Authority { dir: PathBuf, names: Vec<String> },
}

/// The certificate of the listeners, as it is at the moment.
pub struct Certificates {
    source: Source,
    current: Arc<Current>,
    authority: Option<String>,
    clock: Clock,
}

/// Handed to every TLS handshake; swapped when the certificate is renewed.
#[derive(Debug)]
struct Current(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

impl Certificates {
    /// The operator's own: a PEM chain, the server's first, and its private key.
    ///
    /// # Errors
    /// They cannot be read, or do not belong together.
    pub fn from_files(
        certificate: &Path,
        key: &Path,
        clock: Clock,
    ) -> Result<Self, CertificateError> {
        let source = Source::Files { certificate: certificate.to_owned(), key: key.to_owned() };
        let current = load(certificate, key)?;
        Ok(Self::new(source, current, None, clock))
    }

    /// A local authority's in `dir` (`data_dir/tls`), made when absent, for `localhost`, the
    /// loopback addresses and `names`.
    ///
    /// # Errors
    /// It cannot be made or read.
    pub fn from_local_authority(
        dir: &Path,
        names: &[String],
        clock: Clock,
    ) -> Result<Self, CertificateError> {
        let names = all_names(names);
        authority::ensure(dir, &names, clock.now())?;
        let current = load(&authority::certificate(dir), &authority::key(dir))?;
        let ca = pem::read(&authority::ca_certificate(dir))?;
        let source = Source::Authority { dir: dir.to_owned(), names };
        Ok(Self::new(source, current, Some(ca), clock))
    }

    fn new(source: Source, current: CertifiedKey, authority: Option<String>, clock: Clock) -> Self {
        let current = Arc::new(Current(ArcSwap::from_pointee(current)));
        Self { source, current, authority, clock }
    }

    /// What a listener needs to speak TLS. `alpn` names its protocols (`http/1.1`, `postgresql`);
    /// `clients` checks the certificates it asks its clients for, if it asks.
    ///
    /// # Errors
    /// The TLS library refuses its own defaults.
    pub fn server_config(
        &self,
        alpn: &[&str],
        clients: Option<Arc<dyn ClientCertVerifier>>,
    ) -> Result<Arc<ServerConfig>, CertificateError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let asks = clients.is_some();
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| CertificateError::Made(error.to_string()))?
            .with_client_cert_verifier(clients.unwrap_or_else(WebPkiClientVerifier::no_client_auth))
            .with_cert_resolver(Arc::clone(&self.current) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        if asks {
            // A resumed session would bring along a certificate that nobody checked again.
            config.send_tls13_tickets = 0;
            config.session_storage = Arc::new(NoServerSessionStorage {});
        }
        Ok(Arc::new(config))
    }

    /// The certificate of the local authority, when it is one's: what clients are to trust (PEM).
    #[must_use]
    pub fn authority_pem(&self) -> Option<&str> {
        self.authority.as_deref()
    }

    /// Where the local authority's certificate lies, for `SLUICE_CA` and `sslrootcert`.
    #[must_use]
    pub fn authority_path(&self) -> Option<PathBuf> {
        match &self.source {
            Source::Authority { dir, .. } => Some(authority::ca_certificate(dir)),
            Source::Files { .. } => None,
        }
    }

    /// The SHA-256 fingerprint that people compare: of the local authority, else of the server's
    /// own certificate.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let authority = self.authority.as_ref().and_then(|text| pem::first_certificate(text));
        let current = self.current.0.load();
        match (authority, current.cert.first()) {
            (Some(der), _) => pem::fingerprint(&der),
            (None, Some(der)) => pem::fingerprint(der),
            (None, None) => String::new(),
        }
    }

    /// The server certificate itself (DER), for channel binding.
    #[must_use]
    pub fn server_certificate(&self) -> Option<Vec<u8>> {
        self.current.0.load().cert.first().map(|der| der.to_vec())
    }

    /// Reads the operator's files again, or renews our own certificate when its end is near. What
    /// is in use stays in use when that fails.
    ///
    /// # Errors
    /// Files cannot be read, or do not belong together.
    pub fn refresh(&self) -> Result<(), CertificateError> {
        let fresh = match &self.source {
            Source::Files { certificate, key } => load(certificate, key)?,
            Source::Authority { dir, names } => {
                authority::ensure(dir, names, self.clock.now())?;
                load(&authority::certificate(dir), &authority::key(dir))?
            }
        };
        self.current.0.store(Arc::new(fresh));
        Ok(())
    }

    /// Refreshes twice a day, for as long as the gateway runs.
    pub async fn keep_fresh(self: Arc<Self>) {
        loop {
            tokio::time::sleep(Duration::from_secs(12 * 3600)).await;
            let certificates = Arc::clone(&self);
            match tokio::task::spawn_blocking(move || certificates.refresh()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::error!(%error, "the certificate could not be refreshed: the old one stays in use");
                }
                Err(_) => return,
            }
        }
    }

    /// When the certificate in use ends.
    #[must_use]
    pub fn expires(&self) -> Option<Timestamp> {
        pem::expires(self.current.0.load().cert.first()?)
    }
}

fn load(certificate: &Path, key: &Path) -> Result<CertifiedKey, CertificateError> {
    let unusable = |path: &Path, why: String| CertificateError::Unusable { path: path.into(), why };
    let chain = pem::certificates(certificate)?;
    let secret = pem::private_key(key)?;
    let provider = rustls::crypto::ring::default_provider();
    CertifiedKey::from_der(chain, secret, &provider).map_err(|error| {
        unusable(key, format!("it does not go with {}: {error}", certificate.display()))
    })
}

fn all_names(names: &[String]) -> Vec<String> {
    let mut all: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
    for name in names {
        // An address of every interface is no name anybody could connect to.
        let unspecified = name.parse::<IpAddr>().is_ok_and(|address| address.is_unspecified());
        if !unspecified && !all.contains(name) {
            all.push(name.clone());
        }
    }
    all
}

#[cfg(test)]
mod tests;
