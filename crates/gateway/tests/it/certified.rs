//! Clients that show a certificate, with the real `psql`.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, LazyLock};

use gateway::Limits;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use crate::client::psql;
use crate::house::{Standing, eventually, stand_with};
use crate::server::{Authority, authority, issue, listener_certificate};

static OURS: LazyLock<Authority> = LazyLock::new(|| authority("clients"));
static STRANGERS: LazyLock<Authority> = LazyLock::new(|| authority("strangers"));

/// A gateway that asks its clients for a certificate of ours and goes on without.
fn asking() -> Standing {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(OURS.pem.as_bytes()).unwrap()).unwrap();
    let clients = WebPkiClientVerifier::builder_with_provider(roots.into(), Arc::clone(&provider))
        .allow_unauthenticated()
        .build()
        .unwrap();
    let listener = listener_certificate();
    let chain = CertificateDer::pem_slice_iter(listener.certificate.as_bytes())
        .collect::<Result<_, _>>()
        .unwrap();
    let key = PrivateKeyDer::from_pem_slice(listener.key.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(clients)
        .with_single_cert(chain, key)
        .unwrap();
    stand_with(Some(Arc::new(config)), false, Limits::default())
}

/// What `psql` gets as `user` with a certificate made out to `name`, and no password.
fn come(
    standing: &Standing,
    by: &Authority,
    name: &str,
    user: &str,
    versions: &str,
) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = issue(by, name, &[]);
    let at = |file: &str| folder.path().join(file);
    std::fs::write(at("own.pem"), certificate).unwrap();
    std::fs::write(at("own.key"), key).unwrap();
    std::fs::set_permissions(at("own.key"), std::fs::Permissions::from_mode(0o600)).unwrap();
    let conninfo = format!(
        "user={user} dbname=orders sslmode=require sslcert={} sslkey={} {versions}",
        at("own.pem").display(),
        at("own.key").display(),
    );
    psql(standing.port(), &conninfo, "", "select count(*) from customers")
}

/// The alert of a refused certificate comes inside the handshake in one, behind it in the other.
const VERSIONS: [&str; 2] =
    ["ssl_max_protocol_version=TLSv1.2", "ssl_min_protocol_version=TLSv1.3"];

#[test]
fn who_shows_a_certificate_comes_in_without_a_password() {
    let standing = asking();
    for versions in VERSIONS {
        assert_eq!(come(&standing, &OURS, "ann", "ann", versions).as_deref(), Ok("100"));
    }
    eventually(|| standing.story.ended.lock().unwrap().len() == 2);
    let heads = standing.story.opened.lock().unwrap();
    assert!(heads.iter().all(|head| head.identity.subject == "ann"));
}

#[test]
fn who_shows_none_is_asked_for_a_password_as_ever() {
    let standing = asking();
    let conninfo = "user=ann dbname=orders sslmode=require";
    assert_eq!(psql(standing.port(), conninfo, "token-of-ann", "select 1").as_deref(), Ok("1"));
    let error = psql(standing.port(), conninfo, "guess", "select 1").unwrap_err();
    assert!(error.contains("the token was not accepted"), "{error}");
}

#[test]
fn a_strangers_certificate_is_a_failed_login_and_the_client_reads_the_alert() {
    let standing = asking();
    for versions in VERSIONS {
        let error = come(&standing, &STRANGERS, "ann", "ann", versions).unwrap_err();
        assert!(error.contains("unknown ca"), "{versions}: {error}");
    }
    let refused = ": the client certificate is not accepted: no configured authority signed it";
    // The client may have read the alert before the gateway goes on.
    eventually(|| standing.story.refused.lock().unwrap().len() == 2);
    assert_eq!(*standing.story.refused.lock().unwrap(), [refused, refused]);
    assert!(standing.story.opened.lock().unwrap().is_empty());
}

#[test]
fn a_certificate_is_good_for_its_own_name_only() {
    let standing = asking();
    let error = come(&standing, &OURS, "ann", "bob", "").unwrap_err();
    let told = "user \"bob\" does not match the identity \"ann\": connect with user=ann";
    assert!(error.contains(told), "{error}");
    let error = come(&standing, &OURS, "nobody", "nobody", "").unwrap_err();
    assert!(error.contains("FATAL:  the client certificate was not accepted"), "{error}");
    assert!(standing.story.opened.lock().unwrap().is_empty());
}
