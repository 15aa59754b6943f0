//! `evidence.object_store` and `evidence.retention`.

use std::path::Path;
use std::time::Duration;

use control::archive::{Local, Place, Retention, Settings, bucket_of, endpoint_of};
use model::SecretSource;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::files::beside;
use super::{FileRef, Problem, Problems, resource, secret};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    url: Spanned<String>,
    endpoint: Option<Spanned<String>>,
    #[serde(default = "region")]
    region: String,
    #[serde(deserialize_with = "secret::one")]
    access_key: SecretSource,
    #[serde(deserialize_with = "secret::one")]
    secret_key: SecretSource,
    ca: Option<FileRef>,
    path_style: Option<bool>,
    #[serde(default)]
    allow_http: bool,
    #[serde(default)]
    local: WrittenLocal,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenLocal {
    keep: Option<Spanned<String>>,
    max: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenRetention {
    age: Option<Spanned<String>>,
    size: Option<Spanned<String>>,
}

fn region() -> String {
    "us-east-1".into()
}

/// Reads both; every mistake is told at its place.
pub(super) fn read(
    file: &Path,
    store: Option<&Written>,
    retention: &WrittenRetention,
    problems: &mut Problems,
) -> Settings {
    let mut place = None;
    if let Some(written) = store {
        let local = Local {
            keep: said(file, written.local.keep.as_ref(), duration, problems)
                .unwrap_or(Local::default().keep),
            max: said(file, written.local.max.as_ref(), size, problems)
                .unwrap_or(Local::default().max),
        };
        let bucket = said(file, Some(&written.url), bucket_of, problems);
        let allowed = |url: &str| endpoint_of(url, written.allow_http);
        let endpoint = said(file, written.endpoint.as_ref(), allowed, problems);
        place = bucket.map(|(bucket, prefix)| Place {
            bucket,
            prefix,
            // AWS gives every bucket a name of its own, and others seldom do.
            path_style: written.path_style.unwrap_or(endpoint.is_some()),
            endpoint,
            region: written.region.clone(),
            access_key: resource::placed(file, written.access_key.clone()),
            secret_key: resource::placed(file, written.secret_key.clone()),
            ca: written.ca.as_ref().map(|ca| beside(file, &ca.file)),
            local,
        });
    }
    let retention = Retention {
        age: said(file, retention.age.as_ref(), duration, problems),
        size: said(file, retention.size.as_ref(), size, problems),
    };
    Settings { place, retention }
}

fn said<T>(
    file: &Path,
    written: Option<&Spanned<String>>,
    read: impl FnOnce(&str) -> Result<T, String>,
    problems: &mut Problems,
) -> Option<T> {
    let written = written?;
    match read(&written.value) {
        Ok(value) => Some(value),
        Err(why) => {
            problems.0.push(Problem::at(file, written.referenced, why));
            None
        }
    }
}

/// `90s`, `15m`, `12h`, `7d`.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no span of time: write it as in `12h` or `365d`");
    let (number, unit) = parts(text).ok_or_else(wrong)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    match number.checked_mul(seconds) {
        Some(0) | None => Err(wrong()),
        Some(seconds) => Ok(Duration::from_secs(seconds)),
    }
}

/// `500MB`, `10GB`, `2TB`, and `GiB` where somebody means it.
fn size(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no size: write it as in `500MB` or `10GB`");
    let (number, unit) = parts(text).ok_or_else(wrong)?;
    let bytes: u64 = match unit {
        "kB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        _ => return Err(wrong()),
    };
    number.checked_mul(bytes).filter(|bytes| *bytes > 0).ok_or_else(wrong)
}

fn parts(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    Some((number.parse().ok()?, unit.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_sizes_have_units() {
        for (text, seconds) in [
            ("90s", Some(90)),
            ("15m", Some(900)),
            ("12h", Some(43_200)),
            ("365d", Some(31_536_000)),
        ] {
            assert_eq!(duration(text).ok().map(|span| span.as_secs()), seconds, "{text}");
        }
        for text in ["", "7", "d", "0d", "-1d", "7w", "1.5h", "99999999999999999999d", "7d7"] {
            assert!(duration(text).is_err(), "{text}");
        }
        for (text, bytes) in [
            ("500MB", 500_000_000),
            ("10 GB", 10_000_000_000),
            ("1GiB", 1_073_741_824),
            ("64KiB", 65_536),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "10", "GB", "0GB", "10gb", "10 gigs", "99999999999TB"] {
            assert!(size(text).is_err(), "{text}");
        }
    }
}
