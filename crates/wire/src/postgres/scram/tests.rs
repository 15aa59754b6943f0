use super::*;

const SERVER_FIRST: &str =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

fn client(binding: Binding) -> Client {
    let password = Secret::from("pencil".to_owned());
    Client::with(&password, binding, "rOprNGfwEbeRWgbNEkqO".to_owned(), "user")
}

#[test]
fn the_exchange_of_rfc_7677_comes_out_as_printed() {
    let client = client(Binding::CannotBind);
    assert_eq!(client.first(), (SHA_256, "n,,n=user,r=rOprNGfwEbeRWgbNEkqO".to_owned()));
    let challenge = client.challenge(SERVER_FIRST.as_bytes()).unwrap();
    let keys = challenge.derivation().run();
    let (last, expected) = challenge.answer(&keys);
    assert_eq!(
        last,
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    );
    assert_eq!(expected.verify(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), Ok(()));
}

#[test]
fn a_server_that_does_not_know_the_password_is_not_trusted() {
    for (last, error) in [
        (&b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5="[..], ScramError::Malformed),
        (b"v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", ScramError::Signature),
        (b"v=", ScramError::Signature),
        (b"", ScramError::Malformed),
        (b"v", ScramError::Malformed),
        (b"e=invalid-proof", ScramError::Refused),
    ] {
        let challenge = client(Binding::CannotBind).challenge(SERVER_FIRST.as_bytes()).unwrap();
        let keys = challenge.derivation().run();
        assert_eq!(challenge.answer(&keys).1.verify(last), Err(error));
    }
}

#[test]
fn a_challenge_that_is_not_of_this_exchange_is_refused() {
    let nonce = "rOprNGfwEbeRWgbNEkqO";
    for (first, error) in [
        (String::new(), ScramError::Malformed),
        (format!("r={nonce},s=AAAA,i=1"), ScramError::Nonce),
        ("r=other-nonce-that-is-longer,s=AAAA,i=1".to_owned(), ScramError::Nonce),
        (format!("r={nonce}\u{7f},s=AAAA,i=1"), ScramError::Malformed),
        (format!("m=ext,r={nonce}x,s=AAAA,i=1"), ScramError::Malformed),
        (format!("r={nonce}x,s=,i=1"), ScramError::Malformed),
        (format!("r={nonce}x,s=***,i=1"), ScramError::Malformed),
        (format!("r={nonce}x,s=AAAA"), ScramError::Malformed),
        (format!("r={nonce}x,s=AAAA,i="), ScramError::Malformed),
        (format!("r={nonce}x,s=AAAA,i=-1"), ScramError::Malformed),
        (format!("r={nonce}x,s=AAAA,i=+1"), ScramError::Malformed),
        (format!("r={nonce}x,s=AAAA,i=0"), ScramError::Iterations(0)),
        (format!("r={nonce}x,s=AAAA,i=4294967297"), ScramError::Iterations(4_294_967_297)),
        (format!("r={nonce}x,s=AAAA,i=1000001"), ScramError::Iterations(1_000_001)),
    ] {
        let answer = client(Binding::CannotBind).challenge(first.as_bytes());
        assert_eq!(answer.err(), Some(error), "{first}");
    }
}

#[test]
fn what_ties_to_the_channel_is_what_was_said_first() {
    let hash = vec![0xab; 32];
    for (binding, mechanism, header) in [
        (Binding::CannotBind, SHA_256, "n,,"),
        (Binding::NotOffered, SHA_256, "y,,"),
        (Binding::ServerEndPoint(hash.clone().into()), SHA_256_PLUS, "p=tls-server-end-point,,"),
    ] {
        let bound = matches!(binding, Binding::ServerEndPoint(_));
        let client = client(binding);
        let (name, first) = client.first();
        assert_eq!(name, mechanism);
        assert_eq!(first, format!("{header}n=user,r=rOprNGfwEbeRWgbNEkqO"));
        let challenge = client.challenge(SERVER_FIRST.as_bytes()).unwrap();
        let keys = challenge.derivation().run();
        let mut expected = header.as_bytes().to_vec();
        if bound {
            expected.extend_from_slice(&hash);
        }
        let (last, _) = challenge.answer(&keys);
        assert!(last.starts_with(&format!("c={},r=", STANDARD.encode(expected))), "{last}");
    }
}

#[test]
fn a_password_is_prepared_as_the_server_prepares_it() {
    for (password, prepared_to) in [
        ("pencil", &b"pencil"[..]),
        ("I\u{ad}X", b"IX"),
        ("\u{2168}", b"IX"),
        ("a\u{a0}b", b"a b"),
        // Prohibited: used as it is.
        ("a\u{7}b", b"a\x07b"),
    ] {
        assert_eq!(&**prepared(&Secret::from(password.to_owned())), prepared_to, "{password:?}");
    }
    assert_eq!(&**prepared(&Secret::new(&b"\xff\xfe"[..])), b"\xff\xfe");
}
