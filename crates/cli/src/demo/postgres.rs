//! A real PostgreSQL server of this machine's own binaries, for as long as the demo lasts.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::error::{Exit, Failure};

/// A running server. Dropping it stops it.
pub(crate) struct Postgres {
    server: Mutex<Child>,
    /// Where it listens, on loopback.
    pub(crate) port: u16,
    /// The superuser's password, for looking behind the gateway's back.
    password: String,
}

impl Postgres {
    /// Makes a cluster in `folder` and starts it, with TLS as `certificate` and `key` (PEM) say.
    pub(crate) fn start(
        folder: &Path,
        certificate: &str,
        key: &str,
        password: &str,
    ) -> Result<Self> {
        let binaries = find_binaries()?;
        let owner = Owner::choose()?;
        let port = free_port()?;
        let data = folder.join("data");
        fs::create_dir_all(folder)?;
        let write = |name: &str, text: &str| -> Result<PathBuf> {
            let path = folder.join(name);
            fs::write(&path, text)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
            owner.take(&path)?;
            Ok(path)
        };
        let password_file = write("password", password)?;
        let certificate = write("server.crt", certificate)?;
        let key = write("server.key", key)?;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
        owner.take(folder)?;

        let made = owner
            .command(&binaries.join("initdb"), folder)
            .arg("--pgdata")
            .arg(&data)
            .arg("--pwfile")
            .arg(&password_file)
            .args([
                "--username=postgres",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
            ])
            .output()
            .context("running initdb")?;
        if !made.status.success() {
            bail!("initdb failed: {}", String::from_utf8_lossy(&made.stderr).trim());
        }
        fs::remove_file(&password_file)?;
        let log = fs::File::create(folder.join("log"))?;
        let server = owner
            .command(&binaries.join("postgres"), folder)
            .arg("-D")
            .arg(&data)
            .args(["-c", "listen_addresses=127.0.0.1", "-c", &format!("port={port}")])
            .args(["-c", &format!("unix_socket_directories={}", folder.display())])
            .args(["-c", "ssl=on", "-c", &format!("ssl_cert_file={}", certificate.display())])
            .args(["-c", &format!("ssl_key_file={}", key.display())])
            .args(["-c", "fsync=off", "-c", "password_encryption=scram-sha-256"])
            .stdout(Stdio::null())
            .stderr(log)
            // A Ctrl-C at the terminal is the demo's to handle.
            .process_group(0)
            .spawn()
            .context("starting postgres")?;
        let postgres = Self { server: Mutex::new(server), port, password: password.to_owned() };
        postgres.wait_until_ready(folder)?;
        Ok(postgres)
    }

    fn wait_until_ready(&self, folder: &Path) -> Result<()> {
        let until = Instant::now() + Duration::from_secs(30);
        while Instant::now() < until {
            if self.direct("postgres", "SELECT 1").is_ok() {
                return Ok(());
            }
            if self.server().try_wait()?.is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
        bail!("PostgreSQL did not start:\n{}", log.trim())
    }

    /// Runs SQL at the server itself as its superuser, past the gateway; answers unaligned rows.
    pub(crate) fn direct(&self, database: &str, sql: &str) -> Result<String> {
        let output = Command::new("psql")
            .args([
                "--no-psqlrc",
                "--quiet",
                "--tuples-only",
                "--no-align",
                "--set=ON_ERROR_STOP=1",
            ])
            .args(["--command", sql])
            .env("PGHOST", "127.0.0.1")
            .env("PGPORT", self.port.to_string())
            .env("PGUSER", "postgres")
            .env("PGDATABASE", database)
            .env("PGPASSWORD", &self.password)
            .env("PGSSLMODE", "require")
            .env("PGCONNECT_TIMEOUT", "5")
            .output()
            .map_err(|error| missing("psql", &error))?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

impl Postgres {
    fn server(&self) -> MutexGuard<'_, Child> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops it. A second time changes nothing.
    pub(crate) fn stop(&self) {
        let mut server = self.server();
        let ended = |server: &mut Child| matches!(server.try_wait(), Ok(Some(_)) | Err(_));
        if ended(&mut server) {
            return;
        }
        // SIGINT is a fast shutdown: sessions are ended, nothing is left behind.
        if let Ok(Some(pid)) = i32::try_from(server.id()).map(Pid::from_raw) {
            let _ = kill_process(pid, Signal::INT);
        }
        let until = Instant::now() + Duration::from_secs(5);
        while Instant::now() < until {
            if ended(&mut server) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = server.kill();
        let _ = server.wait();
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Whom the server runs as: PostgreSQL refuses root.
struct Owner(Option<(u32, u32)>);

impl Owner {
    fn choose() -> Result<Self> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self(None));
        }
        let users = fs::read_to_string("/etc/passwd").context("reading /etc/passwd")?;
        let find = |name: &str| {
            let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
            let mut fields = line.split(':').skip(2);
            Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
        };
        let user = find("postgres").or_else(|| find("nobody"));
        Ok(Self(Some(
            user.context("there is neither a user `postgres` nor `nobody` to run PostgreSQL as")?,
        )))
    }

    fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(folder).env_remove("PGDATA").env("LC_ALL", "C");
        if let Self(Some((user, group))) = self {
            command.uid(*user).gid(*group);
        }
        command
    }

    fn take(&self, path: &Path) -> Result<()> {
        if let Self(Some((user, group))) = self {
            chown(path, Some(*user), Some(*group))
                .with_context(|| format!("giving away {}", path.display()))?;
        }
        Ok(())
    }
}

/// The newest server binaries of this machine.
fn find_binaries() -> Result<PathBuf> {
    let mut folders: Vec<PathBuf> =
        ["/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin"]
            .iter()
            .filter_map(|pattern| glob::glob(pattern).ok())
            .flatten()
            .flatten()
            .collect();
    folders.sort_by_key(|folder| version_in(folder));
    folders.reverse();
    let path = std::env::var_os("PATH").unwrap_or_default();
    folders.extend(std::env::split_paths(&path));
    let complete =
        |folder: &PathBuf| ["initdb", "postgres"].iter().all(|name| folder.join(name).is_file());
    folders.into_iter().find(complete).ok_or_else(|| {
        Failure::new(Exit::Unavailable, "there is no PostgreSQL server on this machine")
            .hint("install it (Debian: apt-get install postgresql), or run `make demo`, which does")
            .into()
    })
}

fn version_in(folder: &Path) -> u32 {
    let digits: String =
        folder.display().to_string().chars().filter(char::is_ascii_digit).take(4).collect();
    digits.parse().unwrap_or(0)
}

/// A port nobody uses at the moment.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// A program that a step needs is not there.
pub(crate) fn missing(program: &str, error: &std::io::Error) -> anyhow::Error {
    Failure::new(Exit::Unavailable, format!("{program} cannot be run: {error}"))
        .hint("install it (Debian: apt-get install postgresql-client)")
        .into()
}
