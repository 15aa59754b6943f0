//! How fast recordings are written and verified: one core, in memory.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use bytes::{BufMut, Bytes, BytesMut};
use evidence::{FULL, Keys, Packer, Sealer, SessionKey, SigningKey, Stream, Writer};
use model::{Event, Identity, IdentityKind, SessionHead, SessionId, Timestamp};
use zeroize::Zeroizing;

use crate::page::Section;
use crate::stats::{float, median};

/// So much result goes into one round.
const RESULT: usize = 64 << 20;
/// A batch of rows as the gateway hands one over.
const BATCH: usize = 32 << 10;

pub(crate) fn measure() -> Result<Section> {
    let mut section = Section::new(
        "Writing and verifying",
        "One core, in memory, medians of nine rounds. Writing: rows in batches of 32 KiB, each also hashed as the client was sent it, \
         framed, compressed, sealed, chained and signed; MB of rows. Verifying: with the public key alone; MB of recording.",
    );
    section.head(&[
        "what",
        "writing, MB/s",
        "without compression and sealing",
        "on disk / rows",
        "verifying, MB/s",
    ]);
    for (what, rows) in [("rows of text", text()), ("random bytes", random())] {
        let (mut writing, mut taking, mut verifying, mut ratio) = (vec![], vec![], vec![], 0.0);
        for _ in 0..9 {
            taking.push(take(&rows)?);
            let begun = Instant::now();
            let writer = write(&rows)?;
            writing.push(megabytes(RESULT) / begun.elapsed().as_secs_f64());
            let recording = writer.bytes();
            ratio = float(recording.len() as u64) / float(RESULT as u64);
            let begun = Instant::now();
            let report = evidence::verify(recording, &signing().public(), None);
            anyhow::ensure!(report.damage.is_none(), "{report:?}");
            verifying.push(megabytes(recording.len()) / begun.elapsed().as_secs_f64());
        }
        section.row(vec![
            what.to_owned(),
            format!("{:.0}", median(&writing)),
            format!("{:.0}", median(&taking)),
            format!("{ratio:.2}"),
            format!("{:.0}", median(&verifying)),
        ]);
    }
    Ok(section)
}

fn megabytes(bytes: usize) -> f64 {
    float(bytes as u64) / 1e6
}

/// What the session itself does: frames, and the digest of what was sent. In MB a second.
fn take(rows: &Bytes) -> Result<f64> {
    let begun = Instant::now();
    let (_, mut frames) = Sealer::begin(keys(), &head(), &mut Packer::new()?, &mut Vec::new())?;
    let (mut stream, mut spare) = (Stream::default(), Vec::new());
    for number in 0..RESULT / BATCH {
        let data = batch(rows, number);
        stream.update(&data);
        frames
            .append(Timestamp::EPOCH, &Event::Rows { number: number as u64, count: 200, data })?;
        if frames.len() > FULL {
            spare = frames.take(spare).into_spare();
        }
    }
    Ok(megabytes(RESULT) / begun.elapsed().as_secs_f64())
}

fn write(rows: &Bytes) -> Result<Writer> {
    let mut writer = Writer::begin(keys(), &head())?;
    for number in 0..RESULT / BATCH {
        let data = batch(rows, number);
        writer.delivered(&data);
        writer
            .append(Timestamp::EPOCH, &Event::Rows { number: number as u64, count: 200, data })?;
    }
    writer.checkpoint(Timestamp::EPOCH);
    Ok(writer)
}

fn batch(rows: &Bytes, number: usize) -> Bytes {
    let start = number * BATCH % (rows.len() - BATCH);
    rows.slice(start..start + BATCH)
}

fn signing() -> SigningKey {
    SigningKey::from_seed(&[1; 32])
}

fn keys() -> Keys {
    let session = SessionKey::new(Zeroizing::new([2; 32]));
    Keys { signing: Arc::new(signing()), session, slots: Vec::new() }
}

fn head() -> SessionHead {
    SessionHead {
        id: SessionId::new(Timestamp::EPOCH, 1),
        opened: Timestamp::EPOCH,
        identity: Identity {
            subject: "erin@example.com".into(),
            groups: vec!["engineering".into()],
            kind: IdentityKind::User,
            provider: "corp".into(),
            on_behalf_of: None,
            expires: None,
            token: None,
            only_resources: None,
        },
        source: "192.0.2.1:5".into(),
        client: None,
        resource: "orders".into(),
        protocol: "postgres".into(),
        database: None,
        policies: Vec::new(),
    }
}

/// Rows such as an application has them: numbers, names, addresses, sentences.
fn text() -> Bytes {
    let mut rows = BytesMut::new();
    let mut noise = Noise(7);
    while rows.len() < 8 << 20 {
        let n = noise.next();
        let fields = [
            n.to_string(),
            format!("a person of the name {}", n % 9973),
            format!("user{}@example.com", n % 100_003),
            format!("a note about order {} that is neither short nor long", noise.next()),
        ];
        let length = 2 + fields.iter().map(|field| 4 + field.len()).sum::<usize>();
        rows.put_u32(length as u32);
        rows.put_u16(fields.len() as u16);
        for field in fields {
            rows.put_u32(field.len() as u32);
            rows.put_slice(field.as_bytes());
        }
    }
    rows.freeze()
}

fn random() -> Bytes {
    let mut noise = Noise(9);
    (0..8 << 20).map(|_| noise.next() as u8).collect::<Vec<_>>().into()
}

/// A generator that gives the same numbers every time.
struct Noise(u32);

impl Noise {
    const fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.0 >> 8
    }
}
