//! A connection to the door, up to the point where statements may be sent.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Poke, Poll};

use anyhow::{Context, Result};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use wire::postgres::greet::Protection;
use wire::postgres::login::{Established, Login, LoginError, Request, Step};
use wire::postgres::scram::KeyCache;
use wire::postgres::startup::{CancelKey, Settings};

use super::Door;
use crate::error::{Exit, Failure};

/// A session at the gateway.
pub(crate) struct Link {
    /// The connection.
    pub(crate) socket: Socket,
    /// What the gateway said of the session.
    pub(crate) established: Established,
}

/// A connection, protected or on this machine.
pub(crate) enum Socket {
    /// In clear.
    Clear(TcpStream),
    /// With TLS.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Link {
    /// Opens `database` (a resource, or `resource/database`) at the gateway.
    pub(crate) async fn open(
        door: &Door,
        database: &str,
        application: &str,
        settings: Settings,
    ) -> Result<Self> {
        let mut socket = connect(door).await?;
        let request = Request {
            user: door.subject.clone(),
            password: Some(door.token.clone()),
            database: database.to_owned(),
            application_name: application.to_owned(),
            settings,
            // In clear it is only ever on this machine, where nobody is in between.
            protection: Protection::Tls,
            server_end_point: None,
            nonce: rand::random(),
        };
        let cache = KeyCache::new(1);
        let mut login = Login::new(request, &cache);
        let established = drive(&mut login, &mut socket, database).await?;
        Ok(Self { socket, established })
    }

    /// Asks the gateway to cancel what the session of this key runs.
    pub(crate) async fn cancel(door: &Door, key: &CancelKey) -> Result<()> {
        let mut socket = connect(door).await?;
        socket.write_all(&key.request()).await?;
        socket.flush().await?;
        // The gateway closes once it has passed it on; how politely does not matter.
        let _ = socket.read(&mut [0; 1]).await;
        Ok(())
    }
}

async fn connect(door: &Door) -> Result<Socket> {
    let unreachable = |error: io::Error| {
        Failure::new(
            Exit::Unavailable,
            format!(
                "the gateway's PostgreSQL port {}:{} cannot be reached: {error}",
                door.host, door.port
            ),
        )
        .hint("whoever runs the gateway may have to set `public.postgres`")
    };
    let stream = TcpStream::connect((door.host.as_str(), door.port)).await.map_err(unreachable)?;
    stream.set_nodelay(true)?;
    let Some(roots) = &door.roots else { return Ok(Socket::Clear(stream)) };
    let mut config = roots.tls()?;
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    let name = ServerName::try_from(door.host.clone()).context("the gateway's host name")?;
    let stream =
        TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(unreachable)?;
    Ok(Socket::Tls(Box::new(stream)))
}

async fn drive(login: &mut Login<'_>, socket: &mut Socket, database: &str) -> Result<Established> {
    let mut buffer = vec![0; 4096];
    loop {
        let step = match login.step().map_err(|error| refused(error, database))? {
            Some(Step::Derive(work)) => {
                login.derived(tokio::task::spawn_blocking(move || work.run()).await?)
            }
            step => step,
        };
        match step {
            Some(Step::Send(bytes)) => {
                socket.write_all(&bytes).await?;
                socket.flush().await?;
            }
            Some(Step::Done(established)) => return Ok(*established),
            Some(Step::Derive(_)) => {}
            None => {
                let read = socket.read(&mut buffer).await?;
                if read == 0 {
                    return Err(Failure::new(
                        Exit::Unavailable,
                        "the gateway closed the connection",
                    )
                    .into());
                }
                login.feed(buffer.get(..read).unwrap_or_default());
            }
        }
    }
}

/// Here it is the gateway that plays the target. A login repeats no words of the other side's that it
/// does not know, so the reason is mostly in the code.
fn refused(error: LoginError, database: &str) -> Failure {
    match error {
        LoginError::Refused(refusal) => {
            let why = refusal.message.unwrap_or_else(|| format!("SQLSTATE {}", refusal.code));
            Failure::new(Exit::No, format!("`{database}` is not opened for you: {why}"))
                .hint("`sluice ls` lists the resources you may open; the gateway's log knows more")
        }
        other => Failure::new(Exit::Unavailable, format!("the gateway: {other}")),
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Poke<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Clear(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Poke<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Clear(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Poke<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Clear(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Poke<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Clear(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_shutdown(cx),
        }
    }
}
