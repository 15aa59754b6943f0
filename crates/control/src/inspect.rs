//! A whole data folder, or recordings and an exported log beside them, held against each other: with
//! the public key alone, from outside, and without a byte written.
//!
//! ```text
//!   audit log ─► holds? ─► what it says of every session ─┐
//!   recordings ─► each verified, on all cores ────────────┴─► how each stands
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use evidence::audit::{Census, Entry, Export, Extent, Standing};
use evidence::{PublicKey, Report};
use model::SessionId;
use serde::Serialize;

use crate::audit::file;
use crate::recordings::{RecordingsError, verify_file};
use crate::store::StoreError;

/// How long what was just begun is given to reach the log of a gateway that runs.
const MOMENT: Duration = Duration::from_millis(1500);

/// Where an audit log is.
#[derive(Clone, Debug)]
pub enum Log {
    /// A gateway's store.
    Store(PathBuf),
    /// A file that was exported.
    Export(PathBuf),
}

/// What is to be held against each other.
#[derive(Clone, Debug)]
pub struct What {
    /// The folder with the recordings.
    pub recordings: PathBuf,
    /// The log that knows them.
    pub log: Log,
    /// An earlier copy of the log, which this one must go on from.
    pub copy: Option<PathBuf>,
}

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct Inspection {
    /// Whether nothing is wrong.
    pub holds: bool,
    /// How far the log holds.
    pub log: Extent,
    /// What is wrong with the log.
    pub log_damage: Option<String>,
    /// How many recordings there are of each standing.
    pub recordings: BTreeMap<&'static str, u64>,
    /// How many bytes of recordings were read.
    pub bytes: u64,
    /// What is wrong, one recording each.
    pub problems: Vec<Problem>,
}

/// A recording that does not stand as it should.
#[derive(Clone, Debug, Serialize)]
pub struct Problem {
    /// The session, or the name of a file that is no session's.
    pub session: String,
    /// How it stands.
    #[serde(flatten)]
    pub standing: Standing,
}

/// What keeps a folder from being looked at.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// A recording or the folder cannot be read.
    #[error(transparent)]
    Recordings(#[from] RecordingsError),
    /// The log cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Looks at everything. `progress` is told how many recordings of how many are done, from any thread.
///
/// # Errors
/// Something cannot be read at all. What is wrong with what was read is in the answer.
pub fn inspect(
    what: &What,
    key: &PublicKey,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Inspection, InspectError> {
    // First the folder, then the log: what is begun in between is in the log and not looked at.
    let (ids, strangers) = listed(&what.recordings)?;
    let mut known = Known::read(what, key)?;
    let mut reports = verified(&what.recordings, &ids, key, progress)?;
    let mut standings = known.standings(&what.recordings, &ids, &reports);
    let settling = |standing: &Standing| matches!(standing, Standing::Unlisted | Standing::Missing);
    if standings.values().any(settling) && matches!(what.log, Log::Store(_)) {
        // A gateway that runs enters what it began or took away within a moment.
        thread::sleep(MOMENT);
        known = Known::read(what, key)?;
        standings = known.standings(&what.recordings, &ids, &reports);
        // A recording that was read before its end was entered is read again.
        let behind =
            standings.iter().filter(|(id, standing)| !standing.holds() && ids.contains(id));
        let behind = behind.map(|(id, _)| *id).collect();
        reports.extend(verified(&what.recordings, &behind, key, &|_, _| {})?);
        standings = known.standings(&what.recordings, &ids, &reports);
    }
    let mut recordings = BTreeMap::new();
    let mut problems: Vec<Problem> = strangers
        .into_iter()
        .map(|name| Problem { session: name, standing: Standing::Unlisted })
        .collect();
    for problem in &problems {
        *recordings.entry(problem.standing.name()).or_default() += 1;
    }
    for (id, standing) in standings {
        *recordings.entry(standing.name()).or_default() += 1;
        if !standing.holds() {
            problems.push(Problem { session: id.to_string(), standing });
        }
    }
    Ok(Inspection {
        holds: problems.is_empty() && known.damage.is_none(),
        log: known.extent,
        log_damage: known.damage,
        recordings,
        bytes: reports.values().flatten().map(|report| report.bytes).sum(),
        problems,
    })
}

/// What a log says, as far as it holds.
struct Known {
    census: Census,
    extent: Extent,
    damage: Option<String>,
}

impl Known {
    fn read(what: &What, key: &PublicKey) -> Result<Self, InspectError> {
        let copy = what.copy.as_deref().map(|copy| Copy::read(copy, key)).transpose()?;
        let until = copy.as_ref().map(|copy| copy.head.0);
        let (mut census, mut there, mut last) = (Census::default(), None, Extent::default());
        let mut note = |entry: Option<&Entry>| {
            // It begins anew: what was read of a moment that was none is forgotten.
            let Some(entry) = entry else {
                (census, there, last) = Default::default();
                return;
            };
            census.note(entry);
            last.to = entry.seq;
            if until == Some(entry.seq) {
                there = Some(entry.hash.clone());
            }
        };
        let (extent, mut damage) = match &what.log {
            Log::Export(path) => exported(path, key, |entry| note(Some(entry)))?,
            Log::Store(path) => {
                let checked = file::check(path, key, |entry| note(entry.as_ref()));
                match checked {
                    Ok(extent) => (extent, None),
                    Err(StoreError::Audit(broken)) => (last, Some(broken.to_string())),
                    Err(error) => return Err(error.into()),
                }
            }
        };
        if let Some(copy) = copy {
            damage = damage.or_else(|| copy.against(there.as_deref()));
        }
        Ok(Self { census, extent, damage })
    }

    fn standings(
        &self,
        folder: &Path,
        ids: &BTreeSet<SessionId>,
        reports: &BTreeMap<SessionId, Option<Report>>,
    ) -> BTreeMap<SessionId, Standing> {
        let there = reports.iter().filter_map(|(id, report)| Some((*id, report.as_ref()?)));
        let mut standings: BTreeMap<_, _> =
            there.map(|(id, report)| (id, self.census.judge(id, report))).collect();
        // A file that went away while it was looked at is as one that is not there.
        let there: BTreeSet<_> = standings.keys().copied().collect();
        let absent = self.census.absent(&there).filter(|(id, _)| {
            // What began after the folder was read is not missing from it.
            ids.contains(id) || !path_of(folder, *id).exists()
        });
        standings.extend(absent);
        standings
    }
}

/// An earlier copy of a log.
struct Copy {
    head: (u64, [u8; 32]),
    damage: Option<String>,
}

impl Copy {
    fn read(path: &Path, key: &PublicKey) -> Result<Self, InspectError> {
        let mut export = Export::new(key);
        let damage = fed(path, &mut export, |_| {})?;
        Ok(Self { head: export.head(), damage })
    }

    /// What is wrong when the log has this hash after the copy's last entry.
    fn against(&self, there: Option<&str>) -> Option<String> {
        if let Some(damage) = &self.damage {
            return Some(format!("the copy to hold it against: {damage}"));
        }
        let (seq, hash) = (self.head.0, hex::encode(self.head.1));
        match there {
            _ if seq == 0 => None,
            None => Some(format!("it was cut: the copy goes on to entry {seq}")),
            Some(found) if found != hash => {
                Some(format!("it was rewritten: entry {seq} of the copy is another"))
            }
            Some(_) => None,
        }
    }
}

/// Checks an exported log and hands every entry that holds to `each`.
///
/// # Errors
/// The file cannot be read. How far it holds, and what is wrong, is the answer.
pub fn exported(
    path: &Path,
    key: &PublicKey,
    each: impl FnMut(&Entry),
) -> Result<(Extent, Option<String>), InspectError> {
    let mut export = Export::new(key);
    let damage = fed(path, &mut export, each)?;
    Ok((export.extent(), damage))
}

fn fed(
    path: &Path,
    export: &mut Export<'_>,
    mut each: impl FnMut(&Entry),
) -> Result<Option<String>, InspectError> {
    let failed = |source| InspectError::from(RecordingsError::at(path, source));
    let mut file = File::open(path).map_err(failed)?;
    let mut chunk = vec![0; 256 << 10];
    loop {
        let length = file.read(&mut chunk).map_err(failed)?;
        if length == 0 {
            return Ok(export.finish().err().map(|damage| damage.to_string()));
        }
        if let Err(damage) = export.feed(chunk.get(..length).unwrap_or_default(), &mut each) {
            return Ok(Some(damage.to_string()));
        }
    }
}

/// The sessions that have a recording here, and what has the ending of one and no session's name.
fn listed(folder: &Path) -> Result<(BTreeSet<SessionId>, Vec<String>), RecordingsError> {
    let failed = |source| RecordingsError::at(folder, source);
    let (mut ids, mut strangers) = (BTreeSet::new(), Vec::new());
    for entry in fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let name = name.to_string_lossy();
        let Some(stem) = name.strip_suffix(&format!(".{}", evidence::EXTENSION)) else { continue };
        match stem.parse::<SessionId>() {
            Ok(id) if id.to_string() == stem => {
                ids.insert(id);
            }
            _ => strangers.push(name.into_owned()),
        }
    }
    strangers.sort_unstable();
    Ok((ids, strangers))
}

fn path_of(folder: &Path, id: SessionId) -> PathBuf {
    folder.join(format!("{id}.{}", evidence::EXTENSION))
}

/// Verifies recordings on as many threads as there are cores; `None` for one that went away.
fn verified(
    folder: &Path,
    ids: &BTreeSet<SessionId>,
    key: &PublicKey,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<BTreeMap<SessionId, Option<Report>>, RecordingsError> {
    let ids: Vec<_> = ids.iter().copied().collect();
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let reports = Mutex::new(Ok(BTreeMap::new()));
    let work = || {
        while let Some(id) = ids.get(next.fetch_add(1, Ordering::Relaxed)) {
            let path = path_of(folder, *id);
            let read = match verify_file(&path, key, None) {
                Ok(report) => Ok(Some(report)),
                Err(_) if !path.exists() => Ok(None),
                Err(error) => Err(error),
            };
            let mut reports = reports.lock().unwrap_or_else(PoisonError::into_inner);
            match (read, reports.as_mut()) {
                (Ok(report), Ok(reports)) => {
                    reports.insert(*id, report);
                }
                (Err(error), Ok(_)) => *reports = Err(error),
                (_, Err(_)) => return,
            }
            drop(reports);
            progress(done.fetch_add(1, Ordering::Relaxed) + 1, ids.len());
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from).min(ids.len().max(1));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    reports.into_inner().unwrap_or_else(PoisonError::into_inner)
}
