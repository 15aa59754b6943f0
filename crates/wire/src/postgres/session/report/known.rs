//! What the server says in words of its own: messages that hold no value, and its SQLSTATEs.

/// Messages of the server's while a statement runs. `"%"` stands for a quoted part, which is a name
/// where it is shown at all; `*` for an unquoted name of an object or a type. Anything else may hold a
/// value without quotes (`requested character too large for encoding: …`, `improper relation name …`).
const MESSAGES: &[&str] = &[
    "ON CONFLICT DO UPDATE command cannot affect row a second time",
    "MERGE command cannot affect row a second time",
    "bigint out of range",
    "bind message supplies * parameters, but prepared statement \"%\" requires *",
    "cached plan must not change result type",
    "canceling autovacuum task",
    "canceling statement due to conflict with recovery",
    "canceling statement due to lock timeout",
    "canceling statement due to statement timeout",
    "canceling statement due to user request",
    "cannot execute * in a read-only transaction",
    "cannot execute * during recovery",
    "column \"%\" of relation \"%\" contains null values",
    "conflicting key value violates exclusion constraint \"%\"",
    "could not create unique index \"%\"",
    "could not obtain lock on relation \"%\"",
    "could not obtain lock on row in relation \"%\"",
    "could not serialize access due to concurrent delete",
    "could not serialize access due to concurrent update",
    "could not serialize access due to read/write dependencies among transactions",
    "current transaction is aborted, commands ignored until end of transaction block",
    "cursor \"%\" does not exist",
    "date/time field value out of range: \"%\"",
    "deadlock detected",
    "division by zero",
    "domain * does not allow null values",
    "duplicate key value violates unique constraint \"%\"",
    "insert or update on table \"%\" violates foreign key constraint \"%\"",
    "integer out of range",
    "interval out of range",
    "invalid input syntax for type *",
    "invalid input syntax for type *: \"%\"",
    "invalid input value for enum *: \"%\"",
    "malformed array literal: \"%\"",
    "malformed range literal: \"%\"",
    "malformed record literal: \"%\"",
    "more than one row returned by a subquery used as an expression",
    "new row for relation \"%\" violates check constraint \"%\"",
    "new row violates row-level security policy for table \"%\"",
    "no partition of relation \"%\" found for row",
    "null value in column \"%\" of relation \"%\" violates not-null constraint",
    "numeric field overflow",
    "out of memory",
    "out of shared memory",
    "permission denied for column *",
    "permission denied for function *",
    "permission denied for schema *",
    "permission denied for sequence *",
    "permission denied for table *",
    "permission denied for view *",
    "portal \"%\" does not exist",
    "prepared statement \"%\" does not exist",
    "smallint out of range",
    "terminating connection because backend initialization completed past serializable conflict",
    "terminating connection because of crash of another server process",
    "terminating connection due to administrator command",
    "terminating connection due to conflict with recovery",
    "terminating connection due to idle-in-transaction timeout",
    "terminating connection due to idle-session timeout",
    "terminating connection due to transaction timeout",
    "timestamp out of range",
    "unnamed prepared statement does not exist",
    "update or delete on table \"%\" violates foreign key constraint \"%\" on table \"%\"",
    "value \"%\" is out of range for type *",
    "value for domain * violates check constraint \"%\"",
    "value out of range: overflow",
    "value out of range: underflow",
    "value overflows numeric format",
    "value too long for type *",
    "view \"%\" has been changed",
    "year out of range",
];

/// Whether a message is one of the server's own that holds no value. `names`: whether names of objects
/// in it can be believed to be that.
pub(super) fn is_message(skeleton: &[u8], names: bool) -> bool {
    MESSAGES.iter().any(|known| match known.contains('*') {
        true => names && matches(known, skeleton),
        false => known.as_bytes() == skeleton,
    })
}

/// Whether a text is of this form. What a `*` stands for is looked for once, from the left: no known
/// message needs more.
fn matches(known: &str, text: &[u8]) -> bool {
    let mut rest = text;
    let mut parts = known.split('*');
    let Some(first) = parts.next() else { return false };
    let Some(behind) = rest.strip_prefix(first.as_bytes()) else { return false };
    rest = behind;
    for part in parts {
        let length = match part.as_bytes() {
            [] => rest.len(),
            part => match memchr::memmem::find(rest, part) {
                Some(at) => at,
                None => return false,
            },
        };
        let (name, behind) = rest.split_at(length);
        if name.is_empty() || name.len() > 160 || !name.iter().all(|byte| is_of_a_name(*byte)) {
            return false;
        }
        rest = behind.strip_prefix(part.as_bytes()).unwrap_or_default();
    }
    rest.is_empty()
}

/// `character varying(11)`, `time without time zone`, `app.mood`, `numeric(10,2)[]`.
const fn is_of_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b' ' | b'_' | b'.' | b',' | b'(' | b')' | b'[' | b']')
        || byte >= 0x80
}

/// Whether a SQLSTATE is one the server has a name for: `RAISE … USING ERRCODE` takes any five letters.
pub(super) fn is_state(code: &[u8]) -> bool {
    let Some((class, code)) = code.split_at_checked(2) else { return false };
    STATES
        .iter()
        .filter(|(known, _)| known.as_bytes() == class)
        .any(|(_, codes)| codes.split(' ').any(|known| known.as_bytes() == code))
}

/// Classes of SQLSTATEs, and the three last letters of those in each (`errcodes.txt` of versions 15 to 18).
#[rustfmt::skip]
const STATES: &[(&str, &str)] = &[
    ("00", "000"),
    ("01", "000 003 004 006 007 008 00C P01"),
    ("02", "000 001"),
    ("03", "000"),
    ("08", "000 001 003 004 006 007 P01"),
    ("09", "000"),
    ("0A", "000"),
    ("0B", "000"),
    ("0F", "000 001"),
    ("0L", "000 P01"),
    ("0P", "000"),
    ("0Z", "000 002"),
    ("10", "608"),
    ("20", "000"),
    ("21", "000"),
    ("22", "000 001 002 003 004 005 007 008 009 00B 00C 00D 00F 00G 00H 00L 00M 00N 00S 00T 010 011 012 013 014 015 016 018 019 01B 01E 01F 01G 01W 01X 021 022 023 024 025 026 027 02E 02G 02H 030 031 032 033 034 035 036 037 038 039 03A 03B 03C 03D 03E 03F 03G P01 P02 P03 P04 P05 P06"),
    ("23", "000 001 502 503 505 514 P01"),
    ("24", "000"),
    ("25", "000 001 002 003 004 005 006 007 008 P01 P02 P03 P04"),
    ("26", "000"),
    ("27", "000"),
    ("28", "000 P01"),
    ("2B", "000 P01"),
    ("2D", "000"),
    ("2F", "000 002 003 004 005"),
    ("34", "000"),
    ("38", "000 001 002 003 004"),
    ("39", "000 001 004 P01 P02 P03"),
    ("3B", "000 001"),
    ("3D", "000"),
    ("3F", "000"),
    ("40", "000 001 002 003 P01"),
    ("42", "000 501 601 602 611 622 701 702 703 704 710 712 723 725 803 804 809 830 846 883 8C9 939 P01 P02 P03 P04 P05 P06 P07 P08 P09 P10 P11 P12 P13 P14 P15 P16 P17 P18 P19 P20 P21 P22"),
    ("44", "000"),
    ("53", "000 100 200 300 400"),
    ("54", "000 001 011 023"),
    ("55", "000 006 P02 P03 P04"),
    ("57", "000 014 P01 P02 P03 P04 P05"),
    ("58", "000 030 P01 P02 P03"),
    ("72", "000"),
    ("F0", "000 001"),
    ("HV", "000 001 002 004 005 006 007 008 009 00A 00B 00C 00D 00J 00K 00L 00M 00N 00P 00Q 00R 010 014 021 024 090 091"),
    ("P0", "000 001 002 003 004"),
    ("XX", "000 001 002"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_the_servers_is_known_by_its_words() {
        for (text, known, without_names) in [
            ("division by zero", true, true),
            ("invalid input syntax for type timestamp with time zone: \"%\"", true, false),
            ("invalid input value for enum app.mood: \"%\"", true, false),
            ("value too long for type character varying(11)", true, false),
            (
                "bind message supplies 1 parameters, but prepared statement \"%\" requires 2",
                true,
                false,
            ),
            ("requested character too large for encoding: 536228726", false, false),
            ("operator does not exist: ann@example.com", false, false),
            ("permission denied for table ann@example.com", false, false),
            ("permission denied for table ", false, false),
            ("division by zero in 536228726", false, false),
            ("", false, false),
        ] {
            assert_eq!(is_message(text.as_bytes(), true), known, "{text}");
            assert_eq!(is_message(text.as_bytes(), false), without_names, "{text}");
        }
    }

    #[test]
    fn a_state_made_of_a_value_is_none() {
        for known in ["00000", "23505", "P0001", "57P01", "XX000", "HV00R"] {
            assert!(is_state(known.as_bytes()), "{known}");
        }
        for made in ["53622", "07805", "2350", "235050", "23 05", "", "0"] {
            assert!(!is_state(made.as_bytes()), "{made}");
        }
    }
}
