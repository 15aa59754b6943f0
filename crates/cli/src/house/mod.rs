//! A whole house from its configuration: policy, control desk and gateway, plugged together.
//!
//! ```text
//!   Config ──► policies, resources (ArcSwap: replaced while sessions run)
//!         ├──► store, tokens, directory, desk, recordings   (control)
//!         ├──► gateway ◄── model's ports ── control
//!         └──► web API, metrics
//! ```
//!
//! Everything is opened, or nothing is: an address that is taken ends the start.

mod changes;
mod diff;
pub(crate) mod keys;
mod metrics;
mod process;
mod reload;

use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use arc_swap::ArcSwap;
use control::api::Api;
use control::archive::Archive;
use control::audit::{Act, Event, ITSELF};
use control::desk::{self, Desk};
use control::disk::Disk;
use control::drift::Drifts;
use control::export::Export;
use control::heirlooms::Heirlooms;
use control::identity::{self, Directory};
use control::localca::Certificates;
use control::recordings::{Keep, Recordings};
use control::ssh::{HostKeys, Keys};
use control::store::Store;
use control::tokens::Tokens;
use control::vault::Vault;
use control::{Clock, end_sessions_of_revoked_tokens};
use evidence::KeyringKey;
use gateway::{Gateway, House, Limits, Resources, Serving};
use mask::MaskKeys;
use policy::PolicySet;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use wire::ssh::transport::HostKeyPair;

use crate::config::{Config, Problem, Problems, Text, Tls};
use crate::error::{Exit, Failure};

pub(crate) use metrics::{Numbers, install as install_metrics};
pub(crate) use process::harden;

/// How long sessions are given to end when the house closes.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long those who follow a session are given to read its ending.
const FAREWELL: Duration = Duration::from_secs(2);

/// A house at work. [`Self::close`] ends its sessions in order.
pub(crate) struct Running {
    doors: Vec<Serving>,
    recordings: Recordings,
    store: Arc<Store>,
    directory: Arc<Directory>,
    clock: Clock,
    export: Export,
    numbers: Numbers,
    tasks: Vec<JoinHandle<()>>,
    /// Where the authority's certificate is that clients are to trust.
    pub(crate) authority: Option<PathBuf>,
    /// What people compare it by.
    pub(crate) fingerprint: Option<String>,
}

/// Opens a house. `file` is where its configuration came from, and is read again when it changes.
pub(crate) async fn open(file: &Path, config: Config, numbers: Numbers) -> Result<Running> {
    refuse_an_empty_house(&config)?;
    let policies = Arc::new(ArcSwap::from(Arc::new(policies(&config)?)));
    let resources = Arc::new(ArcSwap::from_pointee(resources(&config)));
    private_folder(&config.data_dir)?;

    let clock = Clock::system();
    let disk = Disk::open(&config.data_dir, config.evidence.bounds);
    let disk = Arc::new(disk.with_context(|| format!("opening {}", config.data_dir.display()))?);
    let store = Arc::new(Store::open(&config.data_dir).context("opening the store")?);
    let tokens = Tokens::new(Arc::clone(&store), clock.clone());
    let directory = Directory::new(
        config.identity.clone(),
        identity::Limits::default(),
        Arc::clone(&tokens),
        Arc::clone(&store),
        clock.clone(),
    )?;
    let ssh = ssh_keys(&config)?;
    let directory = match &ssh {
        Some(keys) => directory.with_ssh(Arc::clone(&keys.authority)),
        None => directory,
    };
    let directory = Arc::new(directory);
    let host_keys = HostKeys::new(Arc::clone(&store), clock.clone());
    let desk = Desk::open(Arc::clone(&store), desk::Limits::default(), clock.clone()).await?;
    let heirlooms = Heirlooms::open(Arc::clone(&store), clock.clone()).await?;
    let keep =
        Keep { master: keys::master_key(&config)?, readers: config.evidence.readers.clone(), disk };
    let recordings = Recordings::open(&config.data_dir, keep, clock.clone())?;
    let archive = Archive::open(
        Arc::clone(&store),
        recordings.clone(),
        config.evidence.archive.clone(),
        clock.clone(),
    );
    let archive = archive.await?;
    numbers.archive(archive.clone());
    let kept = recordings.clone();
    // The oldest key: what is masked by it stays the same when another is added.
    let ring = recordings.keyring();
    let masking = ring.ids().next().and_then(|id| ring.key(id)).map(KeyringKey::masking_secret);
    let masking = masking.map(|secret| MaskKeys::derive(&*secret));
    let keys = recordings.keyring().ids().map(|id| id.to_string()).collect();
    begin(&store, keys, file, &config, &policies.load_full(), &clock).await?;
    recordings.enter_into(Arc::clone(&store)).await.context("the audit log")?;
    let export = Export::start(
        &config.data_dir,
        config.export.clone(),
        &store,
        &recordings,
        &archive,
        &clock,
        env!("CARGO_PKG_VERSION"),
    )
    .await?;
    end_sessions_of_revoked_tokens(&tokens, &recordings);
    let certificates = certificates(&config, clock.clone())?.map(Arc::new);

    let drifts = Arc::new(Drifts::new(clock.clone()));
    let mut tasks = Vec::new();
    let warming = Arc::clone(&directory);
    tasks.push(tokio::spawn(async move { warming.warm().await }));
    if let Some(certificates) = &certificates {
        tasks.push(tokio::spawn(Arc::clone(certificates).keep_fresh()));
    }
    if let Some(address) = config.listen.metrics {
        tasks.push(metrics::serve(address, numbers.clone()).await?);
    }
    tasks.push(tokio::spawn(archive.clone().run()));
    if let Some(address) = config.listen.web {
        let snapshot = Arc::clone(&resources);
        let api = Api {
            directory: Arc::clone(&directory),
            tokens,
            desk: desk.clone(),
            heirlooms: heirlooms.clone(),
            recordings: recordings.clone(),
            archive,
            store: Arc::clone(&store),
            drifts: Arc::clone(&drifts),
            policies: Arc::clone(&policies),
            resources: Arc::new(move || snapshot.load().iter().cloned().collect()),
            masks: masking.as_ref().map(|keys| keys.of_resource("")),
            admins: config.admins.clone(),
            endpoints: config.listen.endpoints(),
            ssh: ssh.clone(),
            host_keys: host_keys.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            clock: clock.clone(),
        };
        let listener = bind("web", address).await?;
        let bound = listener.local_addr()?;
        let tls = certificates
            .as_ref()
            .map(|certificates| certificates.server_config(&["http/1.1"], None))
            .transpose()?;
        tasks.push(tokio::spawn(async move {
            let Err(error) = control::api::serve(Arc::new(api), listener, tls).await;
            tracing::error!(%error, "the API stopped");
        }));
        tracing::info!(address = %bound, "serving the API");
    }
    let people = Arc::clone(&directory);
    let clients = directory.client_certificates();
    let authority = ssh.as_ref().map(|keys| Arc::clone(&keys.authority));
    let house = House {
        directory,
        vault: Arc::new(Vault::new(authority, clock.clone())),
        host_keys: Arc::new(host_keys),
        desk: Arc::new(desk),
        ledger: Arc::new(recordings),
        lookout: drifts,
        heirlooms: Arc::new(heirlooms),
        policies: Arc::clone(&policies),
        resources: Arc::clone(&resources),
    };
    let mut gateway = Gateway::new(house, Limits::default());
    if let Some(keys) = masking {
        gateway = gateway.masking_with(keys);
    }
    let mut doors = Vec::new();
    if let Some(address) = config.listen.postgres {
        let tls = certificates
            .as_ref()
            .map(|certificates| certificates.server_config(&["postgresql"], clients))
            .transpose()?;
        let clear = tls.is_none();
        doors.push(gateway.serve_postgres(gateway::Listen { address, tls, clear, threads: 0 })?);
    }
    if let (Some(address), Some(keys)) = (config.listen.ssh, &ssh) {
        let key = HostKeyPair::from_openssh(&keys.host)?;
        tracing::info!(key = key.public(), "clients know the gateway's SSH door by its host key");
        doors.push(gateway.serve_ssh(address, 0, Arc::new(key))?);
    }
    let (count, version) = (config.resources.len(), policies.load().version().to_owned());
    tracing::info!(
        resources = count,
        policies = policies.load().len(),
        version,
        "configuration in force"
    );
    tasks.push(tokio::spawn(reload::watch(
        file.to_owned(),
        config,
        policies,
        resources,
        Arc::clone(&store),
    )));
    numbers.ready(true);
    Ok(Running {
        doors,
        numbers,
        recordings: kept,
        store,
        directory: people,
        clock,
        export,
        tasks,
        authority: certificates.as_ref().and_then(|certificates| certificates.authority_path()),
        fingerprint: certificates.as_ref().map(|certificates| certificates.fingerprint()),
    })
}

impl Running {
    /// Takes no more connections, tells every session that it ends, and waits until all have.
    pub(crate) async fn close(self) {
        self.numbers.ready(false);
        // All at once: each waits for its own sessions.
        let mut stopping = tokio::task::JoinSet::new();
        for door in self.doors {
            stopping.spawn(door.stop(PATIENCE));
        }
        stopping.join_all().await;
        for task in self.tasks {
            task.abort();
        }
        let (kept, recordings, export) = (self.recordings.clone(), self.recordings, self.export);
        // The last words of the last sessions, and that others hear of them.
        let settled = tokio::task::spawn_blocking(move || {
            recordings.close();
            export.close();
        })
        .await;
        if settled.is_err() {
            tracing::error!("the last recordings could not be brought to the disk");
        }
        // Whoever follows a session learns how it ended.
        let since = Instant::now();
        while kept.followers() > 0 && since.elapsed() < FAREWELL {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let last = Act::by_itself(self.clock.now(), "gateway", Event::GatewayStopped {});
        let entered = async {
            self.directory.settle().await?;
            self.store.record(last).await
        };
        if let Err(error) = entered.await {
            tracing::error!(%error, "the end could not be written to the audit log");
        }
    }
}

/// The first entries of a house that opens: nothing begins that cannot be entered.
async fn begin(
    store: &Store,
    keys: Vec<String>,
    file: &Path,
    config: &Config,
    policies: &PolicySet,
    clock: &Clock,
) -> Result<()> {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let entries = *store.audit_newest().borrow();
    let started = Event::GatewayStarted { version, entries, keys };
    let loaded = changes::loaded(config, policies.version(), policies.len());
    for (object, event) in [("gateway".to_owned(), started), (file.display().to_string(), loaded)] {
        let act = Act::new(clock.now(), ITSELF, object, event);
        store.record(act).await.context("writing the audit log")?;
    }
    Ok(())
}

/// The policies of a configuration, or every mistake in them with its place.
pub(crate) fn policies(config: &Config) -> Result<PolicySet, Problems> {
    policies_of(&config.policies)
}

/// The policies of these files, or every mistake in them with its place.
pub(crate) fn policies_of(files: &[Text]) -> Result<PolicySet, Problems> {
    let named: Vec<_> =
        files.iter().map(|text| (text.path.display().to_string(), text.text.as_str())).collect();
    PolicySet::load(named.iter().map(|(path, text)| (path.as_str(), *text))).map_err(|errors| {
        let problem = |error: policy::LoadError| Problem {
            file: error.file.clone().into(),
            place: Some((error.line as u64, error.column as u64)),
            message: error.message,
        };
        Problems(errors.into_iter().map(problem).collect())
    })
}

fn refuse_an_empty_house(config: &Config) -> Result<()> {
    if !config.listen.is_open() {
        return Err(Failure::new(Exit::Usage, "there is nothing to listen on")
            .hint("set listen.web and listen.postgres or listen.ssh, as in `listen: {web: 127.0.0.1:8443, postgres: 127.0.0.1:5433, ssh: 127.0.0.1:2222}`")
            .into());
    }
    if config.tls == Tls::Off {
        tracing::warn!("tls: off: tokens and data go in clear, between programs of this machine");
    }
    if config.identity.providers.is_empty() && config.identity.authorities.is_empty() {
        tracing::warn!("identity: is empty: only Sluice tokens are accepted");
    }
    Ok(())
}

/// Opens a listener of the control desk's.
async fn bind(name: &str, address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        Failure::new(
            Exit::Unavailable,
            format!("listen.{name}: {address} cannot be listened on: {error}"),
        )
        .hint("another program may have it: choose another port")
        .into()
    })
}

fn resources(config: &Config) -> Resources {
    config.resources.iter().map(|resource| resource.as_ref().clone()).collect()
}

fn certificates(config: &Config, clock: Clock) -> Result<Option<Certificates>> {
    Ok(match &config.tls {
        Tls::Off => None,
        Tls::Files { certificate, key } => Some(Certificates::from_files(certificate, key, clock)?),
        Tls::Own => {
            let folder = config.data_dir.join("tls");
            private_folder(&folder)?;
            Some(Certificates::from_local_authority(&folder, &config.listen.names(), clock)?)
        }
    })
}

/// The gateway's SSH keys, when it is to speak SSH.
fn ssh_keys(config: &Config) -> Result<Option<Keys>> {
    if config.listen.ssh.is_none() {
        return Ok(None);
    }
    let folder = config.data_dir.join("ssh");
    private_folder(&folder)?;
    Ok(Some(Keys::open(&folder).context("the gateway's SSH keys")?))
}

/// Makes a folder that only its owner sees into, or makes an existing one so.
fn private_folder(folder: &Path) -> Result<()> {
    let what = || format!("making the folder {}", folder.display());
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).with_context(what)?;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).with_context(what)
}
