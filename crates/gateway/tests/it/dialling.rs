//! Every way of logging in to a real server.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gateway::{DialError, DialLimits, Dialer, Wanted, query};
use model::{Resource, Timestamp, UpstreamTls};
use policy::{Circumstances, Grant};
use wire::postgres::login::LoginError;
use wire::postgres::startup::Settings;

use crate::house::{Nobody, Safe, identity, policies, resource};
use crate::server::{PASSWORD, server};

pub(crate) fn dialer() -> Dialer {
    let limit = Duration::from_secs(20);
    Dialer::new(
        Arc::new(Safe),
        Arc::new(Nobody),
        DialLimits { credential: limit, connect: limit, login: limit },
    )
}

pub(crate) fn grant(resource: Resource) -> Grant {
    let circumstances = Circumstances {
        source: IpAddr::V4(Ipv4Addr::LOCALHOST),
        client: None,
        now: Timestamp::from_secs(1_700_000_000),
    };
    policies().authorize(Arc::new(identity("ann")), Arc::new(resource), &circumstances).unwrap()
}

pub(crate) fn wanted() -> Wanted<'static> {
    Wanted {
        database: None,
        application_name: "ann test".to_owned(),
        settings: Settings::default(),
    }
}

fn verify(ca: &str) -> UpstreamTls {
    let path: PathBuf = match ca {
        "ours" => server().ca.clone(),
        "other" => server().other_ca.clone(),
        path => path.into(),
    };
    UpstreamTls::VerifyFull { ca: Some(path) }
}

#[tokio::test]
async fn every_method_of_authentication_logs_in() {
    let dialer = dialer();
    for (username, tls, host) in [
        ("plain", UpstreamTls::Disable, "127.0.0.1"),
        ("plain", UpstreamTls::Require, "127.0.0.1"),
        ("plain", verify("ours"), "localhost"),
        ("hashed", UpstreamTls::Disable, "127.0.0.1"),
        ("hashed", UpstreamTls::Require, "127.0.0.1"),
        ("clear", UpstreamTls::Require, "127.0.0.1"),
        ("certified", UpstreamTls::Require, "127.0.0.1"),
        ("certified", verify("ours"), "localhost"),
        ("trusted", UpstreamTls::Disable, "127.0.0.1"),
        // Again: with the salted keys of the first login.
        ("plain", UpstreamTls::Require, "127.0.0.1"),
    ] {
        let what = format!("{username} {tls:?}");
        let grant = grant(resource("orders", username, tls.clone(), host));
        let target = dialer.dial(&grant, wanted()).await.unwrap_or_else(|e| panic!("{what}: {e}"));
        assert_eq!(target.transport.is_tls(), tls != UpstreamTls::Disable, "{what}");
        assert_eq!(target.database, "postgres");
        assert!(target.key.is_some() && target.rest.is_empty());
        let parameter = |name: &str| {
            let found = target.parameters.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.as_str())
        };
        assert_eq!(parameter("application_name"), Some("ann test"), "{what}");
        assert_eq!(parameter("standard_conforming_strings"), Some("on"), "{what}");
        assert_eq!(parameter("session_authorization"), Some(username), "{what}");
    }
}

#[tokio::test]
async fn the_gateways_own_question_is_answered() {
    let dialer = dialer();
    let grant = grant(resource("orders", "plain", UpstreamTls::Require, "127.0.0.1"));
    let rows = query(
        &dialer,
        &grant,
        "postgres",
        "select ssl::text, current_user::text from pg_stat_ssl where pid = pg_backend_pid()",
    )
    .await
    .unwrap();
    assert_eq!(rows, [vec![Some("true".into()), Some("plain".into())]]);
}

#[tokio::test]
async fn a_target_that_is_not_who_it_should_be_is_left() {
    let dialer = dialer();
    for (tls, host, part) in [
        (verify("other"), "localhost", "UnknownIssuer"),
        (verify("ours"), "127.0.0.1", "not valid for name"),
        (UpstreamTls::VerifyFull { ca: None }, "localhost", "UnknownIssuer"),
    ] {
        let grant = grant(resource("orders", "plain", tls.clone(), host));
        match dialer.dial(&grant, wanted()).await.err() {
            Some(DialError::Handshake(why)) => assert!(why.contains(part), "{why}"),
            other => panic!("{tls:?} {host}: {other:?}"),
        }
    }
    let missing = grant(resource("orders", "plain", verify("/nowhere/ca.pem"), "localhost"));
    let error = dialer.dial(&missing, wanted()).await.err();
    assert!(matches!(error, Some(DialError::TlsSettings(_))), "{error:?}");
}

#[tokio::test]
async fn a_password_is_never_sent_in_clear() {
    let grant = grant(resource("orders", "clear", UpstreamTls::Disable, "127.0.0.1"));
    let error = dialer().dial(&grant, wanted()).await.err();
    assert_eq!(error, Some(DialError::Login(LoginError::PasswordInClear)));
}

#[tokio::test]
async fn what_a_failed_login_says_holds_no_credential() {
    let dialer = dialer();
    let mut wrong = resource("orders", "plain", UpstreamTls::Require, "127.0.0.1");
    wrong.labels.insert("wrong-password".to_owned(), String::new());
    let mut gone = resource("orders", "plain", UpstreamTls::Require, "127.0.0.1");
    gone.settings.insert("database".to_owned(), "gone".to_owned());
    let mut nowhere = resource("orders", "plain", UpstreamTls::Require, "127.0.0.1");
    nowhere.address = "127.0.0.1:1".to_owned();
    for (resource, told) in [
        (wrong, "the target of \"orders\" refused the gateway's login (SQLSTATE 28P01)"),
        (gone, "database \"gone\" does not exist"),
        (nowhere, "cannot connect to the target of \"orders\": connection refused"),
    ] {
        let error = dialer.dial(&grant(resource), wanted()).await.err().unwrap();
        let report = error.report("orders");
        assert_eq!(report.text(b'M'), told);
        for text in
            [format!("{error:?} {error}"), String::from_utf8_lossy(&report.to_bytes()).into_owned()]
        {
            assert!(!text.contains(PASSWORD) && !text.contains("127.0.0.1"), "{text}");
        }
    }
}

#[tokio::test]
async fn a_large_answer_is_read_whole() {
    let grant = grant(resource("orders", "plain", UpstreamTls::Require, "127.0.0.1"));
    let sql = "select n::text, repeat('x', 100), null from generate_series(1, 50000) n";
    let rows = query(&dialer(), &grant, "postgres", sql).await.unwrap();
    assert_eq!(rows.len(), 50_000);
    assert_eq!(rows[49_999], [Some("50000".into()), Some("x".repeat(100).into()), None]);
}

#[tokio::test]
async fn a_failed_question_is_an_error() {
    let grant = grant(resource("orders", "plain", UpstreamTls::Require, "127.0.0.1"));
    let error = query(&dialer(), &grant, "postgres", "select 1/0").await.err().unwrap();
    assert_eq!(error.to_string(), "the target answered with SQLSTATE 22012");
}
