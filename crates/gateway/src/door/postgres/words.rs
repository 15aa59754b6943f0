//! What clients hear at PostgreSQL's door.

use model::Reason;
use model::ports::Unidentified;
use wire::postgres::error::{Report, field, sqlstate};

/// What a client hears whose token or certificate was not taken: the same whatever was wrong with it.
pub(super) fn unidentified(error: &Unidentified) -> Report<'static> {
    match error {
        Unidentified::Unknown(_)
        | Unidentified::Expired
        | Unidentified::Revoked
        | Unidentified::Key | Unidentified::SshCertificate(_) => {
            Report::fatal(sqlstate::INVALID_PASSWORD, "the token was not accepted").hint(
                "The password is a token of your identity provider or of Sluice: sign in with `sluice login`, or use `sluice connect RESOURCE`.",
            )
        }
        Unidentified::Certificate(_) => Report::fatal(
            sqlstate::INVALID_AUTHORIZATION_SPECIFICATION,
            "the client certificate was not accepted",
        )
        .hint("The gateway's operator finds the reason in its log. To sign in with a token instead, connect with sslcertmode=disable."),
        Unidentified::Throttled(_) => {
            Report::fatal(sqlstate::INVALID_AUTHORIZATION_SPECIFICATION, error.to_string())
        }
        Unidentified::Unavailable(_) => Report::fatal(
            sqlstate::CANNOT_CONNECT_NOW,
            "the token cannot be checked: the identity provider cannot be reached",
        )
        .hint("Try again in a moment."),
    }
}

/// What a client hears that may not open what it asks for.
pub(super) fn refused(reason: &Reason) -> Report<'static> {
    let mut report = Report::fatal(sqlstate::INSUFFICIENT_PRIVILEGE, reason.message.clone());
    if !reason.policies.is_empty() {
        let policies = reason.policies.join(", ");
        report = report.with(field::DETAIL, format!("Policy: {policies}").into_bytes());
    }
    match &reason.hint {
        Some(hint) => report.hint(hint.clone()),
        None => report,
    }
}
