//! What happens at the gateway reaches other systems, whatever becomes of them and of the gateway.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use e2e::{Client, House, ObjectStore, SmallDisk, ask, free_port, run_folder, until};
use serde_json::Value;

use crate::{archiving, v15};

const LONG: Duration = Duration::from_secs(60);

/// What a collector makes of a request.
#[derive(Clone, Copy)]
enum Mood {
    Take,
    Fail,
    Delay,
    HangUp,
}

/// An HTTP server that takes batches, if it is in the mood.
struct Collector {
    address: SocketAddr,
    bodies: Arc<Mutex<Vec<(String, String)>>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Collector {
    /// At an address of an earlier one, or at a free one. Its moods come one after the other, and again.
    fn start(address: &str, moods: &[Mood]) -> Self {
        // The port of one that died may be held a moment longer by its last connections.
        let listener = until("the port is free", LONG, || TcpListener::bind(address).ok());
        let address = listener.local_addr().unwrap();
        let bodies = Arc::new(Mutex::new(Vec::new()));
        let over = Arc::new(AtomicBool::new(false));
        let (seen, end) = (Arc::clone(&bodies), Arc::clone(&over));
        let mut moods: VecDeque<Mood> = moods.to_vec().into();
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if end.load(Ordering::SeqCst) {
                    return;
                }
                let mood = moods.front().copied().unwrap_or(Mood::Take);
                moods.rotate_left(1.min(moods.len()));
                // Whoever is hung up on comes again.
                let _ = serve(&stream, mood, &seen);
            }
        });
        Self { address, bodies, over, thread: Some(thread) }
    }

    /// Every event that was posted, taken or not, in order.
    fn events(&self) -> Vec<Value> {
        let bodies = self.bodies.lock().unwrap().clone();
        bodies.iter().flat_map(|(_, body)| events_of(body)).collect()
    }
}

fn events_of(body: &str) -> Vec<Value> {
    let body: Value = serde_json::from_str(body).unwrap();
    body["events"].as_array().unwrap().clone()
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        self.thread.take().unwrap().join().unwrap();
    }
}

fn serve(
    mut stream: &TcpStream,
    mood: Mood,
    bodies: &Mutex<Vec<(String, String)>>,
) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut reader = BufReader::new(stream);
    let (mut line, mut length, mut signature) = (String::new(), 0, String::new());
    while reader.read_line(&mut line)? > 2 {
        if let Some((name, value)) = line.trim_end().split_once(": ") {
            match name.to_lowercase().as_str() {
                "content-length" => length = value.parse().unwrap(),
                "sluice-signature" => value.clone_into(&mut signature),
                _ => {}
            }
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    bodies.lock().unwrap().push((signature, String::from_utf8(body).unwrap()));
    let status = match mood {
        Mood::Take => "200 OK",
        Mood::Delay => {
            std::thread::sleep(Duration::from_millis(200));
            "204 No Content"
        }
        Mood::Fail => "503 Service Unavailable",
        Mood::HangUp => return Ok(()),
    };
    stream.write_all(
        format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").as_bytes(),
    )
}

/// Numbers go up from 1 without a gap, and what comes twice is the same event.
fn in_order(posted: &[Value]) -> BTreeMap<u64, Value> {
    let mut told: BTreeMap<u64, Value> = BTreeMap::new();
    for event in posted {
        let sequence = event["sequence"].as_u64().unwrap();
        if let Some(earlier) = told.get(&sequence) {
            assert_eq!(earlier, event, "{sequence} is another event now");
            continue;
        }
        assert_eq!(sequence, told.len() as u64 + 1, "a number was left out");
        told.insert(sequence, event.clone());
    }
    told
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")))
        .collect()
}

fn of_kind<'e>(events: &'e [Value], kind: &'e str) -> impl Iterator<Item = &'e Value> {
    events.iter().filter(move |event| event["event"] == kind)
}

fn errors(said: &[e2e::Message]) -> usize {
    said.iter().filter(|message| message.kind == b'E').count()
}

/// The texts of commands, by session, in the order in which they were told.
fn texts(events: &[Value]) -> BTreeMap<String, Vec<String>> {
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for event in of_kind(events, "command.decided") {
        let session = event["session"].as_str().unwrap().to_owned();
        texts.entry(session).or_default().push(event["text"].as_str().unwrap().to_owned());
    }
    texts
}

#[test]
fn a_gateway_that_is_killed_in_the_middle_of_everything_exports_all_it_recorded() {
    let database = v15().database();
    let moods = [Mood::Take, Mood::Fail, Mood::Delay, Mood::HangUp, Mood::Take];
    let mut collector = Collector::start("127.0.0.1:0", &moods);
    let address = collector.address.to_string();
    let out = "out.jsonl";
    let export = format!(
        "evidence: {{mode: strict}}\n\
         export:\n  - {{name: siem, http: {{url: 'http://{address}/in', secret: {{env: SIGNS}}, batch: 7}}}}\n  \
         - {{name: lines, file: {{path: {out}}}}}"
    );
    let mut house =
        House::builder().setting(&export).env("SIGNS", "hunter2").orders(&database).start();
    let mut posted = Vec::new();
    let mut sent = 0;
    for life in 0..3 {
        let mut clients: Vec<Client> = (0..4).map(|_| house.client("alice")).collect();
        for round in 0..12 {
            for (number, client) in clients.iter_mut().enumerate() {
                let text = format!("SELECT 'life {life} client {number} round {round}'");
                assert_eq!(errors(&client.query(&text)), 0);
                sent += 1;
            }
            if round == 6 && life > 0 {
                // The collector dies too, and comes back at the same address.
                let seen = Arc::clone(&collector.bodies);
                drop(collector);
                let seen = seen.lock().unwrap().clone();
                posted.extend(seen.iter().flat_map(|(_, body)| events_of(body)));
                collector = Collector::start(&address, &moods);
            }
        }
        house.end("KILL");
        drop(clients);
        house.restart();
    }
    let all = |collector: &Collector| {
        posted.iter().cloned().chain(collector.events()).collect::<Vec<_>>()
    };
    let told = until("every command is exported", LONG, || {
        let events = all(&collector);
        let told: Vec<Value> = in_order(&events).into_values().collect();
        let texts = texts(&told).values().map(Vec::len).sum::<usize>();
        let over = of_kind(&told, "session.broken_off").count();
        (texts >= sent && over >= 12).then_some(told)
    });
    assert_eq!(texts(&told).values().map(Vec::len).sum::<usize>(), sent);
    for (session, texts) in texts(&told) {
        assert_eq!(texts.len(), 12, "{session}");
        let round =
            |text: &String| text.rsplit(' ').next().unwrap().trim_end_matches('\'').to_owned();
        let rounds: Vec<usize> = texts.iter().map(|text| round(text).parse().unwrap()).collect();
        assert!(rounds.is_sorted(), "{session}: {rounds:?}");
    }
    // The file tells the same, each line once.
    let file = until("the file has everything", LONG, || {
        let lines = lines(&house.file(out));
        let whole = of_kind(&lines, "session.broken_off").count() >= 12;
        (whole && texts(&lines).values().map(Vec::len).sum::<usize>() == sent).then_some(lines)
    });
    assert_eq!(in_order(&file).len(), file.len(), "no line stands twice");
    // Every batch is signed over what was posted.
    for (signature, body) in collector.bodies.lock().unwrap().iter() {
        let (time, tag) = signature.split_once(",v1=").unwrap();
        let message = format!("{}.{body}", time.strip_prefix("t=").unwrap());
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"hunter2");
        ring::hmac::verify(&key, message.as_bytes(), &hex::decode(tag).unwrap()).unwrap();
    }
    assert!(!house.log().contains("round"), "no statement is in the operational log");
}

#[test]
fn what_is_only_in_the_object_store_is_fetched_for_a_collector_that_was_away() {
    let (database, store) = (v15().database(), ObjectStore::start());
    let address = format!("127.0.0.1:{}", free_port());
    let export = format!(
        "export:\n  - {{name: siem, http: {{url: 'http://{address}/', secret: {{env: SIGNS}}}}, events: [commands]}}"
    );
    let builder = archiving::house(&database, &store, "{keep: 1s}", "").setting(&export);
    let mut house = builder.env("SIGNS", "hunter2").start();
    let away = |house: &House, id: &str| {
        until("it is there and no longer here", LONG, || {
            (store.object(id).exists() && !archiving::here(house, id).exists()).then_some(())
        });
    };
    let first = archiving::session(&house, &["SELECT 'before a restart'"]);
    away(&house, &first);
    // Nothing that was read for it before is in memory any more.
    house.end("KILL");
    house.restart();
    let second = archiving::session(&house, &["SELECT 'after a restart'"]);
    away(&house, &second);
    let collector = Collector::start(&address, &[Mood::Take]);
    until("both are told", LONG, || {
        let told: Vec<Value> = in_order(&collector.events()).into_values().collect();
        let texts = texts(&told);
        (texts.get(&first).is_some_and(|texts| texts == &["SELECT 'before a restart'"])
            && texts.get(&second).is_some_and(|texts| texts == &["SELECT 'after a restart'"]))
        .then_some(())
    });
}

#[test]
fn the_audit_log_is_exported_as_it_grows_and_none_of_it_is_lost() {
    let database = v15().database();
    let export =
        "export:\n  - {name: audit, file: {path: audit.jsonl}, events: [audit], from: beginning}";
    let mut house = House::builder().setting(export).orders(&database).start();
    for life in 0..2 {
        for number in 0..5 {
            let name = format!("job-{life}-{number}");
            let words = ["token", "create", &name, "--subject", "robot", "--for", "1h"];
            let made = house.cli("root", &words);
            assert!(made.ok(), "{}", made.all());
        }
        house.end("KILL");
        house.restart();
    }
    let told = until("all of it is exported", LONG, || {
        let told = lines(&house.file("audit.jsonl"));
        (of_kind(&told, "token.create").count() == 10).then_some(told)
    });
    in_order(&told);
    // Entry for entry what the API lists, with the chain's own numbers.
    let uids: Vec<String> =
        told.iter().map(|event| event["uid"].as_str().unwrap().to_owned()).collect();
    let expected: Vec<String> = (1..=told.len()).map(|number| format!("audit/{number}")).collect();
    assert_eq!(uids, expected);
    assert_eq!(told[0]["hash"].as_str().unwrap().len(), 64);
}

#[test]
fn a_full_disk_holds_the_file_up_and_loses_nothing() {
    let database = v15().database();
    let folder = run_folder("house");
    let Some(disk) = SmallDisk::mount(&folder.path().join("out"), 512) else { return };
    let export = "export:\n  - {name: lines, file: {path: out/lines.jsonl}, events: [commands]}";
    let house = House::builder().folder(folder).setting(export).orders(&database).start();
    let mut client = house.client("alice");
    assert_eq!(errors(&client.query("SELECT 'before'")), 0);
    until("the file is begun", LONG, || {
        (!lines(&house.file("out/lines.jsonl")).is_empty()).then_some(())
    });
    disk.fill();
    for number in 0..50 {
        let text = format!("SELECT 'while full {number}', '{}'", "x".repeat(1000));
        assert_eq!(errors(&client.query(&text)), 0);
    }
    until("the failure is counted", LONG, || {
        let metrics = house.metrics();
        let failed =
            metrics.lines().find(|line| line.starts_with("sluice_export_failures_total"))?;
        (!failed.ends_with(" 0")).then_some(())
    });
    disk.empty();
    client.send(&ask::terminate());
    let told = until("everything is there", LONG, || {
        let told = lines(&house.file("out/lines.jsonl"));
        (of_kind(&told, "command.finished").count() == 51).then_some(told)
    });
    assert_eq!(in_order(&told).len(), told.len());
    let behind = house.metrics();
    let behind = behind.lines().find(|line| line.starts_with("sluice_export_behind_seconds"));
    assert!(behind.is_some_and(|line| line.contains("target=\"lines\"")), "{behind:?}");
}

#[test]
fn refused_commands_reach_a_schema_of_the_fields_own_with_the_policy_that_refused() {
    let database = v15().database();
    let export = "export:\n  - {name: ocsf, file: {path: ocsf.jsonl}, format: ocsf}";
    let policies = r#"
        @id("engineers") permit (principal in Group::"engineering",
            action in [Action::"connect", Action::"read"], resource);
        @id("no-drop") @message("DROP is not for here")
        forbid (principal, action == Action::"drop", resource);
    "#;
    let house = House::builder().setting(export).policies(policies).orders(&database).start();
    let mut client = house.client("alice");
    assert_eq!(errors(&client.query("SELECT count(*) FROM customers")), 0);
    assert_eq!(errors(&client.query("DROP TABLE customers")), 1);
    client.send(&ask::terminate());
    let told = until("the session is exported", LONG, || {
        let told = lines(&house.file("ocsf.jsonl"));
        told.iter().any(|event| event["activity_name"] == "Logoff").then_some(told)
    });
    let of = |class: u64| told.iter().filter(move |event| event["class_uid"] == class);
    assert!(of(3002).any(|event| event["user"]["name"] == "alice@example.com"));
    let denied = of(6005).find(|event| event["action"] == "Denied").unwrap();
    assert_eq!(denied["activity_name"], "Delete");
    assert_eq!(denied["authorizations"][0]["policy"]["name"], "no-drop");
    assert_eq!(denied["message"], "DROP is not for here");
    assert_eq!(denied["query_info"]["query_string"], "DROP TABLE customers");
    assert_eq!(denied["src_endpoint"]["ip"], "127.0.0.1");
    let finished = of(6005).find(|event| event["unmapped"]["tag"] == "SELECT 1").unwrap();
    assert_eq!(finished["status"], "Success");
    assert!(finished["duration"].is_u64());
}
