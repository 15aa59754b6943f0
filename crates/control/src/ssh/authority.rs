//! Certificates by the gateway's own authority (PROTOCOL.certkeys of OpenSSH).

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use model::{Identity, Secret, Timestamp};
use ssh_key::certificate::{Builder, CertType};
use ssh_key::{Certificate, Fingerprint, HashAlg, PrivateKey, PublicKey};

use super::keys::{new_key, to_openssh};

/// What holds who a person is. OpenSSH passes over extensions that it does not know.
const IDENTITY: &str = "identity@sluice";
/// A certificate is good from this long ago, for clocks that are behind.
const BEFORE: Duration = Duration::from_secs(60);
/// A person's certificate is good no longer, whatever their sign-in says.
const LONGEST: Duration = Duration::from_secs(16 * 3600);
/// So long an account's certificate is good: it is used at once.
const ACCOUNT: Duration = Duration::from_secs(300);
/// Longer names are no principals.
const LONGEST_NAME: usize = 512;

/// Signs certificates, and knows its own.
pub struct Authority {
    key: PrivateKey,
    fingerprint: Fingerprint,
}

/// A certificate for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certified {
    /// As a `…-cert.pub` file holds it.
    pub certificate: String,
    /// When it stops being good.
    pub expires: Timestamp,
    /// The fingerprint of the key that it is for.
    pub fingerprint: String,
}

/// A certificate cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoCertificate {
    /// It would be for a key that is not taken.
    #[error("{0}")]
    Key(&'static str),
    /// The sign-in is over.
    #[error("the sign-in has expired")]
    Expired,
    /// The machine cannot.
    #[error("the certificate cannot be made: {0}")]
    Failed(String),
}

impl Authority {
    /// With this key.
    #[must_use]
    pub fn new(key: PrivateKey) -> Self {
        let fingerprint = key.fingerprint(HashAlg::Sha256);
        Self { key, fingerprint }
    }

    /// The public key, for a target's `TrustedUserCAKeys`.
    #[must_use]
    pub fn public(&self) -> String {
        self.key.public_key().to_openssh().unwrap_or_default()
    }

    /// Says of a key whose it is, for as long as their sign-in is good and no longer than was asked.
    ///
    /// # Errors
    /// The key is not one that is taken, or the sign-in is over.
    pub fn certify(
        &self,
        identity: &Identity,
        key: &PublicKey,
        lifetime: Duration,
        now: Timestamp,
    ) -> Result<Certified, NoCertificate> {
        let usable = matches!(
            key.algorithm(),
            ssh_key::Algorithm::Ed25519
                | ssh_key::Algorithm::Ecdsa { .. }
                | ssh_key::Algorithm::Rsa { .. }
                | ssh_key::Algorithm::SkEd25519
                | ssh_key::Algorithm::SkEcdsaSha2NistP256
        );
        if !usable {
            return Err(NoCertificate::Key("keys of this kind are not taken: use ed25519"));
        }
        let mut expires = now.plus(lifetime.min(LONGEST));
        if let Some(end) = identity.expires {
            expires = expires.min(end);
        }
        if expires.as_secs() <= now.as_secs() {
            return Err(NoCertificate::Expired);
        }
        let failed = |error: ssh_key::Error| NoCertificate::Failed(error.to_string());
        let who = serde_json::to_string(&Identity { expires: Some(expires), ..identity.clone() })
            .map_err(|error| NoCertificate::Failed(error.to_string()))?;
        let mut builder = builder(key, now, expires)?;
        builder.key_id(format!("{} at sluice", identity.subject)).map_err(failed)?;
        builder.valid_principal(identity.subject.clone()).map_err(failed)?;
        builder.extension(IDENTITY, who).map_err(failed)?;
        for permitted in ["permit-port-forwarding", "permit-pty"] {
            builder.extension(permitted, "").map_err(failed)?;
        }
        let certificate = builder.sign(&self.key).map_err(failed)?;
        Ok(Certified {
            certificate: certificate.to_openssh().map_err(failed)?,
            expires,
            fingerprint: key.fingerprint(HashAlg::Sha256).to_string(),
        })
    }

    /// Who a certificate that signed a connection belongs to.
    ///
    /// # Errors
    /// It is not one of ours, not good now, or not from there.
    pub fn identify(
        &self,
        certificate: &[u8],
        from: SocketAddr,
        now: Timestamp,
    ) -> Result<Identity, String> {
        let certificate =
            Certificate::from_bytes(certificate).map_err(|error| error.to_string())?;
        if certificate.cert_type() != CertType::User {
            return Err("it is not a user's".into());
        }
        certificate
            .validate_at(now.as_secs(), [&self.fingerprint])
            .map_err(|_| "it is not of this gateway's authority, or not good now".to_owned())?;
        for (name, value) in certificate.critical_options().iter() {
            match name.as_str() {
                "source-address" if is_among(from.ip().to_canonical(), value) => {}
                "source-address" => return Err("it is not good from this address".into()),
                // What limits what may be done is not passed over because it is not known.
                name => return Err(format!("its critical option `{name}` is not known here")),
            }
        }
        let who = certificate.extensions().get(IDENTITY).ok_or("it does not say who it is")?;
        let identity: Identity =
            serde_json::from_str(who).map_err(|_| "who it is cannot be read".to_owned())?;
        // What OpenSSH's own tools read is the same as what is read here.
        if !certificate.valid_principals().contains(&identity.subject) {
            return Err("it names another principal".into());
        }
        Ok(identity)
    }

    /// A key of the moment, and a certificate with which it opens this account on a target.
    ///
    /// # Errors
    /// The machine cannot make one.
    pub fn account(&self, account: &str, now: Timestamp) -> Result<(Secret, Bytes), NoCertificate> {
        if account.is_empty() || account.len() > LONGEST_NAME {
            return Err(NoCertificate::Failed("the account has no usable name".into()));
        }
        let failed = |error: ssh_key::Error| NoCertificate::Failed(error.to_string());
        let key = new_key("sluice").map_err(NoCertificate::Failed)?;
        let mut builder = builder(key.public_key(), now, now.plus(ACCOUNT))?;
        builder.key_id(format!("sluice for {account}")).map_err(failed)?;
        builder.valid_principal(account).map_err(failed)?;
        for permitted in [
            "permit-X11-forwarding",
            "permit-agent-forwarding",
            "permit-port-forwarding",
            "permit-pty",
            "permit-user-rc",
        ] {
            builder.extension(permitted, "").map_err(failed)?;
        }
        let certificate = builder.sign(&self.key).map_err(failed)?;
        let certificate = certificate.to_bytes().map_err(failed)?;
        Ok((to_openssh(&key).map_err(NoCertificate::Failed)?, certificate.into()))
    }
}

fn builder(key: &PublicKey, now: Timestamp, expires: Timestamp) -> Result<Builder, NoCertificate> {
    let failed = |error: ssh_key::Error| NoCertificate::Failed(error.to_string());
    let nonce: [u8; 32] = rand::random();
    let from = now.as_secs().saturating_sub(BEFORE.as_secs());
    let mut builder =
        Builder::new(nonce, key.key_data().clone(), from, expires.as_secs()).map_err(failed)?;
    builder.serial(rand::random()).map_err(failed)?;
    builder.cert_type(CertType::User).map_err(failed)?;
    Ok(builder)
}

/// Whether an address is in one of these networks (`10.0.0.0/8,192.0.2.1`), as `source-address` lists them.
fn is_among(address: IpAddr, networks: &str) -> bool {
    networks.split(',').any(|network| {
        let (base, bits) = match network.trim().split_once('/') {
            Some((base, bits)) => (base, bits.parse::<u32>().ok()),
            None => (network.trim(), Some(u32::MAX)),
        };
        let (Ok(base), Some(bits)) = (base.parse::<IpAddr>(), bits) else { return false };
        match (address, base) {
            (IpAddr::V4(address), IpAddr::V4(base)) => {
                same(u32::from(address).into(), u32::from(base).into(), 32, bits)
            }
            (IpAddr::V6(address), IpAddr::V6(base)) => same(address.into(), base.into(), 128, bits),
            _ => false,
        }
    })
}

/// Whether the first bits of two numbers of so many bits are the same.
fn same(a: u128, b: u128, width: u32, bits: u32) -> bool {
    let behind = width.saturating_sub(bits);
    (a ^ b).checked_shr(behind).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use model::IdentityKind;

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
    const HERE: &str = "192.0.2.7:50000";

    fn ann(expires: Option<Timestamp>) -> Identity {
        Identity {
            subject: "ann@corp".into(),
            groups: vec!["dev".into()],
            kind: IdentityKind::User,
            provider: "corp".into(),
            on_behalf_of: None,
            expires,
            token: None,
            only_resources: None,
        }
    }

    fn authority() -> Authority {
        Authority::new(new_key("test").unwrap())
    }

    fn bytes(certified: &Certified) -> Vec<u8> {
        Certificate::from_openssh(&certified.certificate).unwrap().to_bytes().unwrap()
    }

    fn hour() -> Duration {
        Duration::from_secs(3600)
    }

    #[test]
    fn a_certificate_says_who_it_is_for_as_long_as_the_sign_in_is_good() {
        let (authority, key) = (authority(), new_key("ann").unwrap());
        for (end, lasts) in [(None, 3600), (Some(NOW.plus(Duration::from_secs(600))), 600)] {
            let made = authority.certify(&ann(end), key.public_key(), hour(), NOW).unwrap();
            assert_eq!(made.expires.as_secs() - NOW.as_secs(), lasts);
            let from = HERE.parse().unwrap();
            let who = authority.identify(&bytes(&made), from, NOW).unwrap();
            assert_eq!(who, ann(Some(made.expires)));
            assert!(authority.identify(&bytes(&made), from, made.expires).is_err());
            let early = Timestamp::from_micros(NOW.as_micros() - 61_000_000);
            assert!(authority.identify(&bytes(&made), from, early).is_err());
        }
        let over = authority.certify(&ann(Some(NOW)), key.public_key(), hour(), NOW);
        assert_eq!(over, Err(NoCertificate::Expired));
    }

    #[test]
    fn what_another_authority_signed_or_what_limits_in_unknown_ways_is_nobodys() {
        let (ours, theirs, key) = (authority(), authority(), new_key("ann").unwrap());
        let from: SocketAddr = HERE.parse().unwrap();
        let made = theirs.certify(&ann(None), key.public_key(), hour(), NOW).unwrap();
        assert!(ours.identify(&bytes(&made), from, NOW).unwrap_err().contains("authority"));
        let who = serde_json::to_string(&ann(None)).unwrap();
        let certificate =
            |cert_type, principal: &str, critical: Option<(&str, &str)>, extension: &str| {
                let (from, to) = (NOW.as_secs(), NOW.plus(hour()).as_secs());
                let mut builder =
                    Builder::new([7; 32], key.public_key().key_data().clone(), from, to).unwrap();
                builder.cert_type(cert_type).unwrap();
                builder.valid_principal(principal).unwrap();
                if let Some((name, value)) = critical {
                    builder.critical_option(name, value).unwrap();
                }
                builder.extension(extension, who.clone()).unwrap();
                builder.sign(&ours.key).unwrap().to_bytes().unwrap()
            };
        for (cert_type, principal, critical, extension, why) in [
            (CertType::User, "ann@corp", None, IDENTITY, ""),
            (CertType::User, "ann@corp", Some(("source-address", "192.0.2.0/24")), IDENTITY, ""),
            (
                CertType::User,
                "ann@corp",
                Some(("source-address", "10.0.0.0/8,::1")),
                IDENTITY,
                "this address",
            ),
            (CertType::User, "ann@corp", Some(("force-command", "ls")), IDENTITY, "force-command"),
            (CertType::User, "ann@corp", Some(("x@y", "")), IDENTITY, "x@y"),
            (CertType::Host, "ann@corp", None, IDENTITY, "not a user's"),
            (CertType::User, "root", None, IDENTITY, "another principal"),
            (CertType::User, "ann@corp", None, "other@sluice", "does not say who"),
        ] {
            let answer =
                ours.identify(&certificate(cert_type, principal, critical, extension), from, NOW);
            match answer {
                Ok(_) => assert_eq!(why, ""),
                Err(error) => assert!(!why.is_empty() && error.contains(why), "{error} / {why}"),
            }
        }
    }

    #[test]
    fn an_accounts_certificate_is_for_it_alone_and_for_five_minutes() {
        let authority = authority();
        let (key, certificate) = authority.account("deploy", NOW).unwrap();
        let certificate = Certificate::from_bytes(&certificate).unwrap();
        let key = PrivateKey::from_openssh(key.expose()).unwrap();
        assert_eq!(certificate.public_key(), key.public_key().key_data());
        assert_eq!(certificate.valid_principals(), ["deploy"]);
        assert_eq!(certificate.valid_before() - NOW.as_secs(), 300);
        assert!(certificate.validate_at(NOW.as_secs(), [&authority.fingerprint]).is_ok());
        // Nobody comes in at the gateway with it.
        let from = HERE.parse().unwrap();
        assert!(authority.identify(&certificate.to_bytes().unwrap(), from, NOW).is_err());
        assert!(authority.account("", NOW).is_err());
    }

    #[test]
    fn an_address_is_in_a_network_when_its_first_bits_are() {
        for (address, networks, expected) in [
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.0/24", true),
            ("192.0.3.7", "192.0.2.0/24", false),
            ("192.0.3.7", "10.0.0.0/8, 192.0.0.0/16", true),
            ("8.8.8.8", "0.0.0.0/0", true),
            ("8.8.8.8", "::/0", false),
            ("2001:db8::1", "2001:db8::/32", true),
            ("2001:db9::1", "2001:db8::/32", false),
            ("8.8.8.8", "", false),
            ("8.8.8.8", "8.8.8.8/x", false),
        ] {
            assert_eq!(
                is_among(address.parse().unwrap(), networks),
                expected,
                "{address} {networks}"
            );
        }
    }
}
