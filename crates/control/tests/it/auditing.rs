//! What the desk's own acts leave in the audit log, and who may read it there.

use evidence::PublicKey;
use evidence::audit::Export;
use serde_json::{Value, json};

use crate::house::{NOW, person};
use crate::server::Server;

fn key(server: &Server) -> PublicKey {
    *server.recordings.public_key()
}

#[tokio::test]
async fn who_read_which_recording_and_with_which_key_is_entered() {
    let server = Server::start().await;
    let (id, opened) = server.session_of(person("ana@example.com", &["engineering"]));
    drop(opened);
    let path = format!("/api/v1/sessions/{id}");
    for (name, what) in [
        ("adm", "events?follow=true"),
        ("adm", "recording?purpose=verify"),
        ("ana", "key?purpose=replay"),
        ("ana", "events?follow=false"),
        ("ana", "events"),
    ] {
        let answer = server.as_person(name, "GET", &format!("{path}/{what}"), None).await;
        assert_eq!(answer.status, 200, "{what}: {}", answer.body);
    }
    // What nobody can read a recording for leaves nothing.
    let odd = format!("{path}/key?purpose=whatever%0a");
    assert_eq!(server.as_person("ana", "GET", &odd, None).await.status, 400);
    // Who may not see it leaves nothing: there is no such session for them.
    assert_eq!(server.as_person("ben", "GET", &format!("{path}/key"), None).await.status, 404);
    let acts: Vec<_> =
        ["recording.", "key."].map(|code| server.house.acts(code)).into_iter().collect();
    let mut told = Vec::new();
    for acts in acts {
        for act in acts.await {
            assert_eq!(act.object, id.to_string());
            assert_eq!(act.detail["subject"], "ana@example.com");
            assert_eq!(act.detail["resource"], "orders-prod");
            assert!(act.detail["source"].as_str().unwrap().starts_with("127.0.0.1:"));
            let purpose = act.detail["purpose"].as_str().unwrap().to_owned();
            told.push((act.seq, act.action, act.actor, purpose));
        }
    }
    told.sort();
    let told: Vec<_> =
        told.iter().map(|(_, a, b, c)| (a.as_str(), b.as_str(), c.as_str())).collect();
    assert_eq!(
        told,
        [
            ("recording.view", "adm@example.com", "tail"),
            ("recording.export", "adm@example.com", "verify"),
            ("key.use", "ana@example.com", "replay"),
            ("recording.view", "ana@example.com", "read"),
            ("recording.view", "ana@example.com", "read"),
        ]
    );
}

#[tokio::test]
async fn a_hundred_requests_are_one_sign_in() {
    let server = Server::start().await;
    for _ in 0..100 {
        assert_eq!(server.as_person("ana", "GET", "/api/v1/whoami", None).await.status, 200);
    }
    let (secret, token) = server.sluice_token(|_| {}).await;
    server.send(Some(&secret), "GET", "/api/v1/whoami", None).await;
    let acts = server.house.acts("login.accepted").await;
    assert_eq!(acts.len(), 2);
    assert_eq!((&*acts[0].actor, &*acts[0].object), ("job", "127.0.0.1"));
    assert_eq!(acts[0].detail["credential"], "sluice_token");
    assert_eq!(acts[0].detail["token"], token.to_string());
    assert_eq!((&*acts[1].actor, &acts[1].detail["provider"]), ("ana@example.com", &json!("corp")));
    assert_eq!(acts[1].detail["groups"], json!(["engineering"]));
    assert!(!format!("{acts:?}").contains(&secret));
}

#[tokio::test]
async fn an_export_over_the_api_is_whole_tells_of_itself_and_can_be_checked() {
    let server = Server::start().await;
    for _ in 0..300 {
        server.sluice_token(|_| {}).await;
    }
    let text = server.as_person("adm", "GET", "/api/v1/audit/export", None).await.body;
    let key = key(&server);
    let mut export = Export::new(&key);
    let mut entries: Vec<(u64, String)> = Vec::new();
    export.feed(text.as_bytes(), |entry| entries.push((entry.seq, entry.action.clone()))).unwrap();
    export.finish().unwrap();
    assert_eq!(entries.len(), 302, "a sign-in, the tokens, the export");
    assert_eq!(entries.last().unwrap().1, "audit.export");
    let more = server.as_person("adm", "GET", "/api/v1/audit/export?after=302", None).await.body;
    let mut export = Export::new(&key);
    export.feed(more.as_bytes(), |entry| assert_eq!(entry.seq, 303)).unwrap();
    export.finish().unwrap();
    let beyond = server.as_person("adm", "GET", "/api/v1/audit/export?after=9999", None).await;
    assert_eq!(beyond.status, 422, "{}", beyond.body);
}

#[tokio::test]
async fn entries_are_found_by_who_what_when_and_followed_from_one_on() {
    let server = Server::start().await;
    for _ in 0..3 {
        server.sluice_token(|_| {}).await;
    }
    let (_, id) = server.sluice_token(|new| new.created_by = "dan@example.com".into()).await;
    let ids = |list: &Value| -> Vec<u64> {
        list.as_array().unwrap().iter().map(|entry| entry["id"].as_u64().unwrap()).collect()
    };
    let ask = async |query: &str| {
        let path = format!("/api/v1/audit?{query}");
        server.as_person("adm", "GET", &path, None).await.json()
    };
    assert_eq!(ids(&ask("action=token.").await), [4, 3, 2, 1]);
    assert_eq!(ids(&ask("actor=dan@example.com").await), [4]);
    assert_eq!(ids(&ask(&format!("object={id}")).await), [4]);
    assert_eq!(ids(&ask("after=1&limit=2").await), [2, 3]);
    assert_eq!(ids(&ask("before=4&limit=2").await), [3, 2]);
    assert_eq!(ids(&ask(&format!("action=token.&until={NOW}")).await), [0_u64; 0]);
    assert_eq!(ids(&ask(&format!("action=token.&since={NOW}")).await), [4, 3, 2, 1]);
    let one = server.as_person("adm", "GET", "/api/v1/audit/4", None).await.json();
    assert_eq!((&one["id"], &one["action"]), (&json!(4), &json!("token.create")));
    for path in ["/api/v1/audit/0", "/api/v1/audit/400", "/api/v1/audit/x"] {
        assert_eq!(server.as_person("adm", "GET", path, None).await.status, 404, "{path}");
    }
    let checked = server.as_person("adm", "GET", "/api/v1/audit/verify", None).await.json();
    assert_eq!((&checked["intact"], &checked["entries"]), (&json!(true), &json!(5)));
}
