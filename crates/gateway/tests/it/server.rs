//! A private PostgreSQL with every way of logging in. One for all tests; it ends with their process.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

/// The server, with its certificates.
pub(crate) struct Server {
    pub(crate) port: u16,
    /// The authority that signed the server's certificate.
    pub(crate) ca: PathBuf,
    /// One that did not.
    pub(crate) other_ca: PathBuf,
    /// Made out to the role `certified`.
    pub(crate) client_certificate: (String, String),
}

/// The password of every role that has one.
pub(crate) const PASSWORD: &str = "canary-7f3a-säcret";

static SERVER: LazyLock<Server> = LazyLock::new(start);

pub(crate) fn server() -> &'static Server {
    &SERVER
}

const HBA: &str = "\
hostssl all  certified 127.0.0.1/32 cert
hostssl all  clear     127.0.0.1/32 password
hostnossl all clear    127.0.0.1/32 password
host    all  hashed    127.0.0.1/32 md5
host    all  trusted   127.0.0.1/32 trust
host    all  all       127.0.0.1/32 scram-sha-256
local   all  all                    trust
";

pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) pem: String,
}

pub(crate) fn authority(name: &str) -> Authority {
    let key = KeyPair::generate().unwrap();
    let mut parameters = CertificateParams::new(Vec::new()).unwrap();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pem = parameters.self_signed(&key).unwrap().pem();
    Authority { issuer: Issuer::new(parameters, key), pem }
}

pub(crate) fn issue(authority: &Authority, common_name: &str, names: &[&str]) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut parameters = CertificateParams::new(names).unwrap();
    parameters.distinguished_name.push(DnType::CommonName, common_name);
    let certificate = parameters.signed_by(&key, &authority.issuer).unwrap();
    (certificate.pem(), key.serialize_pem())
}

/// What a listener of ours shows, and who signed it.
pub(crate) struct Listener {
    pub(crate) certificate: String,
    pub(crate) key: String,
    pub(crate) ca: String,
}

static LISTENER: LazyLock<Listener> = LazyLock::new(|| {
    let authority = authority("gateway");
    let (certificate, key) = issue(&authority, "localhost", &["localhost", "127.0.0.1"]);
    Listener { certificate, key, ca: authority.pem }
});

pub(crate) fn listener_certificate() -> &'static Listener {
    &LISTENER
}

fn start() -> Server {
    let dir = tempfile::Builder::new().prefix("sluice-gateway-").tempdir().unwrap().keep();
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).unwrap();
    let owner = owner();
    let data = dir.join("data");
    fs::create_dir(&data).unwrap();
    give(&data, owner);
    let superuser = dir.join("password");
    fs::write(&superuser, PASSWORD).unwrap();
    let initdb = as_owner(owner, &program("initdb"))
        .args(["--no-sync", "-E", "UTF8", "--locale=C.UTF-8", "-U", "app", "--auth=trust"])
        .arg(format!("--pwfile={}", superuser.display()))
        .arg("-D")
        .arg(&data)
        .output()
        .unwrap();
    assert!(initdb.status.success(), "{}", String::from_utf8_lossy(&initdb.stderr));

    let (ours, other) = (authority("ours"), authority("other"));
    let certificate = issue(&ours, "localhost", &["localhost"]);
    let write = |name: &str, text: &str, mode: u32| {
        let path = data.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        give(&path, owner);
        path
    };
    write("server.crt", &certificate.0, 0o644);
    write("server.key", &certificate.1, 0o600);
    write("pg_hba.conf", HBA, 0o600);
    let ca = dir.join("ca.pem");
    fs::write(&ca, &ours.pem).unwrap();
    let other_ca = dir.join("other.pem");
    fs::write(&other_ca, &other.pem).unwrap();
    let port = free_port();
    let settings = format!(
        "listen_addresses='127.0.0.1'\nport={port}\nunix_socket_directories='{}'\nssl=on\nssl_ca_file='{}'\nfsync=off\nmax_connections=200\n",
        data.display(),
        ca.display(),
    );
    write("postgresql.conf", &settings, 0o600);
    run(owner, &data, port);
    let server = Server { port, ca, other_ca, client_certificate: issue(&ours, "certified", &[]) };
    let roles = format!(
        "CREATE ROLE certified LOGIN; CREATE ROLE trusted LOGIN;
         CREATE ROLE clear LOGIN PASSWORD '{PASSWORD}';
         CREATE ROLE plain LOGIN PASSWORD '{PASSWORD}';
         SET password_encryption = md5; CREATE ROLE hashed LOGIN PASSWORD '{PASSWORD}';
         CREATE TABLE customers (id int primary key, name text);
         INSERT INTO customers SELECT n, 'name ' || n FROM generate_series(1, 100) n;
         GRANT SELECT ON customers TO PUBLIC;"
    );
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let done = Command::new(program("psql"))
            .args(["-qX", "-v", "ON_ERROR_STOP=1", "-U", "app", "-d", "postgres", "-c", &roles])
            .args(["-h", &data.display().to_string(), "-p", &port.to_string()])
            .output()
            .unwrap();
        if done.status.success() {
            return server;
        }
        assert!(Instant::now() < deadline, "{}", String::from_utf8_lossy(&done.stderr));
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Runs the server until the thread that started it ends: that of nobody but this process.
fn run(owner: Option<(u32, u32)>, data: &Path, port: u16) {
    let mut command = as_owner(owner, &program("postgres"));
    command.arg("-D").arg(data).stdout(Stdio::null());
    command.stderr(fs::File::create(data.join("log")).unwrap());
    std::thread::Builder::new()
        .name(format!("postgres-{port}"))
        .spawn(move || command.spawn().unwrap().wait())
        .unwrap();
}

/// PostgreSQL refuses to be run by root: then `nobody` owns it.
fn owner() -> Option<(u32, u32)> {
    let id = |args: &[&str]| -> u32 {
        let out = Command::new("id").args(args).output().unwrap().stdout;
        String::from_utf8(out).unwrap().trim().parse().unwrap()
    };
    (id(&["-u"]) == 0).then(|| (id(&["-u", "nobody"]), id(&["-g", "nobody"])))
}

fn as_owner(owner: Option<(u32, u32)>, program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    if let Some((uid, gid)) = owner {
        command.arg(format!("--reuid={uid}")).arg(format!("--regid={gid}")).arg("--clear-groups");
    }
    command.arg("--pdeathsig=QUIT").arg(program).env("HOME", "/tmp").current_dir("/tmp");
    command
}

fn give(path: &Path, owner: Option<(u32, u32)>) {
    if let Some((uid, gid)) = owner {
        chown(path, Some(uid), Some(gid)).unwrap();
    }
}

/// The newest PostgreSQL that is installed.
pub(crate) fn program(name: &str) -> PathBuf {
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|dir| dir.flatten().map(|entry| entry.path().join("bin")).collect())
        .unwrap_or_default();
    versions.sort();
    let found = versions.into_iter().rev().map(|bin| bin.join(name)).find(|path| path.exists());
    found.unwrap_or_else(|| name.into())
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
