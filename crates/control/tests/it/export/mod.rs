//! What happens reaches those who are to be told of it, whatever becomes of them meanwhile.

mod collector;
mod syslog;
mod web;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use control::Clock;
use control::archive::{self, Archive};
use control::export::{Choice, Export, File, Format, From, Http, Shape, Target, Text, To, check};
use control::recordings::{Keep, Recordings};
use control::store::Store;
use control::tokens::Tokens;
use model::ports::{Ledger, Recorder};
use model::{
    Access, Action, Ending, Event, Identity, IdentityKind, Object, ObjectKind, Parent, Phase,
    SecretSource, SessionHead, SessionId, Verdict,
};
use serde_json::Value;

use crate::house::new_token;
use collector::{Collector, Mood};

/// A desk and its couriers, on a folder that outlives them.
struct Desk {
    _store: Arc<Store>,
    _archive: Archive,
    recordings: Recordings,
    tokens: Arc<Tokens>,
    export: Export,
}

impl Desk {
    async fn open(folder: &Path, targets: Vec<Target>) -> Self {
        let clock = Clock::system();
        let store = Arc::new(Store::open(folder).unwrap());
        let recordings =
            Recordings::open(folder, Keep::usual(folder).unwrap(), clock.clone()).unwrap();
        for target in &targets {
            check(target).unwrap();
        }
        let settings = archive::Settings::default();
        let archive =
            Archive::open(Arc::clone(&store), recordings.clone(), settings, clock.clone());
        let archive = archive.await.unwrap();
        let export = Export::start(folder, targets, &store, &recordings, &archive, &clock, "0.1.0");
        let export = export.await.unwrap();
        let tokens = Tokens::new(Arc::clone(&store), clock);
        Self { _store: store, _archive: archive, recordings, tokens, export }
    }

    /// Closes as the house does.
    fn close(self) {
        self.recordings.settle();
        self.export.close();
    }

    /// Makes an entry in the audit log.
    async fn act(&self, name: &str) {
        self.tokens.create(new_token(name)).await.unwrap();
    }

    /// A session in which so many statements run.
    fn session(&self, number: u64, statements: u64) -> SessionId {
        let mut session = self.begin(number);
        (1..=statements).for_each(|number| session.statement(number));
        session.end()
    }

    fn begin(&self, number: u64) -> Session {
        let now = Clock::system().now();
        let head = SessionHead {
            id: SessionId::new(now, u128::from(number)),
            opened: now,
            identity: Identity {
                subject: "alice@example.com".into(),
                groups: vec!["engineering".into()],
                kind: IdentityKind::User,
                provider: "corp".into(),
                on_behalf_of: None,
                expires: None,
                token: None,
                only_resources: None,
            },
            source: "192.0.2.7:51234".into(),
            client: Some("psql".into()),
            resource: "orders".into(),
            protocol: "postgres".into(),
            database: Some("shop".into()),
            policies: vec!["engineers".into()],
        };
        let id = head.id;
        Session { id, recorder: self.recordings.open(head).unwrap().recorder }
    }
}

struct Session {
    id: SessionId,
    recorder: Box<dyn Recorder>,
}

impl Session {
    fn record(&mut self, event: &Event) {
        self.recorder.record(Clock::system().now(), event).unwrap();
    }

    fn command(&mut self, number: u64) {
        let schema = Parent::Is("public".into());
        let customers = Object::within(ObjectKind::Relation, schema, "customers");
        self.record(&Event::Command {
            number,
            phase: Phase::Run,
            text: format!("SELECT '{number}', 'Möbius' FROM customers").into(),
            parameters: [model::Parameter::Text("bound".into())].into(),
            accesses: [Access::new(Action::Select, customers)].into(),
            seen: None,
        });
    }

    fn statement(&mut self, number: u64) {
        self.command(number);
        self.record(&Event::Decided {
            number,
            verdict: Verdict::Allowed,
            policies: ["engineers".into()].into(),
            approval: None,
            message: None,
            cause: None,
        });
        self.record(&Event::Rows { number, count: 1, data: vec![7; 100].into() });
        self.record(&Event::Finished { number, tag: "SELECT 1".into(), rows: 1, bytes: 100 });
    }

    fn end(self) -> SessionId {
        let ending = Ending { at: Clock::system().now(), how: "the client left".into() };
        self.recorder.close(ending).unwrap();
        self.id
    }
}

fn choice() -> Choice {
    Choice { audit: false, sessions: true, commands: true, text: Text::Full, parameters: false }
}

fn target(name: &str, to: To) -> Target {
    let (format, choice, from) = (Format::Native, choice(), From::Now);
    Target { name: name.into(), to, format, choice, from }
}

fn http(collector: &Collector, batch: usize) -> Target {
    let url = collector.url("/in");
    target("siem", To::Http(Http { url, secret: None, batch, headers: Vec::new(), ca: None }))
}

fn to_file(path: &Path) -> Target {
    target("file", To::File(File { path: path.to_owned(), rotate: 0, keep: 0 }))
}

/// Waits for what couriers do; one that never does it fails after half a minute.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let since = Instant::now();
    while !holds() {
        assert!(since.elapsed() < Duration::from_secs(30), "{what} never came to pass");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn of_kind(events: &[Value], kind: &str) -> usize {
    events.iter().filter(|event| event["event"] == kind).count()
}

/// Numbers go up from 1 without a gap, and what comes twice is the same.
fn in_order(posted: &[Value]) -> Vec<Value> {
    let mut told: Vec<Value> = Vec::new();
    for event in posted {
        let sequence = event["sequence"].as_u64().unwrap() as usize;
        match told.get(sequence - 1) {
            Some(earlier) => assert_eq!(earlier, event, "{sequence} is another event now"),
            None => {
                assert_eq!(sequence, told.len() + 1, "a number was left out");
                told.push(event.clone());
            }
        }
    }
    told
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_out_of_order_when_the_server_fails_in_every_way() {
    let folder = tempfile::tempdir().unwrap();
    let server = Collector::start([
        Mood::Answer("503 Service Unavailable\r\nretry-after: 0"),
        Mood::HangUp,
        Mood::Ignore,
        Mood::Answer("429 Too Many Requests\r\nretry-after: 1"),
        Mood::Slow(Duration::from_millis(300)),
        Mood::Answer("500 Oops"),
    ]);
    let mut everything = http(&server, 7);
    everything.choice.audit = true;
    let desk = Desk::open(folder.path(), vec![everything]).await;
    desk.act("one").await;
    let ids: Vec<_> = (0..3).map(|number| desk.session(number, 20)).collect();
    desk.act("two").await;
    until("everything is there", || {
        let told = server.events(true);
        of_kind(&told, "session.closed") == 3 && of_kind(&told, "token.create") == 2
    });
    assert_eq!(server.moods_left(), 0);
    let told = in_order(&server.events(false));
    assert_eq!(in_order(&server.events(true)), told);
    for id in ids {
        let own: Vec<_> = told.iter().filter(|event| event["session"] == id.to_string()).collect();
        let events: Vec<_> = own.iter().map(|event| event["event"].as_str().unwrap()).collect();
        let mut expected = vec!["session.opened"];
        (0..20).for_each(|_| expected.extend(["command.decided", "command.finished"]));
        expected.push("session.closed");
        assert_eq!(events, expected);
        let numbers = own.iter().filter(|event| event["event"] == "command.decided");
        let numbers: Vec<_> = numbers.map(|event| event["command"].as_u64().unwrap()).collect();
        assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
        assert_eq!(own[1]["text"], "SELECT '1', 'Möbius' FROM customers");
        assert_eq!(own[1]["accesses"][0], "select public.customers");
        assert!(own[1].get("parameters").is_none());
    }
    for post in server.posts() {
        let body = post.json();
        let count = body["events"].as_array().unwrap().len() as u64;
        let (first, last) = (body["first"].as_u64().unwrap(), body["last"].as_u64().unwrap());
        assert_eq!(last - first + 1, count);
        assert!(count <= 7, "a batch of {count}");
        let key = format!("{}-{first}-{last}", body["stream"].as_str().unwrap());
        assert_eq!(post.headers["idempotency-key"], key);
        assert_eq!(post.path, "/in");
    }
    desk.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_being_sent_goes_again_under_the_same_numbers_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let server = Collector::start(vec![Mood::HangUp; 200]);
    let desk = Desk::open(folder.path(), vec![http(&server, 10)]).await;
    desk.act("one").await;
    desk.session(1, 20);
    until("something was posted", || !server.posts().is_empty());
    let first = server.posts()[0].json();
    // As abrupt as it can be within one process: nothing is delivered any more.
    drop(desk);
    let dead = server.posts().len();
    assert!(server.posts()[..dead].iter().all(|post| post.json()["events"] == first["events"]));
    drop(server);

    let server = Collector::start([]);
    let desk = reopened(folder.path(), http(&server, 10)).await;
    until("everything is there", || of_kind(&server.events(true), "session.closed") == 1);
    assert_eq!(server.posts()[0].json()["events"], first["events"]);
    assert_eq!(server.posts()[0].json()["stream"], first["stream"]);
    let told = in_order(&server.events(true));
    assert_eq!(of_kind(&told, "command.decided"), 20);
    assert_eq!(of_kind(&told, "command.finished"), 20);
    desk.close();
    drop(server);

    // Worded otherwise, it is told under numbers that were never used.
    let server = Collector::start([]);
    let mut shorter = http(&server, 10);
    shorter.choice.text = Text::None;
    let desk = reopened(folder.path(), shorter).await;
    desk.session(2, 1);
    until("the next session is there", || of_kind(&server.events(true), "session.closed") == 1);
    let next = server.events(true);
    assert_eq!(next[0]["sequence"].as_u64().unwrap() as usize, told.len() + 1);
    assert!(next.iter().all(|event| event.get("text").is_none()), "{next:?}");
    desk.close();
}

/// Opens a desk again once the one before has left the folder.
async fn reopened(folder: &Path, target: Target) -> Desk {
    let since = Instant::now();
    while let Err(error) = Store::open(folder).map(drop) {
        assert!(since.elapsed() < Duration::from_secs(30), "{error}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Desk::open(folder, vec![target]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_was_away_is_told_of_sessions_that_ended_long_ago() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("away/out.jsonl");
    let desk = Desk::open(folder.path(), vec![to_file(&out)]).await;
    for number in 0..5 {
        desk.session(number, 3);
    }
    let mut interrupted = desk.begin(9);
    interrupted.statement(1);
    interrupted.command(2);
    drop(interrupted);
    desk.close();

    std::fs::create_dir(folder.path().join("away")).unwrap();
    let desk = reopened(folder.path(), to_file(&out)).await;
    until("everything is there", || {
        let told = lines(&out);
        of_kind(&told, "session.closed") == 5 && of_kind(&told, "session.broken_off") == 1
    });
    let told = in_order(&lines(&out));
    assert_eq!(of_kind(&told, "command.finished"), 16);
    let undecided: Vec<_> = told.iter().filter(|event| event["verdict"] == "undecided").collect();
    assert_eq!(undecided.len(), 1);
    assert_eq!(undecided[0]["command"], 2);
    desk.close();

    // And never again.
    let desk = reopened(folder.path(), to_file(&out)).await;
    desk.session(20, 1);
    until("the next session is there", || of_kind(&lines(&out), "session.closed") == 6);
    assert_eq!(in_order(&lines(&out)).len(), lines(&out).len());
    desk.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_target_is_told_from_now_on_or_from_the_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path(), Vec::new()).await;
    desk.act("long ago").await;
    desk.session(1, 1);
    desk.close();
    let (now, all) = (folder.path().join("now"), folder.path().join("all"));
    let open = || async {
        while Store::open(folder.path()).is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let mut from_now = to_file(&now);
        from_now.name = "now".into();
        from_now.choice.audit = true;
        let mut from_the_beginning = to_file(&all);
        (from_the_beginning.name, from_the_beginning.from) = ("all".into(), From::Beginning);
        from_the_beginning.choice.audit = true;
        Desk::open(folder.path(), vec![from_now, from_the_beginning]).await
    };
    let desk = open().await;
    desk.act("today").await;
    desk.session(2, 1);
    until("both are told", || {
        of_kind(&lines(&now), "session.closed") == 1
            && of_kind(&lines(&all), "session.closed") == 2
            && of_kind(&lines(&now), "token.create") == 1
            && of_kind(&lines(&all), "token.create") == 2
    });
    desk.close();
    assert_eq!(of_kind(&lines(&now), "session.opened"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_is_what_was_chosen_in_the_chosen_words() {
    let folder = tempfile::tempdir().unwrap();
    let out = |name: &str| folder.path().join(name);
    let with = |name: &str, change: fn(&mut Target)| {
        let mut target = to_file(&out(name));
        target.name = name.to_owned();
        change(&mut target);
        target
    };
    let desk = Desk::open(
        folder.path(),
        vec![
            with("audit", |target| {
                let choice = &mut target.choice;
                (choice.audit, choice.sessions, choice.commands) = (true, false, false);
            }),
            with("sessions", |target| {
                target.choice.commands = false;
            }),
            with("shapes", |target| {
                target.choice.text = Text::Shape(Shape(|_| Some("SELECT ?".to_owned())));
            }),
            with("bound", |target| target.choice.parameters = true),
            with("ocsf", |target| target.format = Format::Ocsf),
        ],
    )
    .await;
    desk.act("one").await;
    desk.session(1, 2);
    for name in ["sessions", "shapes", "bound"] {
        until("the session is told", || of_kind(&lines(&out(name)), "session.closed") == 1);
    }
    until("the schema's words are there", || lines(&out("ocsf")).len() >= 6);
    until("the log is told", || of_kind(&lines(&out("audit")), "token.create") == 1);
    desk.close();
    assert_eq!(of_kind(&lines(&out("audit")), "command.decided"), 0);
    assert_eq!(lines(&out("sessions")).len(), 2);
    let told = |name: &str| {
        let lines = lines(&out(name));
        lines.into_iter().find(|event| event["event"] == "command.decided").unwrap()
    };
    assert_eq!(told("shapes")["text"], "SELECT ?");
    assert_eq!(told("bound")["parameters"][0], "bound");
    for (index, event) in lines(&out("ocsf")).iter().enumerate() {
        assert_eq!(event["metadata"]["sequence"], index + 1);
        assert_eq!(event["metadata"]["version"], "1.5.0");
    }
}

#[test]
fn what_cannot_be_told_is_refused_before_it_is_tried() {
    let http = |url: &str| {
        let url = url.parse().unwrap();
        target("x", To::Http(Http { url, secret: None, batch: 1, headers: vec![], ca: None }))
    };
    for (url, why) in [
        ("http://siem.example.com/in", "must be https"),
        ("ftp://siem.example.com/in", "must be https"),
        ("https://user:pass@siem.example.com/in", "must not hold a user"),
    ] {
        let error = check(&http(url)).unwrap_err();
        assert!(error.0.contains(why), "{url}: {error}");
    }
    check(&http("https://siem.example.com/in")).unwrap();
    let mut nothing = http("https://siem.example.com/in");
    nothing.choice = Choice {
        audit: false,
        sessions: false,
        commands: false,
        text: Text::Full,
        parameters: false,
    };
    assert!(check(&nothing).unwrap_err().0.contains("`events` is empty"));
    let mut forged = http("https://siem.example.com/in");
    let To::Http(to) = &mut forged.to else { unreachable!() };
    to.headers = vec![("Sluice-Signature".into(), SecretSource::Env("X".into()))];
    assert!(check(&forged).unwrap_err().0.contains("set by Sluice itself"));
}
