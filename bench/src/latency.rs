//! What a statement's answer takes longer than direct.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::Options;
use crate::load::{Kind, round};
use crate::page::Section;
use crate::paths::Stage;
use crate::stats::{median, percentile};

/// Alternates the ways, round by round, for every kind of statement and number of clients.
pub(crate) fn measure(stage: &Stage, options: &Options) -> Result<Section> {
    let ways = stage.ways("bench");
    let mut section = Section::new(
        "Added latency of a statement",
        "A point select that returns a masked column, asked by clients that wait for each answer. Microseconds above the \
         direct connection's in the same round; the median over the rounds of each round's p50 and p99. `unseen`: no \
         statement is like another, so each is read and decided anew.",
    );
    section.head(&[
        "clients",
        "statement",
        "direct p50",
        "direct p99",
        "copy proxy p50",
        "p99",
        "pgbouncer p50",
        "p99",
        "sluice p50",
        "p99",
        "sluice − copy proxy, p50",
    ]);
    for clients in [1, 8, 32] {
        for kind in [Kind::Simple, Kind::Extended, Kind::Prepared, Kind::Unseen] {
            let mut p50: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
            let mut p99: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
            for turn in 0..options.rounds {
                let mut direct = (0.0, 0.0);
                // Direct first in every round: it is what the others are compared with. The others take turns.
                let mut order: Vec<_> = ways.iter().collect();
                if let Some(others) = order.get_mut(1..) {
                    let turns = turn % others.len().max(1);
                    others.rotate_left(turns);
                }
                for way in order {
                    let round = round(way, kind, clients, options.seconds)?;
                    let (mut middle, mut slow) =
                        (median(&round.micros), percentile(&round.micros, 99.0));
                    if way.name == "direct" {
                        direct = (middle, slow);
                    } else {
                        middle -= direct.0;
                        slow -= direct.1;
                    }
                    p50.entry(way.name).or_default().push(middle);
                    p99.entry(way.name).or_default().push(slow);
                }
            }
            let mut row = vec![clients.to_string(), format!("{kind:?}").to_lowercase()];
            let middle = |name: &str| p50.get(name).map_or(0.0, |values| median(values));
            for (name, sign) in
                [("direct", ""), ("copy proxy", "+"), ("pgbouncer", "+"), ("sluice", "+")]
            {
                let slow = p99.get(name).map_or(0.0, |values| median(values));
                row.push(signed(sign, middle(name)));
                row.push(signed(sign, slow));
            }
            row.push(signed("+", middle("sluice") - middle("copy proxy")));
            section.row(row);
        }
    }
    Ok(section)
}

fn signed(sign: &str, micros: f64) -> String {
    match sign {
        "+" => format!("{micros:+.1}"),
        _ => format!("{micros:.1}"),
    }
}
