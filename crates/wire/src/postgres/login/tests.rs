use super::*;
use crate::postgres::error::{field, sqlstate};
use crate::postgres::frame::{parameter_status, ready_for_query};
use crate::postgres::scram::ScramError;

fn request(protection: Protection, password: Option<&str>) -> Request {
    Request {
        user: "app".to_owned(),
        password: password.map(|text| Secret::from(text.to_owned())),
        database: "orders".to_owned(),
        application_name: "ann 1".to_owned(),
        settings: Settings::default(),
        protection,
        server_end_point: (protection == Protection::Tls).then(|| [7; 32].into()),
        nonce: [1; 24],
    }
}

fn authentication(kind: u32, rest: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    message(&mut out, backend::AUTHENTICATION, |out| {
        out.extend_from_slice(&kind.to_be_bytes());
        out.extend_from_slice(rest);
    });
    out
}

fn welcome() -> Vec<u8> {
    let mut out = authentication(0, b"");
    parameter_status(&mut out, "TimeZone", "UTC");
    message(&mut out, backend::BACKEND_KEY_DATA, |out| out.extend([0, 0, 0, 5, 1, 2, 3, 4]));
    ready_for_query(&mut out, b'I');
    out
}

/// Plays a target that says `bytes` whatever it hears. What was sent, and how it ended.
fn play(
    request: Request,
    cache: &KeyCache,
    bytes: &[u8],
    piece: usize,
) -> (Vec<Vec<u8>>, Result<Option<Established>, LoginError>) {
    let mut login = Login::new(request, cache);
    let mut sent = Vec::new();
    let mut pieces = bytes.chunks(piece.max(1));
    loop {
        let step = match login.step() {
            Ok(step) => step,
            Err(error) => return (sent, Err(error)),
        };
        match step {
            Some(Step::Send(bytes)) => sent.push(bytes.to_vec()),
            Some(Step::Derive(work)) => {
                if let Some(Step::Send(bytes)) = login.derived(work.run()) {
                    sent.push(bytes.to_vec());
                }
            }
            Some(Step::Done(established)) => return (sent, Ok(Some(*established))),
            None => match pieces.next() {
                Some(piece) => login.feed(piece),
                None => return (sent, Ok(None)),
            },
        }
    }
}

fn failure(protection: Protection, password: Option<&str>, bytes: &[u8]) -> Option<LoginError> {
    play(request(protection, password), &KeyCache::default(), bytes, usize::MAX).1.err()
}

#[test]
fn a_trusting_target_lets_us_in_however_its_bytes_are_cut() {
    for piece in 1..=welcome().len() {
        let cache = KeyCache::default();
        let (sent, end) = play(request(Protection::Clear, None), &cache, &welcome(), piece);
        assert_eq!(sent.len(), 1);
        let established = end.unwrap().unwrap();
        assert_eq!(established.parameters, [("TimeZone".to_owned(), "UTC".to_owned())]);
        assert!(established.key.is_some_and(|key| key.process == 5 && *key.secret == [1, 2, 3, 4]));
        assert!(established.rest.is_empty());
    }
}

#[test]
fn the_startup_packet_forces_how_strings_are_read() {
    let (sent, _) = play(request(Protection::Clear, None), &KeyCache::default(), b"", 1);
    let text = sent[0][8..].escape_ascii().to_string();
    assert_eq!(
        text,
        r"user\x00app\x00database\x00orders\x00application_name\x00ann 1\x00standard_conforming_strings\x00on\x00\x00"
    );
}

#[test]
fn a_password_goes_in_clear_only_inside_tls() {
    let asks = [authentication(3, b""), welcome()].concat();
    let cache = KeyCache::default();
    let (sent, end) = play(request(Protection::Tls, Some("secret")), &cache, &asks, 7);
    assert_eq!(sent[1], b"p\0\0\0\x0bsecret\0");
    assert!(end.unwrap().is_some());
    let error = failure(Protection::Clear, Some("secret"), &asks);
    assert_eq!(error, Some(LoginError::PasswordInClear));
}

#[test]
fn md5_is_answered_as_the_server_computes_it() {
    let asks = [authentication(5, &[1, 2, 3, 4]), welcome()].concat();
    let cache = KeyCache::default();
    let (sent, end) = play(request(Protection::Clear, Some("secret")), &cache, &asks, 100);
    // select 'md5' || md5(convert_to(md5('secretapp'), 'UTF8') || '\x01020304'::bytea)
    assert_eq!(&sent[1][5..], b"md5911f527656472583a006e7727877b33e\0");
    assert!(end.unwrap().is_some());
}

#[test]
fn the_binding_to_tls_is_used_where_it_can_be() {
    let (plain, plus) = (&b"SCRAM-SHA-256\0\0"[..], &b"SCRAM-SHA-256-PLUS\0\0"[..]);
    let both = &b"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"[..];
    let head = |sent: &[Vec<u8>]| sent.get(1).map(|m| m[5..].escape_ascii().to_string());
    for (protection, end_point, offered, expected) in [
        (Protection::Tls, true, both, Ok("SCRAM-SHA-256-PLUS")),
        (Protection::Tls, true, plus, Ok("SCRAM-SHA-256-PLUS")),
        (Protection::Tls, true, plain, Ok("SCRAM-SHA-256\\x00\\x00\\x00\\x00(y,,")),
        (Protection::Tls, false, both, Ok("SCRAM-SHA-256\\x00\\x00\\x00\\x00(n,,")),
        (Protection::Tls, false, plus, Err(LoginError::Mechanisms)),
        (Protection::Clear, false, plain, Ok("SCRAM-SHA-256\\x00\\x00\\x00\\x00(n,,")),
        (Protection::Clear, false, both, Err(LoginError::BindingWithoutTls)),
        (Protection::Clear, false, b"GS2-KRB5\0\0", Err(LoginError::Mechanisms)),
        (Protection::Clear, false, b"SCRAM-SHA-256", Err(malformed())),
    ] {
        let mut request = request(protection, Some("pencil"));
        if !end_point {
            request.server_end_point = None;
        }
        let cache = KeyCache::default();
        let (sent, end) = play(request, &cache, &authentication(10, offered), usize::MAX);
        match expected {
            Ok(start) => {
                assert!(head(&sent).is_some_and(|head| head.starts_with(start)), "{start}")
            }
            Err(error) => assert_eq!(end.err(), Some(error)),
        }
    }
}

#[test]
fn a_target_that_skips_its_own_proof_is_left() {
    let sasl = authentication(10, b"SCRAM-SHA-256\0\0");
    let nonce = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB";
    let challenge = authentication(11, format!("r={nonce}x,s=AAAA,i=1").as_bytes());
    let forged = authentication(12, b"v=AAAA");
    for (rest, error) in [
        (vec![welcome()], LoginError::Unproven),
        (vec![challenge.clone(), welcome()], LoginError::Unproven),
        (vec![challenge.clone(), forged, welcome()], ScramError::Signature.into()),
        (
            vec![challenge.clone(), challenge],
            LoginError::Protocol("an authentication request is out of place"),
        ),
        (
            vec![authentication(3, b"")],
            LoginError::Protocol("an authentication request is out of place"),
        ),
    ] {
        let bytes = [sasl.clone(), rest.concat()].concat();
        assert_eq!(failure(Protection::Clear, Some("pencil"), &bytes), Some(error));
    }
}

#[test]
fn a_hostile_target_is_an_error_and_never_a_panic() {
    let out_of_place = LoginError::Protocol("a message is out of place");
    let length = LoginError::Protocol("a message has an impossible length");
    let again = LoginError::Protocol("an authentication request is out of place");
    for (bytes, error) in [
        (b"Z\0\0\0\x05I".to_vec(), out_of_place.clone()),
        (b"S\0\0\0\x08a\0b\0".to_vec(), out_of_place.clone()),
        (b"D\0\0\0\x06\0\0".to_vec(), out_of_place.clone()),
        (b"v\0\0\0\x0c\0\x03\0\0\0\0\0\0".to_vec(), out_of_place),
        (b"R\0\0\0\0".to_vec(), length.clone()),
        (b"R\x7f\xff\xff\xff".to_vec(), length.clone()),
        (b"E\xff\xff\xff\xff".to_vec(), length.clone()),
        (b"HTTP/1.1 400 Bad Request\r\n".to_vec(), length),
        (b"R\0\0\0\x04".to_vec(), malformed()),
        (authentication(0, b"x"), malformed()),
        (authentication(5, b"xx"), malformed()),
        (authentication(7, b""), LoginError::Method(7)),
        (authentication(0xffff_ffff, b""), LoginError::Method(0xffff_ffff)),
        ([authentication(0, b""), authentication(0, b"")].concat(), again),
        ([authentication(0, b""), b"S\0\0\0\x06a\0".to_vec()].concat(), malformed()),
        ([authentication(0, b""), b"Z\0\0\0\x05T".to_vec()].concat(), malformed()),
        ([authentication(0, b""), b"K\0\0\0\x06ab".to_vec()].concat(), malformed()),
    ] {
        assert_eq!(failure(Protection::Tls, Some("x"), &bytes), Some(error), "{bytes:?}");
    }
    let mut notice = Vec::new();
    Report::notice("x".repeat(20_000)).write(&mut notice);
    let error = failure(Protection::Tls, Some("x"), &notice.repeat(20));
    assert_eq!(error, Some(LoginError::Protocol("it says too much before it is ready")));
}

#[test]
fn no_password_is_no_password() {
    for asks in [
        authentication(3, b""),
        authentication(5, b"1234"),
        authentication(10, b"SCRAM-SHA-256\0\0"),
    ] {
        assert_eq!(failure(Protection::Tls, None, &asks), Some(LoginError::NoPassword));
    }
}

#[test]
fn a_refusal_is_repeated_only_where_it_cannot_hold_the_credential() {
    for (code, message, told) in [
        (
            sqlstate::INVALID_CATALOG_NAME,
            "database \"x\" does not exist",
            "3D000 database \"x\" does not exist",
        ),
        (
            sqlstate::INVALID_CATALOG_NAME,
            "no hunter2 here",
            "08001 the target of \"orders\" refused the gateway's login (SQLSTATE 3D000)",
        ),
        (
            sqlstate::INVALID_PASSWORD,
            "password authentication failed for user \"app\"",
            "08001 the target of \"orders\" refused the gateway's login (SQLSTATE 28P01)",
        ),
        (
            "\u{1b}[31m",
            "x",
            "08001 the target of \"orders\" refused the gateway's login (SQLSTATE unknown)",
        ),
        (
            sqlstate::TOO_MANY_CONNECTIONS,
            "sorry,\u{1b}[2J too many clients already",
            "53300 sorry,[2J too many clients already",
        ),
    ] {
        let bytes = Report::fatal("00000", message).with(field::CODE, code.as_bytes()).to_bytes();
        let error = failure(Protection::Tls, Some("hunter2"), &bytes).unwrap();
        let report = error.report("orders");
        assert!(report.is_fatal());
        let text = format!("{} {}", report.text(field::CODE), report.text(field::MESSAGE));
        assert_eq!(text, told);
        assert!(!format!("{error:?} {error}").contains("hunter2"));
    }
}
