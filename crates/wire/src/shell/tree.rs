//! What the reader knows of a shell's grammar: who runs after whom, who may not run at all, and who
//! runs in a process of its own.

/// A command, or several.
#[derive(Debug)]
pub(super) enum Tree {
    /// Words, assignments and redirections.
    Simple(Simple),
    /// What a compound command reads from and writes to, and words that it only looks at.
    Opened { redirects: Vec<Redirect>, looked_at: Vec<Word> },
    /// One after the other.
    Sequence(Vec<Tree>),
    /// Whether any of them runs depends on what ran before.
    Choice(Vec<Tree>),
    /// The same, and they may run again after each other.
    Loop(Vec<Tree>),
    /// In a process of its own: what it changes of the shell ends with it.
    Apart(Box<Tree>),
    /// A function is defined; what it does it does when it is called.
    Function { name: String, body: Box<Tree> },
}

#[derive(Debug, Default)]
pub(super) struct Simple {
    pub(super) assignments: Vec<Assignment>,
    pub(super) words: Vec<Word>,
    pub(super) redirects: Vec<Redirect>,
}

/// A variable and what it is given.
#[derive(Debug)]
pub(super) struct Assignment {
    pub(super) name: String,
    pub(super) values: Vec<Word>,
    /// It is given a whole number, whatever happens.
    pub(super) number: bool,
}

#[derive(Debug)]
pub(super) enum Redirect {
    /// From or to a file.
    File(Word),
    /// Text is handed to standard input.
    Text(Word),
    /// To where another descriptor goes.
    Descriptor,
}

/// A word as the shell's rules of quoting read it.
#[derive(Debug, Default)]
pub(super) struct Word {
    /// As it stands in the line.
    pub(super) typed: String,
    /// What it is after quotes are removed, where nothing in it is expanded.
    pub(super) literal: Option<String>,
    /// The part of it before the first expansion, quotes removed.
    pub(super) lead: String,
    /// It becomes exactly one word, if not always the same.
    pub(super) single: bool,
    /// What it is after quotes are removed, where only its home directory (`~/`) is expanded.
    pub(super) home: Option<String>,
    /// Why it is not literal.
    pub(super) blur: Option<&'static str>,
    /// It holds `$'…'` or `$"…"`, which some shells take for a dollar and a string.
    pub(super) dollar_quoted: bool,
    /// The commands that are run to make it.
    pub(super) inner: Vec<Tree>,
    /// Variables that are set while it is expanded.
    pub(super) sets: Vec<String>,
    /// Variables whose value is read as arithmetic.
    pub(super) counts: Vec<String>,
}

impl Word {
    /// A word that no shell expands.
    pub(super) fn given(text: &str) -> Self {
        Self {
            typed: text.to_owned(),
            literal: Some(text.to_owned()),
            lead: text.to_owned(),
            single: true,
            ..Self::default()
        }
    }

    /// What is said of it: what it is, or else what was typed.
    pub(super) fn said(&self) -> &str {
        self.literal.as_deref().unwrap_or(&self.typed)
    }
}
