use model::SessionId;

/// What the server cuts a name to (`NAMEDATALEN`, less its terminator).
const LONGEST: usize = 63;

/// What a session is called on the target: who, which session, and what the client calls itself.
///
/// The session's id is always whole, so that a line in the target's log leads to the recording.
#[must_use]
pub fn application_name(subject: &str, session: SessionId, own: Option<&str>) -> String {
    let session = session.to_string();
    let room = LONGEST.saturating_sub(session.len() + 1);
    let mut name = ascii(subject, room);
    name.push(' ');
    name.push_str(&session);
    let room = LONGEST.saturating_sub(name.len() + 1);
    if let Some(own) = own.filter(|own| !own.trim().is_empty() && room > 0) {
        name.push(' ');
        name.push_str(&ascii(own.trim(), room));
    }
    name
}

/// Printable ASCII, with a mark where something was cut off.
fn ascii(text: &str, room: usize) -> String {
    let mut clean: String =
        text.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect();
    if clean.len() > room {
        clean.truncate(room.saturating_sub(1));
        clean.push('~');
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Timestamp;

    #[test]
    fn the_session_is_always_whole_and_the_rest_is_cut_to_fit() {
        let session = SessionId::new(Timestamp::from_secs(1), 7);
        for (subject, own, expected) in [
            ("ann@example.com", None, format!("ann@example.com {session}")),
            ("ann@example.com", Some("psql"), format!("ann@example.com {session} psql")),
            ("ann@example.com", Some("  "), format!("ann@example.com {session}")),
            ("änn", Some("a\u{1b}[31mb"), format!("?nn {session} a?[31mb")),
            (
                "ann",
                Some("a-name-that-is-much-too-long-to-fit"),
                format!("ann {session} a-name-that-is-much-too-long-to~"),
            ),
            (&"x".repeat(80), Some("psql"), format!("{}~ {session}", "x".repeat(35))),
        ] {
            let name = application_name(subject, session, own);
            assert_eq!(name, expected);
            assert!(name.len() <= LONGEST);
        }
    }
}
