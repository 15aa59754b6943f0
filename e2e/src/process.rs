use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

/// Ends what it started when its standard input ends, which it does when the test run is over, even
/// by a signal that leaves nobody time to clean up.
const KEEPER: &str = r#"
exec 3<&0
"$@" </dev/null >"$KEEPER_LOG" 2>&1 3<&- &
pid=$!
echo $pid
exec >/dev/null
cat <&3 >/dev/null &
reader=$!
wait -n $pid $reader
kill -"$KEEPER_SIGNAL" $pid 2>/dev/null
for i in $(seq 100); do kill -0 $pid 2>/dev/null || break; sleep 0.05; done
kill -KILL $pid 2>/dev/null
kill $reader 2>/dev/null
wait $pid 2>/dev/null
[ -z "$KEEPER_FOLDER" ] || rm -rf "$KEEPER_FOLDER"
"#;

/// A process that lives no longer than this value and no longer than the test run.
#[derive(Debug)]
pub struct Process {
    keeper: Child,
    line: Option<ChildStdin>,
    pid: u32,
}

impl Process {
    /// Starts `command`; what it prints goes to `log`. It is asked to end by `signal` (`TERM`, `INT`).
    /// Then `folder` is removed: values that live as long as the test run are never dropped.
    #[must_use]
    pub fn start(command: &Command, log: &Path, signal: &str, folder: Option<&Path>) -> Self {
        File::create(log).expect("the log file can be made");
        let mut keeper = Command::new("bash");
        keeper.args(["-c", KEEPER, "keeper"]).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => keeper.env(name, value),
                None => keeper.env_remove(name),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            keeper.current_dir(folder);
        }
        keeper.env("KEEPER_LOG", log).env("KEEPER_SIGNAL", signal);
        keeper.env("KEEPER_FOLDER", folder.unwrap_or(Path::new("")));
        keeper.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut keeper = keeper.spawn().expect("bash can be started");
        let mut pid = String::new();
        let output = keeper.stdout.take().expect("its output is ours");
        BufReader::new(output).read_line(&mut pid).expect("the keeper prints a pid");
        let pid = pid.trim().parse().expect("the keeper prints a pid");
        let line = keeper.stdin.take();
        Self { keeper, line, pid }
    }

    /// The process's id: of what was started, not of its keeper.
    #[must_use]
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// Sends a signal by name: `HUP`, `KILL`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.pid.to_string()).status();
        assert!(sent.expect("kill runs").success(), "{name} to {}", self.pid);
    }

    /// Whether it still runs.
    #[must_use]
    pub fn alive(&self) -> bool {
        let mut status = String::new();
        File::open(format!("/proc/{}/status", self.pid))
            .and_then(|mut file| file.read_to_string(&mut status))
            .is_ok_and(|_| !status.contains("State:\tZ"))
    }

    /// Resident memory in bytes.
    #[must_use]
    pub fn resident(&self) -> u64 {
        self.kilobytes("VmRSS:")
    }

    /// The most memory it ever had resident, in bytes.
    #[must_use]
    pub fn peak_resident(&self) -> u64 {
        self.kilobytes("VmHWM:")
    }

    fn kilobytes(&self, field: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap();
        let line = status.lines().find(|line| line.starts_with(field)).expect("a live process");
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }

    /// Ends it and waits until it is gone.
    pub fn stop(&mut self) {
        self.line.take();
        self.keeper.wait().expect("the keeper ends");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
    }
}
