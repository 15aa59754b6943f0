//! A thread for each core, each with a runtime of its own: a session stays where it began, and no
//! message wakes another thread.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use metrics::counter;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::{debug, error};

use crate::door::{Arrived, Way, visit};
use crate::lobby::Lobby;
use crate::transport::tune;

/// Threads for what blocks: resolving names, hashing passwords.
const BLOCKING: usize = 16;

/// After an error that would only repeat itself (no more file descriptors), accepting rests.
const REST: Duration = Duration::from_millis(50);

/// How often a stopping core looks whether its sessions have ended.
const GLANCE: Duration = Duration::from_millis(20);

/// When to stop, once that is known: sessions that still run then are cut.
pub(crate) type Stopping = watch::Receiver<Option<std::time::Instant>>;

/// What a core can hand connections to.
struct Core {
    handle: Handle,
    guests: Arc<AtomicUsize>,
}

/// One connection on one core; gone when it is dropped.
struct Guest(Arc<AtomicUsize>);

impl Guest {
    fn of(core: &Core) -> Self {
        core.guests.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(&core.guests))
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Starts a thread for each socket. Each ends, and says so, once it was told to stop and its
/// sessions are over.
pub(crate) fn start<W: Way>(
    sockets: Vec<StdListener>,
    door: &Arc<W>,
    lobby: &Lobby,
    stopping: &Stopping,
) -> io::Result<Vec<thread::JoinHandle<()>>> {
    let runtimes = sockets.iter().map(|_| runtime()).collect::<io::Result<Vec<_>>>()?;
    let cores: Vec<Core> = runtimes
        .iter()
        .map(|runtime| Core { handle: runtime.handle().clone(), guests: Arc::default() })
        .collect();
    let cores: Arc<[Core]> = cores.into();
    let mut threads = Vec::with_capacity(runtimes.len());
    for (index, (runtime, socket)) in runtimes.into_iter().zip(sockets).enumerate() {
        let listener = {
            let _inside = runtime.enter();
            TcpListener::from_std(socket)?
        };
        let core = Accepting {
            index,
            cores: Arc::clone(&cores),
            door: Arc::clone(door),
            lobby: lobby.clone(),
            stopping: stopping.clone(),
        };
        threads.push(thread::Builder::new().name(format!("{}-{index}", W::PROTOCOL)).spawn(
            move || {
                runtime.block_on(core.run(listener));
                // A blocking call that never ends must not keep the process.
                runtime.shutdown_background();
            },
        )?);
    }
    Ok(threads)
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().max_blocking_threads(BLOCKING).build()
}

struct Accepting<W> {
    index: usize,
    cores: Arc<[Core]>,
    door: Arc<W>,
    lobby: Lobby,
    stopping: Stopping,
}

impl<W: Way> Accepting<W> {
    async fn run(mut self, listener: TcpListener) {
        loop {
            let accepted = tokio::select! {
                biased;
                // The sender is gone when the gateway is.
                _ = self.stopping.wait_for(Option::is_some) => break,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((socket, from)) => self.accepted(socket, from),
                // That one was gone before it was here; the next one may be well.
                Err(error) if is_the_clients(error.kind()) => {}
                Err(error) => {
                    error!(%error, "no connection can be accepted");
                    tokio::time::sleep(REST).await;
                }
            }
        }
        drop(listener);
        let until = self.stopping.borrow().map_or_else(Instant::now, Instant::from_std);
        let Some(own) = self.cores.get(self.index) else { return };
        while own.guests.load(Ordering::Relaxed) > 0 && Instant::now() < until {
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Never waits: what a client does or does not do next is another task's concern.
    fn accepted(&self, socket: TcpStream, from: SocketAddr) {
        counter!("sluice_connections_total", "protocol" => W::PROTOCOL).increment(1);
        let place = match self.lobby.enter(from.ip()) {
            Ok(place) => place,
            Err(full) => {
                counter!("sluice_connections_turned_away_total", "protocol" => W::PROTOCOL, "reason" => full.name())
                    .increment(1);
                return turn_away(&socket, &W::crowded());
            }
        };
        if let Err(error) = tune(&socket) {
            debug!(%error, "a connection was gone at once");
            return;
        }
        let Some(core) = self.quietest() else { return };
        let guest = Guest::of(core);
        let door = Arc::clone(&self.door);
        if self.cores.get(self.index).is_some_and(|own| std::ptr::eq(own, core)) {
            tokio::spawn(visit(door, Arrived { socket, from }, place, guest));
            return;
        }
        // The kernel deals connections out by a hash, so that few of them may all meet on one core.
        let Ok(socket) = socket.into_std() else { return };
        core.handle.spawn(async move {
            if let Ok(socket) = TcpStream::from_std(socket) {
                visit(door, Arrived { socket, from }, place, guest).await;
            }
        });
    }

    /// The core with the fewest guests; this one when none has fewer.
    fn quietest(&self) -> Option<&Core> {
        let guests = |core: &&Core| core.guests.load(Ordering::Relaxed);
        let own = self.cores.get(self.index)?;
        let other = self.cores.iter().min_by_key(guests)?;
        Some(if guests(&other) < guests(&own) { other } else { own })
    }
}

/// Whether an error of accepting is about one connection and not about all.
const fn is_the_clients(error: io::ErrorKind) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted, TimedOut};
    matches!(error, ConnectionAborted | ConnectionReset | Interrupted | TimedOut)
}

/// Says that there are too many, if that can be said without waiting.
fn turn_away(socket: &TcpStream, words: &[u8]) {
    let _ = socket.try_write(words);
}
