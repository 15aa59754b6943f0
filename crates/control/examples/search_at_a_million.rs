//! How long questions take when a million statements are recorded, and how large their index is.
//!
//! ```console
//! $ cargo run --release -p control --example search_at_a_million [-- STATEMENTS [FOLDER]]
//! ```
//!
//! Writes recordings of 100 statements each, of 50,000 different texts, over thirty days; has a house make
//! the index from them; asks each question a few times and prints the median and the worst. With a
//! FOLDER, what is written stays there and is used again.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "it prints what it measures, and stops when it cannot"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use control::Clock;
use control::index::{Phrases, Question, Scope};
use control::recordings::{Filter, Keep, Recordings};
use evidence::{Keyring, Keys, SessionKey, SigningKey, Writer};
use model::{
    Access, Action, Column, DataClass, Ending, Event, Identity, IdentityKind, Object, ObjectKind,
    Parent, Phase, SessionHead, SessionId, Timestamp, ValueFormat, Verdict,
};
use zeroize::Zeroizing;

const TEXTS: u64 = 50_000;
const EACH: u64 = 100;
const START: u64 = 1_795_000_000;
const MONTH: u64 = 30 * 24 * 3600;
const TIMES: usize = 7;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let statements = arguments.next().map_or(1_000_000, |text| text.parse().expect("a number"));
    let kept = tempfile::tempdir().unwrap();
    let folder = arguments.next().map_or_else(|| kept.path().to_owned(), PathBuf::from);
    let sessions: u64 = statements / EACH;
    if std::fs::read_dir(folder.join("recordings")).map_or(0, Iterator::count) < 100 {
        let since = Instant::now();
        write(&folder, sessions);
        println!("{sessions} recordings written in {:.1?}", since.elapsed());
    }
    let since = Instant::now();
    let recordings = open(&folder);
    while !recordings.index_status().complete {
        std::thread::sleep(Duration::from_millis(100));
    }
    let size: u64 = ["", "-wal"]
        .iter()
        .filter_map(|end| std::fs::metadata(folder.join(format!("index.db{end}"))).ok())
        .map(|about| about.len())
        .sum();
    println!("index complete after {:.1?}", since.elapsed());
    println!(
        "{:.1} MB, {:.0} bytes a statement\n",
        size as f64 / 1e6,
        size as f64 / (sessions * EACH) as f64
    );
    println!("{:44} {:>7} {:>10} {:>10}", "question", "found", "median", "worst");
    questions(&recordings, sessions);
}

fn questions(recordings: &Recordings, sessions: u64) {
    let text = |text: &str| Some(text.to_owned());
    let words = |text: &str| Phrases::parse(text).unwrap();
    let base = || Question { scope: Scope::Everything, limit: 50, ..Question::default() };
    let week = Some(Timestamp::from_secs(START + MONTH - 7 * 24 * 3600));
    let first_day = Some(Timestamp::from_secs(START + 24 * 3600));
    let own =
        Scope::Own { subject: "person7@example.com".into(), provider: "corp".into(), only: None };
    let asked = [
        ("a rare word", Question { words: words("k49999"), ..base() }),
        ("a common word", Question { words: words("select"), ..base() }),
        ("five common words", Question { words: words("select from where and order"), ..base() }),
        ("a phrase", Question { words: words("\"order by created desc\""), ..base() }),
        (
            "a phrase of common words that is nowhere",
            Question { words: words("\"where select\""), ..base() },
        ),
        ("a word that is nowhere", Question { words: words("nowhere_at_all"), ..base() }),
        ("two words that never meet", Question { words: words("update limit"), ..base() }),
        (
            "a common word, denied",
            Question { words: words("select"), verdict: Some(Verdict::Denied), ..base() },
        ),
        (
            "a common word, of one person",
            Question { words: words("select"), subject: text("person7@example.com"), ..base() },
        ),
        (
            "a common word, one's own",
            Question { words: words("select"), scope: own.clone(), ..base() },
        ),
        (
            "a common word, in the last week",
            Question { words: words("select"), since: week, ..base() },
        ),
        (
            "a common word, on the first day",
            Question { words: words("select"), until: first_day, ..base() },
        ),
        (
            "a common word, another's resource",
            Question {
                words: words("select"),
                subject: text("person7@example.com"),
                resource: text("resource3"),
                ..base()
            },
        ),
        ("one table", Question { table: text("public.t_17"), ..base() }),
        ("one class", Question { class: text("us_ssn"), ..base() }),
        ("whatever was denied", Question { verdict: Some(Verdict::Denied), ..base() }),
        ("everything of one's own", Question { scope: own, ..base() }),
        ("the newest of all", base()),
    ];
    for (name, question) in asked {
        measure(name, || recordings.statements(&question).unwrap().0.len());
        if question.is_about_statements() {
            measure("  its sessions", || recordings.sessions_with(&question, None).unwrap().len());
        }
    }
    let mut second = Question { words: words("select"), ..base() };
    second.after = recordings.statements(&second).unwrap().1;
    measure("a common word, page 2", || recordings.statements(&second).unwrap().0.len());
    let list = |filter: Filter| move || recordings.list(&filter).unwrap().len();
    let some = || Filter { limit: Some(50), ..Filter::default() };
    measure(&format!("ls of {sessions} sessions"), list(some()));
    measure("ls, one person's", list(Filter { subject: text("person7@example.com"), ..some() }));
    measure("ls, on the first day", list(Filter { until: first_day, ..some() }));
    measure("ls, nobody's", list(Filter { subject: text("nobody"), ..some() }));
}

fn measure(name: &str, question: impl Fn() -> usize) {
    let mut times = Vec::new();
    let mut found = 0;
    for _ in 0..TIMES {
        let since = Instant::now();
        found = question();
        times.push(since.elapsed());
    }
    times.sort();
    println!("{name:44} {found:>7} {:>10.1?} {:>10.1?}", times[TIMES / 2], times[TIMES - 1]);
}

fn open(folder: &Path) -> Recordings {
    Recordings::open(folder, Keep::usual(folder).unwrap(), Clock::system()).unwrap()
}

fn write(folder: &Path, sessions: u64) {
    let recordings = open(folder);
    let keyring = recordings.keyring();
    let signing = Arc::new(SigningKey::from_seed(&[7; 32]));
    let some = recordings.path(SessionId::new(Timestamp::EPOCH, 0));
    let recordings_folder = some.parent().unwrap().to_owned();
    drop(recordings);
    while std::fs::File::open(recordings_folder.join("lock")).unwrap().try_lock().is_err() {
        std::thread::sleep(Duration::from_millis(20));
    }
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    for number in 0..sessions {
        let opened = Timestamp::from_secs(START + number * MONTH / sessions);
        let bytes = recording(&keyring, &signing, number, opened, &mut chance);
        let id = SessionId::new(opened, u128::from(number));
        let path = recordings_folder.join(format!("{id}.{}", evidence::EXTENSION));
        std::fs::write(path, bytes).unwrap();
    }
}

fn recording(
    keyring: &Keyring,
    signing: &Arc<SigningKey>,
    number: u64,
    opened: Timestamp,
    chance: &mut Chance,
) -> Vec<u8> {
    let head = SessionHead {
        id: SessionId::new(opened, u128::from(number)),
        opened,
        identity: Identity {
            subject: format!("person{}@example.com", chance.below(300)),
            groups: vec!["engineering".into()],
            kind: IdentityKind::User,
            provider: "corp".into(),
            on_behalf_of: None,
            expires: None,
            token: None,
            only_resources: None,
        },
        source: "192.0.2.1:5".into(),
        client: Some("psql".into()),
        resource: format!("resource{}", chance.below(40)),
        protocol: "postgres".into(),
        database: None,
        policies: vec!["engineers".into()],
    };
    let mut bytes = [0; 32];
    bytes.iter_mut().for_each(|byte| *byte = chance.below(256) as u8);
    let session = SessionKey::new(Zeroizing::new(bytes));
    let slots = vec![keyring.current().unwrap().wrap(head.id, &session)];
    let mut writer =
        Writer::begin(Keys { signing: Arc::clone(signing), session, slots }, &head).unwrap();
    let mut at = opened;
    for number in 1..=EACH {
        at = at.plus(Duration::from_millis(200 + chance.below(4000)));
        statement(&mut writer, number, at, chance);
    }
    writer.close(&Ending { at, how: "the client left".into() }).unwrap();
    writer.bytes().to_vec()
}

fn statement(writer: &mut Writer, number: u64, at: Timestamp, chance: &mut Chance) {
    // A few texts come again and again, most come seldom.
    let share = chance.below(1_000_000) as f64 / 1e6;
    let which = (TEXTS as f64 * share * share * share) as u64;
    let table = format!("t_{}", which % 300);
    let text = match which % 10 {
        0 => format!(
            "UPDATE public.{table} SET c_{} = $1, touched = now() WHERE id = $2 AND kind = 'k{which}'",
            which % 700
        ),
        1 => format!(
            "INSERT INTO public.{table} (id, c_{}, kind) VALUES ($1, $2, 'k{which}') RETURNING id",
            which % 700
        ),
        2 => format!(
            "SELECT count(*) FROM public.{table} WHERE kind = 'k{which}' AND c_{} BETWEEN $1 AND $2",
            which % 700
        ),
        _ => format!(
            "SELECT id, c_{}, status, created FROM public.{table} WHERE owner = $1 AND kind = 'k{which}' ORDER BY created DESC LIMIT 20",
            which % 700
        ),
    };
    let action = if which.is_multiple_of(10) { Action::Update } else { Action::Select };
    let object = Object::within(ObjectKind::Relation, Parent::Is("public".into()), table);
    let denied = chance.below(200) == 0;
    let verdict = if denied { Verdict::Denied } else { Verdict::Allowed };
    let mut say = |event: Event| writer.append(at, &event).unwrap();
    say(Event::Command {
        number,
        phase: Phase::Run,
        text: Bytes::from(text),
        parameters: Arc::new([]),
        accesses: Arc::from([Access::new(action, object)]),
        seen: None,
    });
    let policies = Arc::from(["engineers-read".into()]);
    say(Event::Decided { number, verdict, policies, approval: None, message: None, cause: None });
    if denied {
        return;
    }
    if which % 50 == 7 {
        let masked = DataClass::new("us_ssn").into_iter().collect();
        let (name, type_name) = ("c".to_owned(), "text".to_owned());
        let columns = Arc::from([Column { name, type_name, format: ValueFormat::Text, masked }]);
        say(Event::Columns { number, columns });
    }
    say(Event::Finished { number, tag: "SELECT 1".into(), rows: 1, bytes: 40 });
}

/// The same numbers in every run.
struct Chance(u64);

impl Chance {
    const fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}
