use super::*;
use crate::postgres::error::field;
use crate::postgres::frame::put_cstr;
use crate::postgres::startup::{ssl_request, startup_message};

const TLS: Rules = Rules { offers_tls: true, allows_clear: false };
const CLEAR: Rules = Rules { offers_tls: false, allows_clear: true };

fn login() -> Vec<u8> {
    startup_message([("user", "ann"), ("database", "orders")])
}

fn password(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    message(&mut out, frontend::PASSWORD, |out| put_cstr(out, text));
    out
}

fn gss_request() -> Vec<u8> {
    [8_u32, 1234 << 16 | 5680].iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// Feeds `pieces`, starting TLS where it is asked for, and writes down what was done.
fn story<'a>(
    rules: Rules,
    inside: Option<Shown>,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Vec<String> {
    let mut greeting = match inside {
        None => Greeting::new(rules),
        Some(shown) => Greeting::inside_tls(rules, shown),
    };
    let mut story: Vec<String> = Vec::new();
    for piece in pieces {
        assert!(greeting.room() >= piece.len(), "over the bound");
        greeting.feed(piece);
        while let Some(step) = greeting.step() {
            story.push(match step {
                Step::Send(bytes) => format!("send {:?}", bytes.escape_ascii().to_string()),
                Step::StartTls => {
                    greeting.encrypted(Shown::Nothing);
                    "tls".to_owned()
                }
                Step::Cancel(key) => format!("cancel {} {:?}", key.process, key.secret),
                Step::Login(login) => {
                    let proof = match &login.proof {
                        Proof::Password(token) => token.expose_str().unwrap_or_default(),
                        Proof::Certificate => "certified",
                    };
                    let Startup { user, database, .. } = &login.startup;
                    format!("login {user} {database:?} {proof} {:?}", login.rest)
                }
                Step::Close(bytes, closed) if bytes.is_empty() => format!("close {closed:?}"),
                Step::Close(bytes, closed) => {
                    let report = Report::parse(bytes[0], &bytes[HEADER..]).unwrap();
                    format!(
                        "close {closed:?} {} {}",
                        report.text(field::CODE),
                        report.text(field::MESSAGE)
                    )
                }
            });
        }
    }
    story
}

const ASK: &str = r#"send "R\\x00\\x00\\x00\\x08\\x00\\x00\\x00\\x03""#;
const NO: &str = r#"send "N""#;
const IN: &str = r#"login ann Some("orders") token b"""#;

#[test]
fn ten_thousand_handshakes_say_the_same_however_they_are_cut() {
    let upgrade = ssl_request();
    let inside = [login(), password("token")].concat();
    let clear = [gss_request(), ssl_request(), login(), password("token")].concat();
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    for round in 0..10_000_usize {
        // Round 0 is one byte at a time, round 1 all at once, the others are cut at random.
        let mut cut = |bytes: &[u8]| -> Vec<Vec<u8>> {
            let mut pieces = Vec::new();
            let mut rest = bytes;
            while !rest.is_empty() {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let size = match round {
                    0 => 1,
                    1 => rest.len(),
                    _ => 1 + (seed >> 33) as usize % rest.len(),
                };
                let (piece, tail) = rest.split_at(size);
                pieces.push(piece.to_vec());
                rest = tail;
            }
            pieces
        };
        let mut tls = cut(&upgrade);
        tls.extend(cut(&inside));
        assert_eq!(story(TLS, None, tls.iter().map(Vec::as_slice)), ["tls", ASK, IN], "{round}");
        let plain = cut(&clear);
        assert_eq!(
            story(CLEAR, None, plain.iter().map(Vec::as_slice)),
            [NO, NO, ASK, IN],
            "{round}"
        );
    }
}

#[test]
fn nothing_read_before_tls_survives_the_upgrade() {
    let refused = "close Protocol 08P01 received unencrypted data after SSL request";
    for behind in [login(), password("token"), ssl_request(), vec![0], b"\x16\x03\x01".to_vec()] {
        let bytes = [ssl_request(), behind].concat();
        assert_eq!(story(TLS, None, [&bytes[..]]), [refused]);
    }
}

#[test]
fn each_step_is_taken_once_and_in_order() {
    let ssl = &ssl_request()[..];
    let gss = &gss_request()[..];
    let login = &login()[..];
    let password = &password("token")[..];
    let unsupported = |minor: u32| {
        format!(
            "close Refused 0A000 unsupported frontend protocol 1234.{minor}: server supports 3.0 to 3.2"
        )
    };
    let in_clear = "close Refused 28000 a login without TLS is not accepted here".to_owned();
    let expected = |kind: u8| {
        format!("close Protocol 08P01 expected password response, got message type {kind}")
    };
    let own = |text: &str| text.to_owned();
    for (rules, inside, pieces, story_told) in [
        (TLS, None, vec![login], vec![in_clear.clone()]),
        (TLS, None, vec![gss, login], vec![own(NO), in_clear]),
        (TLS, None, vec![gss, gss], vec![own(NO), unsupported(5680)]),
        (TLS, None, vec![gss, ssl, login], vec![own(NO), own("tls"), own(ASK)]),
        (TLS, None, vec![ssl, ssl], vec![own("tls"), unsupported(5679)]),
        (TLS, None, vec![ssl, gss], vec![own("tls"), unsupported(5680)]),
        (TLS, Some(Shown::Nothing), vec![ssl, login], vec![own(NO), own(ASK)]),
        (TLS, Some(Shown::Nothing), vec![ssl, ssl], vec![own(NO), unsupported(5679)]),
        (CLEAR, None, vec![ssl, ssl], vec![own(NO), unsupported(5679)]),
        (CLEAR, None, vec![login, login], vec![own(ASK), expected(0)]),
        (CLEAR, None, vec![login, b"Q\0\0\0\x05\0"], vec![own(ASK), expected(b'Q')]),
        (CLEAR, None, vec![login, password, b"Q"], vec![own(ASK), own(IN)]),
        (CLEAR, None, vec![login, ssl], vec![own(ASK), expected(0)]),
    ] {
        assert_eq!(story(rules, inside, pieces), story_told);
    }
}

#[test]
fn a_password_of_a_wrong_length_ends_the_connection() {
    let size = "close Protocol 08P01 invalid password packet size";
    let mut bodies: Vec<(Vec<u8>, &str)> = [0, 3, 4, 0x4005, 0x7fff_ffff, 0x8000_0001, u32::MAX]
        .map(|length: u32| ([&b"p"[..], &length.to_be_bytes()].concat(), size))
        .into();
    bodies.push((b"p\0\0\0\x06ab".to_vec(), size));
    bodies.push((b"p\0\0\0\x08a\0b\0".to_vec(), size));
    bodies.push((password(""), "close Refused 28P01 empty password returned by client"));
    for (bytes, expected) in bodies {
        let login = login();
        assert_eq!(story(CLEAR, None, [&login[..], &bytes]), [ASK, expected]);
    }
}

#[test]
fn the_longest_password_is_taken() {
    let long = "x".repeat(LONGEST_PASSWORD - 1);
    let bytes = [login(), password(&long)].concat();
    let story = story(CLEAR, None, bytes.chunks(1000));
    assert!(story.last().is_some_and(|last| last.contains(&long)));
}

#[test]
fn a_hostile_length_closes_without_a_word() {
    for length in [0, 3, 10_005, 0x7fff_ffff_u32, 0x8000_0001, u32::MAX] {
        let bytes = length.to_be_bytes();
        assert_eq!(story(CLEAR, None, [&bytes[..]]), ["close Protocol"]);
    }
}

#[test]
fn a_cancel_request_needs_no_login_in_clear_or_inside_tls() {
    let key = CancelKey { process: 9, secret: [1, 2, 3, 4].into() };
    let request = key.request();
    let cancel = "cancel 9 [1, 2, 3, 4]";
    assert_eq!(story(TLS, None, [&request[..]]), [cancel]);
    let ssl = ssl_request();
    assert_eq!(story(TLS, None, [&ssl[..], &request]), ["tls", cancel]);
}

#[test]
fn what_a_client_sends_without_waiting_is_kept_for_the_session() {
    let bytes = [login(), password("token"), b"Q\0\0\0\x05\0".to_vec()].concat();
    let story = story(CLEAR, None, [&bytes[..]]);
    assert_eq!(story[1], r#"login ann Some("orders") token b"Q\0\0\0\x05\0""#);
}

#[test]
fn who_showed_a_certificate_is_asked_for_no_password() {
    let certified = Some(Shown::Certificate);
    let known = r#"login ann Some("orders") certified b"""#;
    let login = &login()[..];
    assert_eq!(story(TLS, certified, [login]), [known]);
    assert_eq!(story(TLS, certified, login.chunks(1)), [known]);
    // A version that is not spoken here is named first, as it is to everybody.
    let newer = startup_of(9);
    let negotiated = story(TLS, certified, [&newer[..]]);
    assert!(negotiated[0].starts_with(r#"send "v"#), "{negotiated:?}");
    assert_eq!(negotiated[1..], [known]);
    // What is not asked for is not read as a password: it is left to the session.
    let bytes = [login, &password("token")].concat();
    let told = story(TLS, certified, [&bytes[..]]);
    assert_eq!(told, [r#"login ann Some("orders") certified b"p\0\0\0\ntoken\0""#]);
}

fn startup_of(minor: u32) -> Vec<u8> {
    let mut bytes = login();
    bytes[4..8].copy_from_slice(&(3 << 16 | minor).to_be_bytes());
    bytes
}

#[test]
fn a_certificate_shown_after_the_request_for_tls_counts_as_well() {
    let mut greeting = Greeting::new(TLS);
    greeting.feed(&ssl_request());
    assert!(matches!(greeting.step(), Some(Step::StartTls)));
    greeting.encrypted(Shown::Certificate);
    greeting.feed(&login());
    let Some(Step::Login(login)) = greeting.step() else { panic!("it is asked for more") };
    assert!(matches!(login.proof, Proof::Certificate));
}
