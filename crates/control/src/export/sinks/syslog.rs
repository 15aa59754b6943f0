//! RFC 5424, over UDP (RFC 5426), TCP with octet counting (RFC 6587) or TLS (RFC 5425).
//!
//! Syslog has no answer. Over TCP a parcel counts as taken when it was written and the peer is still
//! there a moment later; what a peer that dies has in its buffers is lost to it.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::super::config::{self, Transport};
use super::super::render::{Told, Weight};
use super::{Parcel, Sink, Trouble};

const CONNECT: Duration = Duration::from_secs(10);
const WRITE: Duration = Duration::from_secs(30);
/// So long after the last byte the peer must still be there.
const GRACE: Duration = Duration::from_millis(50);
/// What the peer says is read so often before it is let talk.
const TALK: u32 = 1000;
/// Collectors take 8 KiB by default and cut what is longer; the header is in it.
const LONGEST: usize = 8192 - 256;

pub(super) struct SyslogSink {
    config: config::Syslog,
    hostname: String,
    line: Option<Line>,
}

enum Line {
    Udp(UdpSocket),
    Tcp(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl SyslogSink {
    pub(super) fn new(config: config::Syslog) -> Self {
        Self { config, hostname: hostname(), line: None }
    }

    fn write(&mut self, parcel: &Parcel<'_>) -> Result<(), Trouble> {
        let mut line = match self.line.take() {
            Some(line) => line,
            None => self.connect()?,
        };
        let what = format!("{}:{}", self.config.host, self.config.port);
        let failed = |error: io::Error| Trouble::io(&what, &error);
        let messages = parcel.told.iter().map(|told| self.message(told));
        match &mut line {
            Line::Udp(socket) => {
                for message in messages {
                    socket.send(message.as_bytes()).map_err(failed)?;
                }
            }
            Line::Tcp(stream) => {
                stream.write_all(&framed(messages)).map_err(failed)?;
                still_there(stream).map_err(failed)?;
            }
            Line::Tls(stream) => {
                stream.write_all(&framed(messages)).map_err(failed)?;
                stream.flush().map_err(failed)?;
                still_there(stream.as_mut()).map_err(failed)?;
            }
        }
        self.line = Some(line);
        Ok(())
    }

    fn connect(&self) -> Result<Line, Trouble> {
        let config = &self.config;
        let what = format!("{}:{}", config.host, config.port);
        let failed = |error: io::Error| Trouble::io(&what, &error);
        let found = (config.host.as_str(), config.port).to_socket_addrs().map_err(failed)?;
        let mut last = Trouble::new(format!("{what}: no address"));
        for address in found {
            let opened = match config.transport {
                Transport::Udp => {
                    let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
                    UdpSocket::bind(any).and_then(|socket| {
                        socket.connect(address)?;
                        Ok(Line::Udp(socket))
                    })
                }
                Transport::Tcp => stream(&address).map(Line::Tcp),
                Transport::Tls => {
                    let tls = self.tls()?;
                    let name = ServerName::try_from(config.host.clone())
                        .map_err(|_| Trouble::new(format!("{} is no name", config.host)))?;
                    stream(&address).and_then(|stream| {
                        let session = ClientConnection::new(tls, name).map_err(io::Error::other)?;
                        let mut stream = StreamOwned::new(session, stream);
                        // The handshake is over before anything is believed to be sent.
                        stream.conn.complete_io(&mut stream.sock)?;
                        stream.sock.set_read_timeout(Some(GRACE))?;
                        Ok(Line::Tls(Box::new(stream)))
                    })
                }
            };
            match opened {
                Ok(line) => return Ok(line),
                Err(error) => last = failed(error),
            }
        }
        Err(last)
    }

    fn tls(&self) -> Result<Arc<ClientConfig>, Trouble> {
        let mut roots = RootCertStore::empty();
        match &self.config.ca {
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Some(path) => {
                let pem = fs::read(path)
                    .map_err(|error| Trouble::io(&path.display().to_string(), &error))?;
                for certificate in CertificateDer::pem_slice_iter(&pem) {
                    let certificate =
                        certificate.map_err(|error| Trouble::new(format!("`ca`: {error}")))?;
                    roots
                        .add(certificate)
                        .map_err(|error| Trouble::new(format!("`ca`: {error}")))?;
                }
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Trouble::new(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Arc::new(config))
    }

    /// `<PRI>1 TIMESTAMP HOSTNAME sluice PROCID MSGID [meta sequenceId="…"] JSON`
    fn message(&self, told: &Told) -> String {
        let severity = match told.weight {
            Weight::Usual => 6,
            Weight::Notable => 5,
            Weight::Warning => 4,
        };
        let priority = u32::from(self.config.facility) * 8 + severity;
        let code: String = told.code.chars().filter(char::is_ascii_graphic).take(32).collect();
        let code = if code.is_empty() { "-" } else { &code };
        // The number of RFC 5424 begins anew at its end; the JSON holds the whole one.
        let sequence = told.sequence.saturating_sub(1) % 2_147_483_647 + 1;
        format!(
            "<{priority}>1 {} {} sluice {} {code} [meta sequenceId=\"{sequence}\"] {}",
            told.at,
            self.hostname,
            std::process::id(),
            told.json
        )
    }
}

impl Sink for SyslogSink {
    fn send(&mut self, parcel: &Parcel<'_>) -> Result<(), Trouble> {
        // What an idle connection lost is noticed before anything is written to it.
        let gone = match &mut self.line {
            Some(Line::Tcp(stream)) => still_there(stream).is_err(),
            Some(Line::Tls(stream)) => still_there(stream.as_mut()).is_err(),
            Some(Line::Udp(_)) | None => false,
        };
        if gone {
            self.line = None;
        }
        self.write(parcel)
    }

    fn most(&self) -> usize {
        200
    }

    fn longest(&self) -> usize {
        LONGEST
    }

    fn is_ascii(&self) -> bool {
        true
    }
}

fn framed(messages: impl Iterator<Item = String>) -> Vec<u8> {
    let mut out = Vec::new();
    for message in messages {
        out.extend_from_slice(format!("{} ", message.len()).as_bytes());
        out.extend_from_slice(message.as_bytes());
    }
    out
}

fn stream(address: &std::net::SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(address, CONNECT)?;
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(WRITE))?;
    // A handshake in TLS is read within this; afterwards reading only looks whether the peer is there.
    stream.set_read_timeout(Some(CONNECT))?;
    Ok(stream)
}

/// Whether the peer has not hung up. What it says is passed over: syslog has no answers.
fn still_there(stream: &mut (impl Read + Timed)) -> io::Result<()> {
    stream.wait_no_longer_than(GRACE)?;
    let mut chunk = [0; 512];
    // One that never stops talking is there.
    for _ in 0..TALK {
        match stream.read(&mut chunk) {
            Ok(0) => return Err(io::Error::other("the collector hung up")),
            Ok(_) => {}
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => return Ok(()),
                io::ErrorKind::Interrupted => {}
                _ => return Err(error),
            },
        }
    }
    Ok(())
}

trait Timed {
    fn wait_no_longer_than(&self, time: Duration) -> io::Result<()>;
}

impl Timed for TcpStream {
    fn wait_no_longer_than(&self, time: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(time))
    }
}

impl Timed for StreamOwned<ClientConnection, TcpStream> {
    fn wait_no_longer_than(&self, time: Duration) -> io::Result<()> {
        self.sock.set_read_timeout(Some(time))
    }
}

/// The machine's name as RFC 5424 has it, or `-`.
fn hostname() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name: String = name.trim().chars().filter(char::is_ascii_graphic).take(255).collect();
    if name.is_empty() { "-".into() } else { name }
}
