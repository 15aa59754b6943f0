//! What sessions and statements are looked for by.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::ValueEnum;
use url::form_urlencoded::Serializer;

/// The filters that `ls` and `search` have in common; all that are given must hold.
#[derive(clap::Args)]
pub(super) struct Filters {
    /// Only this person's, machine's or agent's (administrators)
    #[arg(long, alias = "subject", value_name = "SUBJECT")]
    who: Option<String>,
    /// Only those of this resource
    #[arg(long, value_name = "NAME")]
    resource: Option<String>,
    /// Only from then on: 90m, 7d (ago), 2026-11-01 or 2026-11-01T08:30:00Z
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    since: Option<u64>,
    /// Only before then, written as for --since
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    until: Option<u64>,
    /// Only statements that had this verdict
    #[arg(long)]
    verdict: Option<Verdict>,
    /// Only statements that touched this table: orders, or public.orders
    #[arg(long, value_name = "TABLE")]
    table: Option<String>,
    /// Only command lines that run this program: rm
    #[arg(long, value_name = "NAME")]
    program: Option<String>,
    /// Only commands that name this file or folder, or moved it: /etc/hosts, or hosts
    #[arg(long, value_name = "PATH")]
    path: Option<String>,
    /// Only statements whose result was masked for this data class: us_ssn
    #[arg(long, value_name = "CLASS")]
    class: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Verdict {
    Allowed,
    Denied,
    Held,
    Approved,
}

impl Filters {
    /// Adds them to a request's query.
    pub(super) fn put(&self, query: &mut Serializer<'_, String>) {
        let verdict = self.verdict.map(|verdict| match verdict {
            Verdict::Allowed => "allowed".to_owned(),
            Verdict::Denied => "denied".to_owned(),
            Verdict::Held => "held".to_owned(),
            Verdict::Approved => "approved".to_owned(),
        });
        for (name, value) in [
            ("subject", self.who.clone()),
            ("resource", self.resource.clone()),
            ("since", self.since.map(|at| at.to_string())),
            ("until", self.until.map(|at| at.to_string())),
            ("verdict", verdict),
            ("table", self.table.clone()),
            ("program", self.program.clone()),
            ("path", self.path.clone()),
            ("class", self.class.clone()),
        ] {
            if let Some(value) = value {
                query.append_pair(name, &value);
            }
        }
    }

    /// Whether the index has to be asked for them.
    pub(super) const fn are_about_statements(&self) -> bool {
        self.verdict.is_some()
            || self.table.is_some()
            || self.program.is_some()
            || self.path.is_some()
            || self.class.is_some()
    }
}

/// A moment, in seconds since 1970.
fn moment(text: &str) -> Result<u64, String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    read(text, now).ok_or_else(|| {
        format!("`{text}` is not a time: write 90m, 12h, 7d, 2026-11-01 or 2026-11-01T08:30:00Z")
    })
}

fn read(text: &str, now: Duration) -> Option<u64> {
    let (rest, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 24 * 3600,
        "w" => 7 * 24 * 3600,
        _ => return date(text),
    };
    let ago = number(rest)?.checked_mul(seconds)?;
    now.as_secs().checked_sub(ago)
}

/// `2026-11-01`, or with a time of day in UTC: `2026-11-01T08:30Z`, `2026-11-01T08:30:00Z`.
fn date(text: &str) -> Option<u64> {
    let (day, time) = match text.split_once(['T', ' ']) {
        Some((day, time)) => (day, time.strip_suffix('Z').unwrap_or(time)),
        None => (text, "00:00:00"),
    };
    let [year, month, day] = parts(day, '-')?;
    let time = if time.matches(':').count() == 1 { format!("{time}:00") } else { time.to_owned() };
    let [hour, minute, second] = parts(&time, ':')?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days_in_month = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    let fits = (1970..=9999).contains(&year)
        && (1..=days_in_month).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    // Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
    let shifted = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (shifted / 400, shifted % 400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day.checked_sub(1)?;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = (era * 146_097 + day_of_era).checked_sub(719_468)?;
    fits.then_some(days * 86_400 + hour * 3600 + minute * 60 + second)
}

fn parts(text: &str, between: char) -> Option<[u64; 3]> {
    let mut parts = text.split(between).map(number);
    let all = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(all)
}

fn number(text: &str) -> Option<u64> {
    (!text.is_empty() && text.len() <= 12 && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_while_ago_or_a_date() {
        let now = Duration::from_secs(1_800_000_000);
        for (text, expected) in [
            ("90m", Some(1_799_994_600)),
            ("7d", Some(1_799_395_200)),
            ("0s", Some(1_800_000_000)),
            ("2w", Some(1_798_790_400)),
            ("1970-01-01", Some(0)),
            ("2000-02-29", Some(951_782_400)),
            ("2100-01-01", Some(4_102_444_800)),
            ("2027-01-15T08:00:00Z", Some(1_800_000_000)),
            ("2027-01-15 08:00", Some(1_800_000_000)),
            ("2027-02-29", None),
            ("2027-13-01", None),
            ("2027-01-00", None),
            ("2027-01-15T24:00:00Z", None),
            ("99999999999999d", None),
            ("9999999999d", None),
            ("d", None),
            ("", None),
            ("yesterday", None),
            ("-3d", None),
            ("7é", None),
        ] {
            assert_eq!(read(text, now), expected, "{text}");
        }
    }
}
