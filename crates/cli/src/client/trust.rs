//! Whose certificate is believed, and how an unknown one is shown to a person before it is.

use std::fmt::Write as _;
use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use url::Url;

use crate::error::{Exit, Failure};

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The authorities one gateway or one issuer is checked against.
#[derive(Clone, Default)]
pub(crate) enum Roots {
    /// The public ones.
    #[default]
    Public,
    /// These and no others.
    Only(Arc<Vec<CertificateDer<'static>>>),
}

impl Roots {
    /// From a PEM text.
    pub(crate) fn from_pem(pem: &str) -> Result<Self> {
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
        let found = found.context("not a PEM file of certificates")?;
        if found.is_empty() {
            bail!("there is no certificate in it");
        }
        Ok(Self::Only(Arc::new(found)))
    }

    /// From a PEM file.
    pub(crate) fn from_file(path: &Path) -> Result<Self> {
        let wrong = |why: String| {
            Failure::new(Exit::Usage, format!("{}: {why}", path.display()))
                .hint("SLUICE_CA (or --ca) names a PEM file with the authority's certificate")
        };
        let pem = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        Self::from_pem(&pem).map_err(|error| wrong(format!("{error:#}")).into())
    }

    /// The named ones as PEM; nothing when they are the public ones.
    pub(crate) fn pem(&self) -> String {
        match self {
            Self::Public => String::new(),
            Self::Only(list) => list.iter().map(|der| to_pem(der)).collect(),
        }
    }

    /// An HTTP client that believes these.
    pub(crate) fn agent(&self) -> ureq::Agent {
        let tls = ureq::tls::TlsConfig::builder().root_certs(match self {
            Self::Public => ureq::tls::RootCerts::WebPki,
            Self::Only(list) => ureq::tls::RootCerts::Specific(Arc::new(
                list.iter().map(|der| ureq::tls::Certificate::from_der(der).to_owned()).collect(),
            )),
        });
        ureq::Agent::config_builder()
            .tls_config(tls.build())
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(Duration::from_secs(10)))
            .timeout_global(Some(Duration::from_secs(60)))
            .user_agent(concat!("sluice/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent()
    }

    /// A TLS client configuration that believes these.
    pub(crate) fn tls(&self) -> Result<ClientConfig> {
        let mut store = RootCertStore::empty();
        match self {
            Self::Public => store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Self::Only(list) => {
                for der in list.iter() {
                    store.add(der.clone()).context("a trusted certificate cannot be used")?;
                }
            }
        }
        Ok(ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(store)
            .with_no_client_auth())
    }
}

/// SHA-256 of a certificate: `SHA256:3A:5F:…`.
pub(crate) fn fingerprint(certificate: &[u8]) -> String {
    let digest = ::ring::digest::digest(&::ring::digest::SHA256, certificate);
    let mut text = String::from("SHA256");
    for byte in digest.as_ref() {
        // Writing to a string cannot fail.
        let _ = write!(text, ":{byte:02X}");
    }
    text
}

/// The certificates a server presents, leaf first, believed by nobody: the connection is closed
/// before a byte of ours is sent inside it.
pub(crate) fn presented(url: &Url) -> Result<Vec<CertificateDer<'static>>> {
    let shown = Arc::new(Shown { provider: ring::default_provider(), chain: Mutex::default() });
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(shown.clone())
        .with_no_client_auth();
    handshake(url, config)?;
    let chain = std::mem::take(&mut *shown.chain.lock().unwrap_or_else(PoisonError::into_inner));
    if chain.is_empty() {
        bail!("the server presented no certificate");
    }
    Ok(chain)
}

/// Whether the server's certificate is believed by these.
///
/// # Errors
/// It could not be asked at all.
pub(crate) fn believed(roots: &Roots, url: &Url) -> Result<bool> {
    match handshake(url, roots.tls()?) {
        Ok(()) => Ok(true),
        Err(error) => {
            match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
                Some(inner)
                    if matches!(
                        inner.downcast_ref(),
                        Some(rustls::Error::InvalidCertificate(_))
                    ) =>
                {
                    Ok(false)
                }
                _ => Err(error),
            }
        }
    }
}

/// One certificate as PEM.
pub(crate) fn to_pem(certificate: &[u8]) -> String {
    let text = STANDARD.encode(certificate);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

/// A TLS handshake and nothing after it.
fn handshake(url: &Url, config: ClientConfig) -> Result<()> {
    let host = url.host_str().context("the URL has no host")?;
    let port = url.port_or_known_default().context("the URL has no port")?;
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let unreachable = |why: String| {
        Failure::new(Exit::Unavailable, format!("the gateway {url} cannot be reached: {why}"))
            .hint("check the address (--url, SLUICE_URL) and that `sluice serve` runs there")
    };
    let mut addresses =
        (name, port).to_socket_addrs().map_err(|error| unreachable(error.to_string()))?;
    let address = addresses.next().ok_or_else(|| unreachable("the name has no address".into()))?;
    let mut socket = TcpStream::connect_timeout(&address, PATIENCE)
        .map_err(|error| unreachable(error.to_string()))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let server_name = ServerName::try_from(name.to_owned())?;
    let mut connection = ClientConnection::new(Arc::new(config), server_name)?;
    while connection.is_handshaking() {
        connection.complete_io(&mut socket)?;
    }
    Ok(())
}

/// Believes anything and remembers it. Used for [`presented`] alone.
#[derive(Debug)]
struct Shown {
    provider: CryptoProvider,
    chain: Mutex<Vec<CertificateDer<'static>>>,
}

impl ServerCertVerifier for Shown {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let chain = std::iter::once(end_entity).chain(intermediates);
        *self.chain.lock().unwrap_or_else(PoisonError::into_inner) =
            chain.map(|der| der.clone().into_owned()).collect();
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
