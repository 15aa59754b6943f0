use super::*;
use crate::postgres::error::field;

fn packet(version: u32, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    counted(&mut out, |out| {
        out.extend_from_slice(&version.to_be_bytes());
        out.extend_from_slice(body);
    });
    out
}

const V3_0: u32 = 3 << 16;

fn started(version: u32, body: &[u8]) -> Result<Startup, String> {
    let bytes = packet(version, body);
    let content = split(&bytes).map_err(|_| "length")?.ok_or("incomplete")?;
    match read(content) {
        Ok(Packet::Startup(startup)) => Ok(*startup),
        Ok(_) => Err("another packet".to_owned()),
        Err(Refused::Silently(why)) => Err(format!("silently: {why}")),
        Err(Refused::Told(report)) => {
            assert!(report.is_fatal());
            Err(format!("{} {}", report.text(field::CODE), report.text(field::MESSAGE)))
        }
    }
}

#[test]
fn a_login_is_read() {
    let startup = started(
        V3_0,
        b"user\0ann\0database\0orders/other\0application_name\0psql\0client_encoding\0UTF8\0options\0-c geqo=off --timezone=UTC\0\0",
    )
    .unwrap();
    assert_eq!((startup.minor, startup.user.as_str()), (0, "ann"));
    assert_eq!(startup.application_name.as_deref(), Some("psql"));
    assert_eq!(startup.target().unwrap(), Target { resource: "orders", database: Some("other") });
    assert_eq!(
        startup.settings.iter().collect::<Vec<_>>(),
        [("geqo", "off"), ("TimeZone", "UTC"), ("client_encoding", "UTF8")]
    );
    let mut out = Vec::new();
    startup.negotiate(&mut out);
    assert!(out.is_empty());
}

#[test]
fn a_refused_startup_packet_says_what_is_wrong_in_the_servers_words() {
    let version_2 = "0A000 unsupported frontend protocol 2.0: server supports 3.0 to 3.2";
    let version_4 = "0A000 unsupported frontend protocol 4.1: server supports 3.0 to 3.2";
    let layout = "08P01 invalid startup packet layout: expected terminator as last byte";
    let nobody = "28000 no PostgreSQL user name specified in startup packet";
    let not_allowed =
        |name: &str| format!("42501 the startup parameter \"{name}\" is not allowed here");
    for (version, body, expected) in [
        (2 << 16, &b"user\0ann\0\0"[..], version_2.to_owned()),
        (4 << 16 | 1, b"user\0ann\0\0", version_4.to_owned()),
        (V3_0, b"", layout.to_owned()),
        (V3_0, b"user\0ann\0", layout.to_owned()),
        (V3_0, b"user\0ann", layout.to_owned()),
        (V3_0, b"user\0", layout.to_owned()),
        (V3_0, b"user\0ann\0\0x", layout.to_owned()),
        (V3_0, b"user\0ann\0\0role\0postgres\0\0", layout.to_owned()),
        (V3_0, b"\0", nobody.to_owned()),
        (V3_0, b"user\0\0\0", nobody.to_owned()),
        (V3_0, b"database\0x\0\0", nobody.to_owned()),
        (
            V3_0,
            b"user\0ann\0user\0bob\0\0",
            "08P01 startup parameter \"user\" is given more than once".to_owned(),
        ),
        (
            V3_0,
            b"user\0a\0timezone\0x\0TimeZone\0y\0\0",
            "08P01 startup parameter \"timezone\" is given more than once".to_owned(),
        ),
        (
            V3_0,
            b"user\0\xff\0\0",
            "08P01 invalid byte sequence for encoding \"UTF8\" in startup parameter \"user\""
                .to_owned(),
        ),
        (V3_0, b"user\0ann\0role\0postgres\0\0", not_allowed("role")),
        (
            V3_0,
            b"user\0ann\0session_authorization\0postgres\0\0",
            not_allowed("session_authorization"),
        ),
        (V3_0, b"user\0ann\0options\0-c role=postgres\0\0", not_allowed("role")),
        (V3_0, b"user\0ann\0options\0-c=\0\0", not_allowed("")),
        (
            V3_0,
            b"user\0ann\0options\0-c geqo=on\\ -c\\ role=x --session-authorization=x\0\0",
            not_allowed("session_authorization"),
        ),
        (V3_0, b"user\0ann\0a\x1b[31mb\0x\0\0", not_allowed("a?[31mb")),
        (
            V3_0,
            b"user\0ann\0replication\0true\0\0",
            "0A000 replication connections do not pass through this gateway".to_owned(),
        ),
        (
            V3_0,
            b"user\0ann\0replication\0database\0\0",
            "0A000 replication connections do not pass through this gateway".to_owned(),
        ),
    ] {
        assert_eq!(
            started(version, body).unwrap_err(),
            expected,
            "{}",
            String::from_utf8_lossy(body)
        );
    }
}

#[test]
fn replication_that_is_switched_off_is_no_replication() {
    assert!(started(V3_0, b"user\0ann\0replication\0off\0\0").is_ok());
}

#[test]
fn a_parameter_of_its_own_overrules_options() {
    let startup = started(
        V3_0,
        b"TimeZone\0UTC\0user\0a\0options\0-c timezone=CET -c application_name=o\0\0",
    )
    .unwrap();
    assert_eq!(startup.settings.get("TimeZone"), Some("UTC"));
    assert_eq!(startup.application_name.as_deref(), Some("o"));
}

#[test]
fn more_than_is_spoken_here_is_negotiated_as_the_server_does() {
    for (version, body, minor, told) in [
        (V3_0 | 2, &b"user\0a\0\0"[..], 2, None),
        (V3_0 | 1, b"user\0a\0\0", 1, None),
        (V3_0 | 9999, b"user\0a\0\0", 2, Some(&b"v\0\0\0\x0c\0\x03\0\x02\0\0\0\0"[..])),
        (V3_0, b"user\0a\0_pq_.x\0y\0\0", 0, Some(b"v\0\0\0\x13\0\x03\0\0\0\0\0\x01_pq_.x\0")),
    ] {
        let startup = started(version, body).unwrap();
        assert_eq!(startup.minor, minor);
        let mut out = Vec::new();
        startup.negotiate(&mut out);
        assert_eq!(out, told.unwrap_or_default());
    }
}

#[test]
fn a_hostile_length_is_refused_before_anything_is_kept() {
    for length in [0, 1, 3, 4, 7, 10_005, 0x7fff_ffff, 0x8000_0001, u32::MAX, 0x1603_0100] {
        assert!(matches!(split(&u32::to_be_bytes(length)), Err(Refused::Silently(_))), "{length}");
    }
    for length in [8_u32, 10_004] {
        assert!(matches!(split(&length.to_be_bytes()), Ok(None)), "{length}");
    }
}

#[test]
fn a_cancel_key_is_read_in_both_lengths() {
    for (length, good) in [(0, false), (1, true), (4, true), (32, true), (256, true), (257, false)]
    {
        let key = CancelKey { process: 42, secret: vec![7; length].into() };
        let request = key.request();
        let content = split(&request).unwrap_or_default().unwrap_or_default();
        match read(content) {
            Ok(Packet::Cancel(read)) => assert!(good && read == key, "{length}"),
            _ => assert!(!good, "{length}"),
        }
    }
}

#[test]
fn an_encryption_request_has_one_form() {
    assert!(matches!(read(&SSL_REQUEST.to_be_bytes()), Ok(Packet::SslRequest)));
    assert!(matches!(read(&GSSENC_REQUEST.to_be_bytes()), Ok(Packet::GssEncRequest)));
    assert!(read(&[&SSL_REQUEST.to_be_bytes()[..], b"x"].concat()).is_err());
    assert_eq!(ssl_request(), packet(SSL_REQUEST, b""));
}

#[test]
fn no_resource_is_named_by_an_empty_or_a_half_empty_name() {
    for (database, expected) in [
        ("orders", Some(("orders", None))),
        ("orders/x", Some(("orders", Some("x")))),
        ("orders/x/y", Some(("orders", Some("x/y")))),
        ("", None),
        ("/x", None),
        ("orders/", None),
    ] {
        let body = format!("user\0a\0database\0{database}\0\0");
        let startup = started(V3_0, body.as_bytes()).unwrap();
        let target = startup.target().ok().map(|target| (target.resource, target.database));
        assert_eq!(target, expected, "{database}");
    }
}
