//! Where the tour is given: it runs commands as people would and prints what they see.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::error::{Exit, Failure};
use crate::output::{self, Style};

/// How long anything on the tour may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The stage; cheap to clone.
#[derive(Clone)]
pub(super) struct Stage {
    program: PathBuf,
    folder: PathBuf,
    /// Where the house is.
    pub(super) url: String,
    /// Its authority's fingerprint.
    pub(super) fingerprint: String,
    seen: Arc<Mutex<String>>,
}

/// What a command printed and how it ended.
pub(super) struct Ran {
    /// Standard output.
    pub(super) out: String,
    /// Standard error.
    pub(super) err: String,
    /// Its exit code.
    pub(super) code: Option<i32>,
}

impl Ran {
    /// Both outputs.
    pub(super) fn all(&self) -> String {
        format!("{}\n{}", self.out, self.err)
    }
}

/// A command that runs while the tour goes on.
pub(super) struct Waiting {
    child: Child,
    out: Option<JoinHandle<String>>,
    err: Option<JoinHandle<String>>,
    lines: Receiver<String>,
    said: Arc<Mutex<Vec<String>>>,
    printed: usize,
    stage: Stage,
}

impl Stage {
    pub(super) fn new(folder: &Path, url: String, fingerprint: String) -> Result<Self> {
        let program = std::env::current_exe().context("finding this program")?;
        let folder = folder.join("people");
        fs::DirBuilder::new().mode(0o700).create(&folder)?;
        Ok(Self { program, folder, url, fingerprint, seen: Arc::default() })
    }

    /// A heading, and what is about to be seen.
    pub(super) fn title(&self, number: usize, title: &str, what: &str) {
        output::line("");
        output::styled(Style::Bold, &format!("{number}. {title}"));
        output::styled(Style::Dim, &format!("   {what}"));
    }

    /// Runs `sluice …` as somebody and prints it with everything it says.
    pub(super) fn run(&self, who: &str, words: &[&str]) -> Result<Ran> {
        self.start(who, words)?.end()
    }

    /// Runs it without a word; for looking things up between the steps.
    pub(super) fn quietly(&self, who: &str, words: &[&str]) -> Result<Ran> {
        let mut waiting = self.spawn(who, words)?;
        waiting.collect()
    }

    /// Starts `sluice …` as somebody.
    pub(super) fn start(&self, who: &str, words: &[&str]) -> Result<Waiting> {
        let name = who.split('@').next().unwrap_or(who);
        output::styled(Style::Bold, &format!("   {name} $ sluice {}", shown(words)));
        self.spawn(who, words)
    }

    fn spawn(&self, who: &str, words: &[&str]) -> Result<Waiting> {
        let name = who.split('@').next().unwrap_or(who);
        let mut command = Command::new(&self.program);
        command.args(words);
        for (name, _) in std::env::vars_os() {
            let ours = name
                .to_str()
                .is_some_and(|name| name.starts_with("SLUICE_") || name.starts_with("PG"));
            if ours {
                command.env_remove(name);
            }
        }
        let mut child = command
            .env("XDG_CONFIG_HOME", self.folder.join(name))
            .env("BROWSER", "true")
            .env("PSQLRC", "/dev/null")
            .env("PAGER", "cat")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("starting sluice")?;
        let (sender, lines) = channel();
        let said = Arc::new(Mutex::new(Vec::new()));
        let out = read_all(child.stdout.take(), Arc::clone(&said), None);
        let err = read_all(child.stderr.take(), Arc::clone(&said), Some(sender));
        Ok(Waiting {
            child,
            out: Some(out),
            err: Some(err),
            lines,
            said,
            printed: 0,
            stage: self.clone(),
        })
    }

    /// Prints a line of the tour's own.
    pub(super) fn say(&self, text: &str) {
        output::styled(Style::Green, &format!("   ✓ {text}"));
    }

    /// Checks what a step says; what was seen so far stands above.
    pub(super) fn must(&self, holds: bool, what: &str) -> Result<()> {
        if holds {
            self.say(what);
            return Ok(());
        }
        Err(Failure::new(Exit::No, format!("this step does not do what it says: {what}"))
            .hint("what it printed stands above")
            .into())
    }

    /// The house's folder.
    pub(super) fn house(&self) -> PathBuf {
        self.folder.with_file_name("house")
    }

    /// The people's own folder.
    pub(super) fn scratch(&self) -> &Path {
        &self.folder
    }

    /// Everything that was printed by any command so far.
    pub(super) fn seen(&self) -> String {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How to go on by hand.
    pub(super) fn invite(&self) {
        let home = |name: &str| self.folder.join(name).display().to_string();
        let sluice = self.program.display();
        output::line("");
        output::styled(
            Style::Bold,
            "The house stays open until Ctrl-C. In another terminal, as the engineer:",
        );
        for line in [
            format!("export XDG_CONFIG_HOME={}", home("engineer")),
            format!("{sluice} connect orders-prod"),
            format!("{sluice} exec orders-prod 'SELECT * FROM customers'"),
            format!(
                "{sluice} exec orders-prod 'UPDATE orders SET amount = 0'        # waits for a DBA"
            ),
            format!("{sluice} proxy orders-prod                                      # for a GUI"),
        ] {
            output::line(&format!("  {line}"));
        }
        output::styled(Style::Bold, "and as the DBA:");
        output::line(&format!("  export XDG_CONFIG_HOME={}", home("dba")));
        output::line(&format!("  {sluice} approvals ls"));
        output::styled(Style::Bold, "As somebody else (the page asks who you are):");
        output::line(&format!("  export XDG_CONFIG_HOME={}", home("you")));
        output::line(&format!("  {sluice} login --url {} --trust {}", self.url, self.fingerprint));
    }

    fn remember(&self, text: &str) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).push_str(text);
    }
}

impl Waiting {
    /// The first line on standard error in which `find` finds something.
    pub(super) fn line<T>(&self, what: &str, mut find: impl FnMut(&str) -> Option<T>) -> Result<T> {
        loop {
            let line = self.lines.recv_timeout(PATIENCE);
            let line =
                line.map_err(|_| Failure::new(Exit::No, format!("{what} was never printed")))?;
            if let Some(found) = find(&line) {
                return Ok(found);
            }
        }
    }

    /// Whether it still runs.
    pub(super) fn runs(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// Prints what it said since it was last asked.
    pub(super) fn show(&mut self) {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        for line in said.iter().skip(self.printed) {
            output::line(format!("     {}", output::clean(line)).trim_end());
        }
        self.printed = said.len();
    }

    /// Waits for its end and prints what it said.
    pub(super) fn end(mut self) -> Result<Ran> {
        let ran = self.collect()?;
        self.show();
        Ok(ran)
    }

    fn collect(&mut self) -> Result<Ran> {
        let status = self.child.wait()?;
        let text = |thread: &mut Option<JoinHandle<String>>| {
            thread.take().and_then(|thread| thread.join().ok()).unwrap_or_default()
        };
        let ran = Ran { out: text(&mut self.out), err: text(&mut self.err), code: status.code() };
        self.stage.remember(&ran.all());
        Ok(ran)
    }
}

/// Reads a stream to its end, line by line, so that nothing waits for us.
fn read_all(
    stream: Option<impl Read + Send + 'static>,
    said: Arc<Mutex<Vec<String>>>,
    lines: Option<Sender<String>>,
) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut text = String::new();
        for line in
            stream.map(BufReader::new).into_iter().flat_map(BufRead::lines).map_while(Result::ok)
        {
            text.push_str(&line);
            text.push('\n');
            said.lock().unwrap_or_else(PoisonError::into_inner).push(line.clone());
            if let Some(lines) = &lines {
                // The tour may have seen enough.
                let _ = lines.send(line);
            }
        }
        text
    })
}

/// Words as a shell would take them.
fn shown(words: &[&str]) -> String {
    let quoted = words.iter().map(|word| {
        let plain = word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./:@=".contains(&b));
        if plain && !word.is_empty() { (*word).to_owned() } else { format!("\"{word}\"") }
    });
    quoted.collect::<Vec<_>>().join(" ")
}
