use control::tokens::NewToken;
use model::{Ending, Event, IdentityKind, Timestamp};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::house::{NOW, person};
use crate::server::Server;

#[tokio::test]
async fn every_endpoint_knows_who_may_what() {
    let server = Server::start().await;
    let ana = person("ana@example.com", &["engineering"]);
    let held = server.ask_of(ana.clone()).await;
    let (session, _opened) = server.session_of(ana);
    let admin_groups = |new: &mut NewToken| new.groups = vec!["admins".into(), "dba".into()];
    let (bound, _) = server
        .sluice_token(|new| {
            admin_groups(new);
            new.only_resources = Some(vec!["other".into()]);
        })
        .await;
    let (agent, _) = server
        .sluice_token(|new| {
            admin_groups(new);
            new.kind = IdentityKind::Agent;
        })
        .await;
    let (robot, robot_id) = server.sluice_token(admin_groups).await;
    let roles = [
        ("nobody", None),
        ("ana, whose it is", Some(server.token("ana"))),
        ("ben, a colleague", Some(server.token("ben"))),
        ("dan, an approver", Some(server.token("dan"))),
        ("adm, an administrator", Some(server.token("adm"))),
        ("a bound token with an administrator's groups", Some(bound)),
        ("an agent with an administrator's groups", Some(agent)),
        ("a machine with an administrator's groups", Some(robot)),
    ];
    let approval = format!("/approvals/{}", held.id);
    let session = format!("/sessions/{session}");
    let token = format!("/tokens/{robot_id}");
    let comment = json!({ "comment": "" });
    let new = json!({ "name": "n", "subject": "s", "kind": "machine" });
    //                                                      nobody ana ben dan adm bound agent robot
    let table: [(&str, String, Option<&Value>, [u16; 8]); 22] = [
        ("GET", "/info".into(), None, [200, 200, 200, 200, 200, 200, 200, 200]),
        ("GET", "/whoami".into(), None, [401, 200, 200, 200, 200, 200, 200, 200]),
        ("GET", "/resources".into(), None, [401, 200, 200, 200, 200, 200, 200, 200]),
        ("GET", "/approvals".into(), None, [401, 200, 200, 200, 200, 200, 200, 200]),
        ("GET", approval.clone(), None, [401, 200, 404, 200, 200, 404, 404, 200]),
        ("GET", "/sessions".into(), None, [401, 200, 200, 200, 200, 200, 200, 200]),
        ("GET", session.clone(), None, [401, 200, 404, 404, 200, 404, 404, 200]),
        ("GET", format!("{session}/events"), None, [401, 200, 404, 404, 200, 404, 404, 200]),
        ("GET", format!("{session}/recording"), None, [401, 200, 404, 404, 200, 404, 404, 200]),
        ("GET", format!("{session}/key"), None, [401, 200, 404, 404, 200, 404, 404, 200]),
        ("GET", "/audit/1".into(), None, [401, 403, 403, 403, 200, 403, 403, 200]),
        ("GET", "/audit/export".into(), None, [401, 403, 403, 403, 200, 403, 403, 200]),
        ("GET", "/tokens".into(), None, [401, 200, 200, 200, 200, 200, 200, 200]),
        ("GET", "/audit".into(), None, [401, 403, 403, 403, 200, 403, 403, 200]),
        ("GET", "/audit/verify".into(), None, [401, 403, 403, 403, 200, 403, 403, 200]),
        ("GET", "/drift".into(), None, [401, 403, 403, 403, 200, 403, 403, 200]),
        ("POST", "/tokens".into(), Some(&new), [401, 403, 403, 403, 201, 403, 403, 403]),
        (
            "POST",
            format!("{approval}/deny"),
            Some(&comment),
            [401, 403, 404, 200, 403, 404, 404, 403],
        ),
        (
            "POST",
            format!("{approval}/approve"),
            Some(&comment),
            [401, 403, 404, 409, 403, 404, 404, 403],
        ),
        (
            "DELETE",
            format!("{session}?reason=over"),
            None,
            [401, 204, 404, 404, 409, 404, 404, 409],
        ),
        ("DELETE", token, None, [401, 404, 404, 404, 204, 404, 404, 401]),
        ("GET", "/nothing".into(), None, [404, 404, 404, 404, 404, 404, 404, 404]),
    ];
    for (method, path, body, wanted) in table {
        for ((role, token), wanted) in roles.iter().zip(wanted) {
            let body = body.map(Value::to_string);
            let path = format!("/api/v1{path}");
            let answer = server.send(token.as_deref(), method, &path, body).await;
            assert_eq!(answer.status, wanted, "{method} {path} as {role}: {}", answer.body);
            if wanted >= 400 {
                assert_eq!(answer.headers["content-type"], "application/problem+json");
                assert_eq!(answer.json()["status"], wanted);
            }
        }
    }
}

#[tokio::test]
async fn what_is_anothers_answers_as_what_is_not_there() {
    let server = Server::start().await;
    let ana = person("ana@example.com", &["engineering"]);
    let held = server.ask_of(ana.clone()).await;
    let (session, _opened) = server.session_of(ana);
    let (_, token) = server.sluice_token(|_| {}).await;
    let nobody = "00000000000000000000000000";
    for (method, path, id) in [
        ("GET", "/approvals/ID", held.id.to_string()),
        ("POST", "/approvals/ID/approve", held.id.to_string()),
        ("POST", "/approvals/ID/deny", held.id.to_string()),
        ("GET", "/sessions/ID", session.to_string()),
        ("GET", "/sessions/ID/events", session.to_string()),
        ("GET", "/sessions/ID/recording", session.to_string()),
        ("DELETE", "/sessions/ID", session.to_string()),
        ("DELETE", "/tokens/ID", token.to_string()),
    ] {
        let mut bodies = Vec::new();
        for id in [id.as_str(), nobody, "nonsense", "..%2F..%2Fetc%2Fpasswd", "%00"] {
            let path = format!("/api/v1{}", path.replace("ID", id));
            let body = (method == "POST").then(|| json!({}));
            let answer = server.as_person("ben", method, &path, body).await;
            assert_eq!(answer.status, 404, "{method} {path}: {}", answer.body);
            bodies.push(answer.body);
        }
        bodies.dedup();
        assert_eq!(bodies.len(), 1, "{bodies:?}");
    }
}

#[tokio::test]
async fn lists_hold_only_what_the_caller_may_see() {
    let server = Server::start().await;
    let (ana, ben) = (person("ana@example.com", &[]), person("ben@example.com", &[]));
    let _held = [server.ask_of(ana.clone()).await, server.ask_of(ben.clone()).await];
    let mut elsewhere = ana.clone();
    elsewhere.provider = "other".into();
    let _sessions = [server.session_of(ana), server.session_of(ben), server.session_of(elsewhere)];
    server.sluice_token(|_| {}).await;
    server.sluice_token(|new| new.created_by = "dan@example.com".into()).await;
    for (name, approvals, sessions, tokens) in
        [("ana", 1, 1, 0), ("ben", 1, 1, 0), ("dan", 2, 0, 1), ("adm", 2, 3, 2)]
    {
        for (path, wanted) in
            [("/approvals", approvals), ("/sessions", sessions), ("/tokens", tokens)]
        {
            let path = format!("/api/v1{path}");
            let list = server.as_person(name, "GET", &path, None).await.json();
            assert_eq!(list.as_array().unwrap().len(), wanted, "{path} as {name}: {list}");
            assert!(list.as_array().unwrap().iter().all(|item| item["id"].is_string()));
        }
    }
    let others = "/api/v1/sessions?subject=ben@example.com";
    let list = server.as_person("ana", "GET", others, None).await.json();
    assert_eq!(list, json!([]), "a filter widens nothing");
}

#[tokio::test]
async fn resources_are_those_policy_lets_one_open() {
    let server = Server::start().await;
    let list = server.as_person("ana", "GET", "/api/v1/resources", None).await.json();
    assert_eq!(
        list,
        json!([{
            "id": "orders-prod", "name": "orders-prod", "protocol": "postgres",
            "labels": { "env": "prod" }, "database": "orders",
        }])
    );
    let list = server.as_person("dan", "GET", "/api/v1/resources", None).await.json();
    assert_eq!(list, json!([]));
}

#[tokio::test]
async fn an_approver_lets_a_held_command_go_over_the_api() {
    let server = Server::start().await;
    let held = server.ask_of(person("ana@example.com", &["engineering"])).await;
    let path = format!("/api/v1/approvals/{}", held.id);
    let shown = server.as_person("dan", "GET", &path, None).await.json();
    assert_eq!((&shown["state"], &shown["may_decide"]), (&json!("open"), &json!(true)));
    assert!(shown["identity"].get("token").is_none());
    let body = json!({ "comment": "as agreed" });
    let approve = format!("{path}/approve");
    let answer = server.as_person("dan", "POST", &approve, Some(body.clone())).await.json();
    assert_eq!(answer["decisions"][0]["comment"], "as agreed");
    assert_eq!(held.ruling.await.unwrap().approval, Some(held.id));
    let again = server.as_person("dan", "POST", &approve, Some(body)).await;
    assert_eq!(again.status, 409);
    assert_eq!(again.json()["detail"], "the request is approved already");
    let closed = server.as_person("dan", "GET", "/api/v1/approvals?state=open", None).await.json();
    assert_eq!(closed, json!([]));
}

#[tokio::test]
async fn a_killed_session_hears_by_whom() {
    let server = Server::start().await;
    let (id, opened) = server.session_of(person("ana@example.com", &[]));
    let path = format!("/api/v1/sessions/{id}");
    assert_eq!(server.as_person("adm", "DELETE", &path, None).await.status, 204);
    assert_eq!(opened.must_end.await, "the session was ended by adm@example.com");
    let acts = server.house.acts("session.kill").await;
    assert_eq!(
        (acts[0].actor.as_str(), acts[0].object.as_str()),
        ("adm@example.com", &*id.to_string())
    );
}

#[tokio::test]
async fn a_session_is_shown_with_its_events_and_its_file() {
    let server = Server::start().await;
    let (id, mut opened) = server.session_of(person("ana@example.com", &[]));
    let ending = Ending { at: Timestamp::from_secs(NOW + 5), how: "the client left".into() };
    let notice = Event::Notice { number: 0, message: "hello".into() };
    opened.recorder.record(ending.at, &notice).unwrap();
    opened.recorder.close(ending).unwrap();
    let path = format!("/api/v1/sessions/{id}");
    let shown = server.as_person("ana", "GET", &path, None).await.json();
    for (name, value) in [
        ("state", "closed"),
        ("subject", "ana@example.com"),
        ("resource", "orders-prod"),
        ("opened", "2027-01-15T08:00:00.000000Z"),
        ("ending", "the client left"),
    ] {
        assert_eq!(shown[name], value, "{shown}");
    }
    let events = server.as_person("ana", "GET", &format!("{path}/events"), None).await;
    assert_eq!(events.headers["content-type"], "application/x-ndjson");
    let lines: Vec<Value> =
        events.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3, "opened, notice, closed: {lines:?}");
    let file = std::fs::metadata(server.recordings.path(id)).unwrap().len();
    let raw = server.as_person("ana", "GET", &format!("{path}/recording"), None).await;
    assert_eq!(raw.status, 200);
    assert_eq!(shown["bytes"], file);
}

#[tokio::test]
async fn revoking_a_token_ends_the_sessions_it_opened_and_no_others() {
    let server = Server::start().await;
    let (secret, id) = server.sluice_token(|_| {}).await;
    let identity = server.house.login(&secret).await.unwrap();
    let (_, ends) = server.session_of(identity.clone());
    let (_, stays) = server.session_of(person("ana@example.com", &[]));
    let path = format!("/api/v1/tokens/{id}");
    assert_eq!(server.as_person("adm", "DELETE", &path, None).await.status, 204);
    assert_eq!(ends.must_end.await, "the token was revoked");
    // A login that was checked before the revocation and becomes a session after it.
    let (_, late) = server.session_of(identity);
    assert_eq!(late.must_end.await, "the token was revoked");
    let mut stays = stays.must_end;
    assert!(futures::poll!(&mut stays).is_pending());
}

#[tokio::test]
async fn a_new_tokens_secret_is_in_one_answer_and_works() {
    let server = Server::start().await;
    let body = json!({ "name": "n", "subject": "job", "kind": "machine", "only_resources": ["orders-prod"] });
    let made = server.as_person("adm", "POST", "/api/v1/tokens", Some(body)).await.json();
    let secret = made["token"].as_str().unwrap();
    let me = server.send(Some(secret), "GET", "/api/v1/whoami", None).await.json();
    assert_eq!((&me["subject"], &me["token"]), (&json!("job"), &made["id"]));
    assert_eq!(me["only_resources"], json!(["orders-prod"]));
    let list = server.as_person("adm", "GET", "/api/v1/tokens", None).await;
    assert!(list.body.contains(made["id"].as_str().unwrap()) && !list.body.contains(secret));
}

#[tokio::test]
async fn what_cannot_be_understood_is_refused_and_says_why() {
    let server = Server::start().await;
    let adm = server.token("adm");
    let long = json!({ "name": "x".repeat(1024 * 1024) }).to_string();
    for (method, path, body, status, detail) in [
        (
            "POST",
            "/tokens",
            r#"{"name":"n","subject":"s","kind":"machine","admin":true}"#,
            422,
            "admin",
        ),
        ("POST", "/tokens", r#"{"name":"n","subject":"s","kind":"ghost"}"#, 422, "ghost"),
        (
            "POST",
            "/tokens",
            r#"{"name":"n","subject":"s","kind":"machine","lifetime_seconds":1}"#,
            422,
            "`lifetime`",
        ),
        ("POST", "/tokens", r#"{"name":"n","subject":"","kind":"machine"}"#, 422, "`subject`"),
        ("POST", "/tokens", "{", 400, "JSON"),
        ("POST", "/tokens", long.as_str(), 413, "length limit"),
        ("GET", "/approvals?state=maybe", "", 400, "state"),
        ("GET", "/approvals?owner=ana", "", 400, "owner"),
        ("GET", "/audit?limit=-1", "", 400, "limit"),
        ("PUT", "/tokens", "", 405, "method"),
    ] {
        let body = (!body.is_empty()).then(|| body.to_owned());
        let answer = server.send(Some(&adm), method, &format!("/api/v1{path}"), body).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        let said = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(said.contains(detail), "{method} {path}: {said}");
    }
}

#[tokio::test]
async fn guessing_tokens_over_the_api_makes_the_address_wait() {
    let server = Server::start().await;
    for _ in 0..10 {
        assert_eq!(server.send(Some("guess"), "GET", "/api/v1/whoami", None).await.status, 401);
    }
    let answer = server.as_person("ana", "GET", "/api/v1/whoami", None).await;
    assert_eq!(answer.status, 429);
    assert_eq!(answer.headers["retry-after"], "5");
    assert_eq!(server.send(None, "GET", "/api/v1/info", None).await.status, 200);
}

#[tokio::test]
async fn a_reason_for_a_hold_holds_nothing_that_a_terminal_would_obey() {
    let server = Server::start().await;
    let (id, opened) = server.session_of(person("ana@example.com", &["engineering"]));
    drop(opened);
    let path = format!("/api/v1/sessions/{id}/hold");
    for reason in ["case\u{1b}[2J", "case\n117", " "] {
        let said = Some(json!({ "reason": reason }));
        let answer = server.as_person("adm", "POST", &path, said).await;
        assert_eq!(answer.status, 422, "{reason:?}: {}", answer.body);
    }
}

#[tokio::test]
async fn it_speaks_tls_with_a_certificate_of_the_local_authority() {
    let server = Server::start_with(true).await;
    let answer = server.send(None, "GET", "/api/v1/info", None).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["providers"][0]["client_id"], "sluice-cli");
    assert_eq!(answer.json()["endpoints"]["postgres"], "127.0.0.1:5433");
    for (name, value) in [
        ("strict-transport-security", "max-age=31536000"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ] {
        assert_eq!(answer.headers[name], value);
    }
}

#[tokio::test]
async fn a_client_that_never_finishes_its_request_is_let_go() {
    let server = Server::start().await;
    let mut slow =
        tokio::net::TcpStream::connect(server.base.trim_start_matches("http://")).await.unwrap();
    slow.write_all(b"GET /api/v1/info HTTP/1.1\r\nhost: x\r\nx-slow: ").await.unwrap();
    tokio::time::pause();
    let mut answer = Vec::new();
    slow.read_to_end(&mut answer).await.unwrap();
    assert!(!answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
}
