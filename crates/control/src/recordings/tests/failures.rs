//! Disks that are full, keys that are exposed, processes that are killed.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::super::journal::{self, Journal};
use super::super::tape::Piece;
use super::*;

#[test]
fn the_key_and_the_recordings_are_private() {
    let house = house();
    let (id, recorder) = house.begin(head(1, "erin", "orders"));
    recorder.close(left()).unwrap();
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let root = house.folder.path();
    assert_eq!(mode(root.join("recordings")), 0o700);
    assert_eq!(mode(root.join("keys")), 0o700);
    assert_eq!(mode(root.join("keys/signing.key")), 0o600);
    assert_eq!(mode(house.recordings.path(id)), 0o600);
    assert_eq!(mode(root.join("keys/master.key")), 0o600);
    assert_eq!(mode(root.join("keys/recordings.keyring")), 0o600);
    assert_eq!(fs::read_dir(root.join("keys")).unwrap().count(), 4, "no draft is left behind");
}

#[test]
fn a_key_that_cannot_be_trusted_stops_the_start() {
    let House { recordings, now, folder } = house();
    let keys = folder.path().join("keys");
    let opened = || open(&folder, &now);
    assert!(matches!(opened(), Err(RecordingsError::InUse { .. })), "the folder is one gateway's");
    let public = *recordings.public_key();
    drop(recordings);
    assert_eq!(opened().unwrap().public_key(), &public, "it is read again");

    let private = keys.join("signing.key");
    fs::set_permissions(&private, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(opened(), Err(RecordingsError::Exposed { mode: 0o644, .. })));
    fs::set_permissions(&private, fs::Permissions::from_mode(0o600)).unwrap();

    fs::remove_file(keys.join("signing.pub")).unwrap();
    assert!(opened().is_ok(), "the public half is exported anew");
    assert!(keys.join("signing.pub").exists());

    fs::rename(&private, keys.join("elsewhere")).unwrap();
    assert!(matches!(opened(), Err(RecordingsError::KeysDisagree { .. })));
    fs::write(&private, "nonsense").unwrap();
    fs::set_permissions(&private, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(matches!(opened(), Err(RecordingsError::Key { .. })));
}

#[test]
fn a_keyring_that_is_gone_is_not_made_anew_beside_recordings_that_it_opens() {
    let House { recordings, now, folder } = house();
    let mut recorder = Ledger::open(&recordings, head(1, "erin", "orders")).unwrap().recorder;
    commit(&mut recorder).unwrap();
    recorder.close(left()).unwrap();
    recordings.settle();
    drop(recordings);
    let ring = folder.path().join("keys/recordings.keyring");
    let kept = folder.path().join("kept");
    fs::rename(&ring, &kept).unwrap();
    let Err(refused) = open(&folder, &now) else { panic!("it opened") };
    assert!(matches!(refused, RecordingsError::Keyring { .. }), "{refused}");
    assert!(refused.to_string().contains("put it back"), "{refused}");
    assert!(!ring.exists(), "none was made");
    fs::rename(&kept, &ring).unwrap();
    let recordings = open(&folder, &now).unwrap();
    let id = head(1, "erin", "orders").id;
    assert_eq!(recordings.get(id).unwrap().state, SessionState::Closed);
}

#[test]
fn a_disk_that_takes_nothing_lets_no_session_begin() {
    let house = house();
    let path = house.recordings.path(head(1, "erin", "orders").id);
    symlink("/dev/full", &path).unwrap();
    assert!(Ledger::open(&house.recordings, head(1, "erin", "orders")).is_err());
}

/// A real file system of 256 KiB, unmounted when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(folder: PathBuf) -> Option<Self> {
        fs::create_dir_all(&folder).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=256k,mode=700", "tmpfs"])
            .arg(&folder)
            .output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self(folder)),
            Ok(output) => {
                eprintln!(
                    "skipped: a small tmpfs cannot be mounted here ({})",
                    String::from_utf8_lossy(&output.stderr).trim()
                );
                None
            }
            Err(error) => {
                eprintln!("skipped: mount(8) cannot be run here ({error})");
                None
            }
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_lets_no_command_through_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let now = Arc::new(AtomicU64::new(NOON.as_micros()));
    let Some(disk) = SmallDisk::mount(folder.path().join("recordings")) else { return };
    let filler = disk.0.join("filler");
    fs::write(&filler, vec![0; 100_000]).unwrap();
    let recordings = open(&folder, &now).unwrap();
    let id = head(1, "erin", "orders").id;
    let mut recorder = Ledger::open(&recordings, head(1, "erin", "orders")).unwrap().recorder;
    let mut noise = 1_u32;
    let mut random = || {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (noise >> 24) as u8
    };
    let mut said = 0;
    let refused = loop {
        let data = Bytes::from((0..5000).map(|_| random()).collect::<Vec<_>>());
        recorder.record(NOON, &Event::Bulk { number: 1, to_client: false, data }).unwrap();
        said += 1;
        recordings.settle();
        if let Err(error) = recorder.ready().and(commit(&mut recorder)) {
            break error;
        }
        assert!(said < 1000, "the disk never filled");
    };
    assert!(said > 10);
    assert!(refused.to_string().contains("space"), "{refused}");
    assert!(Ledger::open(&recordings, head(2, "dan", "orders")).is_err());
    let report = recordings.verify(id).unwrap();
    assert!(matches!(report.state, State::Unfinished | State::Cut), "{report:?}");
    // Room again: everything that was said is brought to the disk, and commands go on.
    fs::remove_file(filler).unwrap();
    until(|| recorder.ready().is_ok());
    commit(&mut recorder).unwrap();
    recorder.close(left()).unwrap();
    let report = recordings.verify(id).unwrap();
    assert_eq!((report.state, report.counts.frames), (State::Closed, said + 2), "{report:?}");
    assert!(Ledger::open(&recordings, head(2, "dan", "orders")).is_ok());
}

/// Above all no removal: the next start would delete a recording that nobody was told of.
#[test]
fn nothing_of_a_round_that_failed_stands_behind_one_that_counts() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path().join("small")) else { return };
    let path = disk.0.join("journal");
    let (one, two) = (head(1, "erin", "orders").id, head(2, "erin", "orders").id);
    let piece = |bytes| Piece { session: one, at: 0, bytes };
    let mut journal = Journal::create(&path).unwrap();
    journal.add(&piece(b"kept"));
    journal.sync().unwrap();
    journal.add(&piece(&[7; 5000]));
    journal.remove(two);
    journal.add(&piece(&[0; 400_000]));
    let error = journal.sync().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    let written = fs::metadata(&path).unwrap().len();
    assert!(written > 100_000, "of the round {written} bytes were written");
    // As long as what the round before began with: its removal would be the next entry.
    journal.add(&piece(&[8; 5000]));
    journal.sync().unwrap();
    let entries: Vec<_> = journal::entries(&path).unwrap().map(Result::unwrap).collect();
    let bytes: Vec<_> = entries.iter().map(|entry| &entry.bytes[..]).collect();
    assert_eq!(bytes, [&b"kept"[..], &[8; 5000]]);
    assert!(entries.iter().all(|entry| !entry.removes()));
}

/// Records and says so, until it is killed. Run by the test below in a process of its own.
#[test]
#[ignore = "it never ends: a_killed_process_loses_nothing_it_acknowledged runs it and kills it"]
fn a_process_to_be_killed() {
    let Some(folder) = std::env::var_os("RECORDINGS_TO_BE_KILLED") else { return };
    let recordings =
        Recordings::open(folder.as_ref(), keep(folder.as_ref()), Clock::system()).unwrap();
    let mut recorder = Ledger::open(&recordings, head(1, "erin", "orders")).unwrap().recorder;
    for number in 1.. {
        recorder.record(NOON, &command(number)).unwrap();
        commit(&mut recorder).unwrap();
        println!("kept {number}");
        recorder.record(NOON, &finished(number)).unwrap();
    }
}

#[test]
fn a_killed_process_loses_nothing_it_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", "--nocapture"])
        .arg("recordings::tests::failures::a_process_to_be_killed")
        .env("RECORDINGS_TO_BE_KILLED", folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut acknowledged = 0;
    for line in lines {
        if let Some((_, number)) = line.split_once("kept ") {
            acknowledged = number.trim().parse().unwrap_or(acknowledged);
        }
        if acknowledged == 5000 {
            // SIGKILL: nothing of the process runs after it. Lines already said are still read.
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(acknowledged >= 5000, "{acknowledged}");
    let recordings = Recordings::open(folder.path(), keep(folder.path()), Clock::system()).unwrap();
    let id = head(1, "erin", "orders").id;
    assert_eq!(recordings.get(id).unwrap().state, SessionState::Interrupted);
    let report = recordings.verify(id).unwrap();
    assert_eq!(report.state, State::Interrupted, "{report:?}");
    assert!(report.counts.commands >= acknowledged, "{acknowledged}: {report:?}");
}
