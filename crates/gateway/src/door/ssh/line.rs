//! A connection to a client that is not let in yet.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tracing::debug;
use wire::ssh::auth::{Greet, Greeting};

use super::visit::Turned;

/// What is read at once of somebody who is nobody yet.
const PIECE: usize = 4 << 10;

/// The socket, and what is understood of what comes from it.
pub(super) struct Line {
    pub(super) socket: TcpStream,
    pub(super) greet: Greet,
    buffer: Box<[u8]>,
}

impl Line {
    pub(super) fn new(socket: TcpStream, greet: Greet) -> Self {
        Self { socket, greet, buffer: vec![0; PIECE].into() }
    }

    /// Writes what is to be said, and reads until there is something to be done.
    pub(super) async fn next(&mut self) -> Result<Greeting, Turned> {
        loop {
            let next = self.greet.greeting();
            if let Err(broken) = &next {
                debug!(%broken, "a client broke the protocol before it was let in");
                self.greet.disconnect(broken);
            }
            self.write().await.map_err(|_| Turned::silently("gone"))?;
            match next {
                Ok(Greeting::Wait) => {}
                Ok(other) => return Ok(other),
                Err(_) => return Err(Turned::silently("protocol")),
            }
            match self.socket.read(&mut self.buffer).await {
                Ok(0) | Err(_) => return Err(Turned::silently("gone")),
                Ok(count) => self.greet.feed(self.buffer.get(..count).unwrap_or_default()),
            }
        }
    }

    /// Writes what is to be said.
    pub(super) async fn write(&mut self) -> io::Result<()> {
        let bytes = self.greet.output();
        if bytes.is_empty() { Ok(()) } else { self.socket.write_all(&bytes).await }
    }

    /// Resolves when the client hangs up.
    pub(super) async fn hung_up(&self) {
        let mut byte = [0; 1];
        loop {
            match self.socket.peek(&mut byte).await {
                Ok(0) | Err(_) => return,
                // What it says meanwhile is read later.
                Ok(_) => tokio::time::sleep(std::time::Duration::from_millis(250)).await,
            }
        }
    }

    /// What the client calls itself.
    pub(super) fn version(&self) -> Option<String> {
        self.greet.client_version()
    }
}
