use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

/// The checkout.
#[must_use]
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("e2e has a parent").to_owned()
}

/// Where `scripts/parts.sh` keeps what it fetched and built.
#[must_use]
pub fn cache() -> &'static Path {
    static CACHE: OnceLock<PathBuf> = OnceLock::new();
    CACHE.get_or_init(|| {
        let script = repository().join("scripts/cache.sh");
        let said = Command::new("bash")
            .args(["-c", ". \"$1\" && printf %s \"$SLUICE_CACHE\"", "cache"])
            .arg(script)
            .output()
            .expect("bash runs");
        String::from_utf8(said.stdout).expect("a path").into()
    })
}

/// The `sluice` binary: `$SLUICE_BIN`, else built once.
#[must_use]
pub fn sluice() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(binary) = std::env::var_os("SLUICE_BIN") {
            return binary.into();
        }
        let built = Command::new(env!("CARGO"))
            .args(["build", "--package", "sluice", "--message-format", "json"])
            .current_dir(repository())
            .output()
            .expect("cargo runs");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        String::from_utf8_lossy(&built.stdout)
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .filter(|message| message["target"]["name"] == "sluice")
            .find_map(|message| message["executable"].as_str().map(PathBuf::from))
            .expect("cargo built an executable")
    })
}

/// A folder of this test run's own, readable by the account the servers run as.
#[must_use]
pub fn run_folder(name: &str) -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::Builder::new()
        .prefix(&format!("sluice-e2e-{name}-"))
        .tempdir()
        .expect("a temporary folder can be made");
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

/// A free port, below those the kernel gives to outgoing connections, never handed out twice in a run.
#[must_use]
pub fn free_port() -> u16 {
    static TAKEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    let mut taken = TAKEN.lock().unwrap();
    let from = 10_000 + u16::try_from(std::process::id() % 200).unwrap() * 100;
    let port = (from..32_000)
        .chain(10_000..from)
        .find(|port| !taken.contains(port) && TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("a port is free");
    taken.insert(port);
    port
}

/// Waits until `ready` answers, or fails with `what`. A deadline against hanging, never a measure.
pub fn until<T>(what: &str, within: Duration, mut ready: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + within;
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(Instant::now() < deadline, "waited {within:?} in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
