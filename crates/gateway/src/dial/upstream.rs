use std::io;
use std::sync::Arc;

use policy::Grant;
use rustls::ClientConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, TlsStream};
use tracing::warn;
use wire::postgres::startup::{CancelKey, ssl_request};

use super::{DialError, Dialer};
use crate::tls::{server_end_point, server_name};
use crate::transport::{Transport, tune};

/// The port a target listens on when its address does not say.
const PORT: u16 = 5432;

/// Connects to the first of an address's hosts that answers, in TLS when there is a configuration for it.
pub(super) async fn connect(
    address: &str,
    config: Option<Arc<ClientConfig>>,
) -> Result<(Transport, Option<Box<[u8]>>), DialError> {
    let (host, port) = split(address, PORT)?;
    let socket = reach(host, port).await?;
    match config {
        None => Ok((Transport::Plain(socket), None)),
        Some(config) => protect(socket, host, config).await,
    }
}

/// Connects to the first of a host's addresses that answers.
pub(super) async fn reach(host: &str, port: u16) -> Result<TcpStream, DialError> {
    let hosts = tokio::net::lookup_host((host, port))
        .await
        .map_err(|error| DialError::Resolve(error.kind()))?;
    let mut last = io::ErrorKind::NotFound;
    for host_address in hosts {
        match TcpStream::connect(host_address).await {
            Ok(socket) => {
                tune(&socket).map_err(|error| DialError::Connect(error.kind()))?;
                return Ok(socket);
            }
            Err(error) => last = error.kind(),
        }
    }
    Err(DialError::Connect(last))
}

/// `host`, `host:port`, `[::1]:port`.
pub(super) fn split(address: &str, usual: u16) -> Result<(&str, u16), DialError> {
    let (host, port) = match address.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((host, "")) => (host, None),
            Some((host, port)) => (host, Some(port.strip_prefix(':').ok_or(DialError::Address)?)),
            None => return Err(DialError::Address),
        },
        None => match address.rsplit_once(':') {
            // More than one colon and no brackets: an IPv6 address without a port.
            Some((host, _)) if host.contains(':') => (address, None),
            Some((host, port)) => (host, Some(port)),
            None => (address, None),
        },
    };
    let port = port.map_or(Ok(usual), str::parse).map_err(|_| DialError::Address)?;
    if host.is_empty() { Err(DialError::Address) } else { Ok((host, port)) }
}

async fn protect(
    mut socket: TcpStream,
    host: &str,
    config: Arc<ClientConfig>,
) -> Result<(Transport, Option<Box<[u8]>>), DialError> {
    let lost = |error: io::Error| DialError::Lost(error.kind());
    socket.write_all(&ssl_request()).await.map_err(lost)?;
    // One byte and no more: what comes behind it is the handshake's or nobody's.
    let mut answer = [0; 1];
    socket.read_exact(&mut answer).await.map_err(lost)?;
    if answer != *b"S" {
        return Err(DialError::NoTls);
    }
    let name = server_name(host).map_err(DialError::TlsSettings)?;
    let stream = TlsConnector::from(config).connect(name, socket).await.map_err(handshake)?;
    let certificates = stream.get_ref().1.peer_certificates();
    let hash = certificates.and_then(|list| server_end_point(list.first()?));
    Ok((Transport::Tls(Box::new(TlsStream::Client(stream))), hash))
}

fn handshake(error: io::Error) -> DialError {
    let reason = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match reason {
        Some(reason) => DialError::Handshake(reason.to_string()),
        None => DialError::Lost(error.kind()),
    }
}

/// A session on a target, as far as it takes to cancel what it runs.
pub struct Target {
    dialer: Arc<Dialer>,
    grant: Arc<Grant>,
    key: Option<CancelKey>,
}

impl Target {
    pub(crate) const fn new(
        dialer: Arc<Dialer>,
        grant: Arc<Grant>,
        key: Option<CancelKey>,
    ) -> Self {
        Self { dialer, grant, key }
    }

    /// Asks the target to cancel what the session runs. Whether it did shows in the session.
    pub async fn cancel(&self) {
        let Some(key) = &self.key else { return };
        if let Err(error) = self.dialer.cancel(&self.grant, key).await {
            warn!(resource = self.grant.resource().name, %error, "a request to cancel did not reach the target");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_maybe_a_port() {
        for (address, expected) in [
            ("db", Some(("db", 5432))),
            ("db:1", Some(("db", 1))),
            ("10.0.0.5:5433", Some(("10.0.0.5", 5433))),
            ("[::1]:5433", Some(("::1", 5433))),
            ("[::1]", Some(("::1", 5432))),
            ("::1", Some(("::1", 5432))),
            ("db:", None),
            ("db:x", None),
            ("db:65536", None),
            (":5432", None),
            ("[::1", None),
            ("[::1]x", None),
            ("", None),
        ] {
            assert_eq!(split(address, PORT).ok(), expected, "{address}");
        }
    }
}
