//! How fast documents are masked while they stream: `cargo run --release -p mask --example documents`.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measuring tool for people")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mask::{Classes, DataClass, Detectors, Document, DocumentRules, Operator};

/// As a body comes from a socket.
const PIECE: usize = 64 << 10;
const ROUNDS: usize = 400;

fn main() {
    let class = |name: &str| DataClass::new(name).unwrap();
    let five = ["credit_card", "email", "us_ssn", "iban", "phone"];
    let five: Classes = five.into_iter().map(class).collect();
    let none = || DocumentRules::new(Arc::new(Detectors::none()));
    let found = || DocumentRules::new(Arc::new(Detectors::new(&five).unwrap()));
    let ruled = |rules: DocumentRules| {
        rules
            .name("ssn", class("us_ssn"), Operator::Redact)
            .name("password", class("secret"), Operator::Redact)
            .path(
                "$[*].customer.card".parse().unwrap(),
                class("credit_card"),
                Operator::KeepLast(4),
            )
    };
    let rules = [none(), ruled(none()), found(), ruled(found())].map(Arc::new);
    println!("{:26} {:>9} {:>9} {:>9} {:>9}", "MB/s", "read", "rules", "content", "both");
    for (name, json) in corpora() {
        let rates = rules.each_ref().map(|rules| rate(rules, json.as_bytes()));
        let [read, by_rules, content, both] = rates;
        println!("{name:26} {read:9.0} {by_rules:9.0} {content:9.0} {both:9.0}");
    }
}

/// The best of some rounds: what else runs on the machine only slows.
fn rate(rules: &Arc<DocumentRules>, json: &[u8]) -> f64 {
    let mut best = Duration::MAX;
    let mut out = Vec::with_capacity(2 * json.len());
    for _ in 0..ROUNDS {
        out.clear();
        let start = Instant::now();
        let mut document = Document::new(Arc::clone(rules));
        for piece in black_box(json).chunks(PIECE) {
            document.feed(piece, &mut out).unwrap();
        }
        document.end(&mut out).unwrap();
        best = best.min(start.elapsed());
    }
    json.len() as f64 / best.as_secs_f64() / 1e6
}

fn corpora() -> Vec<(&'static str, String)> {
    let array = |element: &dyn Fn(usize) -> String| {
        let elements: Vec<_> = (0..1000).map(element).collect();
        format!("[{}]", elements.join(","))
    };
    vec![
        (
            "orders, 1 in 100 masked",
            array(&|n| {
                let (ssn, note) = match n % 100 {
                    0 => (r#","ssn":"078-05-1120""#, "write to ann@example.com"),
                    _ => ("", "leave it at the door please, nobody is at home before six"),
                };
                format!(
                    r#"{{"id":{n},"state":"paid","items":[{{"sku":"A-{n}","count":2,"name":"A lamp for the desk"}}],"customer":{{"name":"Anna Berg","city":"Berlin"}}{ssn},"note":"{note}"}}"#
                )
            }),
        ),
        (
            "objects of a cluster",
            array(&|n| {
                format!(
                    r#"{{"kind":"Pod","metadata":{{"name":"web-{n:06}-x7v2p","namespace":"shop","uid":"{n:08x}-e29b-41d4-a716-{n:012x}","labels":{{"app.kubernetes.io/name":"web","tier":"front"}},"creationTimestamp":"2024-01-02T03:04:05Z"}},"status":{{"phase":"Running","podIP":"10.1.2.{}","restarts":0}}}}"#,
                    n % 250
                )
            }),
        ),
        (
            "prose",
            array(&|n| {
                format!(
                    r#""The customer asked for {n} more days, and we agreed to wait until then, as we always do.""#
                )
            }),
        ),
        ("numbers", array(&|n| format!("{}.{:02}", n * 7, n % 100))),
        (
            "a finding in each",
            array(&|n| format!(r#"{{"mail":"customer{n}@example.com","ssn":"078-05-1120"}}"#)),
        ),
    ]
}
