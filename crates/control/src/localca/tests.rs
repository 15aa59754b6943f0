use std::os::unix::fs::PermissionsExt;
use std::sync::Mutex;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::{ServerName, UnixTime};

use super::*;

const DAY: u64 = 24 * 3600;

fn clock_at(days: &Arc<Mutex<u64>>) -> Clock {
    let days = Arc::clone(days);
    Clock::from_fn(move || Timestamp::from_secs((20_000 + *days.lock().unwrap()) * DAY))
}

fn made(dir: &Path, names: &[&str], clock: Clock) -> Result<Certificates, CertificateError> {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    Certificates::from_local_authority(dir, &names, clock)
}

/// As a client would that trusts the authority's file alone.
fn verifies(certificates: &Certificates, name: &str, day: u64) -> bool {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(pem::first_certificate(certificates.authority_pem().unwrap()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
    let current = certificates.current.0.load();
    let [server, chain @ ..] = current.cert.as_slice() else { panic!("no certificate") };
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let now = UnixTime::since_unix_epoch(Duration::from_secs((20_000 + day) * DAY));
    verifier.verify_server_cert(server, chain, &name, &[], now).is_ok()
}

#[test]
fn a_client_that_trusts_the_authority_trusts_the_listener_under_its_names_only() {
    let dir = tempfile::tempdir().unwrap();
    let clock = clock_at(&Arc::default());
    let names = ["gateway.example.com", "*.sluice.localhost", "10.1.2.3", "0.0.0.0"];
    let certificates = made(dir.path(), &names, clock).unwrap();
    for (name, good) in [
        ("localhost", true),
        ("127.0.0.1", true),
        ("::1", true),
        ("gateway.example.com", true),
        ("grafana.sluice.localhost", true),
        ("10.1.2.3", true),
        ("0.0.0.0", false),
        ("other.example.com", false),
        ("10.1.2.4", false),
    ] {
        assert_eq!(verifies(&certificates, name, 1), good, "{name}");
    }
    assert!(certificates.fingerprint().starts_with("SHA256:"));
}

#[test]
fn private_keys_are_for_their_owner_alone() {
    let dir = tempfile::tempdir().unwrap();
    made(&dir.path().join("tls"), &[], Clock::system()).unwrap();
    let mode = |name: &str| {
        let path = dir.path().join("tls").join(name);
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    };
    assert_eq!(mode(""), 0o700);
    for name in ["ca.key", "server.key"] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
}

#[test]
fn the_authority_outlives_restarts_and_its_certificates_are_renewed() {
    let dir = tempfile::tempdir().unwrap();
    let day = Arc::default();
    let certificates = made(dir.path(), &[], clock_at(&day)).unwrap();
    let (fingerprint, first) = (certificates.fingerprint(), certificates.server_certificate());

    *day.lock().unwrap() = 30;
    certificates.refresh().unwrap();
    assert_eq!(certificates.server_certificate(), first, "it is good for two more months");

    *day.lock().unwrap() = 70;
    certificates.refresh().unwrap();
    assert_ne!(certificates.server_certificate(), first);
    assert!(verifies(&certificates, "localhost", 120));

    let again = made(dir.path(), &["new.example.com"], clock_at(&day)).unwrap();
    assert_eq!(again.fingerprint(), fingerprint);
    assert!(verifies(&again, "new.example.com", 120));
}

#[test]
fn a_key_that_does_not_go_with_its_certificate_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    made(&one, &[], Clock::system()).unwrap();
    made(&two, &[], Clock::system()).unwrap();
    let files = |certificate: &Path, key: &Path| {
        Certificates::from_files(certificate, key, Clock::system()).map(drop)
    };
    assert!(files(&one.join("server.pem"), &one.join("server.key")).is_ok());
    for (certificate, key) in [
        (one.join("server.pem"), two.join("server.key")),
        (one.join("server.key"), one.join("server.key")),
        (one.join("server.pem"), one.join("server.pem")),
        (one.join("nothing"), one.join("server.key")),
    ] {
        assert!(files(&certificate, &key).is_err());
    }
}

#[test]
fn a_name_that_is_none_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["", "a b", "a..b", "exa mple.com", "https://example.com"] {
        assert!(made(dir.path(), &[name], Clock::system()).is_err(), "{name:?}");
    }
}
