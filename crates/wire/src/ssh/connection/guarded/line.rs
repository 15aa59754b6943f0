//! What a line of a guarded shell is, and the command that runs it on the target.

use crate::shell;

/// A line of a person's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line<'l> {
    /// Nothing to run.
    Empty,
    /// The shell ends, with this status where one is given.
    Exit(Option<u32>),
    /// The lines of before.
    History,
    /// What this shell is.
    Help,
    /// It goes to another folder, and does nothing else.
    Place(&'l str),
    /// A command line.
    Run(&'l str),
}

impl<'l> Line<'l> {
    /// What a whole line is.
    pub(super) fn read(line: &'l str) -> Self {
        let text = line.trim_matches([' ', '\t', '\n']);
        let mut words = text.split([' ', '\t']).filter(|word| !word.is_empty());
        match (words.next(), words.next(), words.next()) {
            (None, ..) => Self::Empty,
            (Some("exit" | "logout"), None, _) => Self::Exit(None),
            (Some("exit"), Some(status), None) if status.parse::<u8>().is_ok() => {
                Self::Exit(status.parse().ok())
            }
            (Some("history"), None, _) => Self::History,
            (Some("help"), None, _) => Self::Help,
            (Some("cd"), ..) if shell::runs_only("cd", text) => Self::Place(text),
            _ => Self::Run(text),
        }
    }
}

/// What is sent to the target for a line that is run in a folder.
pub(super) fn in_place(place: Option<&str>, line: &str) -> String {
    match place {
        Some(place) => format!("cd -- {} || exit\n{line}", quoted(place)),
        None => line.to_owned(),
    }
}

/// The same for one that goes to another folder: it says which that is.
pub(super) fn to_place(place: Option<&str>, line: &str) -> String {
    in_place(place, &format!("{line}\nif [ $? = 0 ]; then pwd; else exit 1; fi"))
}

/// A word that a shell takes as it stands.
pub(super) fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// The folder that a listing said last.
pub(super) fn place_said(said: &[u8]) -> Option<String> {
    let said = std::str::from_utf8(said).ok()?;
    let last = said.lines().map(|line| line.trim_end_matches('\r')).rfind(|line| !line.is_empty());
    let place = last.filter(|line| line.starts_with('/') && !line.chars().any(char::is_control))?;
    Some(place.to_owned())
}

/// A word that is to be completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// Where it begins in the line, in bytes.
    pub(super) from: usize,
    /// The folder that is named in it, with its slash.
    pub(super) folder: String,
    /// What stands behind that.
    pub(super) begun: String,
}

impl Word {
    /// The word that ends where the cursor stands; none where quotes or expansions make another of it.
    pub(super) fn at(line: &str, cursor: usize) -> Option<Self> {
        let front = line.get(..cursor)?;
        let from = front
            .rfind([' ', '\t', '\n', ';', '|', '&', '<', '>', '(', '='])
            .map_or(0, |at| at + 1);
        let word = front.get(from..)?;
        if word.contains(['\'', '"', '\\', '$', '`', '*', '?', '[', '{', '~', '!', '#']) {
            return None;
        }
        let split = word.rfind('/').map_or(0, |at| at + 1);
        let (folder, begun) = word.split_at_checked(split)?;
        Some(Self { from, folder: folder.to_owned(), begun: begun.to_owned() })
    }

    /// The command line that lists the folder.
    pub(super) fn listing(&self) -> String {
        let folder = if self.folder.is_empty() { "." } else { &self.folder };
        format!("ls -1ap -- {}", quoted(folder))
    }

    /// The words that it could become, of what a listing said.
    pub(super) fn candidates(&self, said: &[u8]) -> Vec<String> {
        let said = String::from_utf8_lossy(said);
        let names = said.lines().map(|line| line.trim_end_matches('\r'));
        let plain = |name: &str| {
            !name.is_empty()
                && name.chars().all(|c| c.is_alphanumeric() || "._-+,@%/:".contains(c))
                && !matches!(name, "./" | "../")
                && (self.begun.starts_with('.') || !name.starts_with('.'))
        };
        let fits = names.filter(|name| plain(name) && name.starts_with(&self.begun));
        fits.map(|name| format!("{}{name}", self.folder)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_what_it_says() {
        for (line, expected) in [
            ("", Line::Empty),
            (" \t ", Line::Empty),
            ("exit", Line::Exit(None)),
            ("exit 3 ", Line::Exit(Some(3))),
            ("exit 3; rm x", Line::Run("exit 3; rm x")),
            ("exit 1000", Line::Run("exit 1000")),
            ("history", Line::History),
            ("help", Line::Help),
            ("cd /etc", Line::Place("cd /etc")),
            ("cd ~/a || cd b", Line::Place("cd ~/a || cd b")),
            ("cd", Line::Place("cd")),
            ("cd /etc; ls", Line::Run("cd /etc; ls")),
            ("cd $(rm x)", Line::Run("cd $(rm x)")),
            ("cd > out", Line::Run("cd > out")),
            ("ls -l", Line::Run("ls -l")),
        ] {
            assert_eq!(Line::read(line), expected, "{line:?}");
        }
    }

    #[test]
    fn what_is_run_stands_behind_its_folder() {
        assert_eq!(in_place(None, "ls"), "ls");
        assert_eq!(in_place(Some("/a b'c"), "ls"), "cd -- '/a b'\\''c' || exit\nls");
        assert_eq!(place_said(b"x\r\n/srv/a b\r\n\r\n").as_deref(), Some("/srv/a b"));
        assert_eq!(place_said(b"none"), None);
        assert_eq!(place_said(b"/a\x1b[2J"), None);
    }

    #[test]
    fn a_word_is_completed_with_what_is_there() {
        let word = Word::at("cat /etc/ho", 11).unwrap();
        assert_eq!((word.from, &*word.listing()), (4, "ls -1ap -- '/etc/'"));
        assert_eq!(
            word.candidates(b"./\r\n../\r\nhostname\r\nhosts\r\n.hidden\r\nho st\r\nother\r\n"),
            ["/etc/hostname", "/etc/hosts"]
        );
        assert_eq!(Word::at("cat 'a", 6), None);
        assert_eq!(Word::at("a;", 2).unwrap().listing(), "ls -1ap -- '.'");
        assert_eq!(Word::at("é", 1), None);
    }
}
