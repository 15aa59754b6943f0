use super::keys::REKEY_BYTES;
use super::*;

const SEED: [u8; 32] = [9; 32];

pub(crate) fn key() -> PrivateKey {
    let pair = ssh_key::private::Ed25519Keypair::from_seed(&[3; 32]);
    PrivateKey::from(pair)
}

fn pair() -> (Transport, Transport) {
    (Transport::client([1; 32]), Transport::server(&key().into(), [2; 32]))
}

/// Carries what one end says to the other, in pieces of this size. `None`: it says nothing.
fn carry(from: &mut Transport, to: &mut Transport, piece: usize) -> Option<Vec<Bytes>> {
    let bytes = from.output();
    let mut got = Vec::new();
    for piece in bytes.chunks(piece) {
        to.feed(piece);
        while let Some(payload) = to.payload().unwrap() {
            got.push(payload);
        }
    }
    (!bytes.is_empty()).then_some(got)
}

/// Carries bytes both ways until neither end has any more.
pub(crate) fn settle(
    one: &mut Transport,
    other: &mut Transport,
    piece: usize,
) -> (Vec<Bytes>, Vec<Bytes>) {
    let (mut at_one, mut at_other) = (Vec::new(), Vec::new());
    loop {
        let (to_other, to_one) = (carry(one, other, piece), carry(other, one, piece));
        if to_one.is_none() && to_other.is_none() {
            return (at_one, at_other);
        }
        at_other.extend(to_other.into_iter().flatten());
        at_one.extend(to_one.into_iter().flatten());
    }
}

#[test]
fn two_ends_agree_on_keys_and_carry_payloads_however_they_are_cut() {
    for piece in [1, 7, 100, 1 << 20] {
        let (mut client, mut server) = pair();
        client.send(&[b"\x05", b"early"]);
        let (none, early) = settle(&mut client, &mut server, piece);
        assert_eq!((none.len(), early.len()), (0, 1));
        assert_eq!(&early[0][..], b"\x05early");
        assert!(client.is_keyed() && server.is_keyed());
        assert_eq!(client.session(), server.session());
        assert_eq!(client.takes_signature("ssh-ed25519"), Some(true));
        let HostKey::Key(shown) = client.host_key().unwrap() else { panic!("a certificate") };
        assert_eq!(shown.key_data(), key().public_key().key_data());
        let long = vec![7; 32 << 10];
        for _ in 0..3 {
            server.send(&[b"\x5e", &long]);
        }
        let (at_client, _) = settle(&mut client, &mut server, piece);
        assert_eq!(at_client.len(), 3);
        assert!(at_client.iter().all(|payload| payload[1..] == long));
    }
}

#[test]
fn keys_are_exchanged_anew_while_payloads_flow() {
    let (mut client, mut server) = pair();
    settle(&mut client, &mut server, 1 << 20);
    let before = *client.session().unwrap();
    for round in 0..4_u8 {
        if round % 2 == 0 {
            client.outgoing.bytes = REKEY_BYTES
        } else {
            server.outgoing.bytes = REKEY_BYTES
        }
        client.send(&[&[94, round]]);
        client.send(&[&[94, round + 100]]);
        server.send(&[&[94, round]]);
        server.send(&[&[94, round + 100]]);
        let (at_client, at_server) = settle(&mut client, &mut server, 11);
        for got in [at_client, at_server] {
            assert_eq!(got, [Bytes::from(vec![94, round]), Bytes::from(vec![94, round + 100])]);
        }
        assert!(client.outgoing.bytes < 10_000 && server.outgoing.bytes < 10_000);
    }
    assert_eq!(client.session(), Some(&before));
}

#[test]
fn a_changed_bit_ends_the_connection() {
    let (mut client, mut server) = pair();
    settle(&mut client, &mut server, 1 << 20);
    client.send(&[b"\x5esecret"]);
    let sealed = client.output();
    assert!(!sealed.windows(6).any(|window| window == b"secret"));
    for bit in 0..sealed.len() * 8 {
        let (mut client, mut server) = pair();
        settle(&mut client, &mut server, 1 << 20);
        client.send(&[b"\x5esecret"]);
        let mut changed = client.output().to_vec();
        changed[bit / 8] ^= 1 << (bit % 8);
        server.feed(&changed);
        // Of a longer packet the rest is waited for.
        assert!(!matches!(server.payload(), Ok(Some(_))), "{bit}");
    }
}

#[test]
fn nothing_may_stand_between_the_messages_of_the_first_exchange() {
    for kind in [IGNORE, DEBUG, UNIMPLEMENTED, EXT_INFO, 5, 50, 94, 192] {
        for before_offer in [true, false] {
            let (mut client, mut server) = pair();
            server.feed(&client.output());
            server.payload().unwrap();
            client.feed(&server.output());
            if !before_offer {
                client.payload().unwrap();
                server.feed(&client.output());
                server.payload().unwrap();
            }
            // As an attacker on the way would slip it in: in clear.
            let mut slipped = BytesMut::new();
            let mut chance = StdRng::from_seed(SEED);
            Direction::default()
                .seal(&[&[kind, 0, 0, 0, 0, 0]], &mut chance, &mut slipped)
                .unwrap();
            server.feed(&slipped);
            let mut ended = server.payload();
            if before_offer && ended.is_ok() {
                client.payload().unwrap();
                server.feed(&client.output());
                ended = server.payload();
            }
            assert!(ended.is_err(), "{kind} {before_offer}");
        }
    }
}

#[test]
fn what_is_no_ssh_is_told_apart_at_once_and_costs_little() {
    for bytes in
        [&b"GET / HTTP/1.1\r\n"[..], b"SSH-1.5-old\r\n", b"SSH-2.0-\0\r\n", &[b'x'; 300], b"\n"]
    {
        let mut server = Transport::server(&key().into(), SEED);
        server.feed(bytes);
        assert!(server.payload().is_err(), "{bytes:?}");
    }
    let mut client = Transport::client(SEED);
    for _ in 0..MOST_LINES {
        client.feed(b"welcome\r\n");
        assert!(client.payload().unwrap().is_none());
    }
    client.feed(b"SSH-2.0-OpenSSH_9.2p1\r\n");
    assert!(client.payload().is_ok());
}

#[test]
fn a_packet_that_claims_too_much_is_refused_before_it_is_kept() {
    for length in [0_u32, 3, 11, 13, 40_000, 0x7fff_ffff, 0x8000_0000, u32::MAX] {
        let (client, mut server) =
            (Transport::client(SEED), Transport::server(&key().into(), SEED));
        drop(client);
        server.feed(b"SSH-2.0-x\r\n");
        server.feed(&length.to_be_bytes());
        assert!(server.payload().is_err(), "{length}");
    }
}

#[test]
fn whoever_talks_on_and_answers_no_offer_is_shown_out() {
    let (mut client, mut server) = pair();
    settle(&mut client, &mut server, 1 << 20);
    server.outgoing.bytes = REKEY_BYTES;
    server.send(&[&[94]]);
    // The client does not hear of it.
    let mut heard = 0;
    let broken = loop {
        client.send(&[&[80, 1]]);
        server.feed(&client.output());
        match server.payload() {
            Ok(Some(_)) => {
                server.send(&[&[82]]);
                heard += 1;
            }
            Ok(None) => panic!("a packet that says nothing"),
            Err(broken) => break broken,
        }
    };
    assert_eq!(broken, Broken::exchange("new keys were offered and not answered"));
    assert_eq!((heard, server.held()), (MOST_BEFORE_KEYS, MOST_BEFORE_KEYS as usize));
}
