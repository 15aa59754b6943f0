//! What a policy asks for beside yes or no, in its annotations.

use std::time::Duration;

use cedar_policy::{Effect, Policy};
use model::Evidence;

/// The longest a request may stay open.
const LONGEST: Duration = Duration::from_hours(24);
/// How long it stays open when the policy does not say.
const USUAL: Duration = Duration::from_mins(15);

/// What a policy's annotations say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Annotations {
    /// `@id`.
    pub(crate) id: String,
    /// `@message`.
    pub(crate) message: Option<String>,
    /// `@approve`, `@approvals` and `@within`.
    pub(crate) approval: Option<Approval>,
    /// `@shadow`: it is tried out and decides nothing.
    pub(crate) shadow: bool,
    /// `@evidence`.
    pub(crate) evidence: Evidence,
    /// `@contents`, in bytes.
    pub(crate) contents: u64,
}

/// A permit that holds until humans agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Approval {
    /// Any one of these groups, sorted, without repetition.
    pub(crate) groups: Vec<String>,
    /// How many people.
    pub(crate) approvals: u32,
    /// How long the request stays open.
    pub(crate) within: Duration,
}

/// Reads a policy's annotations. An error comes with the annotation it is about.
pub(crate) fn read(policy: &Policy) -> Result<Annotations, Vec<(String, String)>> {
    let mut errors = Vec::new();
    let mut wrong = |key: &str, message: String| errors.push((key.to_owned(), message));

    for (key, _) in policy.annotations() {
        match key {
            "id" | "message" | "approve" | "approvals" | "within" | "shadow" | "evidence"
            | "contents" => {}
            "max_rows" | "commit" | "reason" => wrong(
                key,
                format!(
                    "@{key} is not supported by this version: it would have no effect, so the policy is not loaded"
                ),
            ),
            _ => wrong(
                key,
                format!(
                    "@{key} is no annotation: known are @id, @message, @approve, @approvals, @within, @evidence, @contents and @shadow"
                ),
            ),
        }
    }

    let id = policy.annotation("id").unwrap_or_default().trim();
    if id.is_empty() {
        wrong("id", "every policy needs a name: write @id(\"…\") in front of it".to_owned());
    } else if let Err(message) = good_id(id) {
        wrong("id", message);
    }

    let message = policy.annotation("message").map(|text| text.trim().to_owned());
    if message.as_ref().is_some_and(String::is_empty) {
        wrong("message", "@message is empty".to_owned());
    }

    if policy.effect() == Effect::Forbid {
        for key in ["approve", "approvals", "within"] {
            if policy.annotation(key).is_some() {
                wrong(
                    key,
                    format!(
                        "@{key} belongs on a permit: a forbid always wins, no approval lifts it"
                    ),
                );
            }
        }
    }
    let approval = match policy.annotation("approve") {
        Some(text) => {
            let groups = groups(text).map_err(|message| wrong("approve", message));
            let approvals = policy
                .annotation("approvals")
                .map_or(Ok(1), approvals)
                .map_err(|message| wrong("approvals", message));
            let within = policy
                .annotation("within")
                .map_or(Ok(USUAL), duration)
                .map_err(|message| wrong("within", message));
            match (groups, approvals, within) {
                (Ok(groups), Ok(approvals), Ok(within)) => {
                    Some(Approval { groups, approvals, within })
                }
                _ => None,
            }
        }
        None => {
            for key in ["approvals", "within"] {
                if policy.effect() == Effect::Permit && policy.annotation(key).is_some() {
                    wrong(key, format!("@{key} needs @approve beside it"));
                }
            }
            None
        }
    };

    let shadow = policy.annotation("shadow");
    if shadow.is_some_and(|text| text != "true") {
        // Half of what is meant would be a policy in force that nobody wanted in force, or the reverse.
        wrong("shadow", "@shadow is written @shadow(\"true\"), or left out".to_owned());
    }
    let evidence = match (policy.annotation("evidence"), policy.effect()) {
        (None, _) => Evidence::Buffered,
        (Some(_), Effect::Forbid) => {
            let message = "@evidence belongs on a permit: what is forbidden is not sent";
            wrong("evidence", message.to_owned());
            Evidence::Buffered
        }
        (Some("strict"), Effect::Permit) => Evidence::Strict,
        (Some(_), Effect::Permit) => {
            let message = "@evidence is written @evidence(\"strict\"), or left out: a policy asks for more than \
                 the resource does, never for less";
            wrong("evidence", message.to_owned());
            Evidence::Buffered
        }
    };

    let contents = match (policy.annotation("contents"), policy.effect()) {
        (None, _) => 0,
        (Some(_), Effect::Forbid) => {
            wrong(
                "contents",
                "@contents belongs on a permit: nothing is moved that is forbidden".to_owned(),
            );
            0
        }
        (Some(text), Effect::Permit) => size(text).unwrap_or_else(|message| {
            wrong("contents", message);
            0
        }),
    };

    if errors.is_empty() {
        let shadow = shadow.is_some();
        Ok(Annotations { id: id.to_owned(), message, approval, shadow, evidence, contents })
    } else {
        Err(errors)
    }
}

fn good_id(id: &str) -> Result<(), String> {
    if id.chars().count() > 128 || id.chars().any(char::is_control) {
        return Err("@id is longer than 128 letters or holds control characters".to_owned());
    }
    Ok(())
}

/// `group:dba, group:lead`: any one of them.
fn groups(text: &str) -> Result<Vec<String>, String> {
    let mut groups = Vec::new();
    for part in text.split(',') {
        let part = part.trim();
        match part.strip_prefix("group:").map(str::trim) {
            Some(name) if !name.is_empty() => groups.push(name.to_owned()),
            _ => {
                return Err(format!(
                    "`{part}` is no approver: write group:NAME, several separated by commas"
                ));
            }
        }
    }
    groups.sort_unstable();
    groups.dedup();
    Ok(groups)
}

fn approvals(text: &str) -> Result<u32, String> {
    match text.trim().parse() {
        Ok(number @ 1..=100) => Ok(number),
        _ => Err(format!("`{text}` is no number of approvals: write 1 to 100")),
    }
}

/// `90s`, `15m`, `2h`.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong =
        || format!("`{text}` is no time: write 90s, 15m or 2h, at most 24h and more than none");
    let text = text.trim();
    let unit = match text.bytes().last() {
        Some(b's') => 1,
        Some(b'm') => 60,
        Some(b'h') => 3600,
        _ => return Err(wrong()),
    };
    let digits = text.get(..text.len() - 1).ok_or_else(wrong)?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let seconds =
        digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)).ok_or_else(wrong)?;
    let span = Duration::from_secs(seconds);
    if span.is_zero() || span > LONGEST { Err(wrong()) } else { Ok(span) }
}

/// `64KiB`, `1MiB`, `1GiB`: how much of a file's content is kept.
fn size(text: &str) -> Result<u64, String> {
    let units = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];
    let read = units.iter().find_map(|(unit, times)| {
        let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
        number.checked_mul(*times)
    });
    read.filter(|bytes| (1..=1 << 30).contains(bytes)).ok_or_else(|| {
        format!("`{text}` is not so much of a file: write 64KiB, 1MiB, at most 1GiB")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(annotations: &str, effect: &str) -> Result<Annotations, String> {
        let text = format!("{annotations} {effect} (principal, action, resource);");
        let policy = Policy::parse(None, text).unwrap();
        read(&policy)
            .map_err(|errors| errors.into_iter().map(|(key, _)| key).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn an_approval_is_read_with_its_defaults() {
        let usual = of("@id(\"a\") @approve(\"group:dba\")", "permit").unwrap().approval;
        let expected = Approval { groups: vec!["dba".into()], approvals: 1, within: USUAL };
        assert_eq!(usual, Some(expected));
        let all = "@id(\"a\") @approve(\" group:lead , group:dba, group:dba\") @approvals(\"2\") @within(\"90s\")";
        let expected = Approval {
            groups: vec!["dba".into(), "lead".into()],
            approvals: 2,
            within: Duration::from_secs(90),
        };
        assert_eq!(of(all, "permit").unwrap().approval, Some(expected));
    }

    #[test]
    fn what_is_tried_out_and_what_must_be_on_the_disk_first_is_read() {
        let plain = of("@id(\"a\")", "permit").unwrap();
        assert_eq!((plain.shadow, plain.evidence), (false, Evidence::Buffered));
        let both = of("@id(\"a\") @shadow(\"true\") @evidence(\"strict\")", "permit").unwrap();
        assert_eq!((both.shadow, both.evidence), (true, Evidence::Strict));
        assert!(of("@id(\"a\") @shadow(\"true\")", "forbid").unwrap().shadow);
        let contents = |text: &str| {
            of(&format!("@id(\"a\") @contents(\"{text}\")"), "permit").unwrap().contents
        };
        assert_eq!((plain.contents, contents("64KiB"), contents("1GiB")), (0, 64 << 10, 1 << 30));
    }

    #[test]
    fn what_an_annotation_cannot_mean_is_refused() {
        for (annotations, effect, about) in [
            ("", "permit", "id"),
            ("@id(\" \")", "permit", "id"),
            ("@id", "permit", "id"),
            ("@id(\"a\") @aprove(\"group:dba\")", "permit", "aprove"),
            ("@id(\"a\") @max_rows(\"10\")", "permit", "max_rows"),
            ("@id(\"a\") @reason(\"required\")", "permit", "reason"),
            ("@id(\"a\") @approve(\"\")", "permit", "approve"),
            ("@id(\"a\") @approve", "permit", "approve"),
            ("@id(\"a\") @approve(\"dba\")", "permit", "approve"),
            ("@id(\"a\") @approve(\"group:\")", "permit", "approve"),
            ("@id(\"a\") @approve(\"group:dba,\")", "permit", "approve"),
            ("@id(\"a\") @approve(\"group:dba\") @approvals(\"0\")", "permit", "approvals"),
            ("@id(\"a\") @approve(\"group:dba\") @approvals(\"-1\")", "permit", "approvals"),
            ("@id(\"a\") @approve(\"group:dba\") @within(\"15\")", "permit", "within"),
            ("@id(\"a\") @approve(\"group:dba\") @within(\"0m\")", "permit", "within"),
            ("@id(\"a\") @approve(\"group:dba\") @within(\"25h\")", "permit", "within"),
            ("@id(\"a\") @approve(\"group:dba\") @within(\"+1h\")", "permit", "within"),
            (
                "@id(\"a\") @approve(\"group:dba\") @within(\"99999999999999999999h\")",
                "permit",
                "within",
            ),
            ("@id(\"a\") @approve(\"group:dba\") @within(\"1ü\")", "permit", "within"),
            ("@id(\"a\") @approvals(\"2\")", "permit", "approvals"),
            ("@id(\"a\") @within(\"2m\")", "permit", "within"),
            ("@id(\"a\") @approve(\"group:dba\")", "forbid", "approve"),
            ("@id(\"a\") @message(\"\")", "forbid", "message"),
            ("@id(\"a\") @shadow", "forbid", "shadow"),
            ("@id(\"a\") @shadow(\"\")", "forbid", "shadow"),
            ("@id(\"a\") @shadow(\"false\")", "permit", "shadow"),
            ("@id(\"a\") @shadow(\"True\")", "permit", "shadow"),
            ("@id(\"a\") @shadow(\" true\")", "permit", "shadow"),
            ("@id(\"a\") @evidence", "permit", "evidence"),
            ("@id(\"a\") @evidence(\"buffered\")", "permit", "evidence"),
            ("@id(\"a\") @evidence(\"Strict\")", "permit", "evidence"),
            ("@id(\"a\") @evidence(\"strict\")", "forbid", "evidence"),
            ("@id(\"a\") @contents", "permit", "contents"),
            ("@id(\"a\") @contents(\"0KiB\")", "permit", "contents"),
            ("@id(\"a\") @contents(\"1\")", "permit", "contents"),
            ("@id(\"a\") @contents(\"-1MiB\")", "permit", "contents"),
            ("@id(\"a\") @contents(\"2GiB\")", "permit", "contents"),
            ("@id(\"a\") @contents(\"99999999999999999999MiB\")", "permit", "contents"),
            ("@id(\"a\") @contents(\"1MiB\")", "forbid", "contents"),
        ] {
            assert_eq!(of(annotations, effect), Err(about.to_owned()), "{annotations}");
        }
    }
}
