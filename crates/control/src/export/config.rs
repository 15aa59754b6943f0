//! Who is told, of what, and how.

use std::path::PathBuf;

use model::SecretSource;
use url::Url;

use crate::identity::may_be_asked;

/// Blots the constants out of a statement, or says that it cannot be done.
#[derive(Clone, Copy)]
pub struct Shape(pub fn(&[u8]) -> Option<String>);

impl std::fmt::Debug for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shape")
    }
}

/// Somebody who is told.
#[derive(Clone, Debug)]
pub struct Target {
    /// Names it in the log, in metrics and in `data_dir/export`.
    pub name: String,
    /// How it is reached.
    pub to: To,
    /// In whose words.
    pub format: Format,
    /// Of what.
    pub choice: Choice,
    /// From when on, when it is new.
    pub from: From,
}

/// How a target is reached.
#[derive(Clone, Debug)]
pub enum To {
    /// A file.
    File(File),
    /// A syslog collector.
    Syslog(Syslog),
    /// An HTTP server.
    Http(Http),
    /// An OpenTelemetry collector.
    Otlp(Otlp),
}

/// JSON lines in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Where.
    pub path: PathBuf,
    /// A file that would grow beyond this is followed by a new one; 0: never.
    pub rotate: u64,
    /// So many files that were full are kept.
    pub keep: u32,
}

/// RFC 5424 over UDP, TCP or TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Syslog {
    /// How.
    pub transport: Transport,
    /// The collector's host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The facility's number.
    pub facility: u8,
    /// Authorities to believe, PEM; the public ones when absent.
    pub ca: Option<PathBuf>,
}

/// What carries syslog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Datagrams (RFC 5426).
    Udp,
    /// A stream, in clear (RFC 6587, octet counting).
    Tcp,
    /// A stream, in TLS (RFC 5425).
    Tls,
}

/// Batches, posted.
#[derive(Clone, Debug)]
pub struct Http {
    /// Where to.
    pub url: Url,
    /// What signs them.
    pub secret: Option<SecretSource>,
    /// So many events at once.
    pub batch: usize,
    /// More headers.
    pub headers: Vec<(String, SecretSource)>,
    /// Authorities to believe, PEM; the public ones when absent.
    pub ca: Option<PathBuf>,
}

/// OpenTelemetry log records, as JSON over HTTP.
#[derive(Clone, Debug)]
pub struct Otlp {
    /// Where to.
    pub url: Url,
    /// So many records at once.
    pub batch: usize,
    /// More headers.
    pub headers: Vec<(String, SecretSource)>,
    /// Authorities to believe, PEM; the public ones when absent.
    pub ca: Option<PathBuf>,
}

/// In whose words something is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// Sluice's.
    #[default]
    Native,
    /// The Open Cybersecurity Schema Framework's.
    Ocsf,
}

/// What is told.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The audit log.
    pub audit: bool,
    /// That sessions begin and end.
    pub sessions: bool,
    /// What is asked in them, decided, and how it ended.
    pub commands: bool,
    /// Statements.
    pub text: Text,
    /// What is bound to them.
    pub parameters: bool,
}

/// How statements are told.
#[derive(Clone, Debug)]
pub enum Text {
    /// As they are.
    Full,
    /// Without their constants.
    Shape(Shape),
    /// Not at all.
    None,
}

/// From when on a new target is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum From {
    /// From its first start on.
    #[default]
    Now,
    /// From the first entry of the audit log and the first recording that is there.
    Beginning,
}

/// A target cannot be what is written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

/// Whether a target can be told, as far as that can be seen without asking it.
///
/// # Errors
/// What to change.
pub fn check(target: &Target) -> Result<(), ConfigError> {
    let refuse = |why: String| Err(ConfigError(why));
    let Choice { audit, sessions, commands, .. } = target.choice;
    if !(audit || sessions || commands) {
        return refuse("`events` is empty: name some of `audit`, `sessions`, `commands`".into());
    }
    match &target.to {
        To::File(file) => {
            if file.path.file_name().is_none() {
                return refuse("`path` names no file".into());
            }
            if file.rotate != 0 && file.rotate < 64 << 10 {
                return refuse("`rotate` must be at least 64KB".into());
            }
        }
        To::Syslog(syslog) => {
            if syslog.ca.is_some() && syslog.transport != Transport::Tls {
                return refuse("`ca` means nothing without `tls://`".into());
            }
        }
        To::Http(Http { url, batch, headers, .. }) | To::Otlp(Otlp { url, batch, headers, .. }) => {
            if let Err(why) = may_be_asked(url) {
                return refuse(format!("`url` {why}"));
            }
            if !url.username().is_empty() || url.password().is_some() {
                return refuse("`url` must not hold a user: use `headers`".into());
            }
            if !(1..=10_000).contains(batch) {
                return refuse("`batch` must be from 1 to 10000".into());
            }
            for (name, _) in headers {
                let own = ["content-type", "content-length", "host", "transfer-encoding"];
                let lower = name.to_ascii_lowercase();
                if own.contains(&lower.as_str()) || lower.starts_with("sluice-") {
                    return refuse(format!("`headers`: {name} is set by Sluice itself"));
                }
                if ureq::http::HeaderName::from_bytes(name.as_bytes()).is_err() {
                    return refuse("`headers`: a name that is no header's".into());
                }
            }
        }
    }
    Ok(())
}

/// A facility's number by its name.
#[must_use]
pub fn facility(name: &str) -> Option<u8> {
    const NAMES: [&str; 24] = [
        "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron",
        "authpriv", "ftp", "ntp", "audit", "alert", "clock", "local0", "local1", "local2",
        "local3", "local4", "local5", "local6", "local7",
    ];
    NAMES.iter().position(|known| *known == name).and_then(|at| u8::try_from(at).ok())
}
