use super::*;

#[test]
fn a_subresource_is_never_a_plain_verb() {
    let pod = "/api/v1/namespaces/a/pods/x";
    for (method, path, expected) in [
        ("GET", "", "get"),
        ("PUT", "", "update"),
        ("PATCH", "", "patch"),
        ("DELETE", "", "delete"),
        ("POST", "/exec", "exec"),
        // Over WebSocket.
        ("GET", "/exec", "exec"),
        ("GET", "/attach", "attach"),
        ("GET", "/portforward", "port_forward"),
        ("DELETE", "/proxy/a/b", "proxy"),
        ("GET", "/log", "logs"),
        ("HEAD", "/log", "logs"),
        ("POST", "/log", "other_part"),
        ("GET", "/log/a", "other_part"),
        ("PATCH", "/ephemeralcontainers", "ephemeralcontainers"),
        ("GET", "/ephemeralcontainers", "get_part"),
        ("POST", "/eviction", "eviction"),
        ("POST", "/binding", "binding"),
        ("PATCH", "/resize", "resize"),
        ("GET", "/status", "get_part"),
        ("PUT", "/status", "status"),
        ("GET", "/scale", "get_part"),
        ("PUT", "/scale", "scale"),
        ("POST", "/scale", "other_part"),
        // A subresource of somebody's own may open a console at a GET.
        ("GET", "/vnc", "other_part"),
    ] {
        let path = format!("{pod}{path}");
        assert_eq!(access::deed(&resource(method, &path)).name(), expected, "{method} {path}");
    }
    for (method, path, expected) in [
        ("POST", "/api/v1/namespaces/a/serviceaccounts/x/token", "token"),
        ("POST", "/api/v1/namespaces/a/bindings", "binding"),
        ("PUT", "/api/v1/namespaces/a/finalize", "finalize"),
        ("PUT", "/apis/certificates.k8s.io/v1/certificatesigningrequests/x/approval", "approval"),
        ("GET", "/api/v1/proxy/namespaces/a/pods/x", "proxy"),
        ("GET", "/api/v1/watch/namespaces/a/pods/x/log", "other_part"),
        ("GET", "/api/v1/watch/namespaces/a/pods/x/exec", "exec"),
        ("GET", "/api/v1/secrets", "list"),
        ("DELETE", "/api/v1/namespaces/a/secrets", "deletecollection"),
    ] {
        assert_eq!(access::deed(&resource(method, path)).name(), expected, "{method} {path}");
    }
}

#[test]
fn every_deed_and_risk_has_one_name() {
    let deeds = Deed::ALL.iter().map(|deed| deed.name());
    let mut names: Vec<_> = deeds.chain(Risk::ALL.iter().map(|risk| risk.name())).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Deed::ALL.len() + Risk::ALL.len());
}

#[test]
fn a_proxied_name_is_the_objects_without_scheme_and_port() {
    for (path, expected) in [
        ("/api/v1/namespaces/a/services/web/proxy", Ok(Some("web"))),
        ("/api/v1/namespaces/a/services/web:80/proxy", Ok(Some("web"))),
        ("/api/v1/namespaces/a/services/https:web:443/proxy", Ok(Some("web"))),
        ("/api/v1/namespaces/a/services/:web:/proxy", Ok(Some("web"))),
        ("/api/v1/proxy/namespaces/a/services/http:web:80", Ok(Some("web"))),
        ("/api/v1/namespaces/a/services/ftp:web:80/proxy", Err(Unknown::Path)),
        ("/api/v1/namespaces/a/services/a:b:c:d/proxy", Err(Unknown::Path)),
        ("/api/v1/namespaces/a/services/:80/proxy", Err(Unknown::Path)),
        ("/api/v1/namespaces/a/services/web:80", Ok(Some("web:80"))),
        ("/api/v1/services", Ok(None)),
    ] {
        assert_eq!(access::object_name(&resource("GET", path)), expected, "{path}");
    }
}

#[test]
fn a_program_is_read_with_its_words_apart() {
    let query = pairs(&[
        ("command", "sh"),
        ("command", "-c"),
        ("command", "rm -rf /"),
        ("container", "app"),
        ("stdin", ""),
        ("tty", "False"),
    ]);
    let run = Run::exec(Query::new(&query)).unwrap();
    assert_eq!(run.command, ["sh", "-c", "rm -rf /"]);
    assert_eq!((run.container.as_deref(), run.stdin, run.tty), (Some("app"), true, false));
    for query in [
        &[][..],
        &[("command", "sh"), ("container", "a"), ("container", "b")],
        &[("command", "sh"), ("Command", "-c")],
        &[("command", "sh"), ("tty", "0"), ("tty", "1")],
    ] {
        assert!(Run::exec(Query::new(&pairs(query))).is_err(), "{query:?}");
    }
    assert_eq!(Run::attach(Query::new(&[])), Ok(Run::default()));
}

#[test]
fn ports_are_repeated_or_between_commas() {
    for (given, expected) in [
        (&[][..], Some(vec![])),
        (&["80"], Some(vec![80])),
        (&["80", "443,8080"], Some(vec![80, 443, 8080])),
        (&["+80"], None),
        (&["0"], None),
        (&[""], None),
        (&["80,"], None),
        (&["65536"], None),
    ] {
        let query: Vec<_> = given.iter().map(|port| ("ports", *port)).collect();
        assert_eq!(stream::ports(Query::new(&pairs(&query))).ok(), expected, "{given:?}");
    }
}
