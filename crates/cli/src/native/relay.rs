//! A local port for programs that know nothing of tokens: they show a password of this run's, the
//! gateway is shown the person's own token.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use model::Secret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wire::postgres::error::{Report, sqlstate};
use wire::postgres::frame::ready_for_query;
use wire::postgres::greet::{self, Greeting, Login, Proof, Rules, Step, Welcome, welcome};
use wire::postgres::startup::CancelKey;

use super::{Door, Link};
use crate::client::Client;
use crate::output;

/// How long a local program may take to log in.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the local port stands for.
pub(crate) struct Local {
    /// The gateway, asked for a fresh token for every connection.
    pub(crate) gateway: Box<dyn Fn() -> Result<Client> + Send + Sync>,
    /// The resource.
    pub(crate) resource: String,
    /// What local programs must show.
    pub(crate) password: Secret,
}

/// Accepts until it is dropped.
pub(crate) async fn serve(listener: TcpListener, local: Arc<Local>) -> Result<()> {
    loop {
        let (stream, from) = listener.accept().await?;
        let local = Arc::clone(&local);
        tokio::spawn(async move {
            if let Err(error) = connection(stream, from, &local).await {
                output::warning(&format!("a connection ended: {error:#}"));
            }
        });
    }
}

async fn connection(mut client: TcpStream, from: SocketAddr, local: &Arc<Local>) -> Result<()> {
    client.set_nodelay(true)?;
    let came = tokio::time::timeout(PATIENCE, arrival(&mut client)).await;
    let (login, door) = match came.context("a program did not log in in time")?? {
        None => return Ok(()),
        Some(Came::Cancel(key)) => return Link::cancel(&door(local).await?, &key).await,
        Some(Came::Login(login)) => (login, door(local).await),
    };
    let right = ring::digest::digest(&ring::digest::SHA256, local.password.expose());
    let shown = match &login.proof {
        Proof::Password(password) => password.expose(),
        // There is no TLS here to show one in.
        Proof::Certificate => &[],
    };
    let shown = ring::digest::digest(&ring::digest::SHA256, shown);
    if right.as_ref() != shown.as_ref() {
        let report = Report::fatal(
            sqlstate::INVALID_PASSWORD,
            "this is not the password that `sluice proxy` printed",
        );
        client.write_all(&report.to_bytes()).await?;
        anyhow::bail!("{from} showed a wrong password");
    }
    let startup = &login.startup;
    // A GUI fills in some database's name; only one behind this resource's means anything.
    let behind = format!("{}/", local.resource);
    let database = startup.database.as_deref().filter(|database| database.starts_with(&behind));
    let application = startup.application_name.as_deref().unwrap_or("sluice proxy");
    let opened = match door {
        Ok(door) => {
            let database = database.unwrap_or(&local.resource);
            Link::open(&door, database, application, startup.settings.clone()).await
        }
        Err(error) => Err(error),
    };
    let mut link = match opened {
        Ok(link) => link,
        Err(error) => {
            let code = sqlstate::INVALID_AUTHORIZATION_SPECIFICATION;
            client.write_all(&Report::fatal(code, format!("{error:#}")).to_bytes()).await?;
            return Err(error);
        }
    };
    let none = CancelKey { process: 0, secret: [0; 4].into() };
    let key = link.established.key.as_ref().unwrap_or(&none);
    let mut greeting = Vec::new();
    startup.negotiate(&mut greeting);
    let established = &link.established;
    let ready = established.notices.is_empty();
    greeting.extend_from_slice(&welcome(&Welcome {
        parameters: &established.parameters,
        key,
        ready,
    }));
    if !ready {
        greeting.extend_from_slice(&established.notices.concat());
        ready_for_query(&mut greeting, b'I');
    }
    greeting.extend_from_slice(&established.rest);
    client.write_all(&greeting).await?;
    link.socket.write_all(&login.rest).await?;
    link.socket.flush().await?;
    // One side that goes away ends both; that is how sessions end.
    let _ = tokio::io::copy_bidirectional(&mut client, &mut link.socket).await;
    Ok(())
}

/// Who came in by the local port.
enum Came {
    Login(Box<Login>),
    Cancel(CancelKey),
}

async fn arrival(client: &mut TcpStream) -> Result<Option<Came>> {
    let rules = Rules { offers_tls: false, allows_clear: true };
    let mut greeting = Greeting::new(rules);
    let mut buffer = vec![0; greet::BOUND];
    loop {
        match greeting.step() {
            Some(Step::Send(bytes)) => client.write_all(&bytes).await?,
            Some(Step::Login(login)) => return Ok(Some(Came::Login(login))),
            Some(Step::Cancel(key)) => return Ok(Some(Came::Cancel(key))),
            Some(Step::Close(bytes, _)) => {
                client.write_all(&bytes).await?;
                return Ok(None);
            }
            // TLS is not offered, so it is not begun.
            Some(Step::StartTls) => return Ok(None),
            None => {
                let room = greeting.room().min(buffer.len());
                let read = client.read(buffer.get_mut(..room).unwrap_or_default()).await?;
                if read == 0 {
                    return Ok(None);
                }
                greeting.feed(buffer.get(..read).unwrap_or_default());
            }
        }
    }
}

/// The door, with a token that is still good.
async fn door(local: &Arc<Local>) -> Result<Door> {
    let local = Arc::clone(local);
    tokio::task::spawn_blocking(move || Door::of(&(local.gateway)()?)).await?
}
