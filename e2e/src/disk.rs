//! A real file system that is soon full.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A tmpfs of a few hundred KiB, unmounted when dropped.
#[derive(Debug)]
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts one; `None`, and says why, where that is not permitted.
    #[must_use]
    #[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
    pub fn mount(folder: &Path, kib: u32) -> Option<Self> {
        std::fs::create_dir_all(folder).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={kib}k,mode=700"), "tmpfs"])
            .arg(folder)
            .output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self(folder.to_owned())),
            Ok(output) => {
                let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
                eprintln!("skipped: a small tmpfs cannot be mounted here ({why})");
                None
            }
            Err(error) => {
                eprintln!("skipped: mount(8) cannot be run here ({error})");
                None
            }
        }
    }

    /// Takes room until so many bytes are left.
    pub fn leave(&self, bytes: u64) {
        let mut file = self.filler();
        // Measured once for each piece: others write meanwhile.
        while let Some(piece) = self.free().checked_sub(bytes).filter(|piece| *piece > 0) {
            let piece = usize::try_from(piece.min(1 << 20)).unwrap();
            file.write_all(&vec![0; piece]).unwrap();
        }
    }

    /// Takes all the room there is, and nothing of what others give back while it does.
    pub fn fill(&self) {
        let mut left = usize::try_from(self.free()).unwrap();
        let mut file = self.filler();
        for piece in [64 << 10, 4096, 64] {
            while left >= piece && file.write_all(&vec![0; piece]).is_ok() {
                left -= piece;
            }
        }
    }

    /// How many bytes could still be written.
    fn free(&self) -> u64 {
        let said = Command::new("stat").args(["-f", "-c", "%a %S"]).arg(&self.0).output();
        let said = String::from_utf8(said.unwrap().stdout).unwrap();
        let (blocks, size) = said.trim().split_once(' ').unwrap();
        blocks.parse::<u64>().unwrap() * size.parse::<u64>().unwrap()
    }

    fn filler(&self) -> File {
        let mut options = File::options();
        options.create(true).append(true).open(self.0.join("filler")).unwrap()
    }

    /// Gives the room back.
    pub fn empty(&self) {
        std::fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
