//! Who gets in, and how.

use std::time::Duration;

use e2e::{Client, House, Idp, Message, ask, psql, startup, until};

use crate::v15;

#[test]
fn psql_signs_in_with_a_providers_token_and_never_sees_the_password() {
    let database = v15().database();
    let house = House::open(&database);
    let ran = house.psql("alice").ran("SELECT count(*) FROM orders; SHOW is_superuser");
    assert!(ran.ok(), "{}", ran.stderr);
    assert_eq!(ran.stdout, "50\noff\n");
    assert!(!ran.all().contains("canary"), "{}", ran.all());
    // The person is visible upstream, the account is not theirs.
    assert!(database.log().contains("alice@example.com"), "{}", database.log());
}

#[test]
fn psql_signs_in_over_tls_and_verifies_the_gateway() {
    let database = v15().database();
    let house = House::builder().tls().orders(&database).start();
    let authority = house.authority().expect("the house made one").display().to_string();
    let person = house.person("alice");
    for (mode, extra) in
        [("require", String::new()), ("verify-full", format!("sslrootcert={authority}"))]
    {
        let ran = psql(&format!(
            "host=localhost hostaddr=127.0.0.1 port={} user={} dbname=orders sslmode={mode} {extra}",
            house.port(),
            person.subject
        ))
        .env("PGPASSWORD", &person.token)
        .ran("SELECT 1");
        assert!(ran.ok(), "{mode}: {}", ran.stderr);
    }
}

#[test]
fn without_tls_a_gateway_with_tls_asks_for_no_password() {
    let database = v15().database();
    let house = House::builder().tls().orders(&database).start();
    let mut client = Client::raw(&house.address());
    client.send(&startup(0, &[("user", "alice@example.com"), ("database", "orders")]));
    let said = client.until(|_| false);
    assert_eq!(kinds(&said), "E", "{said:?}");
    assert!(said[0].error().message().to_lowercase().contains("tls"), "{said:?}");
}

#[test]
fn bytes_sent_before_tls_are_never_read_as_sent_inside_it() {
    let database = v15().database();
    let house = House::builder().tls().orders(&database).start();
    let mut client = Client::raw(&house.address());
    let mut bytes = ssl_request();
    bytes.extend(startup(0, &[("user", "alice@example.com"), ("database", "orders")]));
    client.send(&bytes);
    let answer = client.take(1);
    // The gateway may answer S and then find nonsense where TLS begins, or close at once; it must not
    // go on with what came in clear.
    assert!(answer.is_none_or(|answer| answer == b"S" || answer == b"E"));
    let mut rest = Vec::new();
    while let Some(byte) = client.take(1) {
        rest.extend(byte);
    }
    assert!(!rest.starts_with(b"R"), "{rest:?}");
}

#[test]
fn gss_encryption_is_declined_and_the_client_goes_on() {
    let database = v15().database();
    let house = House::open(&database);
    let mut client = Client::raw(&house.address());
    client.send(&[0, 0, 0, 8, 4, 210, 22, 48]);
    assert_eq!(client.take(1).unwrap(), b"N");
    client.send(&startup(0, &[("user", "alice@example.com"), ("database", "orders")]));
    assert_eq!(client.message().unwrap().kind, b'R');
}

#[test]
fn a_name_that_is_not_the_tokens_subject_is_refused() {
    let database = v15().database();
    let house = House::open(&database);
    let token = house.person("alice").token;
    let refused = Client::sign_in(&house.address(), "bob@example.com", "orders", &token);
    let error = refused.map(|_| ()).unwrap_err();
    assert_eq!(error.field('S'), "FATAL");
    assert!(error.code().starts_with("28"), "{error:?}");
    assert_eq!(database.log(), "");
}

#[test]
fn what_is_no_token_opens_nothing() {
    let database = v15().database();
    let house = House::open(&database);
    let good = house.person("alice").token;
    let mut parts: Vec<_> = good.split('.').map(str::to_owned).collect();
    let payload = parts[1].clone();
    let unsigned = format!("eyJhbGciOiJub25lIn0.{payload}.");
    let hmac = format!("eyJhbGciOiJIUzI1NiJ9.{payload}.{}", parts[2]);
    parts[2] = parts[2].chars().rev().collect();
    let foreign = Idp::start().token("alice@example.com");
    for token in ["", "password", "..", &unsigned, &hmac, &parts.join("."), &foreign] {
        let refused =
            Client::sign_in(&house.address(), "alice@example.com", "orders", token).map(|_| ());
        let error = refused.unwrap_err();
        assert_eq!(error.field('S'), "FATAL", "{token}: {error:?}");
        assert!(!format!("{error:?}").contains(&payload), "{error:?}");
    }
    assert_eq!(database.log(), "");
}

#[test]
fn tokens_of_every_permitted_algorithm_are_good() {
    let database = v15().database();
    let idp = Idp::shared();
    let also = |client: &str| {
        format!(
            "  - name: {client}\n    issuer: {}\n    audience: {client}\n    subject_claim: email\n    groups_claim: groups\n",
            idp.issuer()
        )
    };
    let house = House::builder()
        .identity(&also("sluice-es256"))
        .identity(&also("sluice-eddsa"))
        .orders(&database)
        .start();
    for client in ["sluice", "sluice-es256", "sluice-eddsa"] {
        let token = idp.fresh_token("alice@example.com", client);
        let signed_in = Client::sign_in(&house.address(), "alice@example.com", "orders", &token);
        assert!(signed_in.is_ok(), "{client}: {:?}", signed_in.err());
    }
}

#[test]
fn a_machine_signs_in_by_the_same_path() {
    let database = v15().database();
    let idp = Idp::shared();
    let house = House::builder()
        .identity(&format!(
            "  - name: ci\n    issuer: {}\n    audience: sluice-ci\n    subject_claim: sub\n    groups_claim: groups\n    kind: machine\n",
            idp.issuer()
        ))
        .policies(r#"@id("ci") permit (principal in Group::"ci", action in [Action::"connect", Action::"read"], resource);"#)
        .orders(&database)
        .start();
    let signed_in = Client::sign_in(&house.address(), "ci-deploy", "orders", &idp.machine_token());
    let said = signed_in.unwrap().query("SELECT count(*) FROM orders");
    assert_eq!(format!("{said:?}"), "[T, D[50], C SELECT 1, Z I]");
}

#[test]
fn an_expired_token_opens_nothing() {
    let database = v15().database();
    let idp = Idp::shared();
    let house = House::builder()
        .identity(&format!(
            "  - name: short\n    issuer: {}\n    audience: sluice-short\n    subject_claim: email\n    groups_claim: groups\n",
            idp.issuer()
        ))
        .orders(&database)
        .start();
    // Good for one second, and a minute of leeway.
    let token = idp.fresh_token("alice@example.com", "sluice-short");
    let refused = || Client::sign_in(&house.address(), "alice@example.com", "orders", &token).err();
    until("the token expires", Duration::from_secs(90), || {
        std::thread::sleep(Duration::from_secs(1));
        refused()
    });
    // It may have expired between its check and the session's beginning; from now on it opens nothing.
    let error = refused().unwrap();
    assert_eq!(error.field('S'), "FATAL");
    // Why it is not good any more is the operator's to know; the client hears the same of every token.
    assert_eq!(error.message(), "the token was not accepted");
    assert!(house.log().contains("expired"), "{}", house.log());
}

#[test]
fn new_signing_keys_are_found_and_old_tokens_of_lost_keys_are_refused() {
    let database = v15().database();
    let idp: &'static Idp = Box::leak(Box::new(Idp::start()));
    let house = House::builder().idp(idp).orders(&database).start();
    let old = idp.fresh_token("alice@example.com", "sluice");
    let sign_in = |token: &str| {
        Client::sign_in(&house.address(), "alice@example.com", "orders", token).map(|_| ())
    };
    sign_in(&old).unwrap();
    idp.rotate();
    let new = idp.fresh_token("alice@example.com", "sluice");
    until("the new key is fetched", Duration::from_secs(60), || sign_in(&new).ok());
    assert!(sign_in(&old).is_err());
}

#[test]
fn a_providers_outage_does_not_lock_out_who_has_a_token() {
    let database = v15().database();
    let idp: &'static Idp = Box::leak(Box::new(Idp::start()));
    let house = House::builder().idp(idp).orders(&database).start();
    let token = idp.fresh_token("alice@example.com", "sluice");
    let sign_in =
        || Client::sign_in(&house.address(), "alice@example.com", "orders", &token).map(|_| ());
    sign_in().unwrap();
    idp.outage();
    sign_in().unwrap();
}

#[test]
fn who_may_not_connect_is_told_so_and_nothing_is_dialled() {
    let database = v15().database();
    let house = House::open(&database);
    let refused = |name, resource| house.try_client(name, resource).map(|_| ()).unwrap_err();
    let not_permitted = refused("dave", "orders");
    assert_eq!(not_permitted.field('S'), "FATAL", "{not_permitted:?}");
    // Whether there is such a resource is nobody's business who may not open it.
    let not_there = refused("dave", "nowhere");
    assert_eq!(not_there.code(), not_permitted.code());
    assert_eq!(database.log(), "");
}

#[test]
fn startup_parameters_that_would_change_the_session_do_not_slip_through() {
    let database = v15().database();
    let house = House::open(&database);
    let person = house.person("alice");
    let base = [("user", person.subject.as_str()), ("database", "orders")];
    for (name, value) in [
        ("options", "-c role=with_trust"),
        ("options", "-c session_authorization=with_trust"),
        ("options", "-crow_security=off"),
        ("options", "--role=with_trust"),
        ("role", "with_trust"),
        ("session_authorization", "with_trust"),
        ("replication", "true"),
        ("replication", "database"),
        ("standard_conforming_strings", "off"),
        ("client_encoding", "SJIS"),
        ("session_replication_role", "replica"),
        ("search_path", "archive"),
    ] {
        let parameters = [&base[..], &[(name, value)]].concat();
        let signed_in = Client::sign_in_with(&house.address(), 0, &parameters, &person.token);
        // Refused or left out; in force it must not be.
        let Ok(mut client) = signed_in else { continue };
        for setting in [
            "role",
            "row_security",
            "standard_conforming_strings",
            "client_encoding",
            "session_replication_role",
        ] {
            let said = format!("{:?}", client.query(&format!("SHOW {setting}")));
            let harmless = ["none", "on", "UTF8", "origin"];
            assert!(
                harmless.iter().any(|value| said.contains(&format!("D[{value}]"))),
                "{name}={value}: {setting}: {said}"
            );
        }
        let said = format!("{:?}", client.query("SELECT session_user"));
        assert!(said.contains("D[app]"), "{name}={value}: {said}");
    }
}

#[test]
fn protocol_3_2_is_spoken_with_long_cancel_keys() {
    let database = v15().database();
    let house = House::open(&database);
    let person = house.person("alice");
    let parameters = [("user", person.subject.as_str()), ("database", "orders")];
    let client = Client::sign_in_with(&house.address(), 2, &parameters, &person.token).unwrap();
    assert!(client.key.len() > 8, "{}", client.key.len());
    let client = Client::sign_in_with(&house.address(), 0, &parameters, &person.token).unwrap();
    assert_eq!(client.key.len(), 8);
}

#[test]
fn broken_first_messages_end_the_connection_and_not_the_gateway() {
    let database = v15().database();
    let house = House::open(&database);
    let user = startup(0, &[("user", "alice@example.com"), ("database", "orders")]);
    let password = ask::message(b'p', b"x\0");
    let cases: Vec<Vec<u8>> = vec![
        vec![0, 0, 0, 0],
        vec![0, 0, 0, 3, 0, 3, 0, 0],
        vec![0, 0, 0, 7, 0, 3, 0],
        vec![0x7f, 0xff, 0xff, 0xff, 0, 3, 0, 0],
        vec![0x80, 0, 0, 0, 0, 3, 0, 0],
        vec![0xff, 0xff, 0xff, 0xff, 0, 3, 0, 0],
        vec![0, 0, 0, 9, 0, 9, 0, 0, 0],
        startup(0, &[]),
        startup(0, &[("user", "")]),
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        [user.clone(), user.clone()].concat(),
        [user.clone(), ask::query("SELECT 1")].concat(),
        [user.clone(), ask::sync(), password.clone()].concat(),
        [user.clone(), vec![b'p', 0, 0, 0, 0]].concat(),
        [user.clone(), vec![b'p', 0xff, 0xff, 0xff, 0xff]].concat(),
        [user, password.clone(), password, ask::query("DROP TABLE ledger")].concat(),
    ];
    for bytes in cases {
        let mut client = Client::raw(&house.address());
        client.try_send(&bytes);
        client.finish();
        while client.take(1).is_some() {}
        let said = client.received();
        assert!(!said.contains(&b'Z'), "{bytes:?}: {:?}", String::from_utf8_lossy(said));
    }
    assert_eq!(database.log(), "");
    assert_eq!(house.client("alice").query("SELECT 1").len(), 4);
}

#[test]
fn silent_connections_do_not_keep_others_out() {
    let database = v15().database();
    let house = House::open(&database);
    let before = house.process().resident();
    // As many as one address may have; beyond, it is the address that is kept out.
    let silent: Vec<_> = (0..50)
        .map(|at| {
            let mut client = Client::raw(&house.address());
            client.send(&startup(0, &[("user", "alice@example.com")])[..at % 9]);
            client
        })
        .collect();
    assert_eq!(house.client("alice").query("SELECT 1").len(), 4);
    let grown = house.process().resident().saturating_sub(before);
    assert!(grown < 50 * 64 * 1024 + (8 << 20), "{grown} bytes for 50 silent connections");
    drop(silent);
}

#[test]
fn a_startup_message_may_come_a_byte_at_a_time() {
    let database = v15().database();
    let house = House::open(&database);
    let person = house.person("alice");
    let mut client = Client::raw(&house.address());
    for byte in startup(0, &[("user", &person.subject), ("database", "orders")]) {
        client.send(&[byte]);
    }
    assert_eq!(client.message().unwrap().kind, b'R');
    for byte in ask::message(b'p', &[person.token.as_bytes(), &[0]].concat()) {
        client.send(&[byte]);
    }
    assert_eq!(client.until_ready().last().map(|message| message.kind), Some(b'Z'));
}

#[test]
fn many_failed_logins_from_one_address_are_slowed_down() {
    let database = v15().database();
    let house = House::open(&database);
    let refused = (0..200).find_map(|_| {
        let tried = Client::sign_in(&house.address(), "alice@example.com", "orders", "wrong");
        let error = tried.map(|_| ()).unwrap_err();
        error.message().contains("too many").then_some(error)
    });
    assert!(refused.is_some(), "200 wrong passwords and nobody minded");
}

fn ssl_request() -> Vec<u8> {
    vec![0, 0, 0, 8, 4, 210, 22, 47]
}

fn kinds(messages: &[Message]) -> String {
    messages.iter().map(|message| char::from(message.kind)).collect()
}
