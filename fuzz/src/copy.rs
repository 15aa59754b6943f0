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
