//! What a client may send before it is anybody: packets without a type byte.
//!
//! Reading follows the server's `ProcessStartupPacket`, and is stricter where the server takes the
//! last of several meanings: a parameter given twice is refused.

mod application_name;
mod options;
mod settings;

use crate::postgres::error::{Report, sqlstate};
use crate::postgres::frame::{Body, Malformed, counted, put_cstr};

pub use application_name::application_name;
pub use settings::Settings;
pub(crate) use settings::is_ascii_safe;

/// The longest packet the server reads, its length word not counted (`MAX_STARTUP_PACKET_LENGTH`).
pub const LONGEST: usize = 10_000;

/// The longest cancel key of protocol 3.2.
pub const LONGEST_CANCEL_KEY: usize = 256;

/// The newest minor version of protocol 3 that is spoken here.
pub const NEWEST_MINOR: u16 = 2;

const MAJOR: u16 = 3;
const CANCEL_REQUEST: u32 = code(5678);
const SSL_REQUEST: u32 = code(5679);
const GSSENC_REQUEST: u32 = code(5680);

/// A request that stands where a version would.
const fn code(minor: u32) -> u32 {
    1234 << 16 | minor
}

/// One packet, read.
pub enum Packet {
    /// The client would like TLS.
    SslRequest,
    /// The client would like GSSAPI encryption.
    GssEncRequest,
    /// Not a login: somebody wants a running command stopped.
    Cancel(CancelKey),
    /// A login begins.
    Startup(Box<Startup>),
}

/// Names a session to a CancelRequest, and proves the right to cancel what it runs. No `Debug`: the
/// second half is a secret.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CancelKey {
    /// The process number a client was told.
    pub process: u32,
    /// The secret it was told.
    pub secret: Box<[u8]>,
}

impl CancelKey {
    /// The packet that asks to cancel what the key's session runs.
    #[must_use]
    pub fn request(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(12 + self.secret.len());
        counted(&mut out, |out| {
            out.extend_from_slice(&CANCEL_REQUEST.to_be_bytes());
            out.extend_from_slice(&self.process.to_be_bytes());
            out.extend_from_slice(&self.secret);
        });
        out
    }
}

/// The packet that asks for TLS.
#[must_use]
pub fn ssl_request() -> Vec<u8> {
    let mut out = Vec::with_capacity(8);
    counted(&mut out, |out| out.extend_from_slice(&SSL_REQUEST.to_be_bytes()));
    out
}

/// The packet that begins a login in protocol 3.0.
#[must_use]
pub fn startup_message<'a>(parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    counted(&mut out, |out| {
        out.extend_from_slice(&(u32::from(MAJOR) << 16).to_be_bytes());
        for (name, value) in parameters {
            put_cstr(out, name);
            put_cstr(out, value);
        }
        out.push(0);
    });
    out
}

/// What a client asks for when it logs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Startup {
    /// The minor version of protocol 3 both sides speak.
    pub minor: u16,
    /// Who it says it is; never empty.
    pub user: String,
    /// What it wants to open, as it was written.
    pub database: Option<String>,
    /// What the client calls itself.
    pub application_name: Option<String>,
    /// Session settings, each on the allow-list.
    pub settings: Settings,
    /// The client has to be told which minor version and which of its protocol options are not spoken here.
    negotiate: Option<Vec<String>>,
}

/// What a `database` parameter names here: `orders-prod`, or `orders-prod/otherdb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    /// The resource.
    pub resource: &'a str,
    /// A database of it other than its usual one.
    pub database: Option<&'a str>,
}

impl Startup {
    /// What is to be opened.
    ///
    /// # Errors
    /// No resource is named: what to tell the client.
    pub fn target(&self) -> Result<Target<'_>, Report<'static>> {
        let name = self.database.as_deref().unwrap_or_default();
        let (resource, database) = match name.split_once('/') {
            Some((resource, database)) => (resource, Some(database)),
            None => (name, None),
        };
        if resource.is_empty() || database == Some("") {
            return Err(Report::fatal(sqlstate::INVALID_CATALOG_NAME, "no resource is named")
                .hint("Connect with dbname=RESOURCE or dbname=RESOURCE/DATABASE; `sluice ls` lists the resources you may open."));
        }
        Ok(Target { resource, database })
    }

    /// Appends NegotiateProtocolVersion when the client asked for more than is spoken here.
    pub fn negotiate(&self, out: &mut Vec<u8>) {
        use crate::postgres::frame::{backend, message};
        let Some(unknown) = &self.negotiate else { return };
        message(out, backend::NEGOTIATE_PROTOCOL_VERSION, |out| {
            let version = u32::from(MAJOR) << 16 | u32::from(self.minor);
            out.extend_from_slice(&version.to_be_bytes());
            let count = u32::try_from(unknown.len()).unwrap_or(u32::MAX);
            out.extend_from_slice(&count.to_be_bytes());
            unknown.iter().for_each(|name| put_cstr(out, name));
        });
    }
}

/// Why a packet is not read further.
#[derive(Debug)]
pub enum Refused {
    /// The client is told.
    Told(Box<Report<'static>>),
    /// The connection is closed without a word, as the server does: whatever it is, it is no client
    /// that would read an answer.
    Silently(&'static str),
}

impl From<Report<'static>> for Refused {
    fn from(report: Report<'static>) -> Self {
        Self::Told(Box::new(report))
    }
}

/// Finds the first packet in `bytes`: its content behind the length word. `None`: it is not
/// complete yet.
///
/// # Errors
/// No packet is that short or that long.
pub fn split(bytes: &[u8]) -> Result<Option<&[u8]>, Refused> {
    let Some(length) = bytes.first_chunk::<4>() else { return Ok(None) };
    let content = (u32::from_be_bytes(*length) as usize).wrapping_sub(4);
    if !(4..=LONGEST).contains(&content) {
        return Err(Refused::Silently("invalid length of startup packet"));
    }
    Ok(bytes.get(4..4 + content))
}

/// Reads a packet's content.
///
/// # Errors
/// It is malformed, of a version that is not spoken, or asks for what is not given.
pub fn read(content: &[u8]) -> Result<Packet, Refused> {
    let mut body = Body::new(content);
    let version = body.u32().map_err(|Malformed| layout())?;
    match version {
        SSL_REQUEST | GSSENC_REQUEST if !body.rest().is_empty() => {
            Err(Refused::Silently("invalid length of an encryption request"))
        }
        SSL_REQUEST => Ok(Packet::SslRequest),
        GSSENC_REQUEST => Ok(Packet::GssEncRequest),
        CANCEL_REQUEST => cancel(body).map(Packet::Cancel),
        _ => startup(version, body).map(|startup| Packet::Startup(Box::new(startup))),
    }
}

/// What the client hears whose packet asks for a version, or an encryption for the second time.
#[must_use]
pub fn unsupported(packet: &Packet) -> Report<'static> {
    match packet {
        Packet::SslRequest => unsupported_version(SSL_REQUEST),
        Packet::GssEncRequest => unsupported_version(GSSENC_REQUEST),
        Packet::Cancel(_) => unsupported_version(CANCEL_REQUEST),
        Packet::Startup(startup) => {
            unsupported_version(u32::from(MAJOR) << 16 | u32::from(startup.minor))
        }
    }
}

fn unsupported_version(version: u32) -> Report<'static> {
    let (major, minor) = (version >> 16, version & 0xffff);
    Report::fatal(
        sqlstate::FEATURE_NOT_SUPPORTED,
        format!(
            "unsupported frontend protocol {major}.{minor}: server supports {MAJOR}.0 to {MAJOR}.{NEWEST_MINOR}"
        ),
    )
}

fn layout() -> Report<'static> {
    Report::fatal(
        sqlstate::PROTOCOL_VIOLATION,
        "invalid startup packet layout: expected terminator as last byte",
    )
}

fn cancel(mut body: Body<'_>) -> Result<CancelKey, Refused> {
    let process =
        body.u32().map_err(|Malformed| Refused::Silently("invalid length of cancel request"))?;
    let secret = body.rest();
    if secret.is_empty() || secret.len() > LONGEST_CANCEL_KEY {
        return Err(Refused::Silently("invalid length of cancel key"));
    }
    Ok(CancelKey { process, secret: secret.into() })
}

fn startup(version: u32, body: Body<'_>) -> Result<Startup, Refused> {
    let (major, asked_minor) = (version >> 16, (version & 0xffff) as u16);
    if major != u32::from(MAJOR) {
        return Err(unsupported_version(version).into());
    }
    let parameters = parameters(body)?;
    let mut user = None;
    let mut database = None;
    let mut own_name = None;
    let mut options = None;
    let mut unknown = Vec::new();
    let mut given = Vec::new();
    for (name, value) in parameters {
        match name {
            "user" => user = Some(text(name, value)?),
            "database" => database = Some(text(name, value)?),
            "options" => options = Some(text(name, value)?),
            "replication" => no_replication(value)?,
            _ if name.starts_with("_pq_.") => unknown.push(name.to_owned()),
            _ if name.eq_ignore_ascii_case("application_name") => {
                own_name = Some(String::from_utf8_lossy(value).into_owned());
            }
            _ => given.push((name, text(name, value)?)),
        }
    }
    let Some(user) = user.filter(|user| !user.is_empty()) else {
        return Err(Report::fatal(
            sqlstate::INVALID_AUTHORIZATION_SPECIFICATION,
            "no PostgreSQL user name specified in startup packet",
        )
        .into());
    };
    // As in the server, what stands in `options` comes first and a parameter of its own overrules it.
    let mut settings = Settings::default();
    for (name, value) in options::split(options.unwrap_or_default())? {
        if name.eq_ignore_ascii_case("application_name") {
            own_name.get_or_insert(value);
        } else {
            settings.insert(&name, &value)?;
        }
    }
    for (name, value) in given {
        settings.insert(name, value)?;
    }
    let minor = asked_minor.min(NEWEST_MINOR);
    Ok(Startup {
        minor,
        user: user.to_owned(),
        database: database.filter(|name| !name.is_empty()).map(str::to_owned),
        application_name: own_name,
        settings,
        negotiate: (asked_minor > NEWEST_MINOR || !unknown.is_empty()).then_some(unknown),
    })
}

/// Names and values up to the terminator, which must be the last byte.
fn parameters(mut body: Body<'_>) -> Result<Vec<(&str, &[u8])>, Refused> {
    let mut parameters: Vec<(&str, &[u8])> = Vec::new();
    loop {
        let name = body.cstr().map_err(|Malformed| layout())?;
        if name.is_empty() {
            break;
        }
        let value = body.cstr().map_err(|Malformed| layout())?;
        let name = str::from_utf8(name).map_err(|_| not_text("a parameter's name"))?;
        parameters.push((name, value));
    }
    body.end().map_err(|Malformed| layout())?;
    let mut names: Vec<String> =
        parameters.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    names.sort_unstable();
    if let Some(twice) =
        names.windows(2).find_map(|pair| (pair.first() == pair.last()).then_some(pair)?.first())
    {
        return Err(Report::fatal(
            sqlstate::PROTOCOL_VIOLATION,
            format!("startup parameter \"{}\" is given more than once", printable(twice)),
        )
        .into());
    }
    Ok(parameters)
}

fn text<'a>(name: &str, value: &'a [u8]) -> Result<&'a str, Refused> {
    str::from_utf8(value).map_err(|_| not_text(&format!("startup parameter \"{name}\"")).into())
}

fn not_text(what: &str) -> Report<'static> {
    Report::fatal(
        sqlstate::PROTOCOL_VIOLATION,
        format!("invalid byte sequence for encoding \"UTF8\" in {}", printable(what)),
    )
}

/// A physical or logical replication connection carries no statements that could be decided.
fn no_replication(value: &[u8]) -> Result<(), Refused> {
    match value.to_ascii_lowercase().as_slice() {
        b"false" | b"off" | b"no" | b"0" => Ok(()),
        _ => Err(Report::fatal(
            sqlstate::FEATURE_NOT_SUPPORTED,
            "replication connections do not pass through this gateway",
        )
        .into()),
    }
}

/// A client's own words, safe to repeat to it and to a log: short and in printable ASCII.
fn printable(text: &str) -> String {
    text.chars().take(63).map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests;
