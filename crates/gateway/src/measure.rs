//! What is counted. No label holds anything that a client chose.

use metrics::{describe_counter, describe_gauge};

/// Tells whoever collects them what they are.
pub(crate) fn describe() {
    for (name, what) in [
        ("sluice_connections_total", "Connections accepted."),
        ("sluice_connections_turned_away_total", "Connections that became no session, by reason."),
        (
            "sluice_handshakes_timed_out_total",
            "Connections that were nobody when their time was over.",
        ),
        ("sluice_logins_total", "Tokens shown, by outcome."),
        ("sluice_dials_total", "Targets dialled for a session, by outcome."),
        ("sluice_cancel_requests_total", "Requests to cancel, whether or not their key was right."),
        ("sluice_drift_columns_total", "Columns that look sensitive and have no rule, by class."),
        (
            "sluice_shadow_verdicts_total",
            "Verdicts that would have been others if the policies in shadow were in force.",
        ),
    ] {
        describe_counter!(name, what);
    }
    describe_gauge!("sluice_sessions_live", "Sessions that are open.");
}
