//! A client that sends one statement after the other and times each.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use e2e::{ask, startup};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::paths::Way;

/// How a statement is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Simple,
    Extended,
    Prepared,
    /// Simple, and no two alike.
    Unseen,
}

/// A signed-in connection with a buffer of its own.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Connection {
    /// Signs in.
    pub(crate) async fn open(way: &Way) -> Result<Self> {
        let stream = TcpStream::connect(&way.address).await?;
        stream.set_nodelay(true)?;
        let mut connection = Self { stream, buffer: vec![0; 128 * 1024], start: 0, end: 0 };
        connection.send(&startup(0, &[("user", &way.user), ("database", &way.database)])).await?;
        loop {
            let (kind, body) = connection.message().await?;
            match kind {
                b'R' if body == [0, 0, 0, 3] => {
                    let password = [way.password.as_bytes(), &[0]].concat();
                    connection.send(&ask::message(b'p', &password)).await?;
                }
                b'E' => bail!("{}: {}", way.name, String::from_utf8_lossy(&body)),
                b'Z' => return Ok(connection),
                _ => {}
            }
        }
    }

    /// Writes.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> Result<()> {
        self.stream.write_all(bytes).await.context("writing")
    }

    /// The next message, copied out; for small ones.
    pub(crate) async fn message(&mut self) -> Result<(u8, Vec<u8>)> {
        loop {
            if let Some((kind, length)) = self.peek()
                && self.start + 1 + length <= self.end
                && let Some(body) = self.buffer.get(self.start + 5..self.start + 1 + length)
            {
                let body = body.to_vec();
                self.start += 1 + length;
                return Ok((kind, body));
            }
            self.fill().await?;
        }
    }

    /// Reads messages until one of type `last`, walking their heads only. Answers how many DataRows or
    /// CopyDatas there were and how many bytes came in.
    pub(crate) async fn drain(&mut self, last: u8) -> Result<(u64, u64)> {
        let (mut rows, mut bytes) = (0, 0);
        loop {
            let Some((kind, length)) = self.peek() else {
                self.fill().await?;
                continue;
            };
            if kind == b'E' {
                let (_, body) = self.message().await?;
                bail!("{}", String::from_utf8_lossy(&body));
            }
            rows += u64::from(matches!(kind, b'D' | b'd'));
            bytes += u64::try_from(length)? + 1;
            let mut left = 1 + length;
            loop {
                let here = left.min(self.end - self.start);
                self.start += here;
                left -= here;
                if left == 0 {
                    break;
                }
                self.fill().await?;
            }
            if kind == last {
                return Ok((rows, bytes));
            }
        }
    }

    fn peek(&self) -> Option<(u8, usize)> {
        let head = self.buffer.get(self.start..self.end)?.first_chunk::<5>()?;
        let [kind, length @ ..] = *head;
        Some((kind, usize::try_from(u32::from_be_bytes(length)).ok()?))
    }

    async fn fill(&mut self) -> Result<()> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.end == self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        if room.is_empty() {
            bail!("a message larger than the buffer where none was expected");
        }
        match self.stream.read(room).await? {
            0 => bail!("the connection was closed"),
            length => self.end += length,
        }
        Ok(())
    }
}

/// What one round of one way gave.
#[derive(Clone, Debug, Default)]
pub(crate) struct Round {
    /// The time of every statement, in microseconds.
    pub(crate) micros: Vec<f64>,
}

/// `clients` clients ask for `seconds`, one statement after the other.
pub(crate) fn round(way: &Way, kind: Kind, clients: usize, seconds: f64) -> Result<Round> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut tasks = Vec::new();
        let ready = std::sync::Arc::new(tokio::sync::Barrier::new(clients));
        for client in 0..clients {
            let (way, ready) = (way.clone(), std::sync::Arc::clone(&ready));
            tasks.push(tokio::spawn(async move { one(&way, kind, client, seconds, &ready).await }));
        }
        let mut all = Round::default();
        for task in tasks {
            all.micros.extend(task.await??);
        }
        Ok(all)
    })
}

/// Bounds a client even on a machine much faster than ours.
const MOST: usize = 1_000_000;

async fn one(
    way: &Way,
    kind: Kind,
    client: usize,
    seconds: f64,
    ready: &tokio::sync::Barrier,
) -> Result<Vec<f64>> {
    let mut connection = Connection::open(way).await?;
    let text = "SELECT aid, abalance, email FROM accounts WHERE aid = $1";
    if kind == Kind::Prepared {
        connection
            .send(&[ask::parse("s", text), ask::describe(b'S', "s"), ask::sync()].concat())
            .await?;
        connection.drain(b'Z').await?;
    }
    // A different place to begin for every run keeps unseen statements unseen.
    let salt = u64::try_from(
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_nanos()
            % 1_000_000_007,
    )?;
    let bytes = |n: usize| {
        let aid = 1 + (n * 7919 + client * 101) % 100_000;
        let value = aid.to_string();
        match kind {
            Kind::Simple => {
                ask::query(&format!("SELECT aid, abalance, email FROM accounts WHERE aid = {aid}"))
            }
            Kind::Unseen => ask::query(&format!(
                "SELECT aid AS c{salt}_{client}_{n}, abalance, email FROM accounts WHERE aid = {aid}"
            )),
            Kind::Extended => {
                [ask::extended(text, &[Some(value.as_str())], 0), ask::sync()].concat()
            }
            Kind::Prepared => {
                [ask::bind("", "s", &[Some(value.as_str())], 0), ask::execute("", 0), ask::sync()]
                    .concat()
            }
        }
    };
    for n in 0..50 {
        connection.send(&bytes(n)).await?;
        connection.drain(b'Z').await?;
    }
    ready.wait().await;
    let deadline = Instant::now() + Duration::from_secs_f64(seconds);
    let mut micros = Vec::new();
    for n in 50..MOST {
        let message = bytes(n);
        let asked = Instant::now();
        connection.send(&message).await?;
        let (rows, _) = connection.drain(b'Z').await?;
        micros.push(asked.elapsed().as_secs_f64() * 1e6);
        if rows != 1 {
            bail!("{}: {rows} rows", way.name);
        }
        if Instant::now() > deadline {
            break;
        }
    }
    Ok(micros)
}
