use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::{Process, Psql, cache, free_port, psql, run_folder, until};

/// Which PostgreSQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 15, Debian's package.
    V15,
    /// 18, from the registry package of its binaries.
    V18,
    /// 18, built from Debian's source together with its regression suite.
    V18Source,
}

/// A PostgreSQL server with TLS and SCRAM on a port of its own.
#[derive(Debug)]
pub struct Server {
    port: u16,
    folder: tempfile::TempDir,
    process: Process,
}

/// The superuser of every server here, and its password: what no client may ever see.
const SUPERUSER: &str = "owner";
/// The password of [`SUPERUSER`] and of `app`: the canary that must turn up nowhere.
pub(crate) const CANARY: &str = "canary-4b9f-upstream-password-d21c";

impl Server {
    /// The server of this version that all tests of a run share.
    pub fn shared(version: Version) -> &'static Self {
        static V15: OnceLock<Server> = OnceLock::new();
        static V18: OnceLock<Server> = OnceLock::new();
        static V18_SOURCE: OnceLock<Server> = OnceLock::new();
        match version {
            Version::V15 => &V15,
            Version::V18 => &V18,
            Version::V18Source => &V18_SOURCE,
        }
        .get_or_init(|| Self::start(version, ""))
    }

    /// One of a test's own, with more lines for its configuration.
    #[must_use]
    pub fn start(version: Version, configuration: &str) -> Self {
        let folder = run_folder("postgres");
        let at = |name: &str| folder.path().join(name);
        let (programs, library) = programs(version);
        std::fs::write(at("password"), CANARY).unwrap();
        own(folder.path());
        run(
            &library,
            &[
                programs.join("initdb").to_str().unwrap(),
                &format!("--pgdata={}", at("data").display()),
                &format!("--username={SUPERUSER}"),
                "--auth=scram-sha-256",
                &format!("--pwfile={}", at("password").display()),
                "--no-sync",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
            ],
        );
        certificate(&library, &at("data"));
        let port = free_port();
        let settings = format!(
            "listen_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = '{}'\n\
             ssl = on\nfsync = off\nsynchronous_commit = off\nfull_page_writes = off\n\
             max_connections = 300\nshared_buffers = 64MB\nlog_statement = all\n\
             log_parameter_max_length = 0\nlog_line_prefix = '%d %p %a: '\n\
             max_prepared_transactions = 10\nautovacuum = off\n{configuration}\n",
            folder.path().display(),
        );
        let file = at("data/postgresql.conf");
        let whole = std::fs::read_to_string(&file).unwrap() + &settings;
        std::fs::write(&file, whole).unwrap();
        let access = at("data/pg_hba.conf");
        std::fs::write(
            &access,
            "hostssl all with_certificate 127.0.0.1/32 cert\n\
             host all with_md5 127.0.0.1/32 md5\n\
             hostssl all with_cleartext 127.0.0.1/32 password\n\
             host all with_trust 127.0.0.1/32 trust\n\
             host all all 127.0.0.1/32 scram-sha-256\n\
             host replication all 127.0.0.1/32 scram-sha-256\n",
        )
        .unwrap();
        let command = as_nobody(
            &library,
            &[programs.join("postgres").to_str().unwrap(), "-D", at("data").to_str().unwrap()],
        );
        let process = Process::start(&command, &at("log"), "INT", Some(folder.path()));
        let server = Self { port, folder, process };
        until("PostgreSQL is ready", Duration::from_secs(60), || {
            assert!(server.process.alive(), "{}", server.log());
            server.owner("postgres").ran("SELECT 1").ok().then_some(())
        });
        let setup = server.owner("postgres").arg("-v").arg("ON_ERROR_STOP=1").script(&format!(
            "CREATE ROLE app LOGIN CREATEDB PASSWORD '{CANARY}';
             CREATE ROLE with_certificate LOGIN IN ROLE app;
             CREATE ROLE with_trust LOGIN IN ROLE app;
             CREATE ROLE with_cleartext LOGIN IN ROLE app PASSWORD '{CANARY}';
             SET password_encryption = 'md5';
             CREATE ROLE with_md5 LOGIN IN ROLE app PASSWORD '{CANARY}';
             CREATE DATABASE fixture OWNER app"
        ));
        assert!(setup.ok(), "{}", setup.stderr);
        let fixture = server.owner("fixture").ran(include_str!("../fixture.sql"));
        assert!(fixture.ok(), "{}", fixture.stderr);
        server
    }

    /// `host:port`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Its port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The superuser's password.
    #[must_use]
    pub const fn password(&self) -> &'static str {
        CANARY
    }

    /// The authority of the certificate it shows.
    #[must_use]
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("data/authority.crt")
    }

    /// A client certificate for `with_certificate` and its key.
    #[must_use]
    pub fn client_certificate(&self) -> (PathBuf, PathBuf) {
        (self.folder.path().join("data/client.crt"), self.folder.path().join("data/client.key"))
    }

    /// All that reached it: statements as it logged them.
    #[must_use]
    pub fn log(&self) -> String {
        let log = std::fs::read(self.folder.path().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    /// How much it logged so far, for [`Self::log_since`].
    #[must_use]
    pub fn log_length(&self) -> u64 {
        std::fs::metadata(self.folder.path().join("log")).map_or(0, |about| about.len())
    }

    /// What it logged after that.
    #[must_use]
    pub fn log_since(&self, length: u64) -> String {
        use std::io::{Read as _, Seek as _, SeekFrom};
        let mut file = std::fs::File::open(self.folder.path().join("log")).unwrap();
        file.seek(SeekFrom::Start(length)).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The server process.
    #[must_use]
    pub const fn process(&self) -> &Process {
        &self.process
    }

    /// `psql` as the superuser, past the gateway: to look at what really is.
    #[must_use]
    pub fn owner(&self, database: &str) -> Psql {
        psql(&format!("host=127.0.0.1 port={} user={SUPERUSER} dbname={database}", self.port))
            .env("PGPASSWORD", CANARY)
    }

    /// A new database with the fixture's tables.
    pub fn database(&self) -> Database<'_> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("d{}", COUNT.fetch_add(1, Ordering::Relaxed));
        // Two copies of one template at once wait for each other, and may find it in use.
        until("the fixture can be copied", Duration::from_secs(60), || {
            let made = self
                .owner("postgres")
                .ran(&format!("CREATE DATABASE {name} TEMPLATE fixture OWNER app"));
            made.ok().then_some(())
        });
        Database { server: self, name }
    }
}

/// A database of a test's own.
#[derive(Debug)]
pub struct Database<'a> {
    /// Where it is.
    pub server: &'a Server,
    /// What it is called on the server.
    pub name: String,
}

impl Database<'_> {
    /// A raw client past the gateway, as an account with the rights of `app`.
    #[must_use]
    pub fn direct(&self) -> crate::Client {
        crate::Client::sign_in(&self.server.address(), "with_trust", &self.name, "")
            .expect("the server lets us in")
    }

    /// What the superuser sees when it asks past the gateway: rows without decoration.
    #[must_use]
    pub fn look(&self, sql: &str) -> String {
        let ran = self.server.owner(&self.name).ran(sql);
        assert!(ran.ok(), "{sql}: {}", ran.stderr);
        ran.stdout.trim_end().to_owned()
    }

    /// What the server logged of this database.
    #[must_use]
    pub fn log(&self) -> String {
        self.log_since(0)
    }

    /// What the server logged of this database after [`Server::log_length`] was asked.
    #[must_use]
    pub fn log_since(&self, length: u64) -> String {
        let start = format!("{} ", self.name);
        let mut ours = false;
        let mut log = String::new();
        for line in self.server.log_since(length).lines() {
            // A statement of several lines goes on with a tab.
            ours = if line.starts_with('\t') { ours } else { line.starts_with(&start) };
            if ours {
                log.push_str(line);
                log.push('\n');
            }
        }
        log
    }
}

impl Drop for Database<'_> {
    fn drop(&mut self) {
        let _ = self
            .server
            .owner("postgres")
            .ran(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

fn programs(version: Version) -> (PathBuf, PathBuf) {
    let (programs, library) = match version {
        Version::V15 => ("/usr/lib/postgresql/15/bin".into(), PathBuf::new()),
        Version::V18 => (cache().join("postgres-18/bin"), cache().join("postgres-18/lib")),
        Version::V18Source => {
            (cache().join("regress-18/install/bin"), cache().join("regress-18/install/lib"))
        }
    };
    assert!(programs.exists(), "no {}: run scripts/parts.sh", programs.display());
    (programs, library)
}

/// An authority, a certificate for the server and one for the client `with_certificate`.
fn certificate(library: &Path, data: &Path) {
    let path = |name: &str| data.join(name).display().to_string();
    let (authority, authority_key) = (path("authority.crt"), path("authority.key"));
    let key = ["-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
    run(
        library,
        &[
            &["openssl", "req", "-new", "-x509", "-days", "30", "-subj", "/CN=a test authority"][..],
            &key,
            &["-out", &authority, "-keyout", &authority_key],
        ]
        .concat(),
    );
    for (subject, name) in [("/CN=localhost", "server"), ("/CN=with_certificate", "client")] {
        let (request, made) = (path(&format!("{name}.csr")), path(&format!("{name}.crt")));
        let made_key = path(&format!("{name}.key"));
        let names = "subjectAltName=DNS:localhost,IP:127.0.0.1";
        run(
            library,
            &[
                &["openssl", "req", "-new", "-subj", subject, "-addext", names][..],
                &key,
                &["-out", &request, "-keyout", &made_key],
            ]
            .concat(),
        );
        run(
            library,
            &[
                "openssl",
                "x509",
                "-req",
                "-days",
                "30",
                "-in",
                &request,
                "-CA",
                &authority,
                "-CAkey",
                &authority_key,
                "-CAcreateserial",
                "-copy_extensions",
                "copy",
                "-out",
                &made,
            ],
        );
        run(library, &["chmod", "600", &made_key]);
    }
    let settings = format!("ssl_ca_file = '{authority}'\n");
    let file = data.join("postgresql.conf");
    let whole = std::fs::read_to_string(&file).unwrap() + &settings;
    std::fs::write(file, whole).unwrap();
}

/// Gives a folder to the account the servers run as.
fn own(folder: &Path) {
    if is_root() {
        let done = Command::new("chown").args(["-R", "nobody"]).arg(folder).status();
        assert!(done.unwrap().success());
    }
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().unwrap().stdout == b"0\n"
}

fn as_nobody(library: &Path, words: &[&str]) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"]).args(words);
        command
    } else {
        let mut command = Command::new(words[0]);
        command.args(&words[1..]);
        command
    };
    command.env("HOME", "/tmp").current_dir("/tmp");
    if !library.as_os_str().is_empty() {
        command.env("LD_LIBRARY_PATH", library);
    }
    command
}

fn run(library: &Path, words: &[&str]) {
    let output = as_nobody(library, words).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
}
