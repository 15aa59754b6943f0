//! Search over the API: who finds what, and the way from a request to the bytes of the recording.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use model::ports::{ApprovalRequest, Desk as _, Recorder};
use model::{Ask, Ending, Event, Phase, SessionId, Terms, Timestamp, Verdict};
use serde_json::{Value, json};

use crate::house::{NOW, person};
use crate::server::Server;

fn ran(recorder: &mut Box<dyn Recorder>, number: u64, text: &str) {
    let at = Timestamp::from_secs(NOW + number);
    let command = Event::Command {
        number,
        phase: Phase::Run,
        text: Bytes::copy_from_slice(text.as_bytes()),
        parameters: Arc::new([]),
        accesses: Arc::new([]),
        seen: None,
    };
    let decided = Event::Decided {
        number,
        verdict: Verdict::Allowed,
        policies: Arc::new([]),
        approval: None,
        message: None,
        cause: None,
    };
    let finished = Event::Finished { number, tag: "SELECT 1".into(), rows: 1, bytes: 1 };
    for event in [command, decided, finished] {
        recorder.record(at, &event).unwrap();
    }
}

fn left() -> Ending {
    Ending { at: Timestamp::from_secs(NOW + 60), how: "the client left".into() }
}

impl Server {
    /// Asks until the answer holds.
    async fn until(&self, name: &str, path: &str, holds: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..300 {
            let answer = self.as_person(name, "GET", path, None).await.json();
            if holds(&answer) {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{path} never held as {name}");
    }
}

#[tokio::test]
async fn nobody_finds_what_is_anothers_by_any_filter() {
    let server = Server::start().await;
    let mut elsewhere = person("ana@example.com", &[]);
    elsewhere.provider = "other".into();
    for identity in [person("ana@example.com", &[]), person("ben@example.com", &[]), elsewhere] {
        let (_, mut opened) = server.session_of(identity);
        ran(&mut opened.recorder, 1, "SELECT 'common word'");
        opened.recorder.close(left()).unwrap();
    }
    let (bound, _) = server
        .sluice_token(|new| {
            new.subject = "job".into();
            new.only_resources = Some(vec!["other".into()]);
        })
        .await;
    let three = |answer: &Value| answer["statements"].as_array().is_some_and(|all| all.len() == 3);
    server.until("adm", "/api/v1/statements?text=common", three).await;
    let queries = [
        "text=common",
        "text=%22common%20word%22",
        "verdict=allowed",
        "resource=orders-prod",
        "since=1",
        "subject=ben@example.com",
        "subject=ana@example.com",
    ];
    for (name, own) in [("ana", 1), ("ben", 1), ("dan", 0)] {
        for query in queries {
            let path = format!("/api/v1/statements?{query}");
            let answer = server.as_person(name, "GET", &path, None).await.json();
            let found = answer["statements"].as_array().unwrap();
            let subject = format!("{name}@example.com");
            let mine = found.iter().all(|one| one["subject"] == subject.as_str());
            let foreign = query.contains("subject") && !query.contains(&subject);
            let expected = if foreign { 0 } else { own };
            assert!(mine && found.len() == expected, "{path} as {name}: {answer}");
            assert_eq!(answer["next"], Value::Null);
            let path = format!("/api/v1/sessions?{query}");
            let answer = server.as_person(name, "GET", &path, None).await;
            assert_eq!(answer.json().as_array().unwrap().len(), expected, "{path} as {name}");
            assert!(answer.headers.get("link").is_none());
        }
        let index = server.as_person(name, "GET", "/api/v1/index", None).await.json();
        assert_eq!(index, json!({ "complete": true }), "numbers are for administrators");
    }
    let bound = server.send(Some(&bound), "GET", "/api/v1/statements?text=common", None).await;
    assert_eq!(bound.json()["statements"], json!([]));
    for path in ["/api/v1/statements?text=common", "/api/v1/index", "/api/v1/sessions?text=common"]
    {
        assert_eq!(server.send(None, "GET", path, None).await.status, 401, "{path}");
    }
}

#[tokio::test]
async fn a_token_that_is_good_for_one_resource_finds_nothing_of_another() {
    let server = Server::start().await;
    for only in ["orders-prod", "orders-test"] {
        let (secret, _) = server
            .sluice_token(|new| {
                new.subject = format!("job-{only}");
                new.only_resources = Some(vec![only.into()]);
            })
            .await;
        // The session was opened by another token of the same subject.
        let (open, _) = server.sluice_token(|new| new.subject = format!("job-{only}")).await;
        let identity = server.house.login(&open).await.unwrap();
        let (_, mut opened) = server.session_of(identity);
        ran(&mut opened.recorder, 1, "SELECT 'bound word'");
        opened.recorder.close(left()).unwrap();
        let path = "/api/v1/statements?text=bound";
        let all = usize::from(only == "orders-prod") + usize::from(only == "orders-test") * 2;
        server
            .until("adm", path, |answer| {
                answer["statements"].as_array().is_some_and(|found| found.len() == all)
            })
            .await;
        let found = server.send(Some(&secret), "GET", path, None).await.json();
        let expected = usize::from(only == "orders-prod");
        assert_eq!(found["statements"].as_array().unwrap().len(), expected, "{only}: {found}");
    }
}

#[tokio::test]
async fn a_request_leads_to_the_bytes_that_say_what_ran() {
    let server = Server::start().await;
    let ana = person("ana@example.com", &["engineering"]);
    let (session, mut opened) = server.session_of(ana.clone());
    ran(&mut opened.recorder, 1, "SELECT 1");
    let text = Bytes::from_static(b"DELETE FROM orders WHERE id = 4711");
    let at = Timestamp::from_secs(NOW + 2);
    let command = Event::Command {
        number: 2,
        phase: Phase::Run,
        text: text.clone(),
        parameters: Arc::new([]),
        accesses: Arc::new([]),
        seen: None,
    };
    opened.recorder.record(at, &command).unwrap();
    let ask = Ask {
        approvers: vec!["dba".into()],
        approvals: 1,
        within: Duration::from_secs(600),
        policies: vec!["writes-need-a-dba".into()],
        message: String::new(),
    };
    let request = ApprovalRequest {
        session,
        identity: ana,
        resource: "orders-prod".into(),
        number: 2,
        text: text.clone(),
        parameters: vec![],
        accesses: vec![],
        ask,
        terms: Terms::default(),
    };
    let held = server.desk.ask(request).await.unwrap();
    let decided = |verdict, approval| Event::Decided {
        number: 2,
        verdict,
        policies: Arc::new([]),
        approval,
        message: None,
        cause: None,
    };
    opened.recorder.record(at, &decided(Verdict::Held, None)).unwrap();
    let path = format!("/api/v1/approvals/{}", held.id);
    let said = json!({ "comment": "as agreed" });
    server.as_person("dan", "POST", &format!("{path}/approve"), Some(said)).await;
    let terms = held.ruling.await.unwrap();
    opened.recorder.record(at, &decided(Verdict::Approved, terms.approval)).unwrap();
    opened
        .recorder
        .record(at, &Event::Finished { number: 2, tag: "DELETE 1".into(), rows: 0, bytes: 0 })
        .unwrap();
    ran(&mut opened.recorder, 3, "SELECT 3");
    opened.recorder.close(left()).unwrap();

    let approval = server.until("ana", &path, |answer| answer["recording"].is_object()).await;
    let id: SessionId = approval["session"].as_str().unwrap().parse().unwrap();
    assert_eq!((id, &approval["number"]), (session, &json!(2)));
    let shown =
        server.as_person("ana", "GET", &format!("/api/v1/sessions/{id}"), None).await.json();
    assert_eq!(shown["policies"], json!(["engineers-open-prod"]));
    let asked = &shown["approvals"][0];
    assert_eq!(asked["id"], approval["id"]);
    assert_eq!(asked["decisions"][0]["subject"], "dan@example.com");
    assert_eq!(asked["recording"], approval["recording"]);
    let by_id = format!("/api/v1/statements?approval={}", held.id);
    let found = server
        .until("ana", &by_id, |answer| {
            answer["statements"].as_array().is_some_and(|all| all.len() == 1)
        })
        .await;
    let found = &found["statements"][0];
    assert_eq!((&found["session"], &found["number"]), (&approval["session"], &json!(2)));
    assert_eq!(found["verdicts"], json!(["held", "approved"]));
    assert_eq!(found["recording"], approval["recording"]);

    // With the key of the session, the bytes at that place say what ran, and nobody's word for it.
    let file = std::fs::read(server.recordings.path(id)).unwrap();
    let position = usize::try_from(found["recording"]["position"].as_u64().unwrap()).unwrap();
    let block = found["recording"]["block"].as_u64().unwrap();
    let key = server.recordings.session_key(id).unwrap();
    let events = evidence::block_events(&file[position..], block, &key).unwrap();
    let command = events.iter().find_map(|event| match event {
        Event::Command { number: 2, text, .. } => Some(text.clone()),
        _ => None,
    });
    assert_eq!(command, Some(text));
    assert!(
        evidence::block_events(&file[position..], block + 1, &key).is_none(),
        "another block's"
    );
    assert!(evidence::block_events(&file[position + 1..], block, &key).is_none());
}

#[tokio::test]
async fn a_page_says_where_the_next_one_is() {
    let server = Server::start().await;
    for number in 0..5 {
        let (_, mut opened) = server.session_of(person("ana@example.com", &[]));
        ran(&mut opened.recorder, 1, &format!("SELECT {number} AS paged"));
        opened.recorder.close(left()).unwrap();
    }
    let five = |answer: &Value| answer["statements"].as_array().is_some_and(|all| all.len() == 5);
    server.until("ana", "/api/v1/statements?text=paged", five).await;
    for query in ["limit=2", "limit=2&text=paged", "limit=2&verdict=allowed&resource=orders-prod"] {
        let (mut path, mut seen) = (format!("/api/v1/sessions?{query}"), Vec::new());
        loop {
            let answer = server.as_person("ana", "GET", &path, None).await;
            let page = answer.json();
            seen.extend(page.as_array().unwrap().iter().map(|one| one["id"].to_string()));
            let Some(link) = answer.headers.get("link") else { break };
            let link = link.to_str().unwrap();
            path = link.strip_prefix('<').unwrap().split('>').next().unwrap().to_owned();
            assert!(link.ends_with("; rel=\"next\""), "{link}");
        }
        let many = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!((many, seen.len()), (5, 5), "{query}");
    }
    let mut cursor = String::new();
    let mut texts = Vec::new();
    loop {
        let path = format!("/api/v1/statements?text=paged&limit=2{cursor}");
        let page = server.as_person("ana", "GET", &path, None).await.json();
        texts.extend(
            page["statements"].as_array().unwrap().iter().map(|one| one["text"].to_string()),
        );
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), 5);
}

#[tokio::test]
async fn a_question_that_makes_no_sense_is_refused_and_says_why() {
    let server = Server::start().await;
    for (query, detail) in [
        ("text=%22open", "quotation mark"),
        ("text=();", "no word"),
        ("verdict=maybe", "verdict"),
        ("session=nonsense", "`session`"),
        ("approval=x", "`approval`"),
        ("cursor=x", "`cursor`"),
        ("owner=ana", "owner"),
        ("since=yesterday", "since"),
    ] {
        let path = format!("/api/v1/statements?{query}");
        let answer = server.as_person("ana", "GET", &path, None).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.body);
        let said = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(said.contains(detail), "{path}: {said}");
    }
    let path = "/api/v1/sessions?cursor=x";
    assert_eq!(server.as_person("ana", "GET", path, None).await.status, 400);
}
