//! What is asked of the object store, and nothing more: put, parts, look, read back, delete.

use std::fmt;
use std::path::Path as File;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use evidence::render::escape;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use model::{Secret, SessionId};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{
    BackoffConfig, Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions, RetryConfig,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::ArchiveError;
use super::connect::Connector;
use super::settings::Place;
use crate::vault::read_secret;

/// One bucket.
pub(super) struct Bucket {
    store: AmazonS3,
    bucket: String,
    prefix: String,
}

/// The store could not be asked, or said no.
#[derive(Debug)]
pub(super) struct Refused(Error);

/// What became of something new.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Put {
    /// It is there.
    Done,
    /// Something of its name was there before, and still is.
    Taken,
}

impl Refused {
    /// There is no such object, or no such upload.
    pub(super) fn is_gone(&self) -> bool {
        is_gone(&self.0)
    }
}

/// Without its bucket, nothing is known of an object: somebody made a mistake.
fn is_gone(error: &Error) -> bool {
    matches!(error, Error::NotFound { .. }) && !said(error).contains("NoSuchBucket")
}

/// All that an error says.
fn said(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(deeper) = cause {
        let more = deeper.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = deeper.source();
    }
    text
}

/// On one line and of a length that a log bears: stores answer in XML.
impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = said(&self.0).split_whitespace().collect::<Vec<_>>().join(" ");
        let line = escape(&line);
        match line.char_indices().nth(400) {
            Some((end, _)) => write!(f, "{}…", line.get(..end).unwrap_or_default()),
            None => f.write_str(&line),
        }
    }
}

impl Bucket {
    /// Reads the keys; asks the store nothing yet.
    pub(super) fn new(place: &Place) -> Result<Self, ArchiveError> {
        let key = |name: &str, source| {
            let secret = read_secret("evidence.object_store", source);
            let secret: Secret = secret.map_err(|error| ArchiveError::Store(error.to_string()))?;
            let text = secret.expose_str().map(str::to_owned);
            text.ok_or_else(|| ArchiveError::Store(format!("the {name} is not text")))
        };
        // Every failure is ours to wait after: the library tries once more and no longer.
        let retry = RetryConfig {
            backoff: BackoffConfig {
                init_backoff: Duration::from_millis(200),
                max_backoff: Duration::from_secs(1),
                base: 2.0,
            },
            max_retries: 1,
            retry_timeout: Duration::from_secs(30),
        };
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&place.bucket)
            .with_region(&place.region)
            .with_access_key_id(key("access_key", &place.access_key)?)
            .with_secret_access_key(key("secret_key", &place.secret_key)?)
            .with_virtual_hosted_style_request(!place.path_style)
            .with_disable_bulk_delete(true)
            .with_retry(retry)
            .with_http_connector(Connector::new(Arc::new(tls(place.ca.as_deref())?)));
        if let Some(endpoint) = &place.endpoint {
            let mut address = endpoint.clone();
            if !place.path_style {
                let host = endpoint.host_str().unwrap_or_default();
                // The library takes the whole address where the bucket is in the host's name.
                let named = address.set_host(Some(&format!("{}.{host}", place.bucket)));
                named.map_err(|error| ArchiveError::Store(error.to_string()))?;
            }
            builder = builder
                .with_allow_http(endpoint.scheme() == "http")
                .with_endpoint(address.as_str().trim_end_matches('/'));
        }
        let store = builder.build().map_err(|error| ArchiveError::Store(error.to_string()))?;
        Ok(Self { store, bucket: place.bucket.clone(), prefix: place.prefix.clone() })
    }

    /// The object of a session's recording, without the bucket.
    pub(super) fn object(&self, id: SessionId) -> String {
        self.named(&format!("{id}.{}", evidence::EXTENSION))
    }

    /// An object of this name under our prefix.
    pub(super) fn named(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.to_owned() } else { format!("{}/{name}", self.prefix) }
    }

    /// The same as people and tools of the store write it.
    pub(super) fn url(&self, object: &str) -> String {
        format!("s3://{}/{object}", self.bucket)
    }

    /// Puts what is not there yet.
    pub(super) async fn put(&self, object: &str, bytes: Bytes) -> Result<Put, Refused> {
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.store.put_opts(&Path::from(object), bytes.into(), options).await {
            Ok(_) => Ok(Put::Done),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(Put::Taken),
            Err(error) => Err(Refused(error)),
        }
    }

    /// Begins an upload in parts and says its id.
    pub(super) async fn begin(&self, object: &str) -> Result<String, Refused> {
        self.store.create_multipart(&Path::from(object)).await.map_err(Refused)
    }

    /// Sends one part, counted from 0, and says what the store calls it.
    pub(super) async fn part(
        &self,
        object: &str,
        upload: &str,
        number: usize,
        bytes: Bytes,
    ) -> Result<String, Refused> {
        let (path, upload) = (Path::from(object), upload.to_owned());
        let sent = self.store.put_part(&path, &upload, number, bytes.into());
        sent.await.map(|part| part.content_id).map_err(Refused)
    }

    /// Makes one object of the parts. What has the name already is not written over.
    pub(super) async fn complete(
        &self,
        object: &str,
        upload: &str,
        parts: Vec<String>,
    ) -> Result<Put, Refused> {
        let parts = parts.into_iter().map(|content_id| PartId { content_id }).collect();
        let upload = upload.to_owned();
        match self.store.complete_multipart(&Path::from(object), &upload, parts).await {
            Ok(_) => Ok(Put::Done),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(Put::Taken),
            Err(error) => Err(Refused(error)),
        }
    }

    /// Gives an upload's parts up.
    pub(super) async fn abort(&self, object: &str, upload: &str) -> Result<(), Refused> {
        let upload = upload.to_owned();
        gone_is_good(self.store.abort_multipart(&Path::from(object), &upload).await)
    }

    /// How long an object is; nothing when there is none.
    pub(super) async fn length(&self, object: &str) -> Result<Option<u64>, Refused> {
        match self.store.head(&Path::from(object)).await {
            Ok(about) => Ok(Some(about.size)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(Refused(error)),
        }
    }

    /// An object's bytes; nothing when there is none.
    pub(super) async fn read(
        &self,
        object: &str,
    ) -> Result<Option<BoxStream<'static, Result<Bytes, Refused>>>, Refused> {
        match self.store.get(&Path::from(object)).await {
            Ok(found) => Ok(Some(found.into_stream().map_err(Refused).boxed())),
            Err(error) if is_gone(&error) => Ok(None),
            Err(error) => Err(Refused(error)),
        }
    }

    /// Reads an object back and says its length and its BLAKE3; nothing when there is none. Stops soon
    /// after `expected` bytes: what is longer is another object.
    pub(super) async fn digest(
        &self,
        object: &str,
        expected: u64,
    ) -> Result<Option<(u64, blake3::Hash)>, Refused> {
        let Some(mut bytes) = self.read(object).await? else { return Ok(None) };
        let (mut length, mut hasher) = (0, blake3::Hasher::new());
        while let Some(chunk) = bytes.try_next().await? {
            length += chunk.len() as u64;
            hasher.update(&chunk);
            if length > expected {
                break;
            }
        }
        Ok(Some((length, hasher.finalize())))
    }

    /// Deletes an object, or finds it deleted.
    pub(super) async fn delete(&self, object: &str) -> Result<(), Refused> {
        gone_is_good(self.store.delete(&Path::from(object)).await)
    }
}

fn gone_is_good(done: Result<(), Error>) -> Result<(), Refused> {
    match done {
        Err(error) if !is_gone(&error) => Err(Refused(error)),
        _ => Ok(()),
    }
}

fn tls(ca: Option<&File>) -> Result<ClientConfig, ArchiveError> {
    let wrong = |why: String| ArchiveError::Store(format!("its authorities: {why}"));
    let mut roots = RootCertStore::empty();
    match ca {
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        Some(path) => {
            let failed = |error: &dyn fmt::Display| wrong(format!("{}: {error}", path.display()));
            let found = CertificateDer::pem_file_iter(path).map_err(|error| failed(&error))?;
            for certificate in found {
                let certificate = certificate.map_err(|error| failed(&error))?;
                roots.add(certificate).map_err(|error| failed(&error))?;
            }
            if roots.is_empty() {
                return Err(failed(&"there is no certificate in it"));
            }
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth())
}
