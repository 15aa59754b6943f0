//! `listen:` and `tls:`: where the house has doors, and whether they are closed.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_saphyr::Spanned;
use url::Url;

use super::files::beside;
use super::{Problem, Problems};

/// `listen:` as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    web: Option<Spanned<String>>,
    postgres: Option<Spanned<String>>,
    metrics: Option<Spanned<String>>,
    ssh: Option<Spanned<String>>,
    http: Option<Spanned<String>>,
    kubernetes: Option<Spanned<String>>,
}

/// `public:` as it is written: how clients reach the doors, when not as they are bound.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenPublic {
    web: Option<Spanned<String>>,
    postgres: Option<Spanned<String>>,
    ssh: Option<Spanned<String>>,
}

/// Where the house listens.
#[derive(Clone, Debug, Default)]
pub(crate) struct Listen {
    /// Pages and API.
    pub(crate) web: Option<SocketAddr>,
    /// PostgreSQL clients.
    pub(crate) postgres: Option<SocketAddr>,
    /// SSH clients.
    pub(crate) ssh: Option<SocketAddr>,
    /// Metrics and health; never public.
    pub(crate) metrics: Option<SocketAddr>,
    /// The web door's URL as clients type it.
    pub(crate) public_web: Option<Url>,
    /// The PostgreSQL door's host and port as clients type them.
    pub(crate) public_postgres: Option<(String, u16)>,
    /// The SSH door's.
    pub(crate) public_ssh: Option<(String, u16)>,
}

impl Listen {
    /// Whether there is a door for clients at all.
    pub(crate) fn is_open(&self) -> bool {
        self.clients().next().is_some() || self.ssh.is_some()
    }

    /// The doors that clients use, which TLS protects.
    pub(crate) fn clients(&self) -> impl Iterator<Item = SocketAddr> {
        self.web.into_iter().chain(self.postgres)
    }

    /// How native clients reach the doors, by protocol: `host:port`, or `:port` at the name under
    /// which the API itself was reached.
    pub(crate) fn endpoints(&self) -> BTreeMap<String, String> {
        let doors = [
            ("postgres", self.postgres, &self.public_postgres),
            ("ssh", self.ssh, &self.public_ssh),
        ];
        let endpoint = |bound: SocketAddr, public: &Option<(String, u16)>| match public {
            Some((host, port)) => format!("{host}:{port}"),
            None if bound.ip().is_unspecified() => format!(":{}", bound.port()),
            None => bound.to_string(),
        };
        let open = doors
            .into_iter()
            .filter_map(|(name, bound, public)| Some((name.to_owned(), endpoint(bound?, public))));
        open.collect()
    }

    /// The names of this machine that clients may use, for its own certificate.
    pub(crate) fn names(&self) -> Vec<String> {
        let web = self.public_web.as_ref().and_then(Url::host_str).map(str::to_owned);
        let postgres = self.public_postgres.as_ref().map(|(host, _)| host.clone());
        let bound = self.clients().map(|address| address.ip()).filter(|ip| !ip.is_unspecified());
        let mut names: Vec<String> =
            bound.map(|ip| ip.to_string()).chain(web).chain(postgres).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    pub(super) fn read(
        file: &Path,
        written: &Written,
        public: Option<&WrittenPublic>,
        problems: &mut Problems,
    ) -> Self {
        for (key, value) in [("http", &written.http), ("kubernetes", &written.kubernetes)] {
            if let Some(value) = value {
                let message = format!("listen.{key}: {}", super::not_built(key));
                problems.0.push(Problem::at(file, value.referenced, message));
            }
        }
        let mut address = |value: &Option<Spanned<String>>| {
            let value = value.as_ref()?;
            match value.value.parse::<SocketAddr>() {
                Ok(address) => Some(address),
                Err(_) => {
                    let message = format!("`{}` is not IP:PORT, as in 127.0.0.1:5433", value.value);
                    problems.0.push(Problem::at(file, value.referenced, message));
                    None
                }
            }
        };
        let (web, postgres) = (address(&written.web), address(&written.postgres));
        let ssh = address(&written.ssh);
        let mut metrics = address(&written.metrics);
        if let (Some(found), Some(value)) = (metrics, &written.metrics)
            && !inside(found.ip())
        {
            let message = format!(
                "listen.metrics: {found} can be reached from outside: use 127.0.0.1 or a private address of this machine"
            );
            problems.0.push(Problem::at(file, value.referenced, message));
            metrics = None;
        }
        let public_web = public.and_then(|public| public.web.as_ref()).and_then(|web| {
            let url =
                Url::parse(&web.value).ok().filter(|url| matches!(url.scheme(), "https" | "http"));
            if url.is_none() {
                let message = format!("public.web: `{}` is not https://HOST:PORT", web.value);
                problems.0.push(Problem::at(file, web.referenced, message));
            }
            url
        });
        let mut host_and_port = |name: &str, written: Option<&Spanned<String>>| {
            let written = written?;
            let parts = written.value.rsplit_once(':').filter(|(host, _)| !host.is_empty());
            let parts = parts.and_then(|(host, port)| Some((host.to_owned(), port.parse().ok()?)));
            if parts.is_none() {
                let message = format!("public.{name}: `{}` is not HOST:PORT", written.value);
                problems.0.push(Problem::at(file, written.referenced, message));
            }
            parts
        };
        let public_postgres =
            host_and_port("postgres", public.and_then(|public| public.postgres.as_ref()));
        let public_ssh = host_and_port("ssh", public.and_then(|public| public.ssh.as_ref()));
        Self { web, postgres, ssh, metrics, public_web, public_postgres, public_ssh }
    }
}

/// Loopback or an address of a private network; `0.0.0.0` is neither.
fn inside(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local(),
    }
}

/// `tls:` as it is written: `off`, or files.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "write `off`, or `{certificate: cert.pem, key: key.pem}`")]
pub(super) enum WrittenTls {
    Word(String),
    Off(bool),
    Files(Files),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

/// How client connections are protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tls {
    /// Not at all: every listener is on loopback.
    Off,
    /// By a certificate chain and key, both PEM.
    Files {
        /// The chain, leaf first.
        certificate: PathBuf,
        /// The private key.
        key: PathBuf,
    },
    /// By a local authority made in the data folder.
    Own,
}

impl Tls {
    pub(super) fn read(
        file: &Path,
        written: Option<&Spanned<WrittenTls>>,
        listen: &Listen,
        problems: &mut Problems,
    ) -> Self {
        let Some(written) = written else { return Self::Own };
        let complain = |message: String| Problem::at(file, written.referenced, message);
        match &written.value {
            WrittenTls::Off(false) => {}
            WrittenTls::Word(word) if word == "off" => {}
            WrittenTls::Word(_) | WrittenTls::Off(true) => {
                problems.0.push(complain(
                    "tls: write `off`, or `{certificate: cert.pem, key: key.pem}`; leave it out for a local CA".into(),
                ));
            }
            WrittenTls::Files(files) => {
                let certificate = beside(file, &files.certificate);
                let key = beside(file, &files.key);
                for path in [&certificate, &key] {
                    if !path.is_file() {
                        problems
                            .0
                            .push(complain(format!("tls: there is no file {}", path.display())));
                    }
                }
                return Self::Files { certificate, key };
            }
        }
        if let Some(open) = listen.clients().find(|address| !address.ip().is_loopback()) {
            problems.0.push(complain(format!(
                "tls: off is refused because {open} is not a loopback address: tokens and data would cross the network in clear"
            )));
        }
        Self::Off
    }
}
