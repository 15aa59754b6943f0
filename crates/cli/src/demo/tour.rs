//! The tour: each step shows something and checks it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use super::browser;
use super::furniture::{DBA, ENGINEER};
use super::postgres::Postgres;
use super::stage::{Ran, Stage};

/// What stands in the database and must not be seen.
const REAL: [&str; 8] = [
    "536-22-8726",
    "219-38-4511",
    "4111111111111111",
    "5555555555554444",
    "4242 4242 4242 4242",
    "ada.byron@example.com",
    "grace.hopper@example.com",
    "amazing.grace@example.org",
];

/// Gives it.
pub(super) fn give(stage: &Stage, postgres: &Postgres, secret: &str) -> Result<()> {
    sign_in(stage)?;
    masked_rows(stage, postgres)?;
    refused_drop(stage, postgres)?;
    let approval = held_delete(stage, postgres)?;
    let session = replay(stage, &approval)?;
    verify(stage, &session)?;
    secrets(stage, secret)
}

fn sign_in(stage: &Stage) -> Result<()> {
    stage.title(1, "Sign in", "An engineer signs in with the company's identity provider. There is no database password to know.");
    login(stage, ENGINEER)?;
    let me = stage.run(ENGINEER, &["whoami"])?;
    stage.must(
        me.out.contains(ENGINEER) && me.out.contains("engineering"),
        "the gateway knows who it is, and the groups",
    )?;
    let list = stage.run(ENGINEER, &["ls"])?;
    stage.must(list.out.contains("orders-prod"), "and what may be opened")
}

fn login(stage: &Stage, who: &str) -> Result<()> {
    let words = ["login", "--url", &stage.url, "--trust", &stage.fingerprint];
    let waiting = stage.start(who, &words)?;
    let address = waiting.line("where to sign in", |line| {
        line.split_whitespace().find(|word| word.starts_with("http://127.0.0.1")).map(str::to_owned)
    })?;
    browser::sign_in(&address, who)?;
    let ran = waiting.end()?;
    stage.must(ran.code == Some(0), &format!("{who} is signed in"))
}

fn masked_rows(stage: &Stage, postgres: &Postgres) -> Result<()> {
    stage.title(2, "Masked rows", "Plain psql, on a real PostgreSQL. Columns are masked by rule, what stands in free text by content.");
    let direct =
        postgres.direct("orders", "SELECT name, email, ssn, card, notes FROM customers")?;
    let real = REAL.iter().all(|value| direct.contains(value));
    let ran = stage.run(
        ENGINEER,
        &[
            "connect",
            "orders-prod",
            "--",
            "-c",
            "SELECT name, email, ssn, card, notes FROM customers ORDER BY id",
        ],
    )?;
    stage.must(ran.code == Some(0) && ran.out.contains("Emmy Noether"), "the rows are there")?;
    stage.must(real && hides(&ran), "and no address, number or card that stands in the table")?;
    let ran = stage.run(
        ENGINEER,
        &["connect", "orders-prod", "--", "-c", "SELECT upper(email) AS shout, reverse(ssn) AS backwards, left(card, 15) AS nearly, count(*) FROM customers GROUP BY 1, 2, 3 LIMIT 2"],
    )?;
    let twisted = [
        "ADA.BYRON",
        "BLAISE.PASCAL",
        "EMMY.NOETHER",
        "GRACE.HOPPER",
        "KURT.GOEDEL",
        "6278-22-635",
        "411111111111111",
        "555555555555444",
    ];
    let hidden = twisted.iter().all(|value| !ran.all().contains(value));
    stage.must(ran.code == Some(0) && hidden, "nor anything made of them")
}

fn refused_drop(stage: &Stage, postgres: &Postgres) -> Result<()> {
    stage.title(
        3,
        "A refused DROP",
        "The account behind the gateway owns this table. The statement never reaches it.",
    );
    let ran = stage
        .run(ENGINEER, &["connect", "orders-prod", "--", "-c", "DROP TABLE customers CASCADE"])?;
    stage.must(
        ran.code != Some(0) && ran.err.contains("use the migration pipeline"),
        "refused, in the policy's own words",
    )?;
    let rows = postgres.direct("orders", "SELECT count(*) FROM customers")?;
    stage.must(rows == "5", "asked directly, the server still has the table and its 5 rows")
}

fn held_delete(stage: &Stage, postgres: &Postgres) -> Result<String> {
    stage.title(
        4,
        "A held DELETE",
        "A change to production waits in psql until a DBA agrees. The one who asks cannot.",
    );
    let statement = "DELETE FROM orders WHERE id = 7";
    let mut waiting = stage.start(ENGINEER, &["connect", "orders-prod", "--", "-c", statement])?;
    let id = waiting.line("the request's id", |line| {
        let words = line.split(|c: char| !c.is_ascii_alphanumeric());
        words
            .filter(|word| word.len() == 26)
            .find(|word| word.parse::<model::ApprovalId>().is_ok())
            .map(str::to_owned)
    })?;
    waiting.show();
    let there = postgres.direct("orders", "SELECT count(*) FROM orders WHERE id = 7")?;
    stage.must(waiting.runs()? && there == "1", "psql waits, and the row is still there")?;
    let own = stage.run(ENGINEER, &["approvals", "approve", &id])?;
    stage.must(own.code == Some(1), "the engineer cannot agree to it")?;
    login(stage, DBA)?;
    let list = stage.run(DBA, &["approvals", "ls"])?;
    stage.must(list.out.contains(&id) && list.out.contains(statement), "the DBA sees it")?;
    let shown = stage.run(DBA, &["approvals", "show", &id])?;
    stage.must(
        shown.out.contains("delete") && shown.out.contains(ENGINEER),
        "with who asks and what it does",
    )?;
    let agreed = stage.run(DBA, &["approvals", "approve", &id, "--comment", "ticket 4711"])?;
    stage.must(agreed.code == Some(0), "and agrees")?;
    let ran = waiting.end()?;
    stage.must(ran.code == Some(0) && ran.out.contains("DELETE 1"), "psql goes on by itself")?;
    let gone = postgres.direct("orders", "SELECT count(*) FROM orders")?;
    stage.must(gone == "19", "and exactly one row is gone")?;
    Ok(id)
}

fn replay(stage: &Stage, approval: &str) -> Result<String> {
    stage.title(5, "The replay", "Every session is recorded as its user saw it.");
    let list = stage.run(ENGINEER, &["sessions", "ls"])?;
    stage.must(list.out.contains("orders-prod"), "the sessions are listed")?;
    let json = quiet(stage, &["sessions", "ls", "--json"])?;
    let session = |wanted: &dyn Fn(&str) -> bool| -> Result<String> {
        for one in json.as_array().context("a list")? {
            let id = one.get("id").and_then(Value::as_str).context("an id")?;
            let events = stage.quietly(ENGINEER, &["sessions", "replay", id, "--json"])?;
            if wanted(&events.out) {
                return Ok(id.to_owned());
            }
        }
        anyhow::bail!("no session holds it")
    };
    let id = session(&|events| events.contains("SELECT name, email"))?;
    let ran = stage.run(ENGINEER, &["sessions", "replay", &id])?;
    stage.must(
        ran.code == Some(0) && ran.out.contains("Emmy Noether") && hides(&ran),
        "the masked rows, as they were shown",
    )?;
    let id = session(&|events| events.contains("DELETE FROM orders"))?;
    let ran = stage.run(ENGINEER, &["sessions", "replay", &id])?;
    stage.must(
        ran.out.contains(approval) && ran.out.contains("DELETE 1"),
        "the held command, with its approval",
    )?;
    Ok(id)
}

fn verify(stage: &Stage, session: &str) -> Result<()> {
    stage.title(6, "Evidence", "A recording is chained and signed. One changed byte shows, with nothing but the public key.");
    let ran = stage.run(ENGINEER, &["verify", session])?;
    stage.must(
        ran.code == Some(0) && ran.out.contains("VERIFIED"),
        "complete and as it was written",
    )?;
    let recordings = stage.house().join("data/recordings");
    let file = fs::read_dir(&recordings)?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().contains(session)))
        .context("the recording's file")?;
    let mut bytes = fs::read(&file)?;
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
    let changed = stage.scratch().join("changed.recording");
    fs::write(&changed, bytes)?;
    let ran = stage.run(ENGINEER, &["verify", &changed.display().to_string()])?;
    stage.must(
        ran.code == Some(1) && ran.out.contains("NOT VERIFIED"),
        "with one bit changed, it is told",
    )
}

fn secrets(stage: &Stage, secret: &str) -> Result<()> {
    stage.title(
        7,
        "The password",
        "It stands in one file that the gateway reads. Looked for everywhere else:",
    );
    stage.must(!stage.seen().contains(secret), "in nothing that was printed")?;
    let mut places = Vec::new();
    search(&stage.house().join("data"), secret, &mut places)?;
    search(stage.scratch(), secret, &mut places)?;
    let log = fs::read(stage.house().with_file_name("gateway.log")).unwrap_or_default();
    let in_log = String::from_utf8_lossy(&log).contains(secret);
    stage.must(
        places.is_empty() && !in_log,
        "nor in the store, a recording, a key, the log, or with the person",
    )
}

fn search(folder: &Path, secret: &str, found: &mut Vec<std::path::PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            search(&path, secret, found)?;
        } else if fs::read(&path)?.windows(secret.len()).any(|window| window == secret.as_bytes()) {
            found.push(path);
        }
    }
    Ok(())
}

fn hides(ran: &Ran) -> bool {
    let all = ran.all();
    REAL.iter().all(|value| !all.contains(value))
}

fn quiet(stage: &Stage, words: &[&str]) -> Result<Value> {
    let ran = stage.quietly(ENGINEER, words)?;
    serde_json::from_str(&ran.out).with_context(|| format!("sluice {}", words.join(" ")))
}
