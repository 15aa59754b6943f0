//! The first step: sockets around [`Greeting`], up to a client that has shown a token.

use std::io;

use metrics::counter;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsStream};
use wire::postgres::greet::{Closed, Greeting, Protection, Rules, Step};
use zeroize::Zeroizing;

use super::postgres::{Door, Listener};
use super::visit::{Arrived, Greeted, Turned};
use crate::tls::ALPN;
use crate::transport::Transport;

/// The first byte of a TLS record that begins a handshake. No startup packet begins like that: it
/// would be longer than any may be.
const TLS_HANDSHAKE: u8 = 0x16;

pub(super) async fn greet(door: &Door, arrived: Arrived) -> Result<Greeted, Turned> {
    let Arrived { socket, from } = arrived;
    let listener = &door.listener;
    let rules = Rules {
        offers_tls: listener.tls.is_some(),
        allows_clear: listener.clear && from.ip().to_canonical().is_loopback(),
    };
    let (mut client, protection) =
        direct(listener, socket).await.map_err(|_| Turned::silently("tls"))?;
    let mut greeting = Greeting::new(rules, protection);
    let mut buffer = Zeroizing::new(vec![0; 2048]);
    loop {
        let gone = |_: io::Error| Turned::silently("gone");
        match greeting.step() {
            Some(Step::Send(bytes)) => {
                client.write_all(&bytes).await.map_err(gone)?;
                client.flush().await.map_err(gone)?;
            }
            Some(Step::StartTls) => {
                let Transport::Plain(mut socket) = client else {
                    return Err(Turned::silently("protocol"));
                };
                socket.write_all(b"S").await.map_err(gone)?;
                client = accept(listener, socket).await.map_err(|_| Turned::silently("tls"))?;
                greeting.encrypted();
            }
            Some(Step::Cancel(key)) => {
                // Whether the key was right, only the session's owner notices.
                let _ = client.shutdown().await.is_ok() && door.cancels.ask(&key).await;
                counter!("sluice_cancel_requests_total", "protocol" => "postgres").increment(1);
                return Err(Turned::silently("cancel"));
            }
            Some(Step::Login(login)) => return Ok(Greeted { client, from, login: *login }),
            Some(Step::Close(bytes, closed)) => {
                let reason = match closed {
                    Closed::Protocol => "protocol",
                    Closed::Refused => "refused",
                };
                return Err(Turned::away(client, bytes, reason));
            }
            None => {
                let room = greeting.room().min(buffer.len());
                let count = client.read(buffer.get_mut(..room).unwrap_or_default()).await;
                let count = count.map_err(gone)?;
                let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else {
                    return Err(Turned::silently("gone"));
                };
                greeting.feed(bytes);
            }
        }
    }
}

/// A client that begins with TLS is given it at once, if it says that it means PostgreSQL.
async fn direct(listener: &Listener, socket: TcpStream) -> io::Result<(Transport, Protection)> {
    let mut first = [0; 1];
    if socket.peek(&mut first).await? == 0 || first != [TLS_HANDSHAKE] {
        return Ok((Transport::Plain(socket), Protection::Clear));
    }
    let client = accept(listener, socket).await?;
    let protocol = match &client {
        Transport::Tls(stream) => stream.get_ref().1.alpn_protocol(),
        Transport::Plain(_) => None,
    };
    if protocol != Some(ALPN) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok((client, Protection::Tls))
}

async fn accept(listener: &Listener, socket: TcpStream) -> io::Result<Transport> {
    let Some(config) = &listener.tls else { return Err(io::ErrorKind::Unsupported.into()) };
    let stream = TlsAcceptor::from(config.clone()).accept(socket).await?;
    Ok(Transport::Tls(Box::new(TlsStream::Server(stream))))
}
