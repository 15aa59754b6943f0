//! One thread that reads recordings into the index: those that were there at the start once, the newest
//! first, and those alive again and again.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use evidence::{End, Item, Mark, Reader, SessionKey};
use model::{Event, SessionId};
use rusqlite::Connection;
use zeroize::Zeroizing;

use super::file::{self, IndexError};
use super::story::{Open, Place, Story};
use super::words::Terms;
use super::write::{Progress, Round, Session, Stage};
use super::{Index, News};
use crate::recordings::{beginning, session_of};

/// How often it looks at those alive.
const VISIT: Duration = Duration::from_millis(750);
/// How long it reads old recordings before it looks at those alive again.
const SPELL: Duration = Duration::from_millis(300);
/// How long it waits after a failure.
const AGAIN: Duration = Duration::from_secs(5);
/// How often it says how far it is.
const NEWS: Duration = Duration::from_secs(10);
/// So much is read at once.
const CHUNK: usize = 256 << 10;
/// So many rows are written at once.
const MANY: usize = 20_000;
/// So many texts are remembered with their terms.
const TEXTS: usize = 8192;

/// Starts it. It goes when `alive`, which says which sessions are, says that the house is closed.
pub(crate) fn start(
    index: &Index,
    folder: &Path,
    alive: impl Fn() -> Option<Vec<SessionId>> + Send + 'static,
) -> io::Result<()> {
    let (index, folder) = (index.clone(), folder.to_owned());
    let (follows, texts) = (HashMap::new(), Texts::default());
    let mut keeper = Keeper { index, folder, alive, follows, texts, chunk: vec![0; CHUNK] };
    thread::Builder::new().name("index".into()).spawn(move || keeper.run())?;
    Ok(())
}

struct Keeper<A> {
    index: Index,
    folder: PathBuf,
    alive: A,
    follows: HashMap<SessionId, Follow>,
    texts: Texts,
    /// What is read at once.
    chunk: Vec<u8>,
}

/// A recording that goes on.
struct Follow {
    key: SessionKey,
    session: Session,
    story: Story,
    /// How far it was read, and from where it would be read again after a restart.
    mark: Option<Mark>,
    kept: Option<Mark>,
    /// How long its file was then.
    length: u64,
    /// It could not be read the last time, which was said.
    failed: bool,
}

/// What was made of texts that come again and again.
#[derive(Default)]
struct Texts(HashMap<u128, Arc<str>>);

/// How reading a recording ended.
enum Outcome {
    /// There is no more of it, at the moment or at all.
    Read(Stage),
    /// What follows is not what was there before.
    Damaged,
    /// What follows cannot be read at the moment.
    Failed(io::Error),
}

/// What can be wrong while a recording is read.
enum Trouble {
    Recording(io::Error),
    Index(IndexError),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Recording(error)
    }
}

impl From<IndexError> for Trouble {
    fn from(error: IndexError) -> Self {
        Self::Index(error)
    }
}

/// What the operator is told of a first reading.
struct Said {
    many: usize,
    begun: Instant,
    last: Instant,
    over: bool,
}

impl Said {
    fn begin(many: usize) -> Self {
        if many > 0 {
            tracing::info!(recordings = many, "reading recordings into the index");
        }
        Self { many, begun: Instant::now(), last: Instant::now(), over: many == 0 }
    }

    fn left(&mut self, left: usize) {
        if self.over {
            return;
        }
        if left == 0 {
            self.over = true;
            tracing::info!(recordings = self.many, took = ?self.begun.elapsed(), "the index is complete");
        } else if self.last.elapsed() > NEWS {
            self.last = Instant::now();
            tracing::info!(left, of = self.many, "reading recordings into the index");
        }
    }
}

impl<A: Fn() -> Option<Vec<SessionId>>> Keeper<A> {
    fn run(&mut self) {
        let mut last = String::new();
        while (self.alive)().is_some() {
            let Err(error) = self.keep() else { return };
            let said = error.to_string();
            // A disk that stays full is told of once.
            if said != last {
                tracing::error!(%error, "the index fails; sessions are not affected");
                last = said;
            }
            self.index.failed(&error);
            self.follows.clear();
            if error.is_damage()
                && let Err(error) = file::remove(&self.index.0.path)
            {
                tracing::error!(%error, "the damaged index cannot be removed");
            }
            let since = Instant::now();
            while since.elapsed() < AGAIN && (self.alive)().is_some() {
                thread::sleep(Duration::from_millis(100));
            }
        }
    }

    /// Until the house is closed, or the index fails.
    fn keep(&mut self) -> Result<(), IndexError> {
        let (connection, terms) = file::open(&self.index.0.path, &self.index.0.ring.keys())?;
        let terms = Arc::new(terms);
        self.texts.0.clear();
        let mut todo = self.missing(&connection)?;
        self.index.ready(&terms);
        let many = todo.len();
        let mut news = Said::begin(many);
        loop {
            let Some(alive) = (self.alive)() else { return Ok(()) };
            let said = self.index.news();
            let News { fresh, gone, look, damaged } = &said;
            if *damaged {
                return Err(IndexError::Damaged);
            }
            if *look {
                todo = self.missing(&connection)?;
            }
            let mut round = Round::begin(&connection, &terms)?;
            for id in gone {
                self.follows.remove(id);
                round.forget(*id)?;
            }
            let follows = self.follows.keys().copied();
            let alive: HashSet<_> =
                alive.into_iter().chain(fresh.iter().copied()).chain(follows).collect();
            for id in &alive {
                self.read_on(&mut round, *id)?;
            }
            let since = Instant::now();
            while since.elapsed() < SPELL
                && let Some(id) = todo.pop()
            {
                if !alive.contains(&id) {
                    self.read_on(&mut round, id)?;
                }
            }
            round.commit()?;
            self.index.seen(&said, todo.len());
            news.left(todo.len());
            if todo.is_empty() {
                self.index.pause(VISIT);
            }
        }
    }

    /// The recordings that are not read to their end, the newest last. What the index knows and is not
    /// there is forgotten.
    fn missing(&self, connection: &Connection) -> Result<Vec<SessionId>, IndexError> {
        let failed = |source| IndexError::File { path: self.folder.clone(), source };
        let mut there = HashSet::new();
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            there.extend(session_of(&entry.map_err(failed)?.path()));
        }
        let mut known = connection.prepare("select session, state from sessions")?;
        let mut rows = known.query([])?;
        while let Some(row) = rows.next()? {
            let id = SessionId::from_bytes(row.get(0)?);
            let over = row.get::<_, i64>(1)? != Stage::GoesOn as i64;
            let here = there.contains(&id);
            if over {
                // What was read to its end stays findable when its recording is elsewhere.
                there.remove(&id);
            } else if !here {
                self.index.forget(id);
            }
        }
        let mut missing: Vec<_> = there.into_iter().collect();
        missing.sort_unstable();
        Ok(missing)
    }

    /// Reads what of a recording was not read.
    fn read_on(&mut self, round: &mut Round<'_>, id: SessionId) -> Result<(), IndexError> {
        match self.read_file(round, id) {
            Ok(()) => Ok(()),
            Err(Trouble::Index(error)) => Err(error),
            Err(Trouble::Recording(error)) if error.kind() == io::ErrorKind::NotFound => {
                self.follows.remove(&id);
                round.forget(id)
            }
            Err(Trouble::Recording(error)) => {
                tracing::warn!(session = %id, %error, "a recording cannot be read into the index");
                Ok(())
            }
        }
    }

    fn read_file(&mut self, round: &mut Round<'_>, id: SessionId) -> Result<(), Trouble> {
        let path = self.folder.join(format!("{id}.{}", evidence::EXTENSION));
        let length = fs::metadata(&path)?.len();
        if self.follows.get(&id).is_some_and(|follow| follow.length == length) {
            return Ok(());
        }
        let mut file = File::open(&path)?;
        for _ in 0..2 {
            let Some(follow) = self.begin(round, &mut file, id)? else { return Ok(()) };
            if self.read(round, id, follow, &mut file, length)? {
                return Ok(());
            }
            // Its end was lost with the machine's power, and another was written: from the beginning.
            round.forget(id)?;
        }
        Ok(())
    }

    /// Where reading was left. Nothing of what was read to its end.
    fn begin(
        &mut self,
        round: &Round<'_>,
        file: &mut File,
        id: SessionId,
    ) -> Result<Option<Follow>, Trouble> {
        if let Some(follow) = self.follows.remove(&id) {
            return Ok(Some(follow));
        }
        file.seek(SeekFrom::Start(0))?;
        let begun = beginning(file, &self.index.0.ring.keys())?.opened();
        let Some((key, head)) = begun.filter(|(_, head)| head.id == id) else {
            round.unreadable(id)?;
            return Ok(None);
        };
        let Some((session, Progress { mark, seen, open })) = round.session(id, &head)? else {
            return Ok(None);
        };
        let story = Story::resumed(seen, open);
        let (kept, length, failed) = (mark, 0, false);
        Ok(Some(Follow { key, session, story, mark, kept, length, failed }))
    }

    /// Reads on. `false`: what was there before is there no more.
    fn read(
        &mut self,
        round: &mut Round<'_>,
        id: SessionId,
        mut follow: Follow,
        file: &mut File,
        length: u64,
    ) -> Result<bool, IndexError> {
        follow.length = length;
        let left = follow.mark;
        let stage = match self.frames(round, &mut follow, file)? {
            Outcome::Damaged if left.is_some() && follow.mark == left => return Ok(false),
            Outcome::Damaged => Stage::Unreadable,
            Outcome::Failed(error) => {
                if !std::mem::replace(&mut follow.failed, true) {
                    tracing::warn!(session = %id, %error, "a recording cannot be read into the index");
                }
                // It is tried again even when its file does not grow any more.
                follow.length = 0;
                Stage::GoesOn
            }
            Outcome::Read(stage) => {
                follow.failed = false;
                stage
            }
        };
        save(round, &mut follow, stage)?;
        if stage == Stage::GoesOn {
            self.follows.insert(id, follow);
        }
        Ok(true)
    }

    fn frames(
        &mut self,
        round: &mut Round<'_>,
        follow: &mut Follow,
        file: &mut File,
    ) -> Result<Outcome, IndexError> {
        let mut reader = follow.mark.as_ref().map_or_else(Reader::new, Reader::resume);
        reader.unlock(SessionKey::new(Zeroizing::new(*follow.key.bytes())));
        let position = follow.mark.map_or(0, |mark| mark.position());
        if position > follow.length || file.seek(SeekFrom::Start(position)).is_err() {
            return Ok(Outcome::Damaged);
        }
        let (mut over, mut stage) = (Vec::new(), Stage::GoesOn);
        loop {
            match reader.next() {
                Ok(Some(Item::Frame(frame))) => {
                    if let (Some(event), Some(before)) = (&frame.event, follow.mark) {
                        let block = reader.blocks().saturating_sub(1);
                        let place = Place { before, block, position: frame.position };
                        let (texts, terms) = (&mut self.texts, round.terms());
                        let make = |text: &[u8]| texts.of(terms, text);
                        follow.story.event(frame.at, event, place, make, &mut over);
                        if matches!(event, Event::Closed(_)) {
                            stage = Stage::Closed;
                        }
                    }
                    take(round, &mut follow.session, &mut over)?;
                }
                Ok(Some(Item::Checkpoint(checkpoint))) => match checkpoint.end {
                    End::GoesOn => {}
                    End::InOrder => stage = Stage::Closed,
                    End::Interrupted => stage = Stage::Interrupted,
                },
                Ok(Some(Item::Begun(_) | Item::Sealed { .. } | Item::Unknown { .. })) => {}
                Ok(None) => match file.read(&mut self.chunk) {
                    Ok(0) => return Ok(Outcome::Read(stage)),
                    Ok(length) => reader.feed(self.chunk.get(..length).unwrap_or_default()),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) if stage == Stage::GoesOn => return Ok(Outcome::Failed(error)),
                    // How it ended was read.
                    Err(_) => return Ok(Outcome::Read(stage)),
                },
                Err(_) => return Ok(Outcome::Damaged),
            }
            if let Some(mark) = reader.mark() {
                follow.mark = Some(mark);
                if round.len() > MANY {
                    save(round, follow, Stage::GoesOn)?;
                    round.turn()?;
                }
            }
        }
    }
}

/// Takes down what is over.
fn take(
    round: &mut Round<'_>,
    session: &mut Session,
    over: &mut Vec<Open>,
) -> Result<(), IndexError> {
    over.drain(..).try_for_each(|open| round.over(session, &open))
}

/// Takes down how far a recording was read, and what is known so far of statements that go on.
fn save(round: &mut Round<'_>, follow: &mut Follow, stage: Stage) -> Result<(), IndexError> {
    if stage == Stage::GoesOn {
        for open in follow.story.changed() {
            open.row = Some(round.put(&mut follow.session, open)?);
            open.changed = false;
        }
    } else {
        let mut over = Vec::new();
        follow.story.end(&mut over);
        take(round, &mut follow.session, &mut over)?;
    }
    if !follow.story.is_behind() {
        follow.kept = follow.story.held_back().or(follow.mark);
    }
    let open = follow.story.open_rows();
    let progress = Progress { mark: follow.kept, seen: follow.story.seen(), open };
    round.progress(&follow.session, &progress, stage)
}

impl Texts {
    /// The digest and the terms of a text.
    fn of(&mut self, terms: &Terms, text: &[u8]) -> (u128, Arc<str>) {
        let digest = terms.digest(text);
        if let Some(known) = self.0.get(&digest) {
            return (digest, Arc::clone(known));
        }
        let made: Arc<str> = terms.of_text(text).into();
        // What is very long is not likely to come again.
        if made.len() < 4096 {
            if self.0.len() >= TEXTS {
                self.0.clear();
            }
            self.0.insert(digest, Arc::clone(&made));
        }
        (digest, made)
    }
}
