use super::*;

fn fields(pairs: &[(&str, &str)]) -> HeaderMap {
    let mut fields = HeaderMap::new();
    for (name, value) in pairs {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        fields.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    fields
}

fn own() -> Vec<String> {
    vec!["x-sluice-identity".to_owned()]
}

fn left(pairs: &[(&str, &str)]) -> Result<Vec<String>, Refused> {
    let mut fields = fields(pairs);
    request(&mut fields, &own())?;
    let mut left: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    left.sort();
    Ok(left)
}

#[test]
fn what_is_the_connections_does_not_go_on() {
    let said = [
        ("Connection", "keep-alive, X-Mine , close"),
        ("Keep-Alive", "timeout=5"),
        ("Proxy-Connection", "keep-alive"),
        ("Proxy-Authorization", "Basic eDp5"),
        ("X-Mine", "1"),
        ("TE", "gzip, trailers;q=1"),
        ("Trailer", "x"),
        ("Upgrade", "h2c"),
        ("HTTP2-Settings", "AAMAAABkAAQAAP__"),
        ("Expect", "100-continue"),
        ("Transfer-Encoding", "Chunked"),
        ("Accept", "*/*"),
    ];
    assert_eq!(left(&said), Ok(vec!["accept: */*".to_owned(), "te: trailers".to_owned()]));
    let mut fields = fields(&[("Connection", "x-a"), ("X-A", "1"), ("X-B", "2"), ("Upgrade", "x")]);
    response(&mut fields).unwrap();
    assert_eq!(fields.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["x-b"]);
}

#[test]
fn nobody_says_who_or_where_they_are_in_the_gateways_place() {
    for name in [
        "X-Sluice-Identity",
        "X_Sluice_Identity",
        "x-sluice_identity",
        "X-Forwarded-For",
        "X_Forwarded_Host",
        "Forwarded",
        "X-Real-IP",
        "True-Client-IP",
        "X-Original-URL",
        "X_Rewrite_URL",
        "X-HTTP-Method-Override",
        "Via",
        "Content_Length",
        "Transfer_Encoding",
        "Authorization_",
    ] {
        let kept = name == "Authorization_";
        let expected = if kept { vec!["authorization_: x".to_owned()] } else { Vec::new() };
        assert_eq!(left(&[(name, "x")]), Ok(expected), "{name}");
        let mut behind = fields(&[(name, "x"), ("Grpc-Status", "0")]);
        trailers(&mut behind, &own());
        let count = if kept { 2 } else { 1 };
        assert_eq!(behind.len(), count, "{name} in trailers");
    }
}

#[test]
fn a_length_that_two_could_read_as_two_is_refused() {
    for (said, why) in [
        (&[("Content-Length", "5"), ("Content-Length", "5")][..], Refused::Length),
        (&[("Content-Length", "5"), ("Content-Length", "6")], Refused::Length),
        (&[("Content-Length", "5, 5")], Refused::Length),
        (&[("Content-Length", "+5")], Refused::Length),
        (&[("Content-Length", "")], Refused::Length),
        (&[("Content-Length", " 5")], Refused::Length),
        (&[("Content-Length", "0x5")], Refused::Length),
        (&[("Content-Length", "99999999999999999999")], Refused::Length),
        (&[("Content-Length", "5"), ("Transfer-Encoding", "chunked")], Refused::Length),
        (&[("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked")], Refused::Coding),
        (&[("Transfer-Encoding", "gzip, chunked")], Refused::Coding),
        (&[("Transfer-Encoding", "chunked, identity")], Refused::Coding),
        (&[("Transfer-Encoding", "xchunked")], Refused::Coding),
        (&[("Connection", "Content-Length")], Refused::Claimed),
        (&[("Connection", "close, Host")], Refused::Claimed),
        (&[("Connection", "authorization")], Refused::Claimed),
        (&[("Connection", "Sluice-Authorization")], Refused::Claimed),
        (&[("Connection", "a b")], Refused::Claimed),
    ] {
        assert_eq!(left(said), Err(why), "{said:?}");
    }
    let many: Vec<(String, &str)> = (0..=MOST).map(|n| (format!("x-{n}"), "1")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (&**name, *value)).collect();
    assert_eq!(left(&many), Err(Refused::Many));
}

#[test]
fn a_message_is_for_one_host() {
    for (said, authority, expected) in [
        (&["grafana.sluice.localhost"][..], None, Ok("grafana.sluice.localhost")),
        (&["grafana:8080"], Some("Grafana:8080"), Ok("grafana:8080")),
        (&[], Some("[::1]:8080"), Ok("[::1]:8080")),
        (&[], None, Err(Refused::Host)),
        (&[""], None, Err(Refused::Host)),
        (&["a", "a"], None, Err(Refused::Host)),
        (&["a"], Some("b"), Err(Refused::TwoHosts)),
        (&["a@b"], None, Err(Refused::Host)),
        (&["a/b"], None, Err(Refused::Host)),
        (&["a, b"], None, Err(Refused::Host)),
        (&["a%2eb"], None, Err(Refused::Host)),
        (&["caf\u{e9}"], None, Err(Refused::Host)),
    ] {
        let pairs: Vec<(&str, &str)> = said.iter().map(|host| ("Host", *host)).collect();
        assert_eq!(host(&fields(&pairs), authority), expected, "{said:?} {authority:?}");
    }
}

#[test]
fn the_parts_of_a_cookie_are_one_again() {
    let said = [("Cookie", "a=1"), ("Cookie", "b=2"), ("X-A", "1"), ("X-A", "2")];
    let expected = ["cookie: a=1; b=2", "x-a: 1", "x-a: 2"].map(str::to_owned).to_vec();
    assert_eq!(left(&said), Ok(expected));
}

#[test]
fn what_would_change_a_message_does_not_come_behind_it() {
    let mut behind = fields(&[
        ("Content-Length", "0"),
        ("Host", "b"),
        ("Authorization", "x"),
        ("Set-Cookie", "x"),
        ("Transfer-Encoding", "chunked"),
        ("Grpc-Status", "0"),
        ("Grpc-Message", "fine"),
        ("Server-Timing", "x"),
    ]);
    trailers(&mut behind, &own());
    let mut left: Vec<&str> = behind.keys().map(HeaderName::as_str).collect();
    left.sort_unstable();
    assert_eq!(left, ["grpc-message", "grpc-status", "server-timing"]);
}
