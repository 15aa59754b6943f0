//! Where a name leads, by its text.

use std::sync::Arc;

use model::{Access, Action, Object, ObjectKind, Parent};

/// The folder that relative names start from.
#[derive(Clone, Debug, Default)]
pub(super) struct Home {
    /// Its path; nothing when that is not known.
    path: Option<Arc<str>>,
}

/// A file or a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// Its path. Beneath `~` when it is not known where that is.
    pub(super) path: Arc<str>,
    anywhere: bool,
    /// Why it may be another one.
    pub(super) doubt: Option<&'static str>,
}

impl Named {
    /// What policy is asked.
    pub(super) fn access(&self, action: Action) -> Access {
        let parent = if self.anywhere { Parent::Any } else { Parent::None };
        Access::new(action, Object::within(ObjectKind::File, parent, &*self.path))
    }

    /// What stands in it by this name.
    pub(super) fn child(&self, name: &[u8]) -> Self {
        let mut doubt = self.doubt;
        let name = text(name, &mut doubt);
        let folder = self.path.strip_suffix('/').unwrap_or(&self.path);
        Self { path: format!("{folder}/{name}").into(), anywhere: self.anywhere, doubt }
    }

    /// What it stands in.
    pub(super) fn parent(&self) -> Self {
        let path = match self.path.rsplit_once('/') {
            Some(("", _)) => "/".into(),
            Some((folder, _)) => folder.into(),
            None => Arc::clone(&self.path),
        };
        Self { path, ..self.clone() }
    }

    /// The last part of its path.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    pub(super) fn doubted(mut self, why: &'static str) -> Self {
        self.doubt.get_or_insert(why);
        self
    }
}

impl Home {
    /// It is here, when that is the path of something.
    pub(super) fn at(path: &[u8]) -> Self {
        let known = std::str::from_utf8(path).ok().filter(|path| path.starts_with('/'));
        let path = known.map(|path| normal("/", path).0);
        Self { path }
    }

    /// Where a name leads.
    pub(super) fn find(&self, name: &[u8]) -> Named {
        let mut doubt = None;
        let name = text(name, &mut doubt);
        let absolute = name.starts_with('/');
        let from = if absolute { "/" } else { self.path.as_deref().unwrap_or("~") };
        let (path, climbed) = normal(from, &name);
        let anywhere = !absolute && self.path.is_none();
        if anywhere && climbed {
            doubt.get_or_insert("it leads out of a folder that is not known");
        }
        // A target with drives may take both slashes for the same.
        if name.contains('\\') && self.has_drives() {
            doubt.get_or_insert("it has slashes of both kinds");
        }
        Named { path, anywhere, doubt }
    }

    /// Where a name leads from a folder, as a link's target does.
    pub(super) fn find_from(&self, folder: &Named, name: &[u8]) -> Named {
        let mut found = self.find(name);
        if !name.starts_with(b"/") {
            let name = String::from_utf8_lossy(name);
            let (path, climbed) = normal(&folder.path, &name);
            found.path = path;
            found.anywhere = folder.anywhere;
            if folder.anywhere && climbed {
                found.doubt.get_or_insert("it leads out of a folder that is not known");
            }
        }
        found
    }

    /// Where a name leads in which a `~` at the front is somebody's home.
    pub(super) fn find_with_tilde(&self, name: &[u8]) -> Named {
        match name.strip_prefix(b"~") {
            None => self.find(name),
            Some(b"") => self.find(b""),
            Some(rest) if rest.starts_with(b"/") => self.find(&[b".", rest].concat()),
            Some(_) => {
                let found = self.find(&[b"/", name].concat());
                let path = found.path.strip_prefix('/').unwrap_or_default().into();
                Named { path, anywhere: true, ..found }.doubted("it leads to another's home")
            }
        }
    }

    fn has_drives(&self) -> bool {
        self.path.as_deref().is_some_and(|path| path.as_bytes().get(2) == Some(&b':'))
    }
}

/// A name as text. What is none has a doubt: two names may read the same.
fn text(name: &[u8], doubt: &mut Option<&'static str>) -> String {
    if std::str::from_utf8(name).is_err() {
        doubt.get_or_insert("its name is not text");
    }
    String::from_utf8_lossy(name).into_owned()
}

/// A path without `.`, `..` and empty parts, and whether a `..` led out of where it starts.
fn normal(from: &str, path: &str) -> (Arc<str>, bool) {
    let mut parts: Vec<&str> = Vec::new();
    let mut climbed = false;
    let start = from.split('/').filter(|part| !part.is_empty());
    let floor = usize::from(!from.starts_with('/'));
    for part in start.chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.len() > floor => {
                parts.pop();
            }
            ".." => climbed = true,
            part => parts.push(part),
        }
    }
    let root = if floor == 0 { "/" } else { "" };
    (format!("{root}{}", parts.join("/")).into(), climbed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_absolute_and_normal() {
        let home = Home::at(b"/home//ann/.");
        for (name, path) in [
            ("", "/home/ann"),
            (".", "/home/ann"),
            ("a", "/home/ann/a"),
            ("~/a", "/home/ann/~/a"),
            ("./a//b/", "/home/ann/a/b"),
            ("../bob/x", "/home/bob/x"),
            ("../../../etc/passwd", "/etc/passwd"),
            ("/", "/"),
            ("//etc/./ssh/../passwd", "/etc/passwd"),
            ("/srv/..", "/"),
            ("/../..", "/"),
            ("/a\\..\\b", "/a\\..\\b"),
            ("...", "/home/ann/..."),
        ] {
            let found = home.find(name.as_bytes());
            let expected = Named { path: path.into(), anywhere: false, doubt: None };
            assert_eq!(found, expected, "{name}");
        }
        assert_eq!(home.find_with_tilde(b"~/a"), home.find(b"a"));
        assert_eq!(home.find_with_tilde(b"~"), home.find(b""));
        assert_eq!(home.find_with_tilde(b"/~"), home.find(b"/~"));
        let others = home.find_with_tilde(b"~bob/../x");
        assert_eq!((others.anywhere, others.doubt.is_some()), (true, true));
    }

    #[test]
    fn a_relative_name_without_a_home_may_be_anywhere() {
        for home in [Home::default(), Home::at(b"C:\\Users"), Home::at(b"/\xff")] {
            let found = home.find(b"a/../b");
            assert_eq!((&*found.path, found.anywhere, found.doubt), ("~/b", true, None));
            let out = home.find(b"../b");
            assert_eq!((out.anywhere, out.doubt.is_some()), (true, true));
            assert!(!home.find(b"/a/../../b").anywhere);
        }
    }

    #[test]
    fn what_may_be_another_name_is_doubted() {
        let drives = Home::at(b"/C:/Users/ann");
        assert!(drives.find(b"/C:/pub\\..\\x").doubt.is_some());
        assert!(drives.find(b"/C:/pub/x").doubt.is_none());
        assert!(drives.find(b"/pub/\xff").doubt.is_some());
        assert!(drives.find(b"/pub").child(b"\xff").doubt.is_some());
    }

    #[test]
    fn a_links_target_starts_at_the_links_folder() {
        let home = Home::at(b"/home/ann");
        let folder = home.find(b"/srv/links/one").parent();
        assert_eq!(home.find_from(&folder, b"../x").path.as_ref(), "/srv/x");
        assert_eq!(home.find_from(&folder, b"/x").path.as_ref(), "/x");
        assert_eq!(home.find(b"/one").parent().path.as_ref(), "/");
        assert_eq!(home.find(b"/").child(b"one").path.as_ref(), "/one");
        assert_eq!(home.find(b"/srv/one").name(), "one");
    }
}
