use model::Peer;

use crate::stage::{allow, contains, refuse, tell};

/// A Query and a Parse of the gateway's own, without their headers.
const OURS: [&[u8]; 2] =
    [b"*** refused by the gateway ***\0", b"\0*** refused by the gateway ***\0\0\0"];

/// Two hostile ends take turns. How their bytes are cut changes nothing, and of a client of whom every
/// command is refused no command reaches the server.
pub fn session(data: &[u8]) {
    if data.len() > 16 << 10 {
        return;
    }
    // A turn ends at a byte 0xff 0xfe that no honest message begins with; the client begins.
    let mut said = Vec::new();
    let mut from = Peer::Client;
    let mut rest = data;
    while !rest.is_empty() {
        let end = rest.windows(2).position(|pair| pair == [0xff, 0xfe]);
        let (turn, later) = match end {
            Some(at) => (&rest[..at], &rest[at + 2..]),
            None => (rest, &rest[rest.len()..]),
        };
        said.push((from, turn));
        from = if from == Peer::Client { Peer::Upstream } else { Peer::Client };
        rest = later;
    }
    let whole = tell(&said, usize::MAX, allow);
    for size in [1, 2, 5] {
        assert_eq!(tell(&said, size, allow), whole, "in pieces of {size}");
    }

    let refused = tell(&said, usize::MAX, refuse);
    let mut sent = refused.upstream.as_slice();
    while let Some((&[tag, a, b, c, d], _)) = sent.split_first_chunk::<5>() {
        let length = 1 + usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap();
        let Some(message) = sent.get(..length) else { break };
        sent = &sent[length..];
        // What the gateway itself says in a refused command's place, a client can say too.
        let ours = OURS.contains(&&message[5..]);
        if matches!(tag, b'Q' | b'P' | b'F') && length > 12 && !ours {
            let theirs =
                said.iter().any(|(from, turn)| *from == Peer::Client && contains(turn, message));
            assert!(!theirs, "a refused command was sent: {:?}", String::from_utf8_lossy(message));
        }
    }
}
