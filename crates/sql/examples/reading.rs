//! What reading costs: `cargo run --release -p sql --example reading`.
#![expect(clippy::print_stdout, reason = "it prints a table")]

use std::hint::black_box;
use std::time::Instant;

use sql::{Limits, NoCatalogue, read, shape};

fn main() {
    let scope = NoCatalogue { search_path: Some(vec!["public".to_owned()]) };
    let limits = Limits::default();
    let statements = [
        ("pgbench select", "SELECT abalance FROM pgbench_accounts WHERE aid = 42742;"),
        (
            "pgbench update",
            "UPDATE pgbench_accounts SET abalance = abalance + -3021 WHERE aid = 42742;",
        ),
        (
            "pgbench insert",
            "INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (4, 1, 42742, -3021, CURRENT_TIMESTAMP);",
        ),
        ("begin", "BEGIN;"),
        (
            "join of an ORM",
            "SELECT orders.id AS orders_id, orders.customer_id AS orders_customer_id, orders.total AS \
             orders_total, orders.placed_at AS orders_placed_at, customers_1.id AS customers_1_id, \
             customers_1.name AS customers_1_name, customers_1.email AS customers_1_email FROM orders \
             LEFT OUTER JOIN customers AS customers_1 ON customers_1.id = orders.customer_id WHERE \
             orders.customer_id = $1 AND orders.placed_at > $2 AND orders.status IN ('new', 'paid') \
             ORDER BY orders.placed_at DESC LIMIT 50 OFFSET 100",
        ),
    ];
    println!("{:<16} {:>6} {:>10} {:>10}", "statement", "bytes", "read ns", "shape ns");
    for (name, text) in statements {
        let text = text.as_bytes();
        let reading = fastest(|| drop(black_box(read(black_box(text), &scope, &limits))));
        let mut out = Vec::with_capacity(4096);
        let shaping = fastest(|| {
            out.clear();
            black_box(shape(black_box(text), &mut out));
        });
        println!("{name:<16} {:>6} {reading:>10} {shaping:>10}", text.len());
    }
    for (name, text) in [
        ("values", format!("INSERT INTO t VALUES {}", vec!["(1)"; 62_000].join(","))),
        ("or", format!("DELETE FROM t WHERE {}", vec!["a=1"; 62_000].join(" OR "))),
        ("list", format!("SELECT 1 WHERE 1 IN ({})", vec!["1"; 124_000].join(","))),
        ("statements", "BEGIN;".repeat(10_000)),
    ] {
        let start = Instant::now();
        let understood = read(text.as_bytes(), &scope, &limits).is_ok();
        println!(
            "{name:<16} {:>8} bytes, understood: {understood}, {:?}",
            text.len(),
            start.elapsed()
        );
    }
}

/// Nanoseconds of one run, from the fastest of many batches.
fn fastest(mut run: impl FnMut()) -> u128 {
    let batch = 16;
    (0..4_000)
        .map(|_| {
            let start = Instant::now();
            (0..batch).for_each(|_| run());
            start.elapsed().as_nanos() / batch
        })
        .min()
        .unwrap_or_default()
}
