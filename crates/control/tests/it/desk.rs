use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use control::desk::{DecideError, Desk, Limits, State, Verdict};
use control::store::Store;
use futures::FutureExt as _;
use model::ports::{ApprovalRequest, Desk as _, Held};
use model::{
    Access, Action, ApprovalId, Ask, DataClass, Evidence, Identity, IdentityKind, Object,
    ObjectKind, Parameter, Parent, ReasonKind, SessionId, Terms, Timestamp,
};

use crate::house::{House, new_token, person};

const MINUTE: Duration = Duration::from_secs(60);

async fn desk_of(house: &House) -> Desk {
    Desk::open(Arc::clone(&house.store), Limits::default(), house.clock.clone()).await.unwrap()
}

fn request(subject: &str) -> ApprovalRequest {
    let orders = Parent::Is("public".into());
    ApprovalRequest {
        session: SessionId::new(Timestamp::from_secs(1), 7),
        identity: person(subject, &["engineering"]),
        resource: "orders-prod".into(),
        number: 3,
        text: Bytes::from_static(b"DELETE FROM orders WHERE id = $1"),
        parameters: vec![Parameter::Text("4711".into()), Parameter::Null],
        accesses: vec![Access::new(
            Action::Delete,
            Object::within(ObjectKind::Relation, orders, "orders"),
        )],
        ask: Ask {
            approvers: vec!["group:dba".into()],
            approvals: 1,
            within: MINUTE,
            policies: vec!["prod-writes-need-a-dba".into()],
            message: "a write in production".into(),
        },
        terms: Terms {
            policies: Arc::from([Arc::from("prod-writes-need-a-dba")]),
            reveal: Arc::new([DataClass::new("email").unwrap()].into()),
            approval: None,
            evidence: Evidence::Strict,
            contents: 7,
        },
    }
}

fn dba(subject: &str) -> Identity {
    person(subject, &["dba"])
}

async fn asked(desk: &Desk, request: ApprovalRequest) -> Held {
    desk.ask(request).await.unwrap()
}

async fn state(desk: &Desk, id: ApprovalId) -> State {
    desk.get(id).await.unwrap().unwrap().state
}

#[tokio::test]
async fn an_approval_adds_its_id_to_the_terms_and_loosens_nothing() {
    let house = House::new(vec![]);
    let desk = desk_of(&house).await;
    let request = request("ana@example.com");
    let asked_for = request.terms.clone();
    let held = asked(&desk, request).await;
    desk.decide(held.id, dba("dan@example.com"), Verdict::Approve, "fine").await.unwrap();
    let terms = held.ruling.await.unwrap();
    assert_eq!(terms, Terms { approval: Some(held.id), ..asked_for });
}

#[tokio::test]
async fn the_approver_sees_all_of_what_is_asked() {
    let house = House::new(vec![]);
    let desk = desk_of(&house).await;
    let held = asked(&desk, request("ana@example.com")).await;
    let shown = serde_json::to_value(desk.get(held.id).await.unwrap().unwrap()).unwrap();
    for (name, value) in [
        ("text", serde_json::json!("DELETE FROM orders WHERE id = $1")),
        ("parameters", serde_json::json!(["4711", null])),
        ("accesses", serde_json::json!(["delete public.orders"])),
        ("resource", serde_json::json!("orders-prod")),
        ("number", serde_json::json!(3)),
        ("message", serde_json::json!("a write in production")),
        ("policies", serde_json::json!(["prod-writes-need-a-dba"])),
        ("state", serde_json::json!("open")),
    ] {
        assert_eq!(shown[name], value, "{name}");
    }
    assert_eq!(shown["identity"]["subject"], "ana@example.com");
}

#[tokio::test]
async fn one_denial_denies_and_its_words_reach_the_requester() {
    let house = House::new(vec![]);
    let desk = desk_of(&house).await;
    let mut request = request("ana@example.com");
    request.ask.approvals = 2;
    let held = asked(&desk, request).await;
    desk.decide(held.id, dba("dan@example.com"), Verdict::Approve, "").await.unwrap();
    desk.decide(held.id, dba("dora@example.com"), Verdict::Deny, "not on a Friday").await.unwrap();
    let reason = held.ruling.await.unwrap_err();
    assert_eq!(reason.kind, ReasonKind::Disapproved);
    assert!(reason.message.contains("dora@example.com"), "{}", reason.message);
    assert!(reason.message.contains("not on a Friday"), "{}", reason.message);
}

#[tokio::test]
async fn a_request_is_decided_before_it_is_answered_and_the_audit_knows() {
    let house = House::new(vec![]);
    let desk = desk_of(&house).await;
    let held = asked(&desk, request("ana@example.com")).await;
    let deciding = desk.decide(held.id, dba("dan@example.com"), Verdict::Approve, "");
    let (ruling, decided) = tokio::join!(
        async {
            let ruling = held.ruling.await;
            (ruling, house.acts("approval.").await, state(&desk, held.id).await)
        },
        deciding
    );
    decided.unwrap();
    let (ruling, acts, state) = ruling;
    assert!(ruling.is_ok());
    assert_eq!(state, State::Approved);
    let names: Vec<_> = acts.iter().map(|act| act.action.as_str()).collect();
    assert_eq!(names, ["approval.approve", "approval.request"]);
    assert_eq!(acts[0].actor, "dan@example.com");
}

#[tokio::test]
async fn a_command_hears_of_a_decision_whose_maker_hung_up() {
    let house = House::new(vec![]);
    let desk = desk_of(&house).await;
    let held = asked(&desk, request("ana@example.com")).await;
    let deciding = desk.decide(held.id, dba("dan@example.com"), Verdict::Approve, "");
    assert!(deciding.now_or_never().is_none(), "it waits for the disk");
    assert_eq!(held.ruling.await.unwrap().approval, Some(held.id));
}

#[tokio::test]
async fn nobody_decides_their_own_request_under_any_name() {
    let house = House::new(vec![]);
    let desk = desk_of(&house).await;
    let with = |change: fn(&mut Identity)| {
        let mut identity = dba("dan@example.com");
        change(&mut identity);
        identity
    };
    let (_, token) = house.tokens.create(new_token("night-job")).await.unwrap();
    let mut by_token = dba("friend@example.com");
    (by_token.token, by_token.provider) = (Some(token.id), "sluice".into());
    let mut machine = person("night-job", &["robots"]);
    (machine.token, machine.kind) = (Some(token.id), IdentityKind::Machine);

    for (what, requester, approver) in [
        ("itself", dba("ana@example.com"), dba("ana@example.com")),
        ("in capitals", dba("ana@example.com"), dba("ANA@Example.COM")),
        ("by another provider", dba("ana@example.com"), {
            let mut other = dba("ana@example.com");
            other.provider = "other".into();
            other
        }),
        (
            "whom it acts for",
            with(|id| id.on_behalf_of = Some("Dora@example.com".into())),
            dba("dora@example.com"),
        ),
        (
            "who acts for it",
            dba("dora@example.com"),
            with(|id| id.on_behalf_of = Some("dora@example.com".into())),
        ),
        ("who made the requester's token", machine, dba("adm@example.com")),
        ("by a token they made", dba("adm@example.com"), by_token),
    ] {
        let mut request = request("x");
        request.identity = requester;
        let held = asked(&desk, request).await;
        let answer = desk.decide(held.id, approver, Verdict::Approve, "").await;
        assert!(matches!(answer, Err(DecideError::NotAllowed(_))), "{what}: {answer:?}");
        assert_eq!(state(&desk, held.id).await, State::Open, "{what}");
    }
}

#[tokio::test]
async fn only_people_of_the_named_group_decide() {
    let house = House::new(vec![]);
    let desk = desk_of(&house).await;
    let held = asked(&desk, request("ana@example.com")).await;
    let with = |change: fn(&mut Identity)| {
        let mut identity = dba("dan@example.com");
        change(&mut identity);
        identity
    };
    for (what, approver) in [
        ("another group", person("eve@example.com", &["engineering"])),
        ("no group", person("eve@example.com", &[])),
        ("a group spelled otherwise", person("eve@example.com", &["DBA", "dba ", "group:dba"])),
        ("a machine", with(|id| id.kind = IdentityKind::Machine)),
        ("an agent", with(|id| id.kind = IdentityKind::Agent)),
        ("a token for elsewhere", with(|id| id.only_resources = Some(vec!["other".into()]))),
    ] {
        for verdict in [Verdict::Approve, Verdict::Deny] {
            let answer = desk.decide(held.id, approver.clone(), verdict, "").await;
            assert!(matches!(answer, Err(DecideError::NotAllowed(_))), "{what}: {answer:?}");
        }
    }
    assert_eq!(state(&desk, held.id).await, State::Open);
    let nobody = ApprovalId::new(Timestamp::EPOCH, 1);
    let answer = desk.decide(nobody, dba("dan@example.com"), Verdict::Approve, "").await;
    assert!(matches!(answer, Err(DecideError::NotFound)));
}

#[tokio::test]
async fn each_person_counts_once() {
    let house = House::new(vec![]);
    let desk = desk_of(&house).await;
    let mut request = request("ana@example.com");
    request.ask.approvals = 2;
    let mut held = asked(&desk, request).await;
    desk.decide(held.id, dba("dan@example.com"), Verdict::Approve, "").await.unwrap();
    for again in ["dan@example.com", "Dan@Example.com"] {
        let answer = desk.decide(held.id, dba(again), Verdict::Approve, "").await;
        assert!(matches!(answer, Err(DecideError::Twice)), "{again}: {answer:?}");
    }
    assert!(futures::poll!(&mut held.ruling).is_pending());
    desk.decide(held.id, dba("dora@example.com"), Verdict::Approve, "").await.unwrap();
    assert!(held.ruling.await.is_ok());
}

#[tokio::test]
async fn of_many_who_decide_at_once_exactly_one_does() {
    let house = House::new(vec![]);
    let desk = desk_of(&house).await;
    for round in 0..20 {
        let held = asked(&desk, request("ana@example.com")).await;
        let deciding = (0..8).map(|approver| {
            let verdict = if approver % 2 == 0 { Verdict::Approve } else { Verdict::Deny };
            desk.decide(held.id, dba(&format!("dba{approver}@example.com")), verdict, "")
        });
        let answers = futures::future::join_all(deciding).await;
        let decided: Vec<_> = answers.iter().flatten().collect();
        assert_eq!(decided.len(), 1, "round {round}");
        let closed = |answer: &&Result<_, _>| matches!(answer, Err(DecideError::Closed(_)));
        assert_eq!(answers.iter().filter(closed).count(), 7, "round {round}");
        let approved = decided[0].state == State::Approved;
        assert_eq!(held.ruling.await.is_ok(), approved, "round {round}");
    }
}

#[tokio::test]
async fn a_closed_request_stays_as_it_is() {
    let house = House::new(vec![]);
    let desk = desk_of(&house).await;
    let approved = asked(&desk, request("ana@example.com")).await;
    desk.decide(approved.id, dba("dan@example.com"), Verdict::Approve, "").await.unwrap();
    let withdrawn = asked(&desk, request("ana@example.com")).await;
    let withdrawn_id = withdrawn.id;
    drop(withdrawn);
    let expired = asked(&desk, request("ana@example.com")).await;
    house.pass(MINUTE);
    for (id, wanted) in [
        (approved.id, State::Approved),
        (withdrawn_id, State::Withdrawn),
        (expired.id, State::Expired),
    ] {
        for verdict in [Verdict::Approve, Verdict::Deny] {
            match desk.decide(id, dba("dora@example.com"), verdict, "").await {
                Err(DecideError::Closed(state)) => assert_eq!(state, wanted),
                other => panic!("{wanted:?}: {other:?}"),
            }
        }
        assert_eq!(state(&desk, id).await, wanted);
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_nobody_decides_expires() {
    let house = House::new(vec![]);
    let desk = desk_of(&house).await;
    let held = asked(&desk, request("ana@example.com")).await;
    let reason = held.ruling.await.unwrap_err();
    assert_eq!(reason.kind, ReasonKind::Expired);
    assert_eq!(state(&desk, held.id).await, State::Expired);
    assert_eq!(house.acts("approval.expire").await.len(), 1);
}

#[tokio::test]
async fn a_client_that_leaves_withdraws_its_request() {
    let house = House::new(vec![]);
    let desk = desk_of(&house).await;
    let held = asked(&desk, request("ana@example.com")).await;
    let first = held.id;
    drop(held);
    assert_eq!(state_once_written(&desk, first).await, State::Withdrawn);
    let Held { id, ruling } = asked(&desk, request("ana@example.com")).await;
    drop(ruling);
    assert_eq!(state_once_written(&desk, id).await, State::Withdrawn);
    let acts = house.acts("approval.withdraw").await;
    for id in [first, id] {
        assert_eq!(acts.iter().filter(|act| act.object == id.to_string()).count(), 1);
    }
}

/// Withdrawing is written behind the session's back.
async fn state_once_written(desk: &Desk, id: ApprovalId) -> State {
    // The writer works in order: what is asked after it is answered after it.
    let held = asked(desk, request("somebody-else@example.com")).await;
    drop(held);
    state(desk, id).await
}

#[tokio::test]
async fn what_was_open_when_the_gateway_stopped_is_withdrawn() {
    let house = House::new(vec![]);
    let desk = desk_of(&house).await;
    let held = asked(&desk, request("ana@example.com")).await;
    let id = held.id;
    // As a killed process leaves it: nothing withdraws.
    std::mem::forget(held);
    let again = desk_of(&house).await;
    assert_eq!(state(&again, id).await, State::Withdrawn);
    let answer = again.decide(id, dba("dan@example.com"), Verdict::Approve, "").await;
    assert!(matches!(answer, Err(DecideError::Closed(State::Withdrawn))));
}

#[tokio::test]
async fn a_hundred_requests_at_once_are_told_apart() {
    let house = House::new(vec![]);
    let desk = desk_of(&house).await;
    let asking = (0..100).map(|number| {
        let mut request = request(&format!("person{}@example.com", number % 10));
        request.number = number;
        desk.ask(request)
    });
    let held: Vec<_> =
        futures::future::join_all(asking).await.into_iter().map(Result::unwrap).collect();
    let ids: Vec<_> = held.iter().map(|held| held.id).collect();
    let deciding = ids.iter().enumerate().map(|(position, id)| {
        let verdict = if position % 2 == 0 { Verdict::Approve } else { Verdict::Deny };
        desk.decide(*id, dba("dan@example.com"), verdict, "")
    });
    assert!(futures::future::join_all(deciding).await.iter().all(Result::is_ok));
    for (position, held) in held.into_iter().enumerate() {
        let ruling = held.ruling.await;
        assert_eq!(ruling.is_ok(), position % 2 == 0, "{position}");
        assert!(ruling.is_err() || ruling.unwrap().approval == Some(ids[position]));
    }
    assert_eq!(house.store.verify_audit().await.unwrap().to, 200);
}

#[tokio::test]
async fn one_subject_cannot_fill_the_desk() {
    let house = House::new(vec![]);
    let desk = desk_of(&house).await;
    let mut held = Vec::new();
    for _ in 0..20 {
        held.push(asked(&desk, request("ana@example.com")).await);
    }
    let refused = desk.ask(request("ANA@example.com")).await.err().unwrap();
    assert!(refused.0.contains("20 of your commands wait"), "{refused}");
    asked(&desk, request("ben@example.com")).await;
    held.pop();
    asked(&desk, request("ana@example.com")).await;
}

#[tokio::test]
async fn what_nobody_could_decide_is_refused_at_once() {
    let house = House::new(vec![]);
    let desk = desk_of(&house).await;
    type Spoil = fn(&mut ApprovalRequest);
    let cases: [(&str, Spoil); 3] = [
        ("nobody who could approve", |request| request.ask.approvers.clear()),
        ("split it", |request| request.text = vec![b' '; 64 * 1024 + 1].into()),
        ("split it", |request| {
            request.parameters = vec![Parameter::Text("x".repeat(256 * 1024 + 1))];
        }),
    ];
    for (why, spoil) in cases {
        let mut request = request("ana@example.com");
        spoil(&mut request);
        let refused = desk.ask(request).await.err().unwrap();
        assert!(refused.0.contains(why), "{refused}");
    }
    assert!(house.acts("approval.").await.is_empty());
}

#[tokio::test]
async fn a_comment_cannot_steer_the_requesters_terminal() {
    let house = House::new(vec![]);
    let desk = desk_of(&house).await;
    let held = asked(&desk, request("ana@example.com")).await;
    for comment in ["\u{1b}[2J", "a\nb", &"x".repeat(1001)] {
        let answer = desk.decide(held.id, dba("dan@example.com"), Verdict::Deny, comment).await;
        assert!(matches!(answer, Err(DecideError::Comment(_))), "{comment:?}");
    }
    assert_eq!(state(&desk, held.id).await, State::Open);
}

#[tokio::test]
async fn the_desk_outlives_nothing_but_its_store() {
    let house = House::new(vec![]);
    let held = asked(&desk_of(&house).await, request("ana@example.com")).await;
    let House { dir, store, tokens, directory, .. } = house;
    drop((tokens, directory));
    let id = held.id;
    drop(held);
    drop(store);
    let store = Arc::new(Store::open(dir.path()).unwrap());
    let clock = control::Clock::system();
    let desk = Desk::open(store, Limits::default(), clock).await.unwrap();
    assert_eq!(state(&desk, id).await, State::Withdrawn);
}
