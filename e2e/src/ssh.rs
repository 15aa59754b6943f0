use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::{House, Process, Ran, free_port, run, run_folder, until};

/// An OpenSSH server of a test's own. Its only account is the one that the test runs as.
#[derive(Debug)]
pub struct SshServer {
    process: Process,
    folder: tempfile::TempDir,
    port: u16,
    account: String,
}

impl SshServer {
    /// One that believes a key, which the gateway is given, and an authority when there is one.
    #[must_use]
    pub fn start(authority: Option<&str>) -> Self {
        let folder = run_folder("sshd");
        let at = |name: &str| folder.path().join(name);
        for name in ["host", "key"] {
            keygen(&at(name));
        }
        std::fs::copy(at("key.pub"), at("authorized_keys")).unwrap();
        std::fs::write(at("ca.pub"), authority.unwrap_or_default()).unwrap();
        let port = free_port();
        let configuration = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {0}/host\nPidFile {0}/pid\n\
             AuthorizedKeysFile {0}/authorized_keys\n{1}StrictModes no\nUsePAM no\n\
             PasswordAuthentication no\nPermitRootLogin yes\nSubsystem sftp internal-sftp\n\
             AcceptEnv LANG SLUICE_TEST_*\nMaxStartups 200\nMaxSessions 100\nLogLevel VERBOSE\n",
            folder.path().display(),
            authority
                .map(|_| format!("TrustedUserCAKeys {}\n", at("ca.pub").display()))
                .unwrap_or_default(),
        );
        std::fs::write(at("config"), configuration).unwrap();
        let account = run(Command::new("id").arg("-un"), "");
        let account = account.stdout.trim().to_owned();
        if account == "root" {
            // Where it separates its privileges; Debian makes it when the service starts.
            std::fs::create_dir_all("/run/sshd").unwrap();
        }
        let mut command = Command::new("/usr/sbin/sshd");
        command.args(["-D", "-e", "-f"]).arg(at("config"));
        let process = Process::start(&command, &at("log"), "TERM", None);
        let server = Self { process, folder, port, account };
        until("sshd listens", Duration::from_secs(60), || {
            assert!(server.process.alive(), "sshd ended:\n{}", server.log());
            std::net::TcpStream::connect(("127.0.0.1", port)).ok().map(drop)
        });
        server
    }

    /// A resource's file: this server, known by its host key, opened with the key.
    #[must_use]
    pub fn resource(&self, name: &str) -> String {
        let key = std::fs::read_to_string(self.file("host.pub")).unwrap();
        self.resource_known_by(name, &format!("[\"{}\"]", key.trim()))
    }

    /// The same, where the host key is known as `host_keys` says.
    #[must_use]
    pub fn resource_known_by(&self, name: &str, host_keys: &str) -> String {
        let key = format!("{{file: {}}}", self.file("key").display());
        self.resource_opened_by(name, host_keys, &key)
    }

    /// The same, with what `ssh_key` says.
    #[must_use]
    pub fn resource_opened_by(&self, name: &str, host_keys: &str, ssh_key: &str) -> String {
        format!(
            "name: {name}\nprotocol: ssh\naddress: 127.0.0.1:{}\nhost_keys: {host_keys}\n\
             credential:\n  username: {}\n  ssh_key: {ssh_key}\nlabels: {{env: prod}}\n",
            self.port, self.account,
        )
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Another host key from now on.
    pub fn change_host_key(&mut self) {
        for name in ["host", "host.pub"] {
            std::fs::remove_file(self.file(name)).unwrap();
        }
        keygen(&self.file("host"));
        // It reads its keys when it starts.
        self.process.signal("HUP");
        until("sshd listens again", Duration::from_secs(60), || {
            std::net::TcpStream::connect(("127.0.0.1", self.port)).ok().map(drop)
        });
    }

    /// The fingerprint of its host key.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let ran = run(Command::new("ssh-keygen").arg("-lf").arg(self.file("host.pub")), "");
        ran.stdout.split_whitespace().nth(1).expect("a fingerprint").to_owned()
    }

    /// A file of its folder.
    #[must_use]
    pub fn file(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// The account that its programs run as.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// What it says of those who come in.
    #[must_use]
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.file("log")).unwrap_or_default()).into_owned()
    }
}

/// Makes a key pair without a passphrase.
pub fn keygen(path: &Path) {
    let mut command = Command::new("ssh-keygen");
    let ran = run(command.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(path), "");
    assert!(ran.ok(), "{}", ran.all());
}

impl House {
    /// Runs one of OpenSSH's programs as somebody, with what `sluice ssh-config` writes.
    #[must_use]
    pub fn openssh(&self, name: &str, program: &str, words: &[&str]) -> Ran {
        run(&mut self.openssh_command(name, program, words), "")
    }

    /// `ssh`, `scp` or `sftp`, to be run as somebody.
    #[must_use]
    pub fn openssh_command(&self, name: &str, program: &str, words: &[&str]) -> Command {
        let config = self.ssh_config(name);
        let mut command = self.with_config(name, Path::new(program), &config);
        command.arg("-F").arg(&config).args(words);
        command
    }

    /// A program that runs `ssh` itself, to be run as somebody: rsync, git, Ansible.
    #[must_use]
    pub fn over_ssh(&self, name: &str, program: &Path) -> Command {
        let config = self.ssh_config(name);
        let mut command = self.with_config(name, program, &config);
        command.env("RSYNC_RSH", format!("ssh -F {config}"));
        command.env("GIT_SSH_COMMAND", format!("ssh -F {config}"));
        command.env("ANSIBLE_SSH_COMMON_ARGS", format!("-F {config}"));
        command
    }

    fn with_config(&self, name: &str, program: &Path, config: &str) -> Command {
        let home = self.file(&format!("home-of-{name}"));
        assert!(Path::new(config).starts_with(&home), "{config}");
        let mut command = Command::new(program);
        command.env("SLUICE_TOKEN", self.person(name).token).env("SLUICE_URL", self.url());
        command.env("XDG_CONFIG_HOME", home.join(".config")).env("HOME", home);
        command.env_remove("SSH_AUTH_SOCK").env_remove("DISPLAY").current_dir(self.file("."));
        command
    }

    /// The file that `sluice ssh-config` writes for somebody.
    fn ssh_config(&self, name: &str) -> String {
        let token = self.person(name).token;
        let config = self.file(&format!("home-of-{name}/.config")).display().to_string();
        let environment = [("SLUICE_TOKEN", &*token), ("XDG_CONFIG_HOME", &*config)];
        let written = run(&mut self.cli_command(&environment, &["ssh-config"]), "");
        assert!(written.ok(), "{}", written.all());
        written.stdout.trim().to_owned()
    }
}
