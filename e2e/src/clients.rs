use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::{cache, run_folder};

/// How a client's run went.
#[derive(Debug, Clone)]
pub struct Ran {
    /// What it printed.
    pub stdout: String,
    /// What it printed to standard error.
    pub stderr: String,
    /// How it ended.
    pub status: ExitStatus,
}

impl Ran {
    /// Whether it ended with exit code 0.
    #[must_use]
    pub fn ok(&self) -> bool {
        self.status.success()
    }

    /// Both outputs, for what must be nowhere.
    #[must_use]
    pub fn all(&self) -> String {
        format!("{}\n{}", self.stdout, self.stderr)
    }
}

/// Runs a command to its end, at most for two minutes.
///
/// # Panics
/// It cannot be started, or does not end.
pub fn run(command: &mut Command, input: &str) -> Ran {
    run_within(Duration::from_secs(120), command, input)
}

/// Runs a command to its end, at most for that long.
///
/// # Panics
/// It cannot be started, or does not end.
pub fn run_within(limit: Duration, command: &mut Command, input: &str) -> Ran {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|why| panic!("{command:?}: {why}"));
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // What it prints may fill a pipe before it has read all its input.
    let writer = std::thread::spawn(move || {
        let _ = stdin.write_all(input.as_bytes());
    });
    let stdout = collect(child.stdout.take().unwrap());
    let stderr = collect(child.stderr.take().unwrap());
    let status = wait(&mut child, limit, &format!("{command:?}"));
    writer.join().unwrap();
    Ran { stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap(), status }
}

fn collect(mut from: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut all = Vec::new();
        let _ = from.read_to_end(&mut all);
        String::from_utf8_lossy(&all).into_owned()
    })
}

fn wait(child: &mut Child, limit: Duration, what: &str) -> ExitStatus {
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let _ = child.kill();
    panic!("it did not end within {limit:?}: {what}")
}

/// A `psql` to be run: unaligned, tuples only, stopping at the first error unless told otherwise.
#[derive(Debug, Clone)]
pub struct Psql {
    words: Vec<String>,
    environment: Vec<(String, String)>,
}

/// A `psql` on this connection string.
#[must_use]
pub fn psql(connection: &str) -> Psql {
    let words = ["psql", "-X", "-A", "-t", "-q", "-v", "VERBOSITY=verbose", "-d", connection];
    Psql { words: words.map(str::to_owned).to_vec(), environment: Vec::new() }
}

impl Psql {
    /// With an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// With one more word on its command line.
    #[must_use]
    pub fn arg(mut self, word: &str) -> Self {
        self.words.push(word.into());
        self
    }

    /// Runs one command string, which psql sends as one simple query; with several statements it is
    /// one implicit transaction.
    #[must_use]
    pub fn ran(&self, sql: &str) -> Ran {
        run(self.command().args(["-v", "ON_ERROR_STOP=1", "-c", sql]), "")
    }

    /// Feeds a script, statement by statement, going on after errors.
    #[must_use]
    pub fn script(&self, text: &str) -> Ran {
        run(&mut self.command(), text)
    }

    /// Starts it with pipes, for a conversation.
    #[must_use]
    pub fn start(&self) -> Typing {
        Typing::start(&mut self.command())
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.words[0]);
        command.args(&self.words[1..]);
        command.env_remove("PGPASSWORD").envs(self.environment.iter().cloned());
        command.env("PGCONNECT_TIMEOUT", "30");
        command
    }
}

fn follow(mut stream: impl Read, said: &Mutex<String>) {
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = stream.read(&mut buffer) {
        said.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..length]));
    }
}

/// A running client somebody types into.
#[derive(Debug)]
pub struct Typing {
    child: Child,
    said: Arc<Mutex<String>>,
}

impl Typing {
    /// Starts it with pipes.
    #[must_use]
    pub fn start(command: &mut Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|why| panic!("{command:?}: {why}"));
        let said = Arc::new(Mutex::new(String::new()));
        for stream in [
            Box::new(child.stdout.take().unwrap()) as Box<dyn Read + Send>,
            Box::new(child.stderr.take().unwrap()),
        ] {
            let said = Arc::clone(&said);
            std::thread::spawn(move || follow(stream, &said));
        }
        Self { child, said }
    }

    /// Types a line.
    pub fn line(&mut self, text: &str) {
        let stdin = self.child.stdin.as_mut().expect("not yet left");
        writeln!(stdin, "{text}").expect("it reads");
        stdin.flush().expect("it reads");
    }

    /// Presses Ctrl-C.
    pub fn interrupt(&self) {
        let sent = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// All it printed so far.
    #[must_use]
    pub fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Waits until it printed something with `text` in it, and returns all it printed.
    pub fn says(&self, text: &str) -> String {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !self.said().contains(text) {
            assert!(Instant::now() < deadline, "it does not say {text:?} but: {}", self.said());
            std::thread::sleep(Duration::from_millis(20));
        }
        self.said()
    }

    /// Waits until it ends by itself.
    pub fn ends(&mut self) -> ExitStatus {
        let said = self.said();
        wait(&mut self.child, Duration::from_secs(60), &said)
    }

    /// Closes its input and waits until it ends.
    pub fn leave(&mut self) -> ExitStatus {
        self.child.stdin.take();
        let said = self.said();
        wait(&mut self.child, Duration::from_secs(60), &said)
    }
}

impl Drop for Typing {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a Python program with the clients of `e2e/parts/python` at hand.
#[must_use]
pub fn python(program: &str, environment: &[(&str, &str)]) -> Ran {
    run(
        Command::new(of_python("python")).args(["-c", program]).envs(environment.iter().copied()),
        "",
    )
}

/// A program of the Python environment: `python`, `ansible`.
#[must_use]
pub fn of_python(program: &str) -> PathBuf {
    let path = cache().join("python/bin").join(program);
    assert!(path.exists(), "no {}: run scripts/parts.sh", path.display());
    path
}

/// Runs a CommonJS program with `pg` and `pg-cursor` at hand.
#[must_use]
pub fn node(program: &str, environment: &[(&str, &str)]) -> Ran {
    let modules = cache().join("node/node_modules");
    assert!(modules.exists(), "no {}: run scripts/parts.sh", modules.display());
    let mut command = Command::new("node");
    command.args(["-e", program]).env("NODE_PATH", modules).envs(environment.iter().copied());
    run(&mut command, "")
}

/// Runs a Java program of one file, whose class is `Main`, with PostgreSQL's JDBC driver at hand.
#[must_use]
pub fn java(program: &str, environment: &[(&str, &str)]) -> Ran {
    const DRIVER: &str = "/usr/share/java/postgresql.jar";
    assert!(Path::new(DRIVER).exists(), "no {DRIVER}: run scripts/setup.sh test");
    let folder = run_folder("java");
    let file = folder.path().join("Main.java");
    std::fs::write(&file, program).unwrap();
    let mut command = Command::new("java");
    command.args(["-XX:TieredStopAtLevel=1", "-cp", DRIVER]).arg(&file);
    run(command.envs(environment.iter().copied()), "")
}

/// Runs `pgbench`.
#[must_use]
pub fn pgbench(words: &[&str], environment: &[(&str, &str)]) -> Ran {
    let mut command = Command::new("/usr/lib/postgresql/15/bin/pgbench");
    run(command.args(words).envs(environment.iter().copied()), "")
}
