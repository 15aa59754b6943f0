//! Client certificates: which authority signed one says which entry of `identity:` it is of.
//!
//! ```text
//!   TLS handshake ─► Authorities as its verifier ─► chain, purpose, time, CRL ─► alert, or go on
//!   login ─────────► the same question again ─► exactly one entry ─► its names ─► Identity
//! ```
//!
//! It is asked twice because the handshake hands on no answer but yes, and because the answer decides
//! who somebody is: it is never taken from the order of entries or from a name in the certificate.

mod authority;
mod names;

use std::sync::{Arc, Weak};
use std::time::Duration;

use model::{Identity, Timestamp};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, SignatureScheme,
};

use authority::Authority;
pub use authority::AuthorityConfig;
pub use names::{GroupsName, SubjectName};

use super::ConfigError;

/// How often the revocation lists are looked at.
const EVERY: Duration = Duration::from_secs(1);

/// Who somebody is would depend on which chain was found first: cross-signed authorities, and the
/// client chose what to send along.
#[derive(Debug, thiserror::Error)]
#[error("the authorities of two entries vouch for it")]
struct Ambiguous;

/// All authorities whose certificates are identities.
#[derive(Debug)]
pub(super) struct Authorities {
    all: Vec<Authority>,
    /// What clients are told that choose among their certificates.
    subjects: Vec<DistinguishedName>,
    provider: Arc<CryptoProvider>,
}

impl Authorities {
    /// Reads the files of every entry. No authority may stand in two of them.
    pub(super) fn load(configs: &[AuthorityConfig]) -> Result<Self, ConfigError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut all: Vec<Authority> = Vec::new();
        for config in configs {
            let authority = Authority::load(config, &provider)?;
            if let Some(other) = all.iter().find(|other| other.shares_a_key_with(&authority)) {
                let why = format!(
                    "`client_ca` holds an authority that `{}` holds too: whose its certificates are could not be told",
                    other.config.name
                );
                return Err(ConfigError { provider: config.name.clone(), why });
            }
            all.push(authority);
        }
        let subjects = all.iter().flat_map(Authority::subjects).collect();
        Ok(Self { all, subjects, provider })
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whose certificate it is: `chain` is DER, the client's own first.
    pub(super) fn identify(&self, chain: &[&[u8]], now: Timestamp) -> Result<Identity, String> {
        let chain: Vec<_> = chain.iter().map(|der| CertificateDer::from(*der)).collect();
        let Some((own, others)) = chain.split_first() else { return Err("there is none".into()) };
        let now = UnixTime::since_unix_epoch(now.since(Timestamp::EPOCH));
        let authority = self.vouching(own, others, now).map_err(|error| match error {
            Error::InvalidCertificate(CertificateError::Other(why)) => why.to_string(),
            other => other.to_string(),
        })?;
        names::identity(&authority.config, own)
    }

    /// The one entry whose authority signed it.
    fn vouching(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<&Authority, Error> {
        let stranger = Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let (mut found, mut refused) = (None, stranger.clone());
        for authority in &self.all {
            match authority.verify(own, others, now) {
                Ok(()) if found.is_none() => found = Some(authority),
                Ok(()) => {
                    return Err(CertificateError::Other(OtherError(Arc::new(Ambiguous))).into());
                }
                // The entry that knows its issuer has more to say than those that do not.
                Err(error) if error == stranger => {}
                Err(error) => refused = error,
            }
        }
        let authority = found.ok_or(refused)?;
        // A server's certificate of the same authority is nobody's, and one that does not say what it
        // is for may be a server's.
        if names::is_for_clients(own) {
            Ok(authority)
        } else {
            Err(CertificateError::InvalidPurpose.into())
        }
    }

    /// Reads revocation lists that changed, for as long as somebody holds the authorities.
    pub(super) async fn keep_fresh(authorities: Weak<Self>) {
        loop {
            tokio::time::sleep(EVERY).await;
            let Some(authorities) = authorities.upgrade() else { return };
            if tokio::task::spawn_blocking(move || authorities.refresh()).await.is_err() {
                return;
            }
        }
    }

    fn refresh(&self) {
        self.all.iter().for_each(|authority| authority.refresh(&self.provider));
    }

    /// Whether there are revocation lists to look at.
    pub(super) fn has_lists(&self) -> bool {
        self.all.iter().any(|authority| authority.config.crl.is_some())
    }
}

impl ClientCertVerifier for Authorities {
    /// Who shows none goes on and is asked for a token.
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.subjects
    }

    fn verify_client_cert(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.vouching(own, others, now).map(|_| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests;
