//! What is asked about files, as policy and people see it.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use model::{Access, Action, Facts, Object, Understood};

use super::path::Named;

/// One thing asked of a target's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileCommand {
    /// It in words: `rename /a /b`.
    pub text: Bytes,
    /// What it does to which paths.
    pub understood: Arc<Understood>,
}

/// Puts a command together.
pub(super) struct Asked {
    text: String,
    accesses: Vec<Access>,
    paths: BTreeSet<Box<str>>,
    doubt: Option<&'static str>,
}

impl Asked {
    pub(super) fn new(verb: &str) -> Self {
        let (accesses, paths) = (Vec::new(), BTreeSet::new());
        Self { text: verb.to_owned(), accesses, paths, doubt: None }
    }

    /// Its next path, and what is done to it.
    pub(super) fn path(self, named: &Named, actions: &[Action]) -> Self {
        self.word(&named.path).may_be(named, actions)
    }

    /// What the last path may be instead.
    pub(super) fn may_be(mut self, named: &Named, actions: &[Action]) -> Self {
        self.accesses.extend(actions.iter().map(|action| named.access(*action)));
        self.paths.insert((&*named.path).into());
        self.doubt = self.doubt.or(named.doubt);
        self
    }

    /// What is done to the target as a whole.
    pub(super) fn whole(mut self, action: Action) -> Self {
        self.accesses.push(Access::new(action, Object::resource()));
        self
    }

    /// A word of its text.
    pub(super) fn word(mut self, word: &str) -> Self {
        self.text.push(' ');
        if word.is_empty()
            || word.contains(|letter: char| letter.is_whitespace() || "\"'\\".contains(letter))
            || shown_otherwise(word)
        {
            self.text.push_str(&format!("{word:?}"));
        } else {
            self.text.push_str(word);
        }
        self
    }

    pub(super) fn command(mut self) -> FileCommand {
        if self.doubt.is_some() {
            self.accesses.push(Access::new(Action::Unknown, Object::resource()));
        }
        let facts = Facts {
            paths: self.paths,
            not_understood: self.doubt.map(str::to_owned),
            ..Facts::default()
        };
        FileCommand {
            text: self.text.into(),
            understood: Arc::new(Understood::new(self.accesses, facts)),
        }
    }
}

/// Whether a terminal would not show a word as it is.
fn shown_otherwise(word: &str) -> bool {
    word.chars().any(|letter| letter.escape_debug().len() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ssh::files::path::Home;

    #[test]
    fn a_command_is_read_as_it_is_decided() {
        let home = Home::at(b"/home/ann");
        let (old, new) = (home.find(b"a b"), home.find(b"/x\x1b[2J"));
        let command = Asked::new("rename")
            .path(&old, &[Action::Delete])
            .path(&new, &[Action::Create])
            .command();
        assert_eq!(command.text, "rename \"/home/ann/a b\" \"/x\\u{1b}[2J\"");
        let accesses = command.understood.accesses();
        assert!(accesses.contains(&old.access(Action::Delete)));
        assert!(accesses.contains(&new.access(Action::Create)));
        assert_eq!(command.understood.facts().paths.len(), 2);
    }

    #[test]
    fn what_is_in_doubt_is_unknown() {
        let command =
            Asked::new("remove").path(&Home::default().find(b"/\xff"), &[Action::Delete]).command();
        assert!(
            command.understood.accesses().iter().any(|access| access.action == Action::Unknown)
        );
        assert!(command.understood.facts().not_understood.is_some());
    }
}
