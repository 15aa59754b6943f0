//! The gateway as whoever builds the house sees it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustls::ServerConfig;
use tokio::sync::watch;
use tracing::{info, warn};
use wire::postgres::library::MaskKeys;
use wire::postgres::session::Cap;
use wire::ssh::transport::HostKeyPair;

use crate::cancel::Cancels;
use crate::catalogues::Catalogues;
use crate::cores;
use crate::dial::{DialLimits, Dialer};
use crate::door::{Way, postgres, ssh};
use crate::house::House;
use crate::listen;
use crate::lobby::Lobby;
use crate::measure;

/// What is bounded, and where.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From the connection to the proof of who it is.
    pub handshake: Duration,
    /// The same where a person signs in in a browser.
    pub elsewhere: Duration,
    /// Connections that are nobody yet, from one address (of IPv6: from one network of 64 bits).
    pub unknown_per_address: u32,
    /// Connections that are nobody yet, altogether.
    pub unknown: u32,
    /// The way to a target.
    pub dial: DialLimits,
    /// How much of each result is recorded.
    pub cap: Cap,
    /// The longest message of a client's that is taken in whole: a statement, or its parameters.
    pub message: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            elsewhere: Duration::from_secs(180),
            unknown_per_address: 256,
            unknown: 1024,
            dial: DialLimits::default(),
            cap: Cap::default(),
            message: 16 << 20,
        }
    }
}

/// One address to listen on.
pub struct Listen {
    /// The address; port 0 takes a free one.
    pub address: SocketAddr,
    /// TLS, made by [`crate::server_tls`].
    pub tls: Option<Arc<ServerConfig>>,
    /// Clients on this machine may come without TLS.
    pub clear: bool,
    /// Threads, each with its own socket; 0 is one for each core.
    pub threads: usize,
}

/// An address cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Nobody could come in.
    #[error("{0} has no TLS, and clear connections are not allowed")]
    NobodyCanCome(SocketAddr),
    /// Clear connections are for this machine only.
    #[error("{0} is reachable from other machines and has no TLS")]
    ClearOffLoopback(SocketAddr),
    /// The operating system says no.
    #[error("{0} cannot be listened on: {1}")]
    Io(SocketAddr, io::Error),
}

/// The gateway: what all its listeners share.
pub struct Gateway {
    house: Arc<House>,
    limits: Limits,
    dialer: Arc<Dialer>,
    cancels: Cancels,
    catalogues: Arc<Catalogues>,
}

/// A listener at work. Dropped, it stops at once.
pub struct Serving {
    address: SocketAddr,
    threads: Vec<thread::JoinHandle<()>>,
    stop: watch::Sender<bool>,
    stopping: watch::Sender<Option<Instant>>,
}

impl Gateway {
    /// In this house.
    #[must_use]
    pub fn new(house: House, limits: Limits) -> Self {
        measure::describe();
        let dialer = Arc::new(Dialer::new(
            Arc::clone(&house.vault),
            Arc::clone(&house.host_keys),
            limits.dial,
        ));
        Self {
            catalogues: Arc::new(Catalogues::new(Arc::clone(&house.heirlooms))),
            house: Arc::new(house),
            limits,
            dialer,
            cancels: Cancels::default(),
        }
    }

    /// With the keys of masks that need one: the same keys mask the same values alike after a restart.
    /// Without them such masks redact.
    #[must_use]
    pub fn masking_with(mut self, keys: MaskKeys) -> Self {
        let heirlooms = Arc::clone(&self.house.heirlooms);
        self.catalogues = Arc::new(Catalogues::new(heirlooms).with_masks(keys));
        self
    }

    /// Listens for clients that speak PostgreSQL's protocol.
    ///
    /// # Errors
    /// The address cannot be listened on, or nobody could come in.
    pub fn serve_postgres(&self, listen: Listen) -> Result<Serving, ServeError> {
        let Listen { address, tls, clear, threads } = listen;
        if tls.is_none() && !clear {
            return Err(ServeError::NobodyCanCome(address));
        }
        if tls.is_none() && !address.ip().is_loopback() {
            return Err(ServeError::ClearOffLoopback(address));
        }
        let handshake = self.limits.handshake;
        self.serve(address, threads, |stop| postgres::Door {
            house: Arc::clone(&self.house),
            listener: postgres::Listener { tls, clear, handshake },
            dialer: Arc::clone(&self.dialer),
            cancels: self.cancels.clone(),
            catalogues: Arc::clone(&self.catalogues),
            cap: self.limits.cap,
            message_limit: self.limits.message,
            stop,
        })
    }

    /// Listens for clients that speak SSH. They know the gateway by this key.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub fn serve_ssh(
        &self,
        address: SocketAddr,
        threads: usize,
        key: Arc<HostKeyPair>,
    ) -> Result<Serving, ServeError> {
        self.serve(address, threads, |stop| ssh::Door {
            house: Arc::clone(&self.house),
            key,
            handshake: self.limits.handshake,
            elsewhere: self.limits.elsewhere,
            dialer: Arc::clone(&self.dialer),
            catalogues: Arc::clone(&self.catalogues),
            cap: self.limits.cap,
            stop,
        })
    }

    fn serve<W: Way>(
        &self,
        address: SocketAddr,
        threads: usize,
        door: impl FnOnce(watch::Receiver<bool>) -> W,
    ) -> Result<Serving, ServeError> {
        let io = |error| ServeError::Io(address, error);
        let threads = match threads {
            0 => thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        };
        let sockets = listen::bind(address, threads).map_err(io)?;
        let bound =
            sockets.first().map_or(Ok(address), |socket| socket.local_addr()).map_err(io)?;
        let (stop, stopped) = watch::channel(false);
        let (stopping, until) = watch::channel(None);
        let door = Arc::new(door(stopped));
        let lobby = Lobby::new(self.limits.unknown_per_address, self.limits.unknown);
        let threads = cores::start(sockets, &door, &lobby, &until).map_err(io)?;
        info!(address = %bound, threads = threads.len(), protocol = W::PROTOCOL, "listening");
        Ok(Serving { address: bound, threads, stop, stopping })
    }
}

impl Serving {
    /// Where.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more connections, tells every session that it ends, and waits until all have or
    /// `patience` is over.
    pub async fn stop(mut self, patience: Duration) {
        self.stopping.send_replace(Some(Instant::now() + patience));
        self.stop.send_replace(true);
        let threads = std::mem::take(&mut self.threads);
        let joined = tokio::task::spawn_blocking(move || {
            threads.into_iter().map(thread::JoinHandle::join).filter(Result::is_err).count()
        });
        match joined.await {
            Ok(0) => info!(address = %self.address, "stopped"),
            _ => warn!(address = %self.address, "a thread of the gateway panicked"),
        }
    }
}
