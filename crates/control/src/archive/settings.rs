//! Where recordings go besides this machine, and how long they are kept.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use model::SecretSource;
use url::{Host, Url};

/// What the configuration says of it.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The object store, when there is one.
    pub place: Option<Place>,
    /// When recordings are deleted, wherever they are.
    pub retention: Retention,
}

/// When recordings are deleted. Nothing that is not set deletes anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// So long after their session ended.
    pub age: Option<Duration>,
    /// The oldest, when all of them together are longer than so many bytes.
    pub size: Option<u64>,
}

/// What of the recordings in the object store stays on this machine too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local {
    /// For so long after the session ended.
    pub keep: Duration,
    /// So many bytes at most. While more than that waits to be uploaded, no command is let through.
    pub max: u64,
}

impl Default for Local {
    fn default() -> Self {
        Self { keep: Duration::from_secs(7 * 86_400), max: 10_000_000_000 }
    }
}

/// A bucket of an S3-compatible object store.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its name.
    pub bucket: String,
    /// What the names of our objects begin with; no slash at either end.
    pub prefix: String,
    /// The store's address, when it is not AWS's own.
    pub endpoint: Option<Url>,
    /// Which region requests are signed for.
    pub region: String,
    /// Who we are to the store.
    pub access_key: SecretSource,
    /// What proves it.
    pub secret_key: SecretSource,
    /// Authorities of the store's certificate, when they are not the system's.
    pub ca: Option<PathBuf>,
    /// Whether the bucket stands in the path and not in the host's name.
    pub path_style: bool,
    /// What stays here.
    pub local: Local,
}

/// Bucket and prefix of `s3://bucket/prefix`.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub fn bucket_of(url: &str) -> Result<(String, String), String> {
    let example = "write it as in `s3://bucket/prefix`";
    let rest = url.strip_prefix("s3://").ok_or_else(|| format!("`{url}`: {example}"))?;
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let letters = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.');
    if !(3..=63).contains(&bucket.len()) || !bucket.bytes().all(letters) {
        return Err(format!(
            "`{bucket}` cannot be a bucket's name: 3 to 63 lower-case letters, digits, `-` and `.`; {example}"
        ));
    }
    let prefix = prefix.trim_end_matches('/');
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'=');
    let piece = |piece: &str| {
        !matches!(piece, "" | "." | "..") && piece.bytes().all(plain) && piece.len() <= 200
    };
    if !prefix.is_empty() && !prefix.split('/').all(piece) {
        return Err(format!(
            "`{prefix}` cannot be a prefix: letters, digits, `-`, `_`, `.` and `=`, parted by single slashes"
        ));
    }
    Ok((bucket.to_owned(), prefix.to_owned()))
}

/// An object store's address that requests may be sent to; in clear to this machine alone, unless
/// `allow_http`.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub fn endpoint_of(url: &str, allow_http: bool) -> Result<Url, String> {
    let endpoint = Url::parse(url).map_err(|error| format!("`{url}` is no URL: {error}"))?;
    let bare = endpoint.username().is_empty()
        && endpoint.password().is_none()
        && matches!(endpoint.path(), "" | "/")
        && endpoint.query().is_none()
        && endpoint.fragment().is_none();
    if endpoint.host().is_none() || !bare {
        return Err(format!("`{url}`: an endpoint is a scheme, a host and a port, no more"));
    }
    match endpoint.scheme() {
        "https" => Ok(endpoint),
        "http" if allow_http || is_loopback(&endpoint) => Ok(endpoint),
        "http" => Err(format!(
            "`{url}`: recordings are sealed, but who asks for which is not: use https, or write `allow_http: true`"
        )),
        other => Err(format!("`{url}`: `{other}` is no scheme of an endpoint: use https")),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_and_a_prefix_are_read_or_refused() {
        for (url, expected) in [
            ("s3://recordings", Some(("recordings", ""))),
            ("s3://recordings/", Some(("recordings", ""))),
            ("s3://rec-1.eu/prod/gateway=1/", Some(("rec-1.eu", "prod/gateway=1"))),
            ("https://recordings", None),
            ("s3://", None),
            ("s3://Recordings", None),
            ("s3://ab", None),
            ("s3://recordings//a", None),
            ("s3://recordings/a/../b", None),
            ("s3://recordings/a b", None),
        ] {
            let found = bucket_of(url).ok();
            let expected = expected.map(|(bucket, prefix)| (bucket.to_owned(), prefix.to_owned()));
            assert_eq!(found, expected, "{url}");
        }
    }

    #[test]
    fn an_endpoint_in_clear_is_on_this_machine_or_asked_for() {
        for (url, allow_http, good) in [
            ("https://s3.example.com", false, true),
            ("http://127.0.0.1:9000", false, true),
            ("http://[::1]:9000/", false, true),
            ("http://localhost:9000", false, true),
            ("http://10.0.0.7:9000", false, false),
            ("http://10.0.0.7:9000", true, true),
            ("http://localhost.example.com", false, false),
            ("https://user:secret@s3.example.com", false, false),
            ("https://s3.example.com/path", false, false),
            ("ftp://s3.example.com", true, false),
            ("s3.example.com", false, false),
        ] {
            assert_eq!(endpoint_of(url, allow_http).is_ok(), good, "{url} {allow_http}");
        }
    }
}
