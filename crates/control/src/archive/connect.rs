//! The HTTP client that requests to the object store go through: hyper over TCP or rustls.
//!
//! `object_store` would bring a client and a TLS stack of its own. This one is what the house has, and it
//! never waits without an end: for a connection, for an answer, for the next piece of a body.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::Uri;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::{HeaderValue, IF_NONE_MATCH};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody,
    HttpResponse, HttpResponseBody, HttpService,
};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// How long a connection and its handshake may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long the answer to a request may take, and the next piece of its body.
const ANSWER: Duration = Duration::from_secs(30);
/// A request's own bytes are given time at this pace, in bytes a second.
const PACE: u64 = 64 << 10;
/// No answer is longer that is not an object.
const LONGEST: u64 = 1 << 20;
/// Connections nobody uses are kept so long.
const IDLE: Duration = Duration::from_secs(20);

/// Makes the one client.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    tls: Arc<ClientConfig>,
}

impl Connector {
    pub(super) const fn new(tls: Arc<ClientConfig>) -> Self {
        Self { tls }
    }
}

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let connect = Connect(TlsConnector::from(Arc::clone(&self.tls)));
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_timer(TokioTimer::new())
            .build(connect);
        Ok(HttpClient::new(Requests(client)))
    }
}

#[derive(Clone, Debug)]
struct Requests(Client<Connect, HttpRequestBody>);

impl HttpService for Requests {
    fn call<'s, 'f>(
        &'s self,
        mut request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'f>>
    where
        's: 'f,
        Self: 'f,
    {
        if completes(&request) {
            // What has this name already is not written over, whoever put it there.
            request.headers_mut().insert(IF_NONE_MATCH, HeaderValue::from_static("*"));
        }
        let reads = request.method() == hyper::Method::GET;
        let sends = request.body().content_length() as u64;
        let patience = ANSWER + Duration::from_secs(sends / PACE);
        let answer = timeout(patience, self.0.request(request));
        Box::pin(async move {
            let answer = match answer.await {
                Ok(Ok(answer)) => answer,
                Ok(Err(error)) if error.is_connect() => {
                    return Err(HttpError::new(HttpErrorKind::Connect, error));
                }
                Ok(Err(error)) => return Err(HttpError::new(HttpErrorKind::Request, error)),
                Err(_) => return Err(silent()),
            };
            let (head, body) = answer.into_parts();
            let left = if reads && head.status.is_success() { u64::MAX } else { LONGEST };
            let body = Paced { body, left, patience: Box::pin(sleep(ANSWER)) };
            Ok(HttpResponse::from_parts(head, HttpResponseBody::new(body)))
        })
    }
}

/// Whether a request makes one object of the parts that were sent.
fn completes(request: &HttpRequest) -> bool {
    let query = request.uri().query().unwrap_or_default();
    request.method() == hyper::Method::POST
        && query.split('&').any(|pair| pair.starts_with("uploadId="))
}

fn silent() -> HttpError {
    let error = io::Error::new(io::ErrorKind::TimedOut, "it does not answer");
    HttpError::new(HttpErrorKind::Timeout, error)
}

fn endless() -> HttpError {
    let error = io::Error::other("its answer does not end");
    HttpError::new(HttpErrorKind::Decode, error)
}

/// An answer's body, each piece of which comes in time.
struct Paced {
    body: Incoming,
    /// So many bytes may follow.
    left: u64,
    patience: Pin<Box<Sleep>>,
}

impl Body for Paced {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(frame) => {
                self.patience.as_mut().reset(tokio::time::Instant::now() + ANSWER);
                let data = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref());
                match self.left.checked_sub(data.map_or(0, Bytes::len) as u64) {
                    Some(left) => self.left = left,
                    None => return Poll::Ready(Some(Err(endless()))),
                }
                let failed = |error| HttpError::new(HttpErrorKind::Interrupted, error);
                Poll::Ready(frame.map(|frame| frame.map_err(failed)))
            }
            Poll::Pending => {
                ready!(self.patience.as_mut().poll(cx));
                Poll::Ready(Some(Err(silent())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[derive(Clone)]
struct Connect(TlsConnector);

impl std::fmt::Debug for Connect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connect")
    }
}

impl tower::Service<Uri> for Connect {
    type Response = TokioIo<Stream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<TokioIo<Stream>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let tls = self.0.clone();
        Box::pin(async move {
            let slow = |_| io::Error::new(io::ErrorKind::TimedOut, "connecting took too long");
            timeout(CONNECT, open(tls, to)).await.map_err(slow)?.map(TokioIo::new)
        })
    }
}

async fn open(tls: TlsConnector, to: Uri) -> io::Result<Stream> {
    let host = to.host().ok_or_else(|| io::Error::other("the address names no host"))?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let secure = to.scheme_str() == Some("https");
    let port = to.port_u16().unwrap_or(if secure { 443 } else { 80 });
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    if !secure {
        return Ok(Stream::Clear(stream));
    }
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    Ok(Stream::Tls(Box::new(tls.connect(name, stream).await?)))
}

enum Stream {
    Clear(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Clear(stream) => Pin::new(stream).poll_read(cx, into),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, into),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Clear(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Clear(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Clear(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
