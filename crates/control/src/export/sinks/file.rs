//! JSON lines in a file, made with mode 0600.
//!
//! A line is written once: what a crash or a full disk left half-written is gone on with. Somebody else
//! may move the file away (logrotate): a new one is made.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::super::config;
use super::{Parcel, Sink, Trouble};

pub(super) struct FileSink {
    config: config::File,
    file: Option<File>,
    /// The last parcel was not known to be written whole.
    unsure: bool,
}

impl FileSink {
    pub(super) const fn new(config: config::File) -> Self {
        Self { config, file: None, unsure: true }
    }

    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        let mut length = self.current()?;
        let mut rest = lines;
        if self.unsure && length > 0 {
            let mut tail = Vec::new();
            let mut reader = File::open(&self.config.path)?;
            reader.seek(SeekFrom::Start(length.saturating_sub(lines.len() as u64)))?;
            reader.take(lines.len() as u64).read_to_end(&mut tail)?;
            let there = overlap(&tail, lines);
            rest = lines.get(there..).unwrap_or_default();
            if there == 0 && tail.last() != Some(&b'\n') {
                // Whatever that is, it is not the beginning of ours.
                self.put(b"\n")?;
            }
        }
        let fresh = rest.len() == lines.len();
        if fresh && self.config.rotate > 0 && length > 0 {
            length += lines.len() as u64;
            if length > self.config.rotate {
                self.rotate()?;
                self.current()?;
            }
        }
        self.unsure = true;
        self.put(rest)?;
        let file = self.file.as_ref().ok_or_else(|| io::Error::other("it is not open"))?;
        file.sync_data()?;
        self.unsure = false;
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.file {
            Some(file) => file.write_all(bytes),
            None => Err(io::Error::other("it is not open")),
        }
    }

    /// Opens the file that has the name now, and says how long it is.
    fn current(&mut self) -> io::Result<u64> {
        let path = &self.config.path;
        if let Some(file) = &self.file {
            let ours = file.metadata()?;
            let named = fs::metadata(path);
            if named.is_ok_and(|named| (named.dev(), named.ino()) == (ours.dev(), ours.ino())) {
                return Ok(ours.len());
            }
            self.file = None;
        }
        let new = !path.exists();
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        let about = file.metadata()?;
        if !about.is_file() {
            return Err(io::Error::other("it is not a file"));
        }
        if new {
            sync_folder(path)?;
        }
        self.file = Some(file);
        Ok(about.len())
    }

    /// Moves full files on by one: `x.1` is the newest of them.
    fn rotate(&mut self) -> io::Result<()> {
        self.file = None;
        let path = &self.config.path;
        if self.config.keep == 0 {
            fs::remove_file(path)?;
            return sync_folder(path);
        }
        for number in (1..self.config.keep).rev() {
            match fs::rename(numbered(path, number), numbered(path, number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        fs::rename(path, numbered(path, 1))?;
        sync_folder(path)
    }
}

impl Sink for FileSink {
    fn send(&mut self, parcel: &Parcel<'_>) -> Result<(), Trouble> {
        let mut lines = Vec::new();
        for told in parcel.told {
            lines.extend_from_slice(told.json.as_bytes());
            lines.push(b'\n');
        }
        self.write(&lines).map_err(|error| {
            // What was moved away while it could not be written is not looked for.
            self.file = None;
            Trouble::io(&self.config.path.display().to_string(), &error)
        })
    }
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// How much of the beginning of `lines` the end of `tail` is: the longest such, by Knuth, Morris and Pratt.
fn overlap(tail: &[u8], lines: &[u8]) -> usize {
    let mut border = vec![0_usize; lines.len()];
    let at = |index: usize| lines.get(index);
    let fall = |border: &[usize], mut matched: usize, byte: u8| {
        while matched > 0 && at(matched) != Some(&byte) {
            matched = border.get(matched - 1).copied().unwrap_or_default();
        }
        if at(matched) == Some(&byte) { matched + 1 } else { matched }
    };
    let mut matched = 0;
    for (index, byte) in lines.iter().enumerate().skip(1) {
        matched = fall(&border, matched, *byte);
        if let Some(slot) = border.get_mut(index) {
            *slot = matched;
        }
    }
    tail.iter().fold(0, |matched, byte| fall(&border, matched, *byte))
}

#[cfg(test)]
mod tests {
    use super::super::super::render::{Told, Weight};
    use super::*;
    use model::Timestamp;

    fn told(sequence: u64) -> Told {
        Told {
            sequence,
            at: Timestamp::from_secs(sequence),
            code: "command.decided".into(),
            uid: format!("x/{sequence}"),
            weight: Weight::Usual,
            json: format!("{{\"sequence\":{sequence},\"text\":\"{}\"}}", "x".repeat(50)),
        }
    }

    fn sink(path: &Path, rotate: u64, keep: u32) -> FileSink {
        FileSink::new(config::File { path: path.to_owned(), rotate, keep })
    }

    fn send(sink: &mut FileSink, told: &[Told]) -> Result<(), Trouble> {
        sink.send(&Parcel { told, now: Timestamp::EPOCH })
    }

    fn sequences(path: &Path) -> Vec<u64> {
        let text = fs::read_to_string(path).unwrap();
        let line = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
        text.lines().map(|text| line(text)["sequence"].as_u64().unwrap()).collect()
    }

    #[test]
    fn what_a_crash_left_half_written_is_gone_on_with_wherever_it_was_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.jsonl");
        let first = [told(1), told(2)];
        let second = [told(3), told(4), told(5)];
        send(&mut sink(&path, 0, 0), &first).unwrap();
        let before = fs::read(&path).unwrap();
        send(&mut sink(&path, 0, 0), &second).unwrap();
        let whole = fs::read(&path).unwrap();
        for cut in before.len()..=whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            send(&mut sink(&path, 0, 0), &second).unwrap();
            assert_eq!(fs::read(&path).unwrap(), whole, "cut at {cut}");
        }
        assert_eq!(sequences(&path), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn what_another_left_half_written_does_not_swallow_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.jsonl");
        fs::write(&path, "somebody else's\nwords").unwrap();
        send(&mut sink(&path, 0, 0), &[told(1)]).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("somebody else's\nwords\n{\"sequence\":1,"), "{text}");
    }

    #[test]
    fn full_files_are_followed_and_so_many_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.jsonl");
        let mut sink = sink(&path, 200, 2);
        for number in 1..=9 {
            send(&mut sink, &[told(number)]).unwrap();
        }
        assert_eq!(sequences(&path), [9]);
        assert_eq!(sequences(&numbered(&path, 1)), [7, 8]);
        assert_eq!(sequences(&numbered(&path, 2)), [5, 6]);
        assert!(!numbered(&path, 3).exists());
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_is_moved_away_is_followed_by_a_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.jsonl");
        let mut sink = sink(&path, 0, 0);
        send(&mut sink, &[told(1)]).unwrap();
        fs::rename(&path, folder.path().join("elsewhere")).unwrap();
        send(&mut sink, &[told(2)]).unwrap();
        assert_eq!(sequences(&folder.path().join("elsewhere")), [1]);
        assert_eq!(sequences(&path), [2]);
    }

    #[test]
    fn a_folder_that_is_not_there_yet_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("later/out.jsonl");
        let mut sink = sink(&path, 0, 0);
        assert!(send(&mut sink, &[told(1)]).unwrap_err().why.contains("later/out.jsonl"));
        fs::create_dir(folder.path().join("later")).unwrap();
        send(&mut sink, &[told(1)]).unwrap();
        assert_eq!(sequences(&path), [1]);
    }
}
