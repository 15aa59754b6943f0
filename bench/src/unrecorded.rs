//! The gateway with everything but evidence: what recording costs is the difference to this.
//!
//! The product has no such mode. This is its own rooms, plugged together with a ledger that forgets.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use arc_swap::ArcSwap;
use control::Clock;
use control::desk::{self, Desk};
use control::drift::Drifts;
use control::heirlooms::Heirlooms;
use control::identity::{self, Directory, ProviderConfig, Sources};
use control::ssh::HostKeys;
use control::store::Store;
use control::tokens::Tokens;
use control::vault::Vault;
use gateway::{Gateway, House, Limits, Listen, Resources};
use model::ports::{Committing, Ledger, OpenedSession, RecordError, Recorder, Refusal};
use model::{
    CredentialSource, DataClass, DataRule, Ending, Event, Evidence, Protocol, Resource,
    SecretSource, SessionHead, Timestamp, UpstreamTls,
};
use policy::PolicySet;

/// Where it listens and what is behind it.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Options {
    /// Where to listen
    listen: std::net::SocketAddr,
    /// The server
    target: String,
    /// Its database
    database: String,
    /// The provider of tokens
    issuer: String,
    /// The policies
    policies: std::path::PathBuf,
}

pub(crate) fn run(options: Options) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(options))
}

async fn serve(options: Options) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let clock = Clock::system();
    let store = Arc::new(Store::open(folder.path())?);
    let tokens = Tokens::new(Arc::clone(&store), clock.clone());
    let provider = ProviderConfig::of_people("corp", &options.issuer, "sluice");
    let directory = Directory::new(
        Sources { providers: vec![provider], authorities: Vec::new() },
        identity::Limits::default(),
        tokens,
        Arc::clone(&store),
        clock.clone(),
    )?;
    let text = std::fs::read_to_string(&options.policies)?;
    let policies = PolicySet::load([("bench.cedar", text.as_str())]);
    let policies = policies.map_err(|errors| anyhow::anyhow!("{errors:?}"))?;
    let house = House {
        directory: Arc::new(directory),
        vault: Arc::new(Vault::new(None, clock.clone())),
        host_keys: Arc::new(HostKeys::new(Arc::clone(&store), clock.clone())),
        heirlooms: Arc::new(Heirlooms::open(Arc::clone(&store), clock.clone()).await?),
        desk: Arc::new(Desk::open(store, desk::Limits::default(), clock.clone()).await?),
        ledger: Arc::new(Forgets),
        lookout: Arc::new(Drifts::new(clock)),
        policies: Arc::new(ArcSwap::from_pointee(policies)),
        resources: Arc::new(ArcSwap::from_pointee(resource(&options)?)),
    };
    let listen = Listen { address: options.listen, tls: None, clear: true, threads: 0 };
    let serving = Gateway::new(house, Limits::default()).serve_postgres(listen)?;
    tokio::signal::ctrl_c().await.context("waiting")?;
    serving.stop(std::time::Duration::from_secs(1)).await;
    Ok(())
}

/// The same resource as the recorded ways open.
fn resource(options: &Options) -> Result<Resources> {
    let class = |name: &str| DataClass::new(name).context("a class");
    let column = |table: &str| -> Result<DataRule> {
        Ok(DataRule::Column {
            path: ["public".into(), table.into(), "email".into()],
            class: class("email")?,
        })
    };
    let resource = Resource {
        name: "bench".into(),
        protocol: Protocol::new("postgres"),
        address: options.target.clone(),
        tls: UpstreamTls::Disable,
        credential: CredentialSource {
            username: "app".into(),
            password: Some(SecretSource::Env("ORDERS_PASSWORD".into())),
            client_certificate: None,
            ssh_key: None,
        },
        labels: [("env".to_owned(), "prod".to_owned())].into(),
        data: vec![column("accounts")?, column("big")?],
        strict_masking: false,
        evidence: Evidence::Buffered,
        via: None,
        settings: [("database".to_owned(), options.database.clone())].into(),
    };
    Ok(std::iter::once(resource).collect())
}

/// Keeps nothing.
struct Forgets;

impl Ledger for Forgets {
    fn open(&self, _: SessionHead) -> Result<OpenedSession, RecordError> {
        Ok(OpenedSession { recorder: Box::new(Self), must_end: Box::pin(std::future::pending()) })
    }

    fn refused(&self, _: &Refusal<'_>) {}
}

impl Recorder for Forgets {
    fn ready(&self) -> Result<(), RecordError> {
        Ok(())
    }

    fn record(&mut self, _: Timestamp, _: &Event) -> Result<(), RecordError> {
        Ok(())
    }

    fn delivered(&mut self, _: &[u8]) {}

    fn commit(&mut self, _: Evidence) -> Result<Option<Committing>, RecordError> {
        Ok(None)
    }

    fn close(self: Box<Self>, _: Ending) -> Result<(), RecordError> {
        Ok(())
    }
}
