//! What carries a connection over a jump host: a task of its own, between the socket to the host and a pipe.

use std::io::{self, ErrorKind};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split};
use tokio::time::timeout;
use tracing::debug;
use wire::ssh::connection::tunnel::{Step, Tunnel};

use super::DialError;
use super::ssh::SshDialError;
use crate::transport::Transport;

/// What stands in the pipe, each way.
const PIPE: usize = 64 << 10;
/// What is read at once.
const READ: usize = 32 << 10;
/// How long a jump host may take to hear that it is not needed any more.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Waits for the connection, and has it carried.
pub(super) async fn open(
    mut socket: Transport,
    mut tunnel: Tunnel,
) -> Result<Transport, SshDialError> {
    let lost = |error: io::Error| DialError::Lost(error.kind());
    let mut buffer = vec![0; 4 << 10];
    loop {
        let heard = tunnel.hear();
        socket.write_all(&tunnel.output()).await.map_err(lost)?;
        heard?;
        match tunnel.step() {
            Step::Open => break,
            Step::Wait => {}
            Step::Said(_) | Step::Over => {
                return Err(DialError::Lost(ErrorKind::UnexpectedEof).into());
            }
        }
        let count = socket.read(&mut buffer).await.map_err(lost)?;
        if count == 0 {
            return Err(DialError::Lost(ErrorKind::UnexpectedEof).into());
        }
        tunnel.feed(buffer.get(..count).unwrap_or_default());
    }
    let (ours, theirs) = duplex(PIPE);
    let (from_host, to_host) = split(socket);
    let (from_us, to_us) = split(theirs);
    let carrier = Carrier { tunnel, from_host, to_host, from_us, to_us, ends: false };
    tokio::spawn(carrier.run());
    Ok(Transport::Tunnel(ours))
}

struct Carrier {
    tunnel: Tunnel,
    from_host: ReadHalf<Transport>,
    to_host: WriteHalf<Transport>,
    from_us: ReadHalf<DuplexStream>,
    to_us: WriteHalf<DuplexStream>,
    /// The far end says no more.
    ends: bool,
}

impl Carrier {
    async fn run(mut self) {
        if let Err(error) = self.carry().await {
            debug!(%error, "the way over a jump host ended");
        }
        self.tunnel.leave();
        let goodbye = async {
            self.to_host.write_all(&self.tunnel.output()).await?;
            self.to_host.shutdown().await
        };
        // It learns of it by the end of the connection too.
        let _ = timeout(LAST_WORDS, goodbye).await;
    }

    /// Carries both ways until either end has left.
    async fn carry(&mut self) -> io::Result<()> {
        let (mut said, mut heard) = (vec![0; READ], vec![0; READ]);
        // For us, and for the jump host.
        let (mut down, mut up) = (Bytes::new(), Bytes::new());
        loop {
            while down.is_empty() && !self.ends {
                match self.tunnel.step() {
                    Step::Said(bytes) => down = bytes,
                    Step::Over => self.ends = true,
                    Step::Wait | Step::Open => break,
                }
            }
            if up.is_empty() {
                up = self.tunnel.output();
            }
            if self.ends && down.is_empty() {
                return Ok(());
            }
            let room = self.tunnel.room().min(READ);
            tokio::select! {
                count = self.to_us.write(&down), if !down.is_empty() => {
                    drop(down.split_to(count?));
                }
                count = self.to_host.write(&up), if !up.is_empty() => {
                    drop(up.split_to(count?));
                }
                count = self.from_host.read(&mut heard), if !self.ends && self.tunnel.has_room() => {
                    match count? {
                        0 => self.ends = true,
                        count => {
                            self.tunnel.feed(heard.get(..count).unwrap_or_default());
                            self.tunnel.hear().map_err(io::Error::other)?;
                        }
                    }
                }
                count = self.from_us.read(said.get_mut(..room).unwrap_or_default()), if room > 0 => {
                    match count? {
                        0 => return Ok(()),
                        count => {
                            self.tunnel.say(said.get(..count).unwrap_or_default());
                        }
                    }
                }
            }
        }
    }
}
