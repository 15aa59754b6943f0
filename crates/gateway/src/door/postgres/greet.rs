//! The first step: sockets around [`Greeting`], up to a client that has shown a token or a certificate.

use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use metrics::counter;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsStream};
use wire::postgres::greet::{Closed, Greeting, Rules, Shown, Step};
use zeroize::Zeroizing;

use super::super::way::Arrived;
use super::visit::{Greeted, Turned};
use super::{Door, PROTOCOL};
use crate::tls::{ALPN, certificate_refused};
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
    let mut client = direct(door, socket, from).await?;
    let mut greeting = if client.is_tls() {
        Greeting::inside_tls(rules, shown(&client))
    } else {
        Greeting::new(rules)
    };
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
                client = accept(door, socket, from).await?;
                greeting.encrypted(shown(&client));
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
async fn direct(door: &Door, socket: TcpStream, from: SocketAddr) -> Result<Transport, Turned> {
    let mut first = [0; 1];
    let read = socket.peek(&mut first).await.map_err(|_| Turned::silently("gone"))?;
    if read == 0 || first != [TLS_HANDSHAKE] {
        return Ok(Transport::Plain(socket));
    }
    let client = accept(door, socket, from).await?;
    let protocol = match &client {
        Transport::Tls(stream) => stream.get_ref().1.alpn_protocol(),
        Transport::Plain(_) | Transport::Tunnel(_) => None,
    };
    if protocol != Some(ALPN) {
        return Err(Turned::silently("tls"));
    }
    Ok(client)
}

async fn accept(door: &Door, socket: TcpStream, from: SocketAddr) -> Result<Transport, Turned> {
    let Some(config) = &door.listener.tls else { return Err(Turned::silently("tls")) };
    match TlsAcceptor::from(config.clone()).accept(socket).into_fallible().await {
        Ok(stream) => Ok(Transport::Tls(Box::new(TlsStream::Server(stream)))),
        Err((error, socket)) => Err(failed(door, &error, socket, from)),
    }
}

/// A certificate that TLS refuses is a login that failed. What else goes wrong with TLS is not: it
/// says nothing of who it is.
fn failed(door: &Door, error: &io::Error, socket: TcpStream, from: SocketAddr) -> Turned {
    let why = match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(why)) => why,
        _ => return Turned::silently("tls"),
    };
    let why = format!("the client certificate is not accepted: {}", certificate_refused(why));
    door.house.directory.refused(from, "", &why);
    counter!("sluice_logins_total", "protocol" => PROTOCOL, "outcome" => "failed").increment(1);
    // The alert is sent. Closing over what the client sent meanwhile would reset the connection
    // before it is read.
    Turned::away(Transport::Plain(socket), Bytes::new(), "certificate")
}

fn shown(client: &Transport) -> Shown {
    if client.certificates().is_empty() { Shown::Nothing } else { Shown::Certificate }
}
