use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use super::Api;
use super::caller::Peer;

const MOST_CONNECTIONS: usize = 1024;
const HANDSHAKE: Duration = Duration::from_secs(10);
const HEAD: Duration = Duration::from_secs(10);
const LARGEST_HEAD: usize = 64 * 1024;

/// The API cannot be served as it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// In clear on a network.
    #[error("{0} is not a loopback address: the API is served in clear on loopback only")]
    Clear(SocketAddr),
    /// The listener has no address.
    #[error("the listener cannot be used: {0}")]
    Listener(#[from] std::io::Error),
}

/// Serves the API on a listener, over TLS unless it is on loopback and none is given. Runs until
/// it is dropped; requests under way are finished.
///
/// # Errors
/// It was asked to speak in clear on a network.
pub async fn serve(
    api: Arc<Api>,
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
) -> Result<Infallible, ServeError> {
    let address = listener.local_addr()?;
    if tls.is_none() && !address.ip().is_loopback() {
        return Err(ServeError::Clear(address));
    }
    let router = super::router(api, tls.is_some());
    Ok(serve_router(router, listener, tls).await)
}

/// The accept loop, for any set of endpoints.
pub(crate) async fn serve_router(
    router: Router,
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
) -> Infallible {
    let acceptor = tls.map(TlsAcceptor::from);
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        // Beyond the bound, strangers wait in the kernel's queue and not in our memory.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return std::future::pending().await;
        };
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection to the API could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let (router, acceptor) = (router.clone(), acceptor.clone());
        // The handshake is on its own task: a silent client keeps nobody waiting but itself.
        tokio::spawn(async move {
            connection(stream, peer, router, acceptor).await;
            drop(place);
        });
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    acceptor: Option<TlsAcceptor>,
) {
    let _ = stream.set_nodelay(true);
    let Some(acceptor) = acceptor else { return requests(stream, peer, router).await };
    match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => requests(stream, peer, router).await,
        Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS handshake failed"),
        Err(_) => tracing::debug!(%peer, "TLS handshake took too long"),
    }
}

async fn requests(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    router: Router,
) {
    let service = router.map_request(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        request
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
        .await;
    if let Err(error) = served {
        tracing::debug!(%peer, %error, "a connection to the API ended");
    }
}
