//! Real programs at both ends of a channel.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use bytes::Bytes;
use model::Peer;

use super::{Channel, Rule, Said, Told, scp, sftp};

pub(super) const SFTP_SERVER: &str = "/usr/lib/openssh/sftp-server";

/// Whether the programs are there.
pub(super) fn are_here() -> bool {
    let here = Path::new(SFTP_SERVER).exists() && Path::new("/usr/bin/scp").exists();
    if !here {
        eprintln!("sftp, scp and sftp-server are not installed: nothing was tried");
    }
    here
}

/// A folder of the test's own, with one for each end.
pub(super) struct Scene {
    pub(super) folder: PathBuf,
}

impl Scene {
    pub(super) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("wire-files-{}-{number}", std::process::id());
        let scene = Self { folder: std::env::temp_dir().canonicalize().unwrap().join(name) };
        for end in ["client", "server"] {
            std::fs::create_dir_all(scene.folder.join(end)).unwrap();
        }
        for pipe in ["up", "down"] {
            let made = Command::new("mkfifo").arg(scene.folder.join(pipe)).status().unwrap();
            assert!(made.success());
        }
        let script = "#!/bin/sh\ncd \"$(dirname \"$0\")\"\nprintf '%s\\n' \"$@\" >words\nexec 3<&0\ncat <&3 >up &\ncat down\nkill $! 2>/dev/null\nexit 0\n";
        std::fs::write(scene.script(), script).unwrap();
        std::fs::set_permissions(scene.script(), PermissionsExt::from_mode(0o700)).unwrap();
        scene
    }

    pub(super) fn script(&self) -> PathBuf {
        self.folder.join("relay")
    }

    pub(super) fn client(&self, name: &str) -> PathBuf {
        self.folder.join("client").join(name)
    }

    pub(super) fn server(&self, name: &str) -> PathBuf {
        self.folder.join("server").join(name)
    }

    /// The path of the server's, as text.
    pub(super) fn at(&self, name: &str) -> String {
        self.server(name).to_str().unwrap().to_owned()
    }

    /// `sftp` does these things.
    pub(super) fn sftp(&self, options: &[&str], batch: &str, rule: Rule<'_>) -> Ran {
        std::fs::write(self.folder.join("batch"), batch).unwrap();
        let mut client = Command::new("sftp");
        client.args(options).arg("-b").arg(self.folder.join("batch")).arg("-D").arg(self.script());
        let server = |_: &[String]| Command::new(SFTP_SERVER);
        self.run(client, sftp, server, rule)
    }

    /// `scp -O` with these words; `host:` is the other end.
    pub(super) fn scp(&self, words: &[&str], rule: Rule<'_>) -> Ran {
        let mut client = Command::new("scp");
        client.args(["-O", "-S"]).arg(self.script()).args(words);
        let home = self.at("");
        let server = |words: &[String]| {
            let mut server = Command::new("sh");
            server.arg("-c").arg(command(words));
            server
        };
        let folder = self.folder.clone();
        let open = move || {
            let words = std::fs::read_to_string(folder.join("words")).unwrap();
            let words: Vec<String> = words.lines().map(str::to_owned).collect();
            scp(&command(&words), Some(&home))
        };
        self.run(client, open, server, rule)
    }

    fn run(
        &self,
        mut client: Command,
        open: impl Fn() -> Channel,
        server: impl Fn(&[String]) -> Command,
        rule: Rule<'_>,
    ) -> Ran {
        let client = client
            .current_dir(self.folder.join("client"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let from_client = File::open(self.folder.join("up")).unwrap();
        let mut to_client =
            Some(OpenOptions::new().write(true).open(self.folder.join("down")).unwrap());
        let words = std::fs::read_to_string(self.folder.join("words")).unwrap();
        let words: Vec<String> = words.lines().map(str::to_owned).collect();
        let mut server = server(&words)
            .current_dir(self.folder.join("server"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut to_server = server.stdin.take();
        let (sender, receiver) = channel();
        read_on(Peer::Client, from_client, sender.clone());
        read_on(Peer::Upstream, server.stdout.take().unwrap(), sender);
        let mut channel = open();
        let (mut told, mut said) = (Told::default(), Said::new());
        relay(&receiver, &mut |from, bytes: Option<Vec<u8>>| {
            let Some(bytes) = bytes else {
                match from {
                    Peer::Client => to_server = None,
                    Peer::Upstream => to_client = None,
                }
                return;
            };
            said.push((from, bytes.clone()));
            channel.feed(from, Bytes::from(bytes));
            for (to, bytes) in told.pump(&mut channel, rule) {
                // An end that has left does not matter.
                let _ = match to {
                    Peer::Client => to_client.as_mut().map(|end| end.write_all(&bytes)),
                    Peer::Upstream => to_server.as_mut().map(|end| end.write_all(&bytes)),
                };
            }
            if told.breach.is_some() {
                (to_server, to_client) = (None, None);
            }
        });
        told.end(&mut channel);
        server.wait().unwrap();
        let output = client.wait_with_output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (output, errors, code) =
            (text(&output.stdout), text(&output.stderr), output.status.code());
        Ran { told, said, output, errors, code }
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// What came of a run.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) told: Told,
    pub(super) said: Said,
    pub(super) output: String,
    pub(super) errors: String,
    pub(super) code: Option<i32>,
}

impl Ran {
    /// All went well.
    pub(super) fn well(self) -> Self {
        assert_eq!(
            (self.code, &self.told.breach),
            (Some(0), &None),
            "{}{}",
            self.output,
            self.errors
        );
        self
    }
}

/// The command that stands behind the host's name.
fn command(words: &[String]) -> String {
    words.last().unwrap().clone()
}

fn read_on(from: Peer, mut end: impl Read + Send + 'static, to: Sender<(Peer, Option<Vec<u8>>)>) {
    thread::spawn(move || {
        let mut buffer = vec![0; 32 << 10];
        loop {
            let count = end.read(&mut buffer).unwrap_or(0);
            let bytes = (count > 0).then(|| buffer[..count].to_vec());
            let over = bytes.is_none();
            if to.send((from, bytes)).is_err() || over {
                return;
            }
        }
    });
}

/// Until both ends have said that there is no more.
fn relay(from: &Receiver<(Peer, Option<Vec<u8>>)>, take: &mut dyn FnMut(Peer, Option<Vec<u8>>)) {
    while let Ok((peer, bytes)) = from.recv() {
        take(peer, bytes);
    }
}
