use model::Peer;

use crate::stage::{CUSTOMERS, allow, contains, message, tell};

const NUMBER: &[u8] = b"536-22-8726";

/// A sensitive column's values never reach the client, whatever stands around them and whatever the
/// format; a value anywhere else that is one is found by its content.
pub fn results(data: &[u8]) {
    let Some((&how, rest)) = data.split_first() else { return };
    if rest.len() > 8 << 10 {
        return;
    }
    let binary = how & 1 != 0;
    let query = message(b'Q', b"SELECT ssn, notes FROM customers\0");
    let mut server = message(b'T', &description(binary));
    for value in rest.split(|byte| *byte == 0xfe).take(64) {
        let whole = [value, NUMBER, value].concat();
        server.extend(message(b'D', &row(&[&whole, if how & 2 == 0 { b"x" } else { NUMBER }])));
    }
    server.extend(message(b'C', b"SELECT 1\0"));
    server.extend(message(b'Z', b"I"));
    let said = [(Peer::Client, query.as_slice()), (Peer::Upstream, server.as_slice())];
    let told = tell(&said, usize::MAX, allow);
    assert!(!told.violated);
    assert!(!contains(&told.client, NUMBER), "{:?}", String::from_utf8_lossy(&told.client));
    assert_eq!(tell(&said, 1 + usize::from(how >> 2), allow), told);
}

fn description(binary: bool) -> Vec<u8> {
    let mut body = vec![0, 2];
    for (name, number) in [("ssn", 2_i16), ("notes", 3)] {
        body.extend(name.bytes().chain([0]));
        body.extend(CUSTOMERS.to_be_bytes());
        body.extend(number.to_be_bytes());
        body.extend(25_u32.to_be_bytes());
        body.extend((-1_i16).to_be_bytes());
        body.extend((-1_i32).to_be_bytes());
        body.extend(u16::from(binary).to_be_bytes());
    }
    body
}

fn row(values: &[&[u8]]) -> Vec<u8> {
    let mut body = u16::try_from(values.len()).unwrap().to_be_bytes().to_vec();
    for value in values {
        body.extend(u32::try_from(value.len()).unwrap().to_be_bytes());
        body.extend(*value);
    }
    body
}
