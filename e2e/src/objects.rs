//! An object store: a real S3 server, and in front of it a way there that a test can spoil.
//!
//! ```text
//!   sluice ─► Road (counts, cuts, stalls, answers 503) ─► s3s-fs ─► a folder
//! ```

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::{Process, cache, free_port, run_folder, until};

const KEY: &str = "sluice-test";
const SECRET: &str = "canary-object-store-secret-93b1";

/// What becomes of a request on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Road {
    /// It arrives, and its answer does.
    Open,
    /// It is answered 503 and does not arrive.
    Refuses,
    /// Parts of uploads are answered 503 once so many have arrived.
    PartsUntil(usize),
    /// It arrives nowhere, and no answer comes.
    Hangs,
    /// It arrives, and the connection breaks before the answer.
    LosesAnswers,
    /// The same, only for the request that makes one object of its parts.
    LosesCompletions,
}

/// A request that went by.
#[derive(Debug, Clone)]
pub struct Passed {
    /// Method, path and query.
    pub line: String,
    /// The status it was answered with; 0 when there was no answer.
    pub status: u16,
}

#[derive(Debug)]
struct Traffic {
    road: Road,
    passed: Vec<Passed>,
}

/// A bucket called `recordings` on a server of the test's own.
#[derive(Debug)]
pub struct ObjectStore {
    process: Option<Process>,
    folder: tempfile::TempDir,
    root: PathBuf,
    port: u16,
    road: u16,
    traffic: Arc<Mutex<Traffic>>,
}

impl ObjectStore {
    /// Starts one.
    #[must_use]
    pub fn start() -> Self {
        let folder = run_folder("objects");
        let root = folder.path().join("root");
        Self::start_on(folder, root)
    }

    /// Starts one that keeps its objects in `root`, a file system of its own perhaps.
    #[must_use]
    pub fn start_on(folder: tempfile::TempDir, root: PathBuf) -> Self {
        std::fs::create_dir_all(root.join("recordings")).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let road = listener.local_addr().unwrap().port();
        let port = free_port();
        let traffic = Arc::new(Mutex::new(Traffic { road: Road::Open, passed: Vec::new() }));
        let seen = Arc::clone(&traffic);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let seen = Arc::clone(&seen);
                std::thread::spawn(move || carry(client, port, &seen));
            }
        });
        let mut store = Self { process: None, folder, root, port, road, traffic };
        store.restart();
        store
    }

    /// Starts the server on the objects it has.
    pub fn restart(&mut self) {
        self.process = None;
        let mut command = Command::new(cache().join("object-store/bin/s3s-fs"));
        command.args(["--host", "127.0.0.1", "--port", &self.port.to_string()]);
        command.args(["--access-key", KEY, "--secret-key", SECRET]).arg(&self.root);
        let process = Process::start(&command, &self.folder.path().join("log"), "KILL", None);
        until("the object store listens", Duration::from_secs(20), || {
            assert!(process.alive(), "the object store ended; scripts/parts.sh makes it");
            TcpStream::connect(("127.0.0.1", self.port)).ok()
        });
        self.process = Some(process);
    }

    /// The server is gone, its objects stay.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// The server's process.
    #[must_use]
    pub const fn process(&self) -> &Process {
        self.process.as_ref().expect("it runs")
    }

    /// Spoils the way there, or mends it.
    pub fn road(&self, road: Road) {
        self.traffic.lock().unwrap().road = road;
    }

    /// The requests that went by.
    #[must_use]
    pub fn passed(&self) -> Vec<Passed> {
        self.traffic.lock().unwrap().passed.clone()
    }

    /// Numbers of parts that arrived well, in order.
    #[must_use]
    pub fn parts(&self) -> Vec<usize> {
        let passed = self.passed();
        let good = passed.iter().filter(|passed| passed.status == 200);
        good.filter_map(|passed| part(&passed.line)).collect()
    }

    /// What goes under `evidence.object_store` on one line; `local` as it is written there.
    #[must_use]
    pub fn setting(&self, local: &str) -> String {
        format!(
            "object_store: {{url: \"s3://recordings/house\", endpoint: \"http://127.0.0.1:{}\", \
             access_key: {{env: OBJECTS_KEY}}, secret_key: {{env: OBJECTS_SECRET}}, local: {local}}}",
            self.road
        )
    }

    /// The environment that [`Self::setting`] speaks of.
    #[must_use]
    pub const fn environment() -> [(&'static str, &'static str); 2] {
        [("OBJECTS_KEY", KEY), ("OBJECTS_SECRET", SECRET)]
    }

    /// Where the object of a session's recording is kept.
    #[must_use]
    pub fn object(&self, session: &str) -> PathBuf {
        self.root.join(format!("recordings/house/{session}.sluice-rec"))
    }
}

/// The number of the part that a request sends.
fn part(line: &str) -> Option<usize> {
    let (_, rest) = line.strip_prefix("PUT ")?.split_once("partNumber=")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// Carries one request there and its answer back, then closes.
fn carry(mut client: TcpStream, port: u16, traffic: &Mutex<Traffic>) {
    let Some((head, mut body)) = request(&mut client) else { return };
    let line = head.lines().next().unwrap_or_default().to_owned();
    let line = line.trim_end_matches(" HTTP/1.1").to_owned();
    let (road, parts) = {
        let traffic = traffic.lock().unwrap();
        let good = traffic.passed.iter().filter(|passed| passed.status == 200);
        (traffic.road, good.filter(|passed| part(&passed.line).is_some()).count())
    };
    let note = |status| traffic.lock().unwrap().passed.push(Passed { line: line.clone(), status });
    let refuses = match road {
        Road::Open | Road::LosesAnswers | Road::LosesCompletions => false,
        Road::Refuses => true,
        Road::PartsUntil(most) => part(&line).is_some() && parts >= most,
        Road::Hangs => {
            note(0);
            // Until the other side has had enough.
            let _ = client.read(&mut [0]);
            return;
        }
    };
    if refuses {
        note(503);
        let _ = client
            .write_all(b"HTTP/1.1 503 Slow Down\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        return;
    }
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)) else { return note(0) };
    let head = head.replacen("\r\n", "\r\nConnection: close\r\n", 1);
    let mut request = head.into_bytes();
    request.append(&mut body);
    let mut answer = Vec::new();
    let carried = server.write_all(&request).and_then(|()| server.read_to_end(&mut answer));
    let text = String::from_utf8_lossy(answer.get(..64.min(answer.len())).unwrap_or_default());
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
    note(status.filter(|_| carried.is_ok()).unwrap_or(0));
    let completes = line.starts_with("POST ") && line.contains("uploadId=");
    let loses = road == Road::LosesAnswers || (road == Road::LosesCompletions && completes);
    if !loses {
        let _ = client.write_all(&answer);
    }
    let _ = client.shutdown(Shutdown::Both);
}

/// A whole request: its head with the empty line, and its body.
fn request(client: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut chunk = vec![0; 64 << 10];
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        match client.read(&mut chunk) {
            Ok(length) if length > 0 => bytes.extend_from_slice(&chunk[..length]),
            _ => return None,
        }
    };
    let mut body = bytes.split_off(end);
    let head = String::from_utf8(bytes).ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    while body.len() < length.unwrap_or(0) {
        match client.read(&mut chunk) {
            Ok(length) if length > 0 => body.extend_from_slice(&chunk[..length]),
            _ => return None,
        }
    }
    Some((head, body))
}
