//! The content net alone: megabytes of cells a second and core, and the longest time for one cell.

use std::hint::black_box;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use mask::{Classes, DataClass, Detectors, Masked, ValueFormat, ValueType};

use super::cells::{self, Cells, LONG};
use crate::machine::cpu_here;
use crate::page::Section;
use crate::stats::{float, median};

/// CPU seconds of one round: the clock ticks in milliseconds.
const ROUND: f64 = 0.2;
const ROUNDS: usize = 7;

/// Every detector over cells of every kind, one by one as rows have them.
pub(crate) fn measure() -> Result<Section> {
    let names: Vec<_> =
        mask::catalogue().iter().filter(|info| info.has_detector).map(|info| info.name).collect();
    let classes = |names: &[&str]| -> Result<Classes> {
        names.iter().map(|name| DataClass::new(name).context("a class")).collect()
    };
    let all = Detectors::new(&classes(&names)?)?;
    let five = Detectors::new(&classes(&FIVE)?)?;
    let mut section = Section::new(
        "The content net",
        &format!(
            "Cells of `text`, searched one by one for all {} classes that are found by content, and for five of them ({}): MB of cells \
             for each CPU-second of one core, median of {ROUNDS} rounds over all rows. Hostile: {} cells of 64 KiB made of nothing but \
             beginnings of findings; of each the fastest of {} runs, one before each row of each round, and of these the slowest.",
            names.len(),
            FIVE.join(", "),
            cells::hostile().count(),
            ROUNDS * cells::all().len(),
        ),
    );
    section.head(&[
        "cells",
        "bytes each",
        "all classes, MB/s",
        "ns each",
        "five classes, MB/s",
        "ns each",
    ]);
    let rows = cells::all();
    for cells in &rows {
        for detectors in [&all, &five] {
            finds_what_is_there(detectors, cells)?;
        }
    }
    let mut hostile = Hostile::new();
    let mut seconds = vec![[Vec::new(), Vec::new()]; rows.len()];
    for _ in 0..ROUNDS {
        for (cells, of_row) in rows.iter().zip(&mut seconds) {
            hostile.round(&all);
            for (detectors, of_cell) in [&all, &five].into_iter().zip(of_row) {
                of_cell.push(seconds_each(detectors, cells));
            }
        }
    }
    for (cells, of_row) in rows.iter().zip(&seconds) {
        let size = float(cells.bytes() as u64) / float(cells.texts.len() as u64);
        let mut row = vec![cells.name.to_owned(), format!("{size:.0}")];
        for of_cell in of_row {
            let each = median(of_cell);
            row.push(format!("{:.0}", size / each / 1e6));
            row.push(format!("{:.0}", each * 1e9));
        }
        section.row(row);
    }
    let (slowest, millis) = hostile.slowest();
    section.row(vec![
        format!("hostile: `{}`", slowest.escape_default()),
        LONG.to_string(),
        format!("{:.0}", float(LONG as u64) / millis / 1e3),
        format!("{:.0} ({millis:.3} ms)", millis * 1e6),
        "–".to_owned(),
        "–".to_owned(),
    ]);
    Ok(section)
}

/// Those that a resource names first.
const FIVE: [&str; 5] = ["credit_card", "email", "us_ssn", "iban", "phone"];

/// A number of what it does not find would say nothing.
fn finds_what_is_there(detectors: &Detectors, cells: &Cells) -> Result<()> {
    let masked = pass(detectors, cells);
    let expected = if cells.is_sensitive { cells.texts.len() as u64 } else { 0 };
    ensure!(masked.abs_diff(expected) * 50 <= cells.texts.len() as u64, "{}: {masked}", cells.name);
    Ok(())
}

/// CPU seconds for one cell, of one round.
fn seconds_each(detectors: &Detectors, cells: &Cells) -> f64 {
    let (begun, mut passes, mut spent) = (cpu_here(), 0.0, 0.0);
    while spent < ROUND {
        black_box(pass(detectors, cells));
        passes += 1.0;
        spent = cpu_here() - begun;
    }
    spent / passes / float(cells.texts.len() as u64)
}

/// How many cells were masked.
fn pass(detectors: &Detectors, cells: &Cells) -> u64 {
    let mut out = Vec::with_capacity(4096);
    let mut masked = 0;
    for text in &cells.texts {
        out.clear();
        let text = black_box(text.as_bytes());
        let done = detectors.mask_value(ValueType::Text, ValueFormat::Text, text, &mut out);
        masked += u64::from(done == Masked::Replaced);
    }
    masked
}

/// Cells that are hostile, and of each the fastest of rounds over all of them: what else the machine does lasts for longer
/// than one cell, and than one round.
struct Hostile {
    cells: Vec<((String, Vec<u8>), f64)>,
}

impl Hostile {
    fn new() -> Self {
        let cells = cells::hostile().map(|cell| (cell, f64::INFINITY)).collect();
        Self { cells }
    }

    fn round(&mut self, detectors: &Detectors) {
        let mut out = Vec::with_capacity(16 * LONG);
        for ((_, cell), best) in &mut self.cells {
            out.clear();
            let begun = Instant::now();
            black_box(detectors.mask_text(black_box(cell), &mut out));
            *best = best.min(begun.elapsed().as_secs_f64() * 1e3);
        }
    }

    /// The one that takes longest, and its milliseconds.
    fn slowest(self) -> (String, f64) {
        let slowest = self.cells.into_iter().max_by(|one, other| one.1.total_cmp(&other.1));
        slowest.map(|((unit, _), best)| (unit, best)).unwrap_or_default()
    }
}
