//! How `scp` is called at the target's end.

/// Which way files go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The client sends them: `scp -t`.
    Upload,
    /// The target does: `scp -f`.
    Download,
}

/// A call of `scp` by another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScpCall {
    /// Which way files go.
    pub way: Way,
    /// Where they go to, or what is fetched.
    pub paths: Vec<String>,
    /// Where they go to must be a folder.
    pub into_folder: bool,
}

impl ScpCall {
    /// Reads the words of a command. `None`: they are not such a call.
    #[must_use]
    pub fn read<W: AsRef<str>>(words: &[W]) -> Option<Self> {
        let mut words = words.iter().map(AsRef::as_ref);
        let program = words.next()?;
        if program.rsplit('/').next() != Some("scp") {
            return None;
        }
        let (mut way, mut into_folder, mut flags) = (None, false, true);
        let mut paths = Vec::new();
        for word in words {
            match word.strip_prefix('-').filter(|rest| flags && !rest.is_empty()) {
                Some("-") => flags = false,
                Some(letters) => {
                    for letter in letters.chars() {
                        let this = match letter {
                            't' => Some(Way::Upload),
                            'f' => Some(Way::Download),
                            'd' => {
                                into_folder = true;
                                None
                            }
                            'r' | 'p' | 'v' | 'q' => None,
                            _ => return None,
                        };
                        if this.is_some() && way.is_some() && this != way {
                            return None;
                        }
                        way = way.or(this);
                    }
                }
                None => {
                    // Behind the first path there are only paths.
                    flags = false;
                    paths.push(word.to_owned());
                }
            }
        }
        let way = way?;
        let enough = match way {
            Way::Upload => paths.len() == 1,
            Way::Download => !paths.is_empty(),
        };
        enough.then_some(Self { way, paths, into_folder })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_read() {
        let call = |words: &str| {
            let words: Vec<&str> = words.split(' ').collect();
            ScpCall::read(&words).map(|call| (call.way, call.paths.join("|"), call.into_folder))
        };
        let upload = |path: &str, folder| Some((Way::Upload, path.to_owned(), folder));
        let download = |paths: &str| Some((Way::Download, paths.to_owned(), false));
        for (words, expected) in [
            ("scp -t /a", upload("/a", false)),
            ("scp -r -p -d -t -- -a", upload("-a", true)),
            ("/usr/bin/scp -vrpt .", upload(".", false)),
            ("scp -f /a /b", download("/a|/b")),
            ("scp -qf a -r", download("a|-r")),
            ("scp -t -", upload("-", false)),
            ("scp -t", None),
            ("scp -t /a /b", None),
            ("scp -f", None),
            ("scp /a", None),
            ("scp -t -f /a", None),
            ("scp -S sh -t /a", None),
            ("scp -o x -t /a", None),
            ("cp -t /a", None),
        ] {
            assert_eq!(call(words), expected, "{words}");
        }
        assert_eq!(ScpCall::read::<&str>(&[]), None);
    }
}
