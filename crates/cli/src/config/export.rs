//! `export:`: who is told what happens.

use std::path::{Path, PathBuf};

use control::export::{
    Choice, File, Format, From, Http, Otlp, Shape, Syslog, Target, Text, To, Transport, check,
    facility,
};
use model::SecretSource;
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;
use url::Url;

use super::files::beside;
use super::resource::placed;
use super::{FileRef, Problem, Problems, secret};

/// One entry of `export:` as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    name: Spanned<String>,
    file: Option<Spanned<WrittenFile>>,
    syslog: Option<Spanned<WrittenSyslog>>,
    http: Option<Spanned<WrittenHttp>>,
    otlp: Option<Spanned<WrittenOtlp>>,
    #[serde(default)]
    format: WrittenFormat,
    events: Option<Vec<Events>>,
    #[serde(default)]
    text: WrittenText,
    #[serde(default)]
    parameters: bool,
    #[serde(default)]
    from: WrittenFrom,
}

/// A file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenFile {
    path: PathBuf,
    rotate: Option<Size>,
    keep: Option<u32>,
}

/// A syslog collector.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenSyslog {
    address: String,
    facility: Option<String>,
    ca: Option<FileRef>,
}

/// An HTTP server.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenHttp {
    url: String,
    #[serde(default, deserialize_with = "secret::optional")]
    secret: Option<SecretSource>,
    batch: Option<usize>,
    #[serde(default)]
    headers: Headers,
    ca: Option<FileRef>,
}

/// An OpenTelemetry collector.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenOtlp {
    url: String,
    batch: Option<usize>,
    #[serde(default)]
    headers: Headers,
    ca: Option<FileRef>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WrittenFormat {
    #[default]
    Native,
    Ocsf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Events {
    Audit,
    Sessions,
    Commands,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WrittenText {
    #[default]
    Full,
    Shape,
    None,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WrittenFrom {
    #[default]
    Now,
    Beginning,
}

/// Headers by name; each is a secret, for most are.
#[derive(Debug, Default)]
struct Headers(Vec<(String, SecretSource)>);

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Value(#[serde(deserialize_with = "secret::one")] SecretSource);
        let map = std::collections::BTreeMap::<String, Value>::deserialize(from)?;
        Ok(Self(map.into_iter().map(|(name, Value(source))| (name, source)).collect()))
    }
}

/// `100MB`: bytes, or KB, MB, GB, of 1024 each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Size(u64);

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        size(&text).map(Self).ok_or_else(|| {
            serde::de::Error::custom(format!("`{text}` is no size: write it as 100MB"))
        })
    }
}

fn size(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = match unit.trim() {
        "" | "B" => 1,
        "KB" => 1 << 10,
        "MB" => 1 << 20,
        "GB" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

/// A file that is full is followed by another.
const ROTATE: u64 = 100 << 20;
/// So many that were full are kept.
const KEEP: u32 = 10;
/// So many events go to a server at once.
const BATCH: usize = 500;

/// Reads every entry.
pub(super) fn read(file: &Path, written: &[Written], problems: &mut Problems) -> Vec<Target> {
    let mut targets: Vec<Target> = Vec::new();
    for entry in written {
        let place = entry.name.referenced;
        let name = &entry.name.value;
        let target = target(file, entry).and_then(|target| {
            if !super::is_name(name) {
                return Err("cannot be a name: use letters, digits, `-`, `_` and `.`".into());
            }
            if targets.iter().any(|other| other.name == *name) {
                return Err("stands there twice".into());
            }
            check(&target).map_err(|error| error.to_string())?;
            if let Some(other) = targets.iter().find(|other| same_file(other, &target)) {
                return Err(format!("writes the file that `{}` writes", other.name));
            }
            Ok(target)
        });
        match target {
            Ok(target) => targets.push(target),
            Err(why) => {
                problems.0.push(Problem::at(file, place, format!("export `{name}`: {why}")));
            }
        }
    }
    targets
}

fn same_file(one: &Target, other: &Target) -> bool {
    matches!((&one.to, &other.to), (To::File(one), To::File(other)) if one.path == other.path)
}

fn target(file: &Path, entry: &Written) -> Result<Target, String> {
    let every = vec![Events::Audit, Events::Sessions, Events::Commands];
    let events = entry.events.as_ref().unwrap_or(&every);
    Ok(Target {
        name: entry.name.value.clone(),
        to: to(file, entry)?,
        format: match entry.format {
            WrittenFormat::Native => Format::Native,
            WrittenFormat::Ocsf => Format::Ocsf,
        },
        choice: Choice {
            audit: events.contains(&Events::Audit),
            sessions: events.contains(&Events::Sessions),
            commands: events.contains(&Events::Commands),
            text: match entry.text {
                WrittenText::Full => Text::Full,
                WrittenText::Shape => Text::Shape(Shape(shape)),
                WrittenText::None => Text::None,
            },
            parameters: entry.parameters,
        },
        from: match entry.from {
            WrittenFrom::Now => From::Now,
            WrittenFrom::Beginning => From::Beginning,
        },
    })
}

fn to(file: &Path, entry: &Written) -> Result<To, String> {
    let ca = |ca: &Option<FileRef>| ca.as_ref().map(|ca| beside(file, &ca.file));
    let headers = |headers: &Headers| {
        let one =
            |(name, source): &(String, SecretSource)| (name.clone(), placed(file, source.clone()));
        headers.0.iter().map(one).collect()
    };
    match (&entry.file, &entry.syslog, &entry.http, &entry.otlp) {
        (Some(to), None, None, None) => Ok(To::File(File {
            path: beside(file, &to.value.path),
            rotate: to.value.rotate.map_or(ROTATE, |size| size.0),
            keep: to.value.keep.unwrap_or(KEEP),
        })),
        (None, Some(to), None, None) => syslog(&to.value, ca(&to.value.ca)).map(To::Syslog),
        (None, None, Some(to), None) => Ok(To::Http(Http {
            url: url(&to.value.url)?,
            secret: to.value.secret.clone().map(|secret| placed(file, secret)),
            batch: to.value.batch.unwrap_or(BATCH),
            headers: headers(&to.value.headers),
            ca: ca(&to.value.ca),
        })),
        (None, None, None, Some(to)) => {
            let mut url = url(&to.value.url)?;
            if url.path() == "/" {
                // Where OTLP has logs unless somebody says otherwise.
                url.set_path("/v1/logs");
            }
            Ok(To::Otlp(Otlp {
                url,
                batch: to.value.batch.unwrap_or(BATCH),
                headers: headers(&to.value.headers),
                ca: ca(&to.value.ca),
            }))
        }
        _ => Err("needs one of `file`, `syslog`, `http`, `otlp`, and no more".into()),
    }
}

fn url(text: &str) -> Result<Url, String> {
    Url::parse(text).map_err(|error| format!("`url` is not a URL: {error}"))
}

fn syslog(written: &WrittenSyslog, ca: Option<PathBuf>) -> Result<Syslog, String> {
    let expected = "`address` must be udp://HOST:PORT, tcp://HOST:PORT or tls://HOST:PORT";
    let (scheme, rest) = written.address.split_once("://").ok_or(expected)?;
    let (transport, usual) = match scheme {
        "udp" => (Transport::Udp, Some(514)),
        "tls" => (Transport::Tls, Some(6514)),
        "tcp" => (Transport::Tcp, None),
        _ => return Err(expected.into()),
    };
    // Read as a URL of a scheme that has no port of its own.
    let url = Url::parse(&format!("syslog://{rest}")).map_err(|_| expected)?;
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or(expected)?;
    let port = url.port().or(usual).ok_or(expected)?;
    if !matches!(url.path(), "" | "/") || url.query().is_some() || !url.username().is_empty() {
        return Err(expected.into());
    }
    let name = written.facility.as_deref().unwrap_or("audit");
    let facility = facility(name)
        .ok_or_else(|| format!("`facility`: `{name}` is none, for example `audit` or `local0`"))?;
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    Ok(Syslog { transport, host, port, facility, ca })
}

/// A statement with `?` in place of its constants.
fn shape(text: &[u8]) -> Option<String> {
    let mut out = Vec::new();
    if !sql::shape(text, &mut out) {
        return None;
    }
    let marked = out.into_iter().map(|byte| if byte < 4 { b'?' } else { byte });
    String::from_utf8(marked.collect()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_read_with_its_unit() {
        for (text, bytes) in [
            ("100MB", Some(100 << 20)),
            ("64 KB", Some(64 << 10)),
            ("1GB", Some(1 << 30)),
            ("512", Some(512)),
            ("0", Some(0)),
            ("MB", None),
            ("1TB", None),
            ("-1MB", None),
            ("99999999999999999999", None),
            ("18446744073709551615GB", None),
        ] {
            assert_eq!(size(text), bytes, "{text}");
        }
    }

    #[test]
    fn a_shape_holds_no_constant_or_is_none() {
        let told = shape(b"SELECT a FROM t WHERE b = 'secret' AND c = 42").unwrap();
        assert_eq!(told, "SELECT a FROM t WHERE b = ? AND c = ?");
        assert_eq!(shape(b"SELECT 1 /* secret */"), None);
    }
}
