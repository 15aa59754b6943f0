//! What a relay says: to clients in words, to whoever watches the gateway in numbers.

use metrics::counter;
use model::ports::{Held, RecordError};
use model::{Ask, Reason, ReasonKind, Verdict};

/// Counts what policies that are only tried out would have said.
pub(crate) fn count_shadow(would: Verdict) {
    let verdict = match would {
        Verdict::Allowed | Verdict::Approved => "allowed",
        Verdict::Denied => "denied",
        Verdict::Held => "held",
    };
    counter!("sluice_shadow_verdicts_total", "verdict" => verdict).increment(1);
}

/// What a client is told while its command waits.
pub(super) fn notice(ask: &Ask, held: &Held) -> (String, String) {
    let who = ask.approvers.join(" or ");
    let how_many = if ask.approvals > 1 { format!("{} of ", ask.approvals) } else { String::new() };
    let minutes = ask.within.as_secs().div_ceil(60);
    let message =
        format!("the command waits for approval {} by {how_many}{who}: {}", held.id, ask.message);
    let hint = format!(
        "An approver runs `sluice approvals approve {}` within {minutes} minutes. Cancel the command to withdraw it.",
        held.id
    );
    (message, hint)
}

/// A command that must be held, and nobody to ask.
pub(super) fn unavailable(why: &str) -> Reason {
    Reason {
        kind: ReasonKind::Unavailable,
        message: format!("the command needs an approval and none can be asked for: {why}"),
        policies: Vec::new(),
        hint: None,
    }
}

/// A command that cannot be recorded.
pub(super) fn unrecordable(error: &RecordError) -> Reason {
    Reason {
        kind: ReasonKind::Unavailable,
        message: format!("{error}: the command was not sent"),
        policies: Vec::new(),
        hint: Some(
            "The gateway's administrator must see to where recordings are kept; then send it again.".to_owned(),
        ),
    }
}

/// A command that its client withdrew while it was held.
pub(super) fn canceled() -> Reason {
    Reason {
        kind: ReasonKind::Canceled,
        message: "canceling statement due to user request".to_owned(),
        policies: Vec::new(),
        hint: None,
    }
}
