//! The API on a socket of its own, and people to ask it.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use control::Clock;
use control::api::{self, Api};
use control::archive::{self, Archive};
use control::desk::{Desk, Limits};
use control::devissuer::{DevIssuer, Person};
use control::drift::Drifts;
use control::heirlooms::Heirlooms;
use control::identity::ProviderConfig;
use control::localca::Certificates;
use control::recordings::{Keep, Recordings};
use control::tokens::NewToken;
use model::ports::{ApprovalRequest, Desk as _, Held, Ledger, OpenedSession};
use model::{
    Ask, CredentialSource, DataClass, DataRule, Evidence, Identity, Protocol, Resource,
    SecretSource, SessionHead, SessionId, Terms, Timestamp, UpstreamTls,
};
use policy::PolicySet;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::house::{House, NOW, new_token};

const POLICY: &str = r#"
    @id("engineers-open-prod")
    permit (principal in Group::"engineering", action == Action::"connect", resource in Label::"env=prod");
    @id("engineers-see-numbers")
    permit (principal in Group::"engineering", action == Action::"reveal", resource == DataClass::"us_ssn");
"#;

pub(crate) struct Server {
    pub(crate) house: House,
    pub(crate) issuer: DevIssuer,
    pub(crate) desk: Desk,
    pub(crate) heirlooms: Heirlooms,
    pub(crate) recordings: Recordings,
    pub(crate) base: String,
    /// A root certificate to trust, when it speaks TLS.
    ca: Option<String>,
}

/// What an answer is.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: ureq::http::HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(false).await
    }

    pub(crate) async fn start_with(tls: bool) -> Self {
        let clock = Clock::from_fn(|| Timestamp::from_secs(NOW));
        let people = [
            ("ana@example.com", "engineering"),
            ("ben@example.com", "engineering"),
            ("dan@example.com", "dba"),
            ("adm@example.com", "admins"),
        ];
        let people = people.map(|(subject, group)| Person {
            subject: subject.into(),
            name: subject.into(),
            groups: vec![group.into()],
        });
        let local = "127.0.0.1:0".parse().unwrap();
        let issuer =
            DevIssuer::start(local, "sluice-cli", "sluice", people.to_vec(), clock).await.unwrap();
        let mut corp = ProviderConfig::of_people("corp", issuer.issuer(), "sluice");
        corp.client_id = Some("sluice-cli".into());
        let house = House::new(vec![corp]);
        let store = Arc::clone(&house.store);
        let desk = Desk::open(store, Limits::default(), house.clock.clone()).await.unwrap();
        let heirlooms = Heirlooms::open(Arc::clone(&house.store), house.clock.clone());
        let heirlooms = heirlooms.await.unwrap();
        let keep = Keep::usual(house.dir.path()).unwrap();
        let recordings = Recordings::open(house.dir.path(), keep, house.clock.clone()).unwrap();
        let archive = Archive::open(
            Arc::clone(&house.store),
            recordings.clone(),
            archive::Settings::default(),
            house.clock.clone(),
        );
        let archive = archive.await.unwrap();
        control::end_sessions_of_revoked_tokens(&house.tokens, &recordings);
        let resources = vec![resource("orders-prod", "prod"), resource("orders-test", "test")];
        let policies = PolicySet::load([("policy.cedar", POLICY)]).unwrap();
        let api = Arc::new(Api {
            directory: Arc::clone(&house.directory),
            tokens: Arc::clone(&house.tokens),
            desk: desk.clone(),
            heirlooms: heirlooms.clone(),
            recordings: recordings.clone(),
            archive,
            store: Arc::clone(&house.store),
            drifts: Arc::new(Drifts::new(house.clock.clone())),
            policies: Arc::new(ArcSwap::from_pointee(policies)),
            resources: Arc::new(move || resources.clone()),
            masks: Some(mask::MaskKeys::derive(b"test")),
            admins: vec!["group:admins".into()],
            ssh: Some(control::ssh::Keys::open(&house.dir.path().join("ssh")).unwrap()),
            host_keys: control::ssh::HostKeys::new(Arc::clone(&house.store), house.clock.clone()),
            endpoints: [("postgres".to_owned(), "127.0.0.1:5433".to_owned())].into(),
            version: "0.0.0-test".into(),
            clock: house.clock.clone(),
        });
        let listener = TcpListener::bind(local).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (mut config, mut ca) = (None, None);
        if tls {
            let certificates = Certificates::from_local_authority(
                &house.dir.path().join("tls"),
                &[],
                Clock::system(),
            )
            .unwrap();
            config = Some(certificates.server_config(&["http/1.1"], None).unwrap());
            ca = certificates.authority_pem().map(str::to_owned);
        }
        let scheme = if tls { "https" } else { "http" };
        tokio::spawn(async move { api::serve(api, listener, config).await });
        Self {
            house,
            issuer,
            desk,
            heirlooms,
            recordings,
            base: format!("{scheme}://{address}"),
            ca,
        }
    }

    pub(crate) fn token(&self, name: &str) -> String {
        let subject = format!("{name}@example.com");
        self.issuer.mint(&subject, Duration::from_secs(600)).unwrap()
    }

    pub(crate) async fn as_person(
        &self,
        name: &str,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let token = self.token(name);
        self.send(Some(&token), method, path, body.map(|body| body.to_string())).await
    }

    pub(crate) async fn send(
        &self,
        token: Option<&str>,
        method: &str,
        path: &str,
        body: Option<String>,
    ) -> Answer {
        let mut request =
            ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.base));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let request = request.body(body.unwrap_or_default()).unwrap();
        let ca = self.ca.clone();
        tokio::task::spawn_blocking(move || {
            let mut config = ureq::Agent::config_builder()
                .http_status_as_error(false)
                .proxy(None)
                .allow_non_standard_methods(true);
            if let Some(pem) = ca {
                let root = ureq::tls::Certificate::from_pem(pem.as_bytes()).unwrap();
                let roots = ureq::tls::RootCerts::new_with_certs(&[root]);
                config =
                    config.tls_config(ureq::tls::TlsConfig::builder().root_certs(roots).build());
            }
            let mut answer = config.build().new_agent().run(request).unwrap();
            Answer {
                status: answer.status().as_u16(),
                headers: answer.headers().clone(),
                body: answer.body_mut().read_to_string().unwrap_or_default(),
            }
        })
        .await
        .unwrap()
    }

    pub(crate) async fn sluice_token(
        &self,
        change: impl FnOnce(&mut NewToken),
    ) -> (String, model::TokenId) {
        let mut new = new_token("job");
        change(&mut new);
        let (secret, token) = self.house.tokens.create(new).await.unwrap();
        (secret.expose_str().unwrap().to_owned(), token.id)
    }

    pub(crate) fn session_of(&self, identity: Identity) -> (SessionId, OpenedSession) {
        let id = SessionId::new(Timestamp::from_secs(NOW), rand::random());
        let head = SessionHead {
            id,
            opened: Timestamp::from_secs(NOW),
            identity,
            source: "10.1.2.3:50112".into(),
            client: Some("psql".into()),
            resource: "orders-prod".into(),
            protocol: "postgres".into(),
            database: Some("orders".into()),
            policies: vec!["engineers-open-prod".into()],
        };
        (id, self.recordings.open(head).unwrap())
    }

    pub(crate) async fn ask_of(&self, identity: Identity) -> Held {
        let request = ApprovalRequest {
            session: SessionId::new(Timestamp::from_secs(NOW), 1),
            identity,
            resource: "orders-prod".into(),
            number: 1,
            text: Bytes::from_static(b"DELETE FROM orders"),
            parameters: vec![],
            accesses: vec![],
            ask: Ask {
                approvers: vec!["dba".into()],
                approvals: 1,
                within: Duration::from_secs(600),
                policies: vec![],
                message: String::new(),
            },
            terms: Terms::default(),
        };
        self.desk.ask(request).await.unwrap()
    }
}

fn resource(name: &str, env: &str) -> Arc<Resource> {
    Arc::new(Resource {
        name: name.into(),
        protocol: Protocol::new("postgres"),
        address: "10.0.0.5:5432".into(),
        tls: UpstreamTls::Require,
        credential: CredentialSource {
            username: "app".into(),
            password: Some(SecretSource::Env("ORDERS_PASSWORD".into())),
            client_certificate: None,
            ssh_key: None,
        },
        labels: [("env".to_owned(), env.to_owned())].into(),
        data: vec![DataRule::Column {
            path: ["public", "customers", "ssn"].map(str::to_owned),
            class: DataClass::new("us_ssn").unwrap(),
        }],
        strict_masking: false,
        evidence: Evidence::default(),
        via: None,
        settings: [("database".to_owned(), "orders".to_owned())].into(),
    })
}
