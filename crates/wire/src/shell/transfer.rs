//! The server sides of copying programs, which a client starts by a line of its own making.

use super::grammar;
use super::tree::{Tree, Word};
use crate::ssh::files::ScpCall;

/// What a line starts that is exactly one server of a copying program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transfer {
    /// `scp -t PATH` or `scp -f PATH`.
    Scp(ScpCall),
    /// `rsync --server`.
    RsyncServer {
        /// Whether it sends, and does not receive.
        sends: bool,
        /// What is copied, or where to.
        paths: Vec<String>,
    },
    /// `sftp-server`.
    SftpServer,
}

/// The transfer that a line is, if it is nothing else: one program, without assignments, redirections,
/// expansions or options that are not known.
#[must_use]
pub fn transfer(line: &str) -> Option<Transfer> {
    let Tree::Sequence(trees) = grammar::parse(line, 0).ok()? else { return None };
    let [Tree::Simple(simple)] = trees.as_slice() else { return None };
    if !simple.assignments.is_empty() || !simple.redirects.is_empty() {
        return None;
    }
    let words: Option<Vec<&str>> = simple.words.iter().map(plain).collect();
    let words = words?;
    let (program, rest) = words.split_first()?;
    match program.rsplit('/').next()? {
        "scp" => ScpCall::read(&words).map(Transfer::Scp),
        "rsync" => rsync(rest),
        "sftp-server" => rest.is_empty().then_some(Transfer::SftpServer),
        _ => None,
    }
}

/// A word as it is, or one whose file names the server's shell looks up: clients write `scp -f *.log`.
fn plain(word: &Word) -> Option<&str> {
    if word.dollar_quoted {
        return None;
    }
    word.literal.as_deref().or(word.home.as_deref())
}

fn rsync(words: &[&str]) -> Option<Transfer> {
    let ["--server", rest @ ..] = words else { return None };
    let mut sends = false;
    let mut rest = rest.iter();
    // Options until the lone dot that stands between them and the paths.
    for word in rest.by_ref() {
        match *word {
            "." => {
                let paths: Vec<String> = rest.map(|path| (*path).to_owned()).collect();
                return (!paths.is_empty()).then_some(Transfer::RsyncServer { sends, paths });
            }
            "--sender" => sends = true,
            // It would run as a daemon by a configuration of its own, or start programs.
            "--daemon" => return None,
            option if option.starts_with("--rsh") || option.starts_with("--config") => return None,
            option if option.starts_with('-') => {}
            _ => return None,
        }
    }
    None
}
