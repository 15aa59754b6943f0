//! Medians and percentiles.

/// The middle of some numbers; zero of none.
pub(crate) fn median(values: &[f64]) -> f64 {
    percentile(values, 50.0)
}

/// The value below which `percent` of the values are; zero of none.
pub(crate) fn percentile(values: &[f64], percent: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index of a list that fits in memory"
    )]
    let at = ((sorted.len().saturating_sub(1)) as f64 * percent / 100.0).round() as usize;
    sorted.get(at).copied().unwrap_or_default()
}

/// A number of things as a float.
#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^52")]
pub(crate) const fn float(count: u64) -> f64 {
    count as f64
}
