//! Where the files that are named lie at the target.

use super::super::path::{Home, Named};
use super::{ScpCall, Way};

/// How deep folders may stand in each other.
const DEEPEST: usize = 256;
/// The longest path there may be.
const LONGEST_PATH: usize = 8 << 10;

/// What was called, and in which folder the sending end is.
pub(super) struct Places {
    call: ScpCall,
    home: Home,
    /// The folders that are open, each with all the places where it may be.
    folders: Vec<Vec<Named>>,
}

/// Why a name leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooDeep;

impl Places {
    pub(super) const fn new(call: ScpCall, home: Home) -> Self {
        Self { call, home, folders: Vec::new() }
    }

    pub(super) const fn way(&self) -> Way {
        self.call.way
    }

    /// Where something of this name may be.
    pub(super) fn find(&self, name: &[u8]) -> Result<Vec<Named>, TooDeep> {
        let mut places = match (self.folders.last(), self.call.way) {
            (Some(folder), _) => folder.iter().map(|folder| folder.child(name)).collect(),
            (None, Way::Upload) => self.stored(name),
            (None, Way::Download) => self.fetched(name),
        };
        places.dedup();
        let fits = places.iter().all(|place: &Named| place.path.len() <= LONGEST_PATH);
        if fits && self.folders.len() < DEEPEST { Ok(places) } else { Err(TooDeep) }
    }

    /// A folder begins.
    pub(super) fn enter(&mut self, places: Vec<Named>) {
        self.folders.push(places);
    }

    /// It ends. `false`: there is none.
    pub(super) fn leave(&mut self) -> bool {
        self.folders.pop().is_some()
    }

    /// The target puts it into what was named if that is a folder, else there itself.
    fn stored(&self, name: &[u8]) -> Vec<Named> {
        let Some(path) = self.call.paths.first() else { return Vec::new() };
        let named = self.home.find_with_tilde(path.as_bytes());
        let within = named.child(name);
        let last = path.rsplit('/').next().unwrap_or_default();
        if self.call.into_folder || matches!(last, "" | "." | ".." | "~") {
            vec![within]
        } else {
            vec![named, within]
        }
    }

    /// It is one of what was asked for.
    fn fetched(&self, name: &[u8]) -> Vec<Named> {
        let mut places = Vec::new();
        for path in &self.call.paths {
            if is_pattern(path) {
                let trimmed = path.trim_end_matches('/');
                let folder = trimmed.rsplit_once('/').map_or("", |(folder, _)| folder);
                let from = if trimmed.starts_with('/') { "/" } else { "" };
                let folder = self.home.find_with_tilde(format!("{from}{folder}").as_bytes());
                let place = folder.child(name);
                let known = !is_pattern(&folder.path);
                places.push(if known { place } else { place.doubted("its folder is a pattern") });
            } else {
                let named = self.home.find_with_tilde(path.as_bytes());
                if named.name().as_bytes() == name {
                    places.push(named);
                }
            }
        }
        if places.is_empty()
            && let Some(path) = self.call.paths.first()
        {
            let folder = self.home.find_with_tilde(path.as_bytes()).parent();
            places.push(folder.child(name).doubted("it is not what was asked for"));
        }
        places
    }
}

/// Whether a shell may make other names of it.
fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?', '[', '{'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(words: &str) -> Places {
        let words: Vec<&str> = words.split(' ').collect();
        Places::new(ScpCall::read(&words).unwrap(), Home::at(b"/home/ann"))
    }

    fn found(places: &Places, name: &str) -> Vec<String> {
        let word = |place: Named| {
            format!("{}{}", place.path, if place.doubt.is_some() { " ?" } else { "" })
        };
        places.find(name.as_bytes()).unwrap().into_iter().map(word).collect()
    }

    #[test]
    fn what_is_stored_may_land_in_a_folder_or_be_what_was_named() {
        for (words, expected) in [
            ("scp -t /srv/x", &["/srv/x", "/srv/x/f"][..]),
            ("scp -d -t /srv/x", &["/srv/x/f"]),
            ("scp -t /srv/x/", &["/srv/x/f"]),
            ("scp -t .", &["/home/ann/f"]),
            ("scp -t ~", &["/home/ann/f"]),
            ("scp -t ~/x", &["/home/ann/x", "/home/ann/x/f"]),
            ("scp -t ../..", &["/f"]),
            ("scp -t x", &["/home/ann/x", "/home/ann/x/f"]),
        ] {
            assert_eq!(found(&places(words), "f"), expected, "{words}");
        }
        let mut deeper = places("scp -r -t /srv/x");
        deeper.enter(deeper.find(b"d").unwrap());
        assert_eq!(found(&deeper, "f"), ["/srv/x/f", "/srv/x/d/f"]);
        assert!(deeper.leave() && !deeper.leave());
    }

    #[test]
    fn what_is_fetched_is_what_was_asked_for() {
        for (words, expected) in [
            ("scp -f /srv/f", &["/srv/f"][..]),
            ("scp -f f", &["/home/ann/f"]),
            ("scp -f /a/f /b/f /c", &["/a/f", "/b/f"]),
            ("scp -f /srv/*", &["/srv/f"]),
            ("scp -f /*", &["/f"]),
            ("scp -f *", &["/home/ann/f"]),
            ("scp -f /*/f", &["/*/f ?"]),
            ("scp -f /srv/g", &["/srv/f ?"]),
            ("scp -f ~bob/f", &["~bob/f ?"]),
        ] {
            assert_eq!(found(&places(words), "f"), expected, "{words}");
        }
    }

    #[test]
    fn folders_are_only_so_deep() {
        let mut places = places("scp -r -t /srv/");
        let mut depth = 0;
        while let Ok(found) = places.find(b"d") {
            places.enter(found);
            depth += 1;
        }
        assert_eq!(depth, DEEPEST);
        let longest = vec![b'n'; LONGEST_PATH];
        assert_eq!(places.find(&longest), Err(TooDeep));
    }
}
