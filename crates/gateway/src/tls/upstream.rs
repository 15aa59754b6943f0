use std::collections::HashMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use model::UpstreamTls;
use model::ports::Credential;
use ring::digest;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};

use super::verify::AnyCertificate;
use super::{ALPN, TlsError, certificates, identity, provider};

/// What a configuration is made of: when one of these changes, another is made.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Made {
    authorities: Authorities,
    client_certificate: Option<[u8; 32]>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Authorities {
    Anyone,
    System,
    File { path: PathBuf, changed: Option<SystemTime>, length: u64 },
}

/// The most configurations that are kept; there are about as many as authorities.
const MOST: usize = 256;

/// TLS towards targets, made once and kept: reading a file of authorities for each connection
/// would cost more than the handshake.
#[derive(Default)]
pub(crate) struct ClientConfigs(Mutex<HashMap<Made, Arc<ClientConfig>>>);

impl ClientConfigs {
    /// The configuration for a target. `None`: its connections are in clear.
    pub(crate) fn get(
        &self,
        tls: &UpstreamTls,
        credential: &Credential,
    ) -> Result<Option<Arc<ClientConfig>>, TlsError> {
        let authorities = match tls {
            UpstreamTls::Disable => return Ok(None),
            UpstreamTls::Require => Authorities::Anyone,
            UpstreamTls::VerifyFull { ca: None } => Authorities::System,
            UpstreamTls::VerifyFull { ca: Some(path) } => {
                let file = std::fs::metadata(path).map_err(|error| cannot_read(path, error))?;
                let (changed, length) = (file.modified().ok(), file.len());
                Authorities::File { path: path.clone(), changed, length }
            }
        };
        let client_certificate = credential.client_certificate.as_ref().map(|(chain, key)| {
            let mut context = digest::Context::new(&digest::SHA256);
            context.update(&(chain.len() as u64).to_be_bytes());
            context.update(chain);
            context.update(key.expose());
            let mut name = [0; 32];
            name.copy_from_slice(context.finish().as_ref());
            name
        });
        let made = Made { authorities, client_certificate };
        if let Some(config) = self.kept().get(&made) {
            return Ok(Some(Arc::clone(config)));
        }
        let config = Arc::new(build(&made.authorities, credential)?);
        let mut kept = self.kept();
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.insert(made, Arc::clone(&config));
        Ok(Some(config))
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, HashMap<Made, Arc<ClientConfig>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn build(authorities: &Authorities, credential: &Credential) -> Result<ClientConfig, TlsError> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError::new("TLS versions", error))?;
    let builder = match authorities {
        Authorities::Anyone => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider()))),
        Authorities::System => builder.with_root_certificates(system()?),
        Authorities::File { path, .. } => builder.with_root_certificates(file(path)?),
    };
    let mut config = match &credential.client_certificate {
        Some((chain, key)) => {
            let (chain, key) = identity(chain, key.expose())?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| TlsError::new("client certificate and key", error))?
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(config)
}

fn system() -> Result<RootCertStore, TlsError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        return Err(TlsError::new("the system's authorities", "none was found"));
    }
    Ok(roots)
}

fn file(path: &Path) -> Result<RootCertStore, TlsError> {
    let pem = std::fs::read(path).map_err(|error| cannot_read(path, error))?;
    let what = format!("the authorities in {}", path.display());
    let mut roots = RootCertStore::empty();
    for certificate in certificates(&what, &pem)? {
        roots.add(certificate).map_err(|error| TlsError::new(&what, error))?;
    }
    Ok(roots)
}

fn cannot_read(path: &Path, error: std::io::Error) -> TlsError {
    TlsError::new(&format!("the authorities in {}", path.display()), error)
}

/// The name a target's certificate has to be made out to.
pub(crate) fn server_name(host: &str) -> Result<ServerName<'static>, TlsError> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(address.into());
    }
    ServerName::try_from(host.to_owned()).map_err(|_| {
        TlsError::new("the target's host name", "it is no name a certificate can have")
    })
}
