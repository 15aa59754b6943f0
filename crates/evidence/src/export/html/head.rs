//! The top of the page: who, from where, to what, and what was found when the recording was checked.

use std::fmt::Write as _;

use model::{IdentityKind, SessionHead};

use super::Made;
use super::text::put;
use crate::verify::State;

/// Who came from where to what.
pub(super) fn session(head: &SessionHead, out: &mut String) {
    let identity = &head.identity;
    let kind = match identity.kind {
        IdentityKind::User => "a person",
        IdentityKind::Machine => "a machine",
        IdentityKind::Agent => "an agent",
    };
    let whom = identity.on_behalf_of.as_deref().map(|who| format!(", for {who}"));
    let who = format!(
        "{} ({kind}{}, by {})",
        identity.subject,
        whom.unwrap_or_default(),
        identity.provider
    );
    let database = head.database.as_deref().map(|name| format!(", database {name}"));
    let what = format!("{}{} ({})", head.resource, database.unwrap_or_default(), head.protocol);
    let client = head.client.as_deref().map(|name| format!(", calling itself {name}"));
    out.push_str("<header>\n<p class=\"kind\">Sluice session recording</p>\n<h1>");
    put(out, &identity.subject);
    out.push_str(" on ");
    put(out, &head.resource);
    out.push_str("</h1>\n<dl>\n");
    for (name, text) in [
        ("session", head.id.to_string()),
        ("who", who),
        ("groups", identity.groups.join(", ")),
        ("token", identity.token.map(|token| token.to_string()).unwrap_or_default()),
        ("from", format!("{}{}", head.source, client.unwrap_or_default())),
        ("resource", what),
        ("opened", head.opened.to_string()),
        ("let in by", head.policies.join(", ")),
    ] {
        if !text.is_empty() {
            entry(out, name, &text);
        }
    }
    out.push_str("</dl>\n</header>\n");
}

/// What was found when it was checked.
pub(super) fn proof(made: &Made, out: &mut String) {
    let report = &made.report;
    let (class, verdict, means) = match report.state {
        State::Closed => (
            "good",
            "Verified",
            "The recording is complete and unchanged, and signed to its last byte.",
        ),
        State::Interrupted => (
            "fair",
            "Interrupted",
            "The recording is unchanged and signed; the gateway's process ended in the middle of the session.",
        ),
        State::Unfinished => (
            "fair",
            "Unfinished",
            "The recording is unchanged as far as it goes, but its end is missing: the session was running, or the end was taken away.",
        ),
        State::Cut => (
            "fair",
            "Cut",
            "The recording is unchanged as far as it goes, but it breaks off in the middle of a block.",
        ),
        State::Tampered => (
            "bad",
            "Not verified",
            "The recording was changed, or it was not signed by this key. Do not rely on what follows.",
        ),
    };
    let _ = write!(
        out,
        "<section class=\"proof {class}\">\n<h2>{verdict}</h2>\n<p>{means}</p>\n<dl>\n",
    );
    if let Some(damage) = &report.damage {
        entry(out, "damage", damage);
    }
    let signed = report.signed.until.map(|until| format!(", until {until}")).unwrap_or_default();
    let counts = report.counts;
    let key = match report.state {
        State::Closed | State::Interrupted | State::Unfinished | State::Cut => "signed by key",
        State::Tampered => "checked against",
    };
    for (name, text) in [
        (key, made.key.to_string()),
        ("signed", format!("{} of {} bytes{signed}", report.signed.bytes, report.bytes)),
        ("to the client", format!("{} bytes, those not stored included", report.delivered)),
        ("their SHA-256", report.delivered_sha256.clone()),
        (
            "in numbers",
            format!(
                "{} statements, {} refused, {} held, {} failed; {} rows",
                counts.commands, counts.denied, counts.held, counts.failed, counts.rows
            ),
        ),
        ("checked", format!("{} by {}", made.at, made.program)),
    ] {
        entry(out, name, &text);
    }
    out.push_str("</dl>\n");
    if report.unread > 0 {
        let _ = writeln!(
            out,
            "<p>{} parts are of a kind this version does not know and are not shown.</p>",
            report.unread
        );
    }
    out.push_str(
        "<p class=\"note\">This page is for reading and proves nothing by itself. What proves is the recording: \
         <code>sluice verify</code> checks it with the gateway's public key alone. Values are shown as the client \
         was shown them: masked. Times are UTC.</p>\n</section>\n",
    );
}

fn entry(out: &mut String, name: &str, text: &str) {
    let exact =
        matches!(name, "session" | "token" | "signed by key" | "checked against" | "their SHA-256");
    let class = if exact { " class=\"exact\"" } else { "" };
    let _ = write!(out, "<dt>{name}</dt><dd{class}>");
    put(out, text);
    out.push_str("</dd>\n");
}
