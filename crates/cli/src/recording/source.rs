use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use anyhow::{Context, Result};
use evidence::{Item, Preamble, PublicKey, Reader, Report, SessionKey, Verifier};
use model::{Event, SessionId, Timestamp};
use zeroize::Zeroizing;

use super::opener::Opener;
use crate::client::{Client, Remote};
use crate::commands::sessions::{key_of, known};
use crate::error::{Exit, Failure};

/// So much is in memory at once.
const CHUNK: usize = 256 << 10;

/// A sealed recording and what opens it.
pub(crate) struct Recording {
    file: File,
    key: Zeroizing<[u8; 32]>,
    session: SessionId,
}

/// How far a recording could be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// To the end of its file.
    Whole,
    /// Its file ends in the middle of something.
    BreaksOff(String),
    /// Not beyond what is wrong with it.
    Damaged(String),
}

impl Told {
    /// Why it was not told to its end.
    pub(crate) fn broken(&self) -> Option<&str> {
        match self {
            Self::Whole => None,
            Self::BreaksOff(why) | Self::Damaged(why) => Some(why),
        }
    }

    /// An error for what is wrong with it; what was shown until then stays.
    pub(crate) fn into_result(self) -> Result<()> {
        match self {
            Self::Whole => Ok(()),
            Self::BreaksOff(why) => {
                crate::output::warning(&format!("the recording breaks off: {why}"));
                Ok(())
            }
            Self::Damaged(why) => {
                Err(Failure::new(Exit::No, format!("the recording cannot be read further: {why}"))
                    .hint("`sluice verify` says what of it holds")
                    .into())
            }
        }
    }
}

impl Recording {
    /// The one that is meant: a file, or the gateway's of a session. What opens it comes from the
    /// gateway, unless a file holds it.
    pub(crate) fn open(
        what: &str,
        remote: &Remote,
        opener: Option<Opener>,
        purpose: &str,
    ) -> Result<Self> {
        let path = Path::new(what);
        if path.is_file() {
            let mut file = File::open(path).with_context(|| format!("opening {what}"))?;
            let preamble = preamble(&mut file).with_context(|| format!("reading {what}"))?;
            let session = preamble.session;
            let key = match opener {
                Some(opener) => bytes_of(&opener.key(&preamble)?),
                None => bytes_of(&key_of(&Client::open(remote)?, &session.to_string(), purpose)?),
            };
            return Ok(Self { file, key, session });
        }
        let session = known(what)?;
        let client = Client::open(remote)?;
        let mut file = fetch(&client, session, purpose)?;
        let preamble = preamble(&mut file).context("reading the gateway's answer")?;
        let found = preamble.session;
        if found != session {
            let why = format!("the gateway answered with another session's recording, {found}");
            return Err(Failure::new(Exit::No, why).into());
        }
        let key = match opener {
            Some(opener) => bytes_of(&opener.key(&preamble)?),
            None => bytes_of(&key_of(&client, &session.to_string(), purpose)?),
        };
        Ok(Self { file, key, session })
    }

    /// The session it is of.
    pub(crate) const fn session(&self) -> SessionId {
        self.session
    }

    /// Hands out every event there is, from the beginning.
    pub(crate) fn each(
        &mut self,
        mut take: impl FnMut(Timestamp, &Event) -> Result<()>,
    ) -> Result<Told> {
        self.file.seek(SeekFrom::Start(0))?;
        let mut reader = Reader::new();
        reader.unlock(SessionKey::new(self.key.clone()));
        let mut chunk = vec![0; CHUNK];
        loop {
            let length = self.file.read(&mut chunk).context("reading the recording")?;
            if length == 0 {
                break;
            }
            reader.feed(chunk.get(..length).unwrap_or_default());
            loop {
                match reader.next() {
                    Ok(None) => break,
                    Ok(Some(Item::Frame(frame))) => {
                        if let Some(event) = &frame.event {
                            take(frame.at, event)?;
                        }
                    }
                    Ok(Some(
                        Item::Begun(_)
                        | Item::Checkpoint(_)
                        | Item::Sealed { .. }
                        | Item::Unknown { .. },
                    )) => {}
                    Err(damage) => return Ok(Told::Damaged(damage.to_string())),
                }
            }
        }
        Ok(match reader.finish() {
            Ok(()) => Told::Whole,
            Err(damage) => Told::BreaksOff(damage.to_string()),
        })
    }

    /// Checks it against a public key.
    pub(crate) fn verify(&mut self, key: &PublicKey) -> Result<Report> {
        self.file.seek(SeekFrom::Start(0))?;
        verify(&mut self.file, key)
    }
}

/// The gateway's copy of a session's recording, in a file without a name.
pub(crate) fn fetch(client: &Client, session: SessionId, purpose: &str) -> Result<File> {
    let path = format!("/api/v1/sessions/{session}/recording?purpose={purpose}");
    let mut file = tempfile::tempfile().context("making a temporary file")?;
    io::copy(&mut client.stream(&path)?, &mut file).map_err(|error| {
        Failure::new(Exit::Unavailable, format!("the recording could not be fetched: {error}"))
    })?;
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}

/// Checks a recording against a public key, from where the file stands.
pub(crate) fn verify(file: &mut File, key: &PublicKey) -> Result<Report> {
    let mut verifier = Verifier::new(key, None);
    let mut chunk = vec![0; CHUNK];
    loop {
        let length = file.read(&mut chunk).context("reading the recording")?;
        if length == 0 {
            return Ok(verifier.finish());
        }
        verifier.feed(chunk.get(..length).unwrap_or_default());
    }
}

/// What a file says it is.
fn preamble(file: &mut File) -> Result<Preamble> {
    file.seek(SeekFrom::Start(0))?;
    let mut reader = Reader::new();
    let mut chunk = vec![0; 64 << 10];
    loop {
        let length = file.read(&mut chunk)?;
        if length == 0 {
            return Err(Failure::new(Exit::No, "it is no recording: it ends too early").into());
        }
        reader.feed(chunk.get(..length).unwrap_or_default());
        match reader.next() {
            Ok(Some(Item::Begun(preamble))) => return Ok(preamble),
            Ok(_) => {}
            Err(damage) => return Err(Failure::new(Exit::No, damage.to_string()).into()),
        }
    }
}

fn bytes_of(key: &SessionKey) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(*key.bytes())
}
