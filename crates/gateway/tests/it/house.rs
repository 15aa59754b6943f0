//! A house in memory around a real gateway.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use bytes::Bytes;
use gateway::{Gateway, House, Limits, Listen, Resources, Serving, server_tls};
use model::ports::{
    ApprovalRequest, Bequest, BoxFuture, Committing, Credential, Desk, Directory, Heirlooms, Held,
    HostKeyRefused, HostKeys, Ledger, Lookout, OpenedSession, RecordError, Recorder, Refusal,
    ShownKey, SignInElsewhere, Unavailable, Unidentified, Vault, VaultError,
};
use model::{
    CredentialSource, Ending, Event, Evidence, Heritage, Identity, IdentityKind, Protocol,
    Resource, Secret, SessionHead, Timestamp, UpstreamTls,
};
use policy::PolicySet;
use rustls::ServerConfig;
use tokio::sync::watch;

use crate::server::{PASSWORD, listener_certificate, server};

/// What happened in a house.
#[derive(Default)]
pub(crate) struct Story {
    pub(crate) refused: Mutex<Vec<String>>,
    pub(crate) turned_away: Mutex<Vec<String>>,
    pub(crate) opened: Mutex<Vec<SessionHead>>,
    pub(crate) ended: Mutex<Vec<String>>,
    pub(crate) kill: watch::Sender<Option<String>>,
}

pub(crate) fn identity(subject: &str) -> Identity {
    Identity {
        subject: subject.to_owned(),
        groups: Vec::new(),
        kind: IdentityKind::User,
        provider: "test".to_owned(),
        on_behalf_of: None,
        expires: None,
        token: None,
        only_resources: None,
    }
}

/// The token `token-of-X` is X's, and so is a certificate with the common name X.
struct People(Arc<Story>);

impl Directory for People {
    fn identify<'a>(
        &'a self,
        presented: &'a Secret,
        _from: SocketAddr,
    ) -> BoxFuture<'a, Result<Identity, Unidentified>> {
        Box::pin(async move {
            match presented.expose_str().and_then(|token| token.strip_prefix("token-of-")) {
                Some("slow") => std::future::pending().await,
                Some("throttled") => Err(Unidentified::Throttled(30)),
                Some("expired") => Err(Unidentified::Expired),
                Some(subject) => Ok(identity(subject)),
                None => Err(Unidentified::Unknown("no such token".to_owned())),
            }
        })
    }

    fn identify_certificate(
        &self,
        chain: &[&[u8]],
        _from: SocketAddr,
    ) -> Result<Identity, Unidentified> {
        let (_, certificate) = x509_parser::parse_x509_certificate(chain[0]).unwrap();
        let name = certificate.subject().iter_common_name().next().unwrap().as_str().unwrap();
        match name {
            "nobody" => Err(Unidentified::Certificate("it is nobody's".to_owned())),
            subject => Ok(identity(subject)),
        }
    }

    fn knows_key<'a>(&'a self, _: ShownKey<'a>, _: SocketAddr) -> BoxFuture<'a, bool> {
        Box::pin(async { false })
    }

    fn identify_key<'a>(
        &'a self,
        _: ShownKey<'a>,
        _: SocketAddr,
    ) -> BoxFuture<'a, Result<Identity, Unidentified>> {
        Box::pin(async { Err(Unidentified::Key) })
    }

    fn sign_in_elsewhere(
        &self,
        _: SocketAddr,
    ) -> BoxFuture<'_, Result<SignInElsewhere, Unavailable>> {
        Box::pin(async { Err(Unavailable("nobody signs in elsewhere".to_owned())) })
    }

    fn refused(&self, _from: SocketAddr, claimed: &str, why: &str) {
        self.0.refused.lock().unwrap().push(format!("{claimed}: {why}"));
    }
}

/// Every account has the one password.
pub(crate) struct Safe;

impl Vault for Safe {
    fn credential<'a>(
        &'a self,
        resource: &'a Resource,
        _account: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Credential, VaultError>> {
        Box::pin(async move {
            let username = resource.credential.username.clone();
            let (certificate, key) = &server().client_certificate;
            let certified = username == "certified";
            let wrong = resource.labels.contains_key("wrong-password");
            let password = if wrong { "wrong" } else { PASSWORD };
            Ok(Credential {
                username,
                password: (!certified).then(|| Secret::from(password.to_owned())),
                client_certificate: certified
                    .then(|| (Bytes::from(certificate.clone()), Secret::from(key.clone()))),
                ssh_key: None,
            })
        })
    }
}

pub(crate) struct Nobody;

impl Lookout for Nobody {
    fn drifted(&self, _: &str, _: &str, _: &model::Drift) {}
}

impl HostKeys for Nobody {
    fn shown(&self, _: &Resource, _: &[u8]) -> BoxFuture<'static, Result<(), HostKeyRefused>> {
        Box::pin(async { Err(HostKeyRefused::Unavailable("nothing is kept here".to_owned())) })
    }
}

impl Desk for Nobody {
    fn ask(&self, _request: ApprovalRequest) -> BoxFuture<'static, Result<Held, Unavailable>> {
        Box::pin(async { Err(Unavailable("nobody is here".to_owned())) })
    }
}

struct Forgets;

impl Heirlooms for Forgets {
    fn of(&self, _resource: &str, _database: &str) -> Arc<Heritage> {
        Arc::default()
    }

    fn keep(&self, _bequest: Bequest) -> BoxFuture<'static, Result<(), Unavailable>> {
        Box::pin(async { Err(Unavailable("nothing is kept here".to_owned())) })
    }
}

struct Book(Arc<Story>);

impl Ledger for Book {
    fn open(&self, head: SessionHead) -> Result<OpenedSession, RecordError> {
        if head.resource == "unrecorded" {
            return Err(RecordError("the disk is full".to_owned()));
        }
        self.0.opened.lock().unwrap().push(head);
        let mut kill = self.0.kill.subscribe();
        let story = Arc::clone(&self.0);
        Ok(OpenedSession {
            recorder: Box::new(Page(story)),
            must_end: Box::pin(async move {
                let killed = kill.wait_for(Option::is_some).await;
                killed.ok().and_then(|why| why.clone()).unwrap_or_default()
            }),
        })
    }

    fn refused(&self, refusal: &Refusal<'_>) {
        self.0.turned_away.lock().unwrap().push(refusal.resource.to_owned());
    }
}

struct Page(Arc<Story>);

impl Recorder for Page {
    fn ready(&self) -> Result<(), RecordError> {
        Ok(())
    }

    fn delivered(&mut self, _bytes: &[u8]) {}

    fn record(&mut self, _at: Timestamp, _event: &Event) -> Result<(), RecordError> {
        Ok(())
    }

    fn commit(&mut self, _evidence: Evidence) -> Result<Option<Committing>, RecordError> {
        Ok(None)
    }

    fn close(self: Box<Self>, ending: Ending) -> Result<(), RecordError> {
        self.0.ended.lock().unwrap().push(ending.how);
        Ok(())
    }
}

pub(crate) fn resource(name: &str, username: &str, tls: UpstreamTls, host: &str) -> Resource {
    let settings = [("database".to_owned(), "postgres".to_owned())];
    Resource {
        name: name.to_owned(),
        protocol: Protocol::new("postgres"),
        via: None,
        address: format!("{host}:{}", server().port),
        tls,
        credential: CredentialSource {
            username: username.to_owned(),
            password: None,
            client_certificate: None,
            ssh_key: None,
        },
        labels: BTreeMap::new(),
        data: Vec::new(),
        strict_masking: false,
        evidence: Evidence::default(),
        settings: settings.into(),
    }
}

pub(crate) const POLICIES: &str = r#"
@id("all") permit (principal, action, resource);
@id("not-secret") forbid (principal, action == Action::"connect", resource == Resource::"secret");
"#;

pub(crate) fn policies() -> PolicySet {
    PolicySet::load([("test.cedar", POLICIES)]).unwrap()
}

/// A gateway at work.
pub(crate) struct Standing {
    pub(crate) story: Arc<Story>,
    pub(crate) serving: Serving,
    gateway: Gateway,
}

impl Standing {
    pub(crate) const fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    pub(crate) fn port(&self) -> u16 {
        self.serving.address().port()
    }
}

pub(crate) fn stand(tls: bool, clear: bool, limits: Limits) -> Standing {
    let tls = tls.then(|| {
        let listener = listener_certificate();
        server_tls(listener.certificate.as_bytes(), listener.key.as_bytes()).unwrap()
    });
    stand_with(tls, clear, limits)
}

pub(crate) fn stand_with(tls: Option<Arc<ServerConfig>>, clear: bool, limits: Limits) -> Standing {
    let story = Arc::new(Story::default());
    let app = |name: &str| resource(name, "app", UpstreamTls::Disable, "127.0.0.1");
    let mut wrong = app("wrong");
    wrong.labels.insert("wrong-password".to_owned(), String::new());
    let mut nowhere = app("nowhere");
    nowhere.address = "127.0.0.1:1".to_owned();
    let mut ssh = app("web-1");
    ssh.protocol = Protocol::new("ssh");
    let resources: Resources = [
        app("orders"),
        app("secret"),
        app("unrecorded"),
        resource(
            "verified",
            "app",
            UpstreamTls::VerifyFull { ca: Some(server().ca.clone()) },
            "localhost",
        ),
        wrong,
        nowhere,
        ssh,
    ]
    .into_iter()
    .collect();
    let house = House {
        directory: Arc::new(People(Arc::clone(&story))),
        vault: Arc::new(Safe),
        desk: Arc::new(Nobody),
        host_keys: Arc::new(Nobody),
        ledger: Arc::new(Book(Arc::clone(&story))),
        lookout: Arc::new(Nobody),
        heirlooms: Arc::new(Forgets),
        policies: Arc::new(ArcSwap::from_pointee(policies())),
        resources: Arc::new(ArcSwap::from_pointee(resources)),
    };
    let gateway = Gateway::new(house, limits);
    let listen = Listen { address: SocketAddr::from(([127, 0, 0, 1], 0)), tls, clear, threads: 2 };
    let serving = gateway.serve_postgres(listen).unwrap();
    Standing { story, serving, gateway }
}

/// Waits until `what` holds.
pub(crate) fn eventually(what: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !what() {
        assert!(Instant::now() < until, "it never came to be");
        std::thread::sleep(Duration::from_millis(20));
    }
}
