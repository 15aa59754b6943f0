//! `/metrics`, `/healthz` and `/readyz`, on a listener of their own that is never public.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context, Result};
use control::archive::Archive;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// Seconds, from what a decision takes to what a person takes.
const BUCKETS: &[f64] = &[
    0.000_01, 0.000_05, 0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0, 300.0,
];

/// Where the numbers are kept, and whether the house takes guests.
#[derive(Clone)]
pub(crate) struct Numbers {
    handle: PrometheusHandle,
    ready: Arc<AtomicBool>,
    archive: Arc<OnceLock<Archive>>,
}

impl Numbers {
    /// What `/readyz` says from now on.
    pub(crate) fn ready(&self, ready: bool) {
        self.ready.store(ready, Ordering::SeqCst);
    }

    /// Whose complaints `/readyz` passes on.
    pub(crate) fn archive(&self, archive: Archive) {
        // There is one house in a process.
        let _ = self.archive.set(archive);
    }

    /// Whether sessions are let in, and what is to be said about it.
    fn readiness(&self) -> (bool, String) {
        let archive = self.archive.get();
        let refuses = archive.is_some_and(Archive::refuses);
        let ready = self.ready.load(Ordering::SeqCst) && !refuses;
        let mut said = if ready { "ready\n" } else { "not ready\n" }.to_owned();
        if let Some(complaint) = archive.and_then(Archive::complaint) {
            said.push_str(&complaint);
            said.push('\n');
        }
        (ready, said)
    }
}

/// A request's head fits into this, or it is none of ours.
const HEAD: usize = 4096;
const DEADLINE: Duration = Duration::from_secs(5);

/// Begins to keep numbers, once for the process.
pub(crate) fn install() -> Result<Numbers> {
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), BUCKETS)
        .context("the buckets of times")?;
    let handle = builder.install_recorder().context("keeping metrics")?;
    metrics::gauge!("sluice_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    Ok(Numbers { handle, ready: Arc::default(), archive: Arc::default() })
}

/// Answers until the task is ended.
pub(super) async fn serve(address: SocketAddr, numbers: Numbers) -> Result<JoinHandle<()>> {
    let listener = super::bind("metrics", address).await?;
    tracing::info!(%address, "serving metrics");
    Ok(tokio::spawn(async move {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    let numbers = numbers.clone();
                    tokio::spawn(async move {
                        // Whoever asks and does not read its answer has itself to blame.
                        let _ = tokio::time::timeout(DEADLINE, answer(stream, &numbers)).await;
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection for metrics could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }))
}

async fn answer(mut stream: TcpStream, numbers: &Numbers) -> std::io::Result<()> {
    let mut head = Vec::with_capacity(512);
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if head.len() >= HEAD || stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let (status, body) =
        match head.split(|byte| *byte == b' ').take(2).collect::<Vec<_>>().as_slice() {
            [b"GET", b"/metrics"] => {
                numbers.handle.run_upkeep();
                ("200 OK", numbers.handle.render())
            }
            [b"GET", b"/healthz"] => ("200 OK", "ok\n".to_owned()),
            [b"GET", b"/readyz"] => match numbers.readiness() {
                (true, said) => ("200 OK", said),
                (false, said) => ("503 Service Unavailable", said),
            },
            [b"GET", _] => ("404 Not Found", "ask for /metrics, /healthz or /readyz\n".to_owned()),
            _ => ("405 Method Not Allowed", String::new()),
        };
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; version=0.0.4\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}
