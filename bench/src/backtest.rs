//! `sluice policy backtest` over recordings made for it: how long a million statements take.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use control::Clock;
use control::recordings::{Keep, Recordings};
use evidence::{Keys, SessionKey, SigningKey, Writer};
use model::{
    Access, Action, Ending, Event, Facts, Identity, IdentityKind, Object, ObjectKind, Parent,
    Phase, Seen, SessionHead, SessionId, Timestamp, Verdict,
};

/// How much history to make.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Options {
    /// Statements in all
    #[arg(long, default_value_t = 1_000_000)]
    statements: u64,
    /// Sessions they are spread over
    #[arg(long, default_value_t = 1000)]
    sessions: u64,
}

/// Makes the history, then decides all of it again: once with nothing changed, once with much.
#[expect(clippy::print_stdout, reason = "a program run by hand says what it measured")]
pub(crate) fn measure(options: &Options) -> Result<()> {
    let folder = e2e::run_folder("backtest");
    let root = folder.path();
    let begun = Instant::now();
    let bytes = record(root, options)?;
    println!(
        "recorded: {} statements in {} sessions, {} MB, {:.1} s",
        options.statements,
        options.sessions,
        bytes >> 20,
        begun.elapsed().as_secs_f64()
    );
    std::fs::create_dir(root.join("policies"))?;
    std::fs::write(root.join("policies/all.cedar"), policies(false))?;
    std::fs::create_dir(root.join("new"))?;
    std::fs::write(root.join("new/all.cedar"), policies(true))?;
    std::fs::write(root.join("orders.yaml"), ORDERS)?;
    std::fs::write(root.join("sluice.yaml"), CONFIGURATION)?;
    for (what, policies, code) in [("nothing changes", "policies", 0), ("much changes", "new", 1)] {
        let begun = Instant::now();
        let said = Command::new(e2e::sluice())
            .args(["policy", "backtest", "--since", "30d", "--policies", policies])
            .current_dir(root)
            .output()?;
        let took = begun.elapsed().as_secs_f64();
        let words = String::from_utf8_lossy(&said.stdout);
        ensure!(
            said.status.code() == Some(code),
            "{words}{}",
            String::from_utf8_lossy(&said.stderr)
        );
        let totals = words.lines().last().unwrap_or_default();
        let rate = options.statements as f64 / took;
        println!("{what}: {took:.1} s, {rate:.0} statements/s: {totals}");
    }
    Ok(())
}

const CONFIGURATION: &str = "data_dir: ./\nlisten: {web: 127.0.0.1:8443}\ntls: off\n\
    resources: [orders.yaml]\npolicies: [policies/*.cedar]\n";

const ORDERS: &str = "name: orders\nprotocol: postgres\naddress: 127.0.0.1:5432\ndatabase: orders\ntls: disable\n\
    credential: {username: app}\nlabels: {env: prod}\n";

/// Fifty policies, some of which read what a recording holds beside the accesses.
fn policies(tight: bool) -> String {
    let mut text = String::from(
        "@id(\"all\") permit (principal in Group::\"eng\", action in [Action::\"connect\", Action::\"read\", Action::\"write\"], resource);\n",
    );
    for number in 0..48 {
        text.push_str(&format!(
            "@id(\"n{number}\") forbid (principal, action in Action::\"write\", resource == Object::\"orders/public/secret{number}\") when {{ context.unbounded }};\n"
        ));
    }
    if tight {
        text.push_str("@id(\"no\") forbid (principal, action == Action::\"delete\", resource) unless { context.in_transaction };\n");
    }
    text
}

/// Writes recordings as the gateway's writer does; answers how many bytes.
fn record(root: &Path, options: &Options) -> Result<u64> {
    let recordings = Recordings::open(root, Keep::usual(root)?, Clock::system())?;
    let keyring = recordings.keyring();
    let ring = keyring.current().context("the keyring holds a key")?;
    let signing = std::fs::read_to_string(root.join("keys/signing.key"))?;
    let signing = Arc::new(SigningKey::from_pem(&signing)?);
    let now = Clock::system().now();
    let each = options.statements.div_ceil(options.sessions.max(1));
    let mut left = options.statements;
    let mut bytes = 0;
    for session in 0..options.sessions {
        let number = u128::from(session);
        let opened = Timestamp::from_micros(
            now.as_micros().saturating_sub(Duration::from_hours(24).as_micros() as u64) + session,
        );
        let head = head(SessionId::new(opened, number), opened, session);
        let mut seed = [0; 32];
        for (to, from) in seed.iter_mut().zip(number.to_be_bytes()) {
            *to = from;
        }
        let key = || SessionKey::new(seed.into());
        let slots = vec![ring.wrap(head.id, &key())];
        let keys = Keys { signing: Arc::clone(&signing), session: key(), slots };
        let mut writer = Writer::begin(keys, &head)?;
        for number in 1..=each.min(left) {
            let at = opened.plus(Duration::from_millis(number * 10));
            for event in statement(session, number) {
                writer.append(at, &event)?;
            }
            if number % 1000 == 0 {
                writer.checkpoint(at);
            }
        }
        left = left.saturating_sub(each);
        let at = opened.plus(Duration::from_hours(1));
        writer.close(&Ending { at, how: "the client left".into() })?;
        bytes += writer.bytes().len() as u64;
        let name = format!("recordings/{}.{}", head.id, evidence::EXTENSION);
        std::fs::write(root.join(name), writer.bytes())?;
    }
    Ok(bytes)
}

fn head(id: SessionId, opened: Timestamp, number: u64) -> SessionHead {
    SessionHead {
        id,
        opened,
        identity: Identity {
            subject: format!("person{}@example.com", number % 50),
            groups: vec!["eng".into()],
            kind: IdentityKind::User,
            provider: "corp".into(),
            on_behalf_of: None,
            expires: None,
            token: None,
            only_resources: None,
        },
        source: "10.1.2.3:54321".into(),
        client: Some("psql".into()),
        resource: "orders".into(),
        protocol: "postgres".into(),
        database: None,
        policies: vec!["all".into()],
    }
}

/// A point select, and now and then a write; constants differ, and twenty tables are asked.
fn statement(session: u64, number: u64) -> [Event; 3] {
    let mixed = (session * 7919 + number).wrapping_mul(2_654_435_761);
    let name = format!("t{}", mixed % 20);
    let (action, text) = match mixed % 10 {
        0 => (Action::Delete, format!("DELETE FROM public.{name} WHERE id = {mixed}")),
        1 => (Action::Update, format!("UPDATE public.{name} SET n = 1 WHERE id = {mixed}")),
        _ => (Action::Select, format!("SELECT * FROM public.{name} WHERE id = {mixed}")),
    };
    let access = Access::new(
        action,
        Object::within(ObjectKind::Relation, Parent::Is("public".into()), name),
    );
    let seen = Seen { facts: Arc::new(Facts::default()), in_transaction: mixed.is_multiple_of(3) };
    [
        Event::Command {
            number,
            phase: Phase::Run,
            text: Bytes::from(text),
            parameters: Arc::from([]),
            accesses: Arc::from([access]),
            seen: Some(seen),
        },
        Event::Decided {
            number,
            verdict: Verdict::Allowed,
            policies: Arc::from(["all".into()]),
            approval: None,
            message: None,
            cause: None,
        },
        Event::Finished { number, tag: "SELECT 1".into(), rows: 1, bytes: 60 },
    ]
}
