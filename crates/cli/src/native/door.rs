//! Where the door is, whose certificate it must show, and who comes in.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use model::Secret;
use serde_json::Value;

use crate::client::{Client, Remote, Roots, folder};
use crate::error::{Exit, Failure};
use crate::json::text;

/// Where distributions keep the public authorities, for `psql` before version 16.
const SYSTEM_ROOTS: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// A door and who stands in front of it. No `Debug`: it holds a token.
#[derive(Clone)]
pub(crate) struct Door {
    /// Its host.
    pub(crate) host: String,
    /// Its port.
    pub(crate) port: u16,
    /// Whom to believe about its certificate; `None`: it is in clear, on this machine.
    pub(crate) roots: Option<Roots>,
    /// Who comes in: the only user name the gateway accepts from them.
    pub(crate) subject: String,
    /// What they show.
    pub(crate) token: Secret,
}

impl Door {
    /// Asks the gateway where it is.
    pub(crate) fn of(client: &Client) -> Result<Self> {
        let info: Value = client.get("/api/v1/info")?;
        let me: Value = client.get("/api/v1/whoami")?;
        let endpoint = text(&info, "endpoints.postgres");
        let Some((host, port)) = endpoint.rsplit_once(':') else {
            return Err(Failure::new(
                Exit::Unavailable,
                "the gateway does not listen for PostgreSQL clients",
            )
            .hint("whoever runs it can set `listen.postgres`")
            .into());
        };
        let host = match host.trim_start_matches('[').trim_end_matches(']') {
            "" => client.base().host_str().context("the gateway's URL has no host")?,
            host => host,
        };
        Ok(Self {
            host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port: port.parse().context("the gateway's PostgreSQL port")?,
            roots: (client.base().scheme() == "https").then(|| client.roots().clone()),
            subject: text(&me, "subject"),
            token: client.token()?.clone(),
        })
    }

    /// The file `psql` is to find the authority in. One trusted at login is put beside the credentials.
    pub(crate) fn root_file(&self, remote: &Remote) -> Result<Option<PathBuf>> {
        if let Some(file) = &remote.ca {
            return Ok(Some(fs::canonicalize(file)?));
        }
        match &self.roots {
            None => Ok(None),
            Some(Roots::Public) => {
                let found = SYSTEM_ROOTS.iter().map(Path::new).find(|path| path.is_file());
                Ok(Some(found.map_or_else(|| "system".into(), Path::to_owned)))
            }
            Some(roots @ Roots::Only(_)) => {
                let pem = roots.pem();
                let folder = folder()?.join("authorities");
                fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
                let digest = ring::digest::digest(&ring::digest::SHA256, pem.as_bytes());
                let name: String =
                    digest.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
                let path = folder.join(format!("{name}.pem"));
                if fs::read(&path).ok().as_deref() != Some(pem.as_bytes()) {
                    let fresh = path.with_extension(format!("{}.new", std::process::id()));
                    let mut file = fs::OpenOptions::new();
                    let file =
                        file.write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
                    std::io::Write::write_all(&mut &file, pem.as_bytes())?;
                    fs::rename(&fresh, &path)?;
                }
                Ok(Some(path))
            }
        }
    }
}
