//! TLS with all its beginnings, and a man in the middle of it.

use std::io::{Read, Write};
use std::net::TcpListener as StdListener;
use std::sync::Arc;

use gateway::{DialError, Limits, server_tls};
use model::UpstreamTls;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use wire::postgres::login::LoginError;
use wire::postgres::startup::{ssl_request, startup_message};

use crate::client::{Raw, password};
use crate::dialling::{dialer, grant, wanted};
use crate::house::{resource, stand};
use crate::server::{Listener, listener_certificate, server};

fn config(trusted: &[u8], alpn: &[&str]) -> Arc<ClientConfig> {
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(trusted) {
        roots.add(certificate.unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    Arc::new(config)
}

/// What a client gets that begins with TLS at once and then sends `pieces`, one after another.
fn direct(port: u16, alpn: &[&str], pieces: &[Vec<u8>]) -> Vec<u8> {
    let name = ServerName::try_from("localhost").unwrap();
    let connection =
        ClientConnection::new(config(listener_certificate().ca.as_bytes(), alpn), name).unwrap();
    let mut stream = StreamOwned::new(connection, Raw::connect(port).0);
    let mut heard = Vec::new();
    for piece in pieces {
        if stream.write_all(piece).and_then(|()| stream.flush()).is_err() {
            break;
        }
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(count) => heard.extend_from_slice(&buffer[..count]),
        }
    }
    heard
}

#[test]
fn direct_tls_is_for_those_who_say_that_they_mean_postgresql() {
    let standing = stand(true, false, Limits::default());
    let login = startup_message([("user", "ann"), ("database", "orders")]);
    let ask = b"R\0\0\0\x08\0\0\0\x03".to_vec();
    for (alpn, pieces, expected) in [
        (&["postgresql"][..], vec![login.clone()], ask.clone()),
        // TLS is not begun inside TLS.
        (&["postgresql"], vec![ssl_request(), login.clone()], [b"N".to_vec(), ask].concat()),
        (&["http/1.1"], vec![login.clone()], Vec::new()),
        (&[], vec![login], Vec::new()),
    ] {
        assert_eq!(direct(standing.port(), alpn, &pieces), expected, "{alpn:?}");
    }
    let login = startup_message([("user", "ann"), ("database", "orders")]);
    let pieces = [login, password("token-of-ann")];
    let heard = direct(standing.port(), &["postgresql"], &pieces);
    assert!(heard[9..].starts_with(b"R\0\0\0\x08\0\0\0\0"), "{}", heard.escape_ascii());
}

/// Stands between the gateway and the real server: TLS with both, each with a key of its own.
async fn man_in_the_middle() -> u16 {
    let Listener { certificate, key, .. } = listener_certificate();
    let tls = server_tls(certificate.as_bytes(), key.as_bytes()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        while let Ok((mut victim, _)) = listener.accept().await {
            victim.read_exact(&mut [0; 8]).await.unwrap();
            victim.write_all(b"S").await.unwrap();
            let Ok(mut victim) = TlsAcceptor::from(tls.clone()).accept(victim).await else {
                continue;
            };
            let mut real = TcpStream::connect(("127.0.0.1", server().port)).await.unwrap();
            real.write_all(&ssl_request()).await.unwrap();
            real.read_exact(&mut [0; 1]).await.unwrap();
            let ca = std::fs::read(&server().ca).unwrap();
            let name = ServerName::try_from("localhost").unwrap();
            let mut real = TlsConnector::from(config(&ca, &[])).connect(name, real).await.unwrap();
            let _ = tokio::io::copy_bidirectional(&mut victim, &mut real).await;
        }
    });
    port
}

#[tokio::test]
async fn a_man_in_the_middle_is_noticed_even_where_no_certificate_is_verified() {
    let mut target = resource("orders", "plain", UpstreamTls::Require, "127.0.0.1");
    target.address = format!("127.0.0.1:{}", man_in_the_middle().await);
    match dialer().dial(&grant(target), wanted()).await.err() {
        // "SCRAM channel binding check failed": the server saw another certificate than we.
        Some(DialError::Login(LoginError::Refused(refusal))) => {
            assert_eq!(refusal.code, "28000");
        }
        other => panic!("{other:?}"),
    }
}

/// A target that answers the request for TLS with `answer`, and goes on as it likes.
fn target_that_answers(answer: &'static [u8], closes: bool) -> u16 {
    let listener = StdListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_exact(&mut [0; 8]).unwrap();
        let _ = stream.write_all(answer);
        if !closes {
            let _ = stream.read_to_end(&mut Vec::new());
        }
    });
    port
}

#[tokio::test]
async fn a_target_that_will_not_speak_tls_is_never_spoken_to_in_clear() {
    // What follows the S in clear is no part of the session (CVE-2021-23222).
    let injected = b"SR\0\0\0\x08\0\0\0\0Z\0\0\0\x05I";
    for (answer, closes, expected) in [
        (&b"N"[..], false, "does not offer TLS"),
        (b"E\0\0\0\x08Sx\0\0", false, "does not offer TLS"),
        (b"R\0\0\0\x08\0\0\0\0", false, "does not offer TLS"),
        (b"", true, "ended the connection"),
        (b"S", true, "ended the connection"),
        (injected, false, "the TLS handshake with the target failed"),
    ] {
        let mut target = resource("orders", "plain", UpstreamTls::Require, "127.0.0.1");
        target.address = format!("127.0.0.1:{}", target_that_answers(answer, closes));
        let error = dialer().dial(&grant(target), wanted()).await.err().unwrap().to_string();
        assert!(error.contains(expected), "{}: {error}", answer.escape_ascii());
    }
}
