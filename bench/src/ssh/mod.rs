//! What a gateway costs between OpenSSH's client and its server: bytes, programs, keys and memory, beside a direct
//! connection and one over a jump host of OpenSSH's own.
//!
//! ```text
//!          ┌──────────── direct ────────────┐
//!  ssh ────┼── ssh -J, another sshd ────────┼──► sshd
//!          └── sluice serve (50 policies,   │
//!              recording on) ───────────────┘
//! ```

mod bulk;
mod idle;
mod keys;
mod long;
mod programs;

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};
use e2e::{House, Process, SshServer, free_port, keygen, run_folder};

use crate::Options;
use crate::page::Section;
use crate::paths;

/// The ways to a shell, as the configuration of `ssh` calls them.
pub(super) const WAYS: [&str; 4] = ["direct", "jump", "sluice", "masked"];

/// What the page calls them.
pub(super) fn name(way: &str) -> &str {
    match way {
        "jump" => "ssh -J",
        "copy" => "copy proxy",
        "sluice" => "sluice, masking off",
        "masked" => "sluice, by content",
        way => way,
    }
}

/// Everything that runs during the measurements.
pub(super) struct Stage {
    pub(super) server: SshServer,
    pub(super) house: House,
    /// The client's key at the gateway.
    pub(super) key: PathBuf,
    config: PathBuf,
    copy: (Process, u16),
    _jump: SshServer,
    _folder: tempfile::TempDir,
}

impl Stage {
    fn set() -> Result<Self> {
        let (server, jump) = (SshServer::start(None), SshServer::start(None));
        std::fs::copy(server.file("key.pub"), jump.file("authorized_keys"))?;
        let policies = format!(
            "{}\n@id(\"works\") permit (principal in Group::\"engineering\", action in Action::\"run\", resource);\n",
            paths::policies()
        );
        let masked = "data:\n  - {detect: [credit_card, email, us_ssn, iban, phone]}\n";
        let house = House::builder()
            .policies(&policies)
            .resource("plain", &server.resource("plain"))
            .resource("masked", &format!("{}{masked}", server.resource("masked")))
            .start();
        let folder = run_folder("bench-ssh");
        let key = folder.path().join("machine");
        keygen(&key);
        let words = ["token", "create", "bench", "--subject", "bench@ci", "--group", "engineering"];
        let public = format!("{}.pub", key.display());
        let made = house.cli("root", &[&words[..], &["--ssh-key", &public]].concat());
        ensure!(made.ok(), "{}", made.all());
        let config = folder.path().join("config");
        let port =
            |server: &SshServer| server.address().rsplit(':').next().unwrap_or("").to_owned();
        let account = server.account();
        let (own, gateway) = (server.file("key").display().to_string(), key.display().to_string());
        let host = |name: &str, port: &str, user: &str, key: &str, more: &str| {
            format!("Host {name}\n  Port {port}\n  User {user}\n  IdentityFile {key}\n{more}")
        };
        let text = [
            host("direct", &port(&server), account, &own, ""),
            host("hop", &port(&jump), account, &own, ""),
            host("jump", &port(&server), account, &own, "  ProxyJump hop\n"),
            host("sluice", &house.ssh_port().to_string(), "plain", &gateway, ""),
            host("masked", &house.ssh_port().to_string(), "masked", &gateway, ""),
            "Host *\n  HostName 127.0.0.1\n  IdentitiesOnly yes\n  IdentityAgent none\n  BatchMode yes\n  \
             StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n  LogLevel ERROR\n  \
             Ciphers aes128-gcm@openssh.com\n"
                .to_owned(),
        ];
        std::fs::write(&config, text.concat())?;
        let copy_port = free_port();
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["copy-proxy", &format!("127.0.0.1:{copy_port}"), &server.address()]);
        let copy = Process::start(&command, &folder.path().join("copy.log"), "TERM", None);
        let copy = (copy, copy_port);
        Ok(Self { server, house, key, config, copy, _jump: jump, _folder: folder })
    }

    /// `ssh` by this way.
    pub(super) fn ssh(&self, way: &str, words: &[&str]) -> Command {
        let mut command = Command::new("ssh");
        command.arg("-F").arg(&self.config).arg(way).args(words);
        command
    }

    /// A python program that comes in by itself: the way's port, user and key are its first words.
    pub(super) fn python(&self, program: &str, way: &str) -> Command {
        let (port, user, key) = match way {
            "direct" => (
                self.server.address().rsplit(':').next().unwrap_or("").to_owned(),
                self.server.account().to_owned(),
                self.server.file("key"),
            ),
            "copy" => {
                (self.copy.1.to_string(), self.server.account().to_owned(), self.server.file("key"))
            }
            way => {
                let user = if way == "sluice" { "plain" } else { way };
                (self.house.ssh_port().to_string(), user.to_owned(), self.key.clone())
            }
        };
        let mut command = Command::new(e2e::cache().join("python/bin/python"));
        command.args(["-c", program, &port, &user]).arg(key);
        command
    }

    /// The gateway's process.
    pub(super) fn pid(&self) -> u32 {
        self.house.process().pid()
    }
}

/// Its parts, as an option names them.
pub(crate) const PARTS: [&str; 5] =
    ["ssh-bulk", "ssh-programs", "ssh-keys", "ssh-idle", "ssh-long"];

/// What is wanted of it.
pub(crate) fn measure(options: &Options) -> Result<Vec<Section>> {
    type Measure = fn(&Stage, &Options) -> Result<Section>;
    let stage = Stage::set()?;
    let all: [Measure; 5] =
        [bulk::measure, programs::measure, keys::measure, idle::measure, long::measure];
    PARTS
        .iter()
        .zip(all)
        .filter(|(part, _)| options.wants("ssh") || options.wants(part))
        .map(|(_, measure)| measure(&stage, options))
        .collect()
}
