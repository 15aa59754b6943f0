//! What is common to candidates, and their list in columns.

use super::shown::escaped;

/// More candidates than these are only counted.
const LISTED: usize = 200;

/// The longest text that all candidates begin with.
pub(super) fn common(candidates: &[String]) -> &str {
    let Some((first, others)) = candidates.split_first() else { return "" };
    let length = others.iter().fold(first.len(), |length, other| {
        let same = first.chars().zip(other.chars()).take_while(|(one, two)| one == two);
        length.min(same.map(|(ch, _)| ch.len_utf8()).sum())
    });
    first.get(..length).unwrap_or_default()
}

/// The candidates in columns, one below the other, for a screen so many columns wide.
pub(super) fn list(candidates: &[String], columns: usize) -> String {
    if candidates.len() > LISTED {
        return format!("{} possibilities\r\n", candidates.len());
    }
    let shown: Vec<(String, usize)> = candidates.iter().map(|text| escaped(text)).collect();
    let widest = shown.iter().map(|(_, width)| *width).max().unwrap_or(0).saturating_add(2);
    // The last column stays free, as terminals disagree about what follows on it.
    let across = columns.saturating_sub(1).checked_div(widest).unwrap_or(1).max(1);
    let down = shown.len().div_ceil(across);
    let mut text = String::new();
    for row in 0..down {
        let mut gap = 0_usize;
        for (candidate, width) in shown.iter().skip(row).step_by(down) {
            text.extend(std::iter::repeat_n(' ', gap));
            text.push_str(candidate);
            gap = widest.saturating_sub(*width);
        }
        text.push_str("\r\n");
    }
    text
}
