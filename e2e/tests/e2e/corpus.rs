//! The bypass corpus, through the wire: `e2e/corpus/README.md` says what an entry means.

use std::fmt::Write as _;

use e2e::{Client, Database, House, Message, ask};

use crate::{no_canary, v15};

/// One evasion.
#[derive(Debug, Default)]
struct Entry {
    verdict: String,
    columns: Vec<usize>,
    title: String,
    simple: bool,
    extended: bool,
    first: Vec<String>,
    owner: Vec<String>,
    parameters: Vec<String>,
    sql: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Simple,
    Extended,
    ExtendedBinary,
}

/// What must stand after every entry.
const STANDS: &str = "SELECT count(*), sum(amount) FROM ledger UNION ALL SELECT count(*), sum(amount) FROM archive.ledger \
    UNION ALL SELECT count(*), sum(tax_number) FROM customers WHERE id < 90 UNION ALL SELECT count(*), sum(id) FROM vault \
    UNION ALL SELECT count(*), null FROM pg_class WHERE relnamespace IN ('public'::regnamespace, 'archive'::regnamespace) \
    UNION ALL SELECT count(*), null FROM pg_proc WHERE pronamespace = 'public'::regnamespace \
    UNION ALL SELECT count(*), null FROM pg_roles UNION ALL SELECT count(*), null FROM pg_db_role_setting \
    UNION ALL SELECT count(*), null FROM pg_largeobject_metadata";

#[test]
fn every_way_to_drop_is_refused() {
    check(include_str!("../../corpus/01-drop.sql"));
}

#[test]
fn every_way_to_write_is_refused_or_held() {
    check(include_str!("../../corpus/02-writes.sql"));
}

#[test]
fn every_way_around_the_data_model_is_refused() {
    check(include_str!("../../corpus/03-beside.sql"));
}

#[test]
fn what_cannot_be_read_is_refused() {
    check(include_str!("../../corpus/04-unknown.sql"));
}

#[test]
fn every_way_to_a_sensitive_value_is_masked_or_refused() {
    check(include_str!("../../corpus/05-masking.sql"));
}

#[test]
fn the_corpus_has_at_least_150_entries_and_every_verdict() {
    let all: Vec<_> = [
        include_str!("../../corpus/01-drop.sql"),
        include_str!("../../corpus/02-writes.sql"),
        include_str!("../../corpus/03-beside.sql"),
        include_str!("../../corpus/04-unknown.sql"),
        include_str!("../../corpus/05-masking.sql"),
    ]
    .iter()
    .flat_map(|text| entries(text))
    .collect();
    assert!(all.len() >= 150, "{}", all.len());
    for verdict in ["denied", "unknown", "held", "masked", "allowed"] {
        assert!(all.iter().any(|entry| entry.verdict == verdict), "{verdict}");
    }
    let mut titles: Vec<_> = all.iter().map(|entry| &entry.title).collect();
    titles.sort_unstable();
    titles.dedup();
    assert_eq!(titles.len(), all.len(), "two entries have one title");
}

fn check(corpus: &str) {
    let database = v15().database();
    let truth = v15().database();
    let policies = include_str!("../../corpus/policies.cedar");
    let house = House::builder().policies(policies).orders(&database).start();
    let mut watch = database.direct();
    watch.forget();
    let stands = watch.query(STANDS);
    let mut wrong = String::new();
    // A refusal leaves a session as it was, so the next evasion can be tried in the same one.
    let mut session = None;
    for entry in entries(corpus) {
        for way in [Way::Simple, Way::Extended, Way::ExtendedBinary] {
            let fits = match way {
                Way::Simple => !entry.extended,
                Way::Extended => !entry.simple,
                Way::ExtendedBinary => !entry.simple && entry.verdict == "masked",
            };
            if !fits {
                continue;
            }
            for sql in &entry.owner {
                let _ = (database.look(sql), truth.look(sql));
            }
            let tried = try_entry(&house, &database, &truth, &entry, way, &mut session);
            if let Err(what) = tried {
                let _ = writeln!(wrong, "{}: {} ({way:?}): {what}", entry.verdict, entry.title);
            }
            let now = watch.query(STANDS);
            assert_eq!(now, stands, "changed by: {} ({way:?})", entry.title);
            if !entry.sql.contains("INSERT INTO customers") {
                continue;
            }
            for place in [&database, &truth] {
                let _ = place.look("DELETE FROM customers WHERE id >= 90");
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

fn try_entry(
    house: &House,
    database: &Database<'_>,
    truth: &Database<'_>,
    entry: &Entry,
    way: Way,
    session: &mut Option<Client>,
) -> Result<(), String> {
    let leaves_no_trace = matches!(entry.verdict.as_str(), "denied" | "unknown" | "held");
    let reusable = leaves_no_trace && entry.first.is_empty();
    let kept = if reusable { session.take() } else { None };
    let mut client = kept.unwrap_or_else(|| house.client("alice"));
    client.forget_received();
    for sql in &entry.first {
        let said = client.query(sql);
        if said.iter().any(|message| message.kind == b'E') {
            return Err(format!("{sql}: {}", brief(&said)));
        }
    }
    let before = database.server.log_length();
    client.send(&bytes(entry, way));
    let result = match entry.verdict.as_str() {
        "denied" => denied(&mut client, false),
        "unknown" => denied(&mut client, true),
        "held" => held(house, &mut client),
        "allowed" => allowed(&mut client, &mut prepared(truth, entry), entry, way),
        "masked" => masked(&mut client, &mut prepared(truth, entry), entry, way),
        other => Err(format!("there is no verdict {other}")),
    };
    no_canary(client.received(), &entry.title);
    let reached = database.log_since(before);
    if leaves_no_trace {
        let start: String = entry.sql.trim().lines().next().unwrap().chars().take(60).collect();
        if reached.contains(start.as_str()) {
            return Err(format!("the server saw it: {reached}"));
        }
    }
    if reusable && result.is_ok() {
        *session = Some(client);
    }
    result
}

/// A client past the gateway that has done what the entry does first.
fn prepared(truth: &Database<'_>, entry: &Entry) -> Client {
    let mut direct = truth.direct();
    for sql in &entry.first {
        direct.query(sql);
    }
    direct
}

fn bytes(entry: &Entry, way: Way) -> Vec<u8> {
    let parameters: Vec<_> = entry.parameters.iter().map(|text| Some(text.as_str())).collect();
    match way {
        Way::Simple => ask::query(&entry.sql),
        Way::Extended => [ask::extended(&entry.sql, &parameters, 0), ask::sync()].concat(),
        Way::ExtendedBinary => [ask::extended(&entry.sql, &parameters, 1), ask::sync()].concat(),
    }
}

fn denied(client: &mut Client, not_understood: bool) -> Result<(), String> {
    let said = client.until_ready();
    let Some(error) = said.iter().find(|message| message.kind == b'E') else {
        return Err(format!("no error: {}", brief(&said)));
    };
    let fields = error.error();
    let ours = fields.code() == "42501" && fields.field('R').is_empty();
    if !ours || said.last().is_none_or(|last| last.kind != b'Z') {
        return Err(brief(&said));
    }
    // What a refused statement would have returned must not be there either.
    if said.iter().any(|message| matches!(message.kind, b'D' | b'd' | b'C' | b'G' | b'H')) {
        return Err(brief(&said));
    }
    let says_so =
        fields.message().contains("understood") || fields.field('D').contains("understood");
    if not_understood != says_so {
        return Err(format!("as understood as not: {fields:?}"));
    }
    Ok(())
}

fn held(house: &House, client: &mut Client) -> Result<(), String> {
    let said = client.until(|message| matches!(message.kind, b'N' | b'Z'));
    if said.last().is_none_or(|last| last.kind != b'N') {
        return Err(format!("nobody was asked: {}", brief(&said)));
    }
    let notice = said.last().unwrap().error();
    if !format!("{notice:?}").contains("approv") {
        return Err(format!("the notice does not say what to do: {notice:?}"));
    }
    let mut other = Client::raw(&house.address());
    other.send(&ask::cancel(&client.key));
    let rest = client.until_ready();
    let withdrawn = rest.iter().any(|message| message.kind == b'E');
    let leaked = rest.iter().any(|message| matches!(message.kind, b'D' | b'd' | b'C'));
    if !withdrawn || leaked || rest.last().is_none_or(|last| last.kind != b'Z') {
        return Err(format!("after withdrawing: {}", brief(&rest)));
    }
    Ok(())
}

fn allowed(
    client: &mut Client,
    direct: &mut Client,
    entry: &Entry,
    way: Way,
) -> Result<(), String> {
    let told = |said: Vec<Message>| -> Vec<Message> {
        said.into_iter().filter(|message| !matches!(message.kind, b'S' | b'A')).collect()
    };
    let said = told(client.until_ready());
    direct.send(&bytes(entry, way));
    let truth = told(direct.until_ready());
    if said != truth {
        return Err(format!("said {} where the server says {}", brief(&said), brief(&truth)));
    }
    if said.iter().any(|message| message.kind == b'E') {
        return Err(brief(&said));
    }
    Ok(())
}

fn masked(client: &mut Client, direct: &mut Client, entry: &Entry, way: Way) -> Result<(), String> {
    let said = client.until_ready();
    direct.send(&bytes(entry, way));
    let truth = direct.until_ready();
    let (is, was) = (kinds(&said), kinds(&truth));
    if is != was {
        return Err(format!("said {} where the server says {}", brief(&said), brief(&truth)));
    }
    let data = |messages: &[Message]| -> Vec<Message> {
        messages.iter().filter(|message| matches!(message.kind, b'D' | b'd')).cloned().collect()
    };
    let (ours, theirs) = (data(&said), data(&truth));
    if theirs.is_empty() {
        return if was.contains('E') {
            Ok(())
        } else {
            Err("the server has no rows either".into())
        };
    }
    for (ours, theirs) in ours.iter().zip(&theirs) {
        if theirs.kind == b'd' {
            if ours == theirs {
                return Err(format!("{theirs:?} came through: {}", brief(&said)));
            }
            continue;
        }
        let (ours, theirs) = (ours.fields(), theirs.fields());
        for (at, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
            let sensitive = entry.columns.is_empty() || entry.columns.contains(&(at + 1));
            if sensitive && theirs.is_some() && ours == theirs {
                return Err(format!("column {} came through: {}", at + 1, brief(&said)));
            }
            if !sensitive && ours != theirs {
                return Err(format!("column {} is masked for nothing: {}", at + 1, brief(&said)));
            }
        }
    }
    Ok(())
}

/// The types of messages, but those that may come at any time.
fn kinds(messages: &[Message]) -> String {
    let kinds = messages.iter().map(|message| char::from(message.kind));
    kinds.filter(|kind| !matches!(kind, 'S' | 'A' | 'N')).collect()
}

fn brief(messages: &[Message]) -> String {
    let mut text = format!("{messages:?}");
    if text.len() > 400 {
        let cut = (0..=400).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(cut);
        text.push('…');
    }
    text
}

fn entries(text: &str) -> Vec<Entry> {
    text.split("\n=== ")
        .enumerate()
        .filter_map(|(at, block)| {
            let block = if at == 0 { block.strip_prefix("=== ")? } else { block };
            Some(entry(block))
        })
        .collect()
}

fn entry(block: &str) -> Entry {
    let (head, body) = block.split_once('\n').expect("an entry has a statement");
    let (verdict, title) = head.split_once(": ").expect("VERDICT: title");
    let (verdict, columns) = verdict.split_once(' ').unwrap_or((verdict, ""));
    let mut entry = Entry {
        verdict: verdict.to_owned(),
        columns: columns.split(',').filter_map(|column| column.parse().ok()).collect(),
        title: title.to_owned(),
        ..Entry::default()
    };
    let mut sql = Vec::new();
    for line in body.lines() {
        let Some(option) = line.strip_prefix("--! ") else {
            sql.push(line);
            continue;
        };
        match option.split_once(": ") {
            None if option == "simple" => entry.simple = true,
            None if option == "extended" => entry.extended = true,
            Some(("first", text)) => entry.first.push(text.to_owned()),
            Some(("owner", text)) => entry.owner.push(text.to_owned()),
            Some(("with", text)) => entry.parameters.push(text.to_owned()),
            _ => panic!("{title}: there is no option {option}"),
        }
    }
    entry.sql = expand(sql.join("\n").trim_end_matches('\n'));
    entry
}

/// `{{repeat 3 ab}}` is `ababab`.
fn expand(text: &str) -> String {
    let mut whole = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{repeat ") {
        let (inside, after) = after.split_once("}}").expect("a repetition ends");
        let (times, what) = inside.split_once(' ').expect("a number and a text");
        whole.push_str(before);
        whole.push_str(&what.repeat(times.parse().expect("a number")));
        rest = after;
    }
    whole + rest
}
