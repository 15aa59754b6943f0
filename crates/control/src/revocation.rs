//! What a revoked token opened ends.

use std::sync::Arc;
use std::time::Duration;

use crate::recordings::Recordings;
use crate::tokens::Tokens;

/// How often, and for how long, sessions of a revoked token are looked for. A login that was
/// checked a moment before the revocation may only now become a session.
const EVERY: Duration = Duration::from_millis(500);
const ROUNDS: u32 = 240;

/// From now on, whoever revokes a token ends the sessions it opened, at once.
pub fn end_sessions_of_revoked_tokens(tokens: &Arc<Tokens>, recordings: &Recordings) {
    let recordings = recordings.clone();
    tokens.on_revoked(move |token| {
        let recordings = recordings.clone();
        let end = move || {
            recordings.end_where(|identity| identity.token == Some(token), "the token was revoked")
        };
        end();
        tokio::spawn(async move {
            for _ in 0..ROUNDS {
                tokio::time::sleep(EVERY).await;
                end();
            }
        });
    });
}
