//! How long a scan takes per value: `cargo run --release -p mask --example masking`.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measuring tool for people")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use mask::{
    Classes, DataClass, Detectors, Masked, Operator, ValueFormat, ValueType, catalogue, mask_value,
};

const ROUNDS: usize = 300;

fn main() {
    let names = |names: &[&str]| -> Classes {
        names.iter().map(|name| DataClass::new(name).unwrap()).collect()
    };
    let every: Vec<_> =
        catalogue().iter().filter(|i| i.has_detector && i.name != "url").map(|i| i.name).collect();
    let all = Detectors::new(&names(&every)).unwrap();
    let card = Detectors::new(&names(&["credit_card"])).unwrap();

    // `rate NAME`: that corpus once, or 64 KiB of that text, for a profiler that counts instructions.
    if let Some(name) = std::env::args().nth(1) {
        let corpus = corpora().into_iter().find(|(corpus, _)| corpus.starts_with(&name));
        let values = corpus.map_or_else(|| vec![name.repeat(64 * 1024 / name.len())], |(_, v)| v);
        let mut out = Vec::with_capacity(4096);
        for value in &values {
            out.clear();
            black_box(all.mask_text(black_box(value.as_bytes()), &mut out));
        }
        return;
    }
    println!("{:34} {:>8} {:>10}", "ns per value", "all", "card only");
    for (name, values) in corpora() {
        println!("{name:34} {:8.1} {:10.1}", per_value(&all, &values), per_value(&card, &values));
    }

    println!("\n{:34} {:>8}", "a column masked whole", "ns");
    let card = b"4242424242424242";
    let operators = [Operator::Redact, Operator::KeepLast(4)];
    for operator in operators {
        let mut out = Vec::with_capacity(64);
        let time = measure(1, 1_000, || {
            out.clear();
            let masked = mask_value(
                &operator,
                ValueType::Text,
                ValueFormat::Text,
                black_box(card),
                &mut out,
            );
            assert_eq!(masked, Masked::Replaced);
        });
        println!("{:34} {time:8.1}", operator.to_string());
    }

    println!("\n{:34} {:>8}", "64 KiB of", "ms");
    let mut worst: Vec<(f64, &str)> = HOSTILE
        .into_iter()
        .map(|unit| {
            let text = unit.repeat(64 * 1024 / unit.len());
            let mut out = Vec::with_capacity(8 * text.len());
            let time = measure(1, 1, || {
                out.clear();
                all.mask_text(black_box(text.as_bytes()), &mut out);
            });
            (time / 1e6, unit)
        })
        .collect();
    worst.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (time, unit) in worst.into_iter().take(12) {
        println!("{unit:34?} {time:8.3}");
    }
}

const HOSTILE: [&str; 40] = [
    ".",
    "-",
    "@",
    ":",
    "0",
    "4",
    "9",
    " ",
    "+",
    "a",
    "é",
    "eyJ",
    "ey-",
    "1.",
    "0 ",
    "1 ",
    "01 ",
    "0123 ",
    "4444 ",
    "4242-",
    "123 ",
    "123-45-",
    "123-45-6789-",
    "+1 ",
    "a@",
    "a@b.",
    "a@b.c,",
    "::",
    "1:",
    "f:",
    "-----BEGIN PRIVATE KEY",
    "sk-",
    "s-",
    "ghp_",
    "s_",
    "DE89 ",
    "ssn 1234567 ",
    "tel 1234567 ",
    "4242424242424242 ",
    "10.0.0.1 ",
];

fn corpora() -> Vec<(&'static str, Vec<String>)> {
    let numbers = |f: &dyn Fn(u64) -> String| (0..1000).map(|n| f(n * 7_919 + 12_345)).collect();
    vec![
        (
            "mixed rows, 25 B",
            numbers(&|n| match n % 5 {
                0 => format!("Order {n} of Anna Berg"),
                1 => format!("2024-01-{:02} 10:{:02}:00.123", n % 28 + 1, n % 60),
                2 => format!("{}.{:02} EUR, paid, shipped", n % 1000, n % 100),
                3 => "Kurfuerstendamm, Berlin DE".to_owned(),
                _ => format!("SKU-{n}-blue / size XL"),
            }),
        ),
        (
            "prose, 64 B",
            numbers(&|n| {
                format!(
                    "{:64.64}",
                    format!(
                        "The customer asked for {} more days, and we agreed to wait until then.",
                        n % 90
                    )
                )
            }),
        ),
        (
            "prose without digits, 64 B",
            numbers(&|_| {
                "The customer asked for a few more days, and we agreed to wait it".to_owned()
            }),
        ),
        ("11 digits", numbers(&|n| format!("{:011}", n * 1_234_577 % 100_000_000_000))),
        (
            "16 digits, no card",
            numbers(&|n| format!("{:016}", n * 1_234_577_123 % 9_000_000_000_000_000)),
        ),
        (
            "uuid",
            numbers(&|n| {
                format!("{:08x}-e29b-41d4-a716-{:012x}", n * 2_654_435 % 0xFFFF_FFFF, n * 7_777_777)
            }),
        ),
        ("a word, 8 B", numbers(&|_| "shipped.".to_owned())),
        (
            "json without findings, 120 B",
            numbers(&|n| {
                format!(
                    "{{\"id\": {n}, \"state\": \"paid\", \"items\": [{{\"sku\": \"A-{n}\", \"count\": 2}}], \"note\": \"leave at the door, please\"}}"
                )
            }),
        ),
        (
            "a card in prose, 40 B",
            numbers(&|n| format!("paid order {:07} by 4242424242424242", n % 10_000_000)),
        ),
        ("an email address, 22 B", numbers(&|n| format!("customer{n}@example.com"))),
    ]
}

fn per_value(detectors: &Detectors, values: &[String]) -> f64 {
    let mut out = Vec::with_capacity(4096);
    measure(values.len(), 1, || {
        for value in values {
            out.clear();
            black_box(detectors.mask_text(black_box(value.as_bytes()), &mut out));
        }
    })
}

/// The best of some rounds, in nanoseconds: what else runs on the machine only adds.
fn measure(values: usize, times: u32, mut work: impl FnMut()) -> f64 {
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for _ in 0..times {
            work();
        }
        best = best.min(start.elapsed() / times);
    }
    best.as_nanos() as f64 / values as f64
}
