//! Rows that go by: what masking five columns costs, and what searching every text cell costs.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use e2e::{Client, House, ask, until};

use super::cells::card;
use crate::Options;
use crate::load::Connection;
use crate::machine::cpu_where;
use crate::page::Section;
use crate::paths::{Stage, Way, policies, resource_with, through};
use crate::stats::{float, median};

/// Five columns by rule, each masked in another way.
const CLASSED: &str = "  - {column: public.people.card, class: credit_card}\n  \
    - {column: public.people.ssn, class: us_ssn}\n  \
    - {column: public.people.email, class: email}\n  \
    - {column: public.people.born, class: date_of_birth}\n  \
    - {column: public.people.reference, class: customer_reference}\n  \
    - {class: credit_card, mask: keep_last(4)}\n  \
    - {class: us_ssn, mask: redact}\n  \
    - {class: email, mask: keep_domain}\n  \
    - {class: date_of_birth, mask: date_year}\n  \
    - {class: customer_reference, mask: hash}\n";

const MASKED: [&str; 5] = ["card", "ssn", "email", "born", "reference"];

const DIRECT: &str = "direct";
const PLAIN: &str = "sluice, no data rules";
const BY_RULE: &str = "sluice, five columns";
const BY_CONTENT: &str = "sluice, content net";
const BOTH: &str = "sluice, five columns and content net";

/// One result, from the first byte of the question to the last of the answer.
struct Stream {
    seconds: f64,
    /// CPU seconds of the gateway's threads that carry connections, and of all its others.
    carrying: f64,
    others: f64,
    /// What came in.
    rows: u64,
    bytes: u64,
}

/// Streams a table of people and one of goods by every way, in turns.
pub(crate) fn measure(stage: &Stage, options: &Options) -> Result<Section> {
    let rows = (options.rows / 5).max(10_000);
    fill(stage, rows)?;
    let house = house(stage);
    let mut ways: Vec<_> =
        stage.ways("bench").into_iter().filter(|way| way.name != "sluice").collect();
    for (name, resource) in
        [(PLAIN, "plain"), (BY_RULE, "classed"), (BY_CONTENT, "content"), (BOTH, "both")]
    {
        ways.push(through(&house, name, resource));
    }
    for way in &ways {
        until(&format!("{} answers", way.name), Duration::from_secs(30), || {
            Client::sign_in(&way.address, &way.user, &way.database, &way.password).ok()
        });
    }
    masks(&ways)?;
    let mut section = Section::new(
        "Rows that are masked",
        &format!(
            "{rows} rows of ten columns, two tables. People: four columns of text, a date and a reference are sensitive, of which five are \
             masked by rule (`keep_last(4)`, `redact`, `keep_domain`, `date_year`, `hash`). Goods: nothing is sensitive. Content net: every \
             class that is found by content, in every cell of text, so that three findings are masked in each row of people. Rows a second \
             as a share, medians of alternated runs; CPU seconds of the gateway for each GB that the server sent: its threads that carry connections, and the \
             others (recording, index, catalogue).",
        ),
    );
    section.head(&[
        "table",
        "way",
        "rows/s",
        "MB/s as sent by the server",
        "of direct",
        "of sluice without data rules",
        "CPU s a GB: connections",
        "others",
    ]);
    for table in ["people", "goods"] {
        let asked = |way: &&Way| table == "people" || ![BY_RULE, BOTH].contains(&way.name);
        let ways: Vec<_> = ways.iter().filter(asked).collect();
        let mut all: BTreeMap<&str, Vec<Stream>> = BTreeMap::new();
        for turn in 0..options.rounds {
            let mut order: Vec<_> = ways.clone();
            order.rotate_left(turn % ways.len());
            for way in order {
                let stream = stream(way, table)?;
                ensure!(stream.rows == rows, "{}: {} rows", way.name, stream.rows);
                all.entry(way.name).or_default().push(stream);
            }
        }
        add(&mut section, table, &ways, &all);
    }
    Ok(section)
}

fn add(section: &mut Section, table: &str, ways: &[&Way], all: &BTreeMap<&str, Vec<Stream>>) {
    let middle = |name: &str, of: &dyn Fn(&Stream) -> f64| {
        median(&all.get(name).into_iter().flatten().map(of).collect::<Vec<_>>())
    };
    let rate = |name: &str| middle(name, &|one| float(one.rows) / one.seconds);
    let sent = middle(DIRECT, &|one| float(one.bytes)) / 1e9;
    for way in ways {
        let is_ours = way.name.starts_with("sluice");
        let each = |of: &dyn Fn(&Stream) -> f64| {
            if way.pid.is_some() {
                format!("{:.2}", middle(way.name, of) / sent)
            } else {
                "–".to_owned()
            }
        };
        section.row(vec![
            table.to_owned(),
            way.name.to_owned(),
            format!("{:.0}", rate(way.name)),
            format!("{:.0}", sent * 1e3 / middle(way.name, &|one| one.seconds)),
            format!("{:.2}", rate(way.name) / rate(DIRECT)),
            if is_ours { format!("{:.2}", rate(way.name) / rate(PLAIN)) } else { "–".to_owned() },
            each(&|one| if is_ours { one.carrying } else { one.carrying + one.others }),
            if is_ours { each(&|one| one.others) } else { "–".to_owned() },
        ]);
    }
}

fn stream(way: &Way, table: &str) -> Result<Stream> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut connection = Connection::open(way).await?;
        let carries = |thread: &str| thread.starts_with("postgres-");
        let spent = || {
            way.pid.map_or((0.0, 0.0), |pid| {
                (cpu_where(pid, carries), cpu_where(pid, |name| !carries(name)))
            })
        };
        let before = spent();
        let start = Instant::now();
        connection.send(&ask::query(&format!("SELECT * FROM {table}"))).await?;
        let (rows, bytes) = connection.drain(b'Z').await?;
        let seconds = start.elapsed().as_secs_f64();
        let after = spent();
        Ok(Stream {
            seconds,
            carrying: after.0 - before.0,
            others: after.1 - before.1,
            rows,
            bytes,
        })
    })
}

/// The four resources behind one gateway.
fn house(stage: &Stage) -> House {
    let found: Vec<_> =
        mask::catalogue().iter().filter(|info| info.has_detector).map(|info| info.name).collect();
    let content = format!("  - {{detect: [{}]}}\n", found.join(", "));
    let mut builder = House::builder().policies(&policies());
    for (name, data) in [
        ("plain", String::new()),
        ("classed", format!("data:\n{CLASSED}")),
        ("content", format!("data:\n{content}")),
        ("both", format!("data:\n{CLASSED}{content}")),
    ] {
        builder = builder.resource(name, &resource_with(stage, name, &data));
    }
    builder.start()
}

/// What is measured is what is said: the ways that mask do, and the others do not.
fn masks(ways: &[Way]) -> Result<()> {
    let text = format!("SELECT {}, name, city FROM people WHERE id = 4711", MASKED.join(", "));
    let mut rows = BTreeMap::new();
    for way in ways {
        let client = Client::sign_in(&way.address, &way.user, &way.database, &way.password);
        let mut client = client.map_err(|why| anyhow::anyhow!("{}: {why:?}", way.name))?;
        let answer = client.query(&text);
        let row = answer.iter().find(|message| message.kind == b'D').context("a row")?;
        rows.insert(way.name, row.fields());
    }
    let clear = rows.get(DIRECT).context("direct")?;
    for (name, row) in &rows {
        let by_rule = [BY_RULE, BOTH].contains(name);
        let found = by_rule || *name == BY_CONTENT;
        for (at, (shown, is)) in row.iter().zip(clear).enumerate() {
            // Content finds the first three; a date and a reference of the house's own are known by rule.
            let hidden = at < 3 && found || at < MASKED.len() && by_rule;
            ensure!((shown != is) == hidden, "{name}, column {at}: {shown:?}");
        }
    }
    Ok(())
}

/// Makes both tables. What content must find has its check digits.
fn fill(stage: &Stage, rows: u64) -> Result<()> {
    let mut cards = String::new();
    for n in 0..1000 {
        write!(cards, "{}'{}'", if n == 0 { "" } else { "," }, card(n * 7_919))?;
    }
    let ran = stage.server.owner(&stage.database.name).arg("-v").arg("ON_ERROR_STOP=1").script(&format!(
        "SET ROLE app;\n\
         CREATE UNLOGGED TABLE people AS SELECT n AS id, 'CR-' || lpad((n * 7919::bigint % 100000000)::text, 8, '0') AS reference, \
           'Anna Berg the ' || n || 'th' AS name, 'user' || n || '@example.com' AS email, \
           (ARRAY[{cards}]::text[])[n % 1000 + 1] AS card, \
           (n % 500 + 100)::text || '-' || (n % 80 + 11)::text || '-' || (n % 9000 + 1000)::text AS ssn, \
           date '1950-01-01' + n % 20000 AS born, (ARRAY['Berlin', 'Lyon', 'Porto Alegre', 'Utrecht'])[n % 4 + 1] AS city, \
           (n % 100000)::numeric / 100 AS spent, 'called twice about order ' || n % 100000 || ', wants to be called again' AS note \
           FROM generate_series(1, {rows}) n;\n\
         CREATE UNLOGGED TABLE goods AS SELECT n AS id, 'SKU-' || n % 100000 || '-blue' AS sku, \
           'Folding chair, series ' || n % 1000 AS name, 'blue / size XL' AS variant, 'Kurfuerstendamm, Berlin DE' AS store, \
           md5(n::text)::uuid::text AS batch, timestamp '2024-01-01' + n * interval '1 second' AS added, \
           'in stock' AS state, (n % 100000)::numeric / 100 AS price, \
           'neither heavy nor light, ships within ' || n % 30 || ' days from our own stores' AS about \
           FROM generate_series(1, {rows}) n;\n\
         RESET ROLE;\nVACUUM ANALYZE people;\nVACUUM ANALYZE goods;\n"
    ));
    ensure!(ran.ok(), "filling: {}", ran.all());
    Ok(())
}
