use model::Peer;

use crate::stage::{allow, contains, message, tell};

const NUMBER: &[u8] = b"536-22-8726";

/// COPY's rows are masked in every format, however the server cuts them and whatever is in them. Only
/// the value of the sensitive column is looked for: a line break in the middle of nowhere makes the
/// rest another column's.
pub fn copy_out(data: &[u8]) {
    let Some((&how, rest)) = data.split_first() else { return };
    // What stands in the other column is shown, the number itself too.
    if rest.len() > 8 << 10 || contains(rest, NUMBER) {
        return;
    }
    let (options, separator): (&str, u8) = match how % 4 {
        0 => ("", b'\t'),
        1 => ("(FORMAT csv)", b','),
        2 => ("(FORMAT csv, HEADER, QUOTE '''', DELIMITER ';')", b';'),
        _ => ("(DELIMITER '|', NULL 'nil')", b'|'),
    };
    let query = format!("COPY customers (ssn, id) TO STDOUT {options}\0");
    let query = message(b'Q', query.as_bytes());
    let mut server = message(b'H', &[0, 0, 2, 0, 0, 0, 0]);
    if how % 4 == 2 {
        server.extend(message(b'd', b"ssn;id\n"));
    }
    for line in rest.split(|byte| *byte == b'\n').take(64) {
        // The number stands whole in the first column; what the fuzzer says is the second.
        let line = [NUMBER, &[separator], line, b"\n"].concat();
        let cut = usize::from(how >> 2) % line.len();
        if cut > 0 {
            server.extend(message(b'd', &line[..cut]));
        }
        server.extend(message(b'd', &line[cut..]));
    }
    server.extend(message(b'c', b""));
    server.extend(message(b'C', b"COPY 1\0"));
    server.extend(message(b'Z', b"I"));
    let said = [(Peer::Client, query.as_slice()), (Peer::Upstream, server.as_slice())];
    let told = tell(&said, usize::MAX, allow);
    assert!(!contains(&told.client, NUMBER), "{:?}", String::from_utf8_lossy(&told.client));
    assert_eq!(tell(&said, 3, allow), told);
}

/// In COPY's binary format likewise, and what is no tuple ends the session rather than show anything:
/// honest rows come first, then what the fuzzer says.
pub fn copy_binary(data: &[u8]) {
    let Some((&how, rest)) = data.split_first() else { return };
    if rest.len() > 8 << 10 || contains(rest, NUMBER) {
        return;
    }
    let query = message(b'Q', b"COPY customers (ssn, id) TO STDOUT (FORMAT binary)\0");
    let mut server = message(b'H', &[1, 0, 2, 0, 1, 0, 1]);
    let mut pieces: Vec<&[u8]> = rest.split(|byte| *byte == 0xfe).take(64).collect();
    let hostile = pieces.pop().unwrap_or_default();
    let mut sent = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0".to_vec();
    for value in pieces {
        sent.extend([0, 2]);
        for field in [NUMBER, value] {
            sent.extend(u32::try_from(field.len()).unwrap().to_be_bytes());
            sent.extend(field);
        }
    }
    sent.extend(hostile);
    for piece in sent.chunks(1 + usize::from(how >> 1)) {
        server.extend(message(b'd', piece));
    }
    server.extend(message(b'c', b""));
    server.extend(message(b'C', b"COPY 1\0"));
    server.extend(message(b'Z', b"I"));
    let said = [(Peer::Client, query.as_slice()), (Peer::Upstream, server.as_slice())];
    let told = tell(&said, usize::MAX, allow);
    assert!(!contains(&told.client, NUMBER), "{:?}", String::from_utf8_lossy(&told.client));
    let again = tell(&said, 3, allow);
    assert!(!contains(&again.client, NUMBER));
    // How much was sent before a session ends for what it is told depends on how that was cut.
    assert!(told.violated && again.violated || again == told);
}
