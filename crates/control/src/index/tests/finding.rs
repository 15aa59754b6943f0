//! What is found, and by whom.

use super::*;

#[test]
fn a_statement_of_a_live_session_is_found_by_its_words_and_its_facts() {
    let house = house();
    let mut talk = house.session("ana", "orders");
    let number =
        talk.command("SELECT ssn FROM Public.\"Customers\" -- peek", Some(("public", "Customers")));
    talk.decided(number, Verdict::Allowed, None);
    let masked = DataClass::new("us_ssn").into_iter().collect();
    let (name, type_name) = ("ssn".to_owned(), "text".to_owned());
    let column = Column { name, type_name, format: ValueFormat::Text, masked };
    talk.say(&Event::Columns { number, columns: Arc::from([column]) });
    talk.finished(number, 7);
    let number = talk.command("DROP TABLE ledger", Some(("", "ledger")));
    talk.decided(number, Verdict::Denied, None);
    // The one that runs at this moment.
    let number = talk.command("SELECT pg_sleep(3600)", None);
    talk.decided(number, Verdict::Allowed, None);
    house.settled();
    let (peek, drop, sleep) = (
        "SELECT ssn FROM Public.\"Customers\" -- peek",
        "DROP TABLE ledger",
        "SELECT pg_sleep(3600)",
    );
    for (words, expected) in [
        ("select", vec![sleep, peek]),
        ("SSN", vec![peek]),
        ("\"public.customers\"", vec![peek]),
        ("customers public", vec![peek]),
        ("\"customers public\"", vec![]),
        ("drop table", vec![drop]),
        ("pg_sleep 3600", vec![sleep]),
        ("led", vec![]),
        ("\"drop table\" OR select", vec![]),
        ("words*", vec![]),
    ] {
        assert_eq!(house.found(words), expected, "{words}");
    }
    let none = Question::default;
    let text = |text: &str| Some(text.to_owned());
    for (question, expected) in [
        (Question { table: text("customers"), ..none() }, vec![peek]),
        (Question { table: text("public.CUSTOMERS"), ..none() }, vec![peek]),
        (Question { table: text("other.customers"), ..none() }, vec![]),
        (Question { table: text("any.ledger"), ..none() }, vec![drop]),
        (Question { class: text("us_ssn"), ..none() }, vec![peek]),
        (Question { class: text("email"), ..none() }, vec![]),
        (Question { verdict: Some(Verdict::Denied), ..none() }, vec![drop]),
        (Question { verdict: Some(Verdict::Allowed), ..none() }, vec![sleep, peek]),
        (
            Question { subject: text("ana"), resource: text("orders"), ..none() },
            vec![sleep, drop, peek],
        ),
        (Question { subject: text("ben"), ..none() }, vec![]),
        (Question { resource: text("billing"), ..none() }, vec![]),
        (Question { session: Some(talk.id), ..none() }, vec![sleep, drop, peek]),
        (Question { session: Some(SessionId::new(NOON, 5)), ..none() }, vec![]),
        (Question { since: Some(NOON), ..none() }, vec![sleep, drop, peek]),
        (Question { until: Some(NOON), ..none() }, vec![]),
        (Question { since: Some(NOON.plus(Duration::from_secs(60))), ..none() }, vec![]),
    ] {
        let said = format!("{question:?}");
        assert_eq!(texts(&house.asked(question)), expected, "{said}");
    }
    let hit = house.asked(Question { class: text("us_ssn"), ..none() }).remove(0).found;
    assert_eq!((hit.number, hit.rows, hit.times), (1, 7, 1));
    assert_eq!(
        (hit.tables, hit.policies),
        (vec!["public.Customers".into()], vec!["engineers".into()])
    );
    // Whatever becomes of the one that runs is added to it.
    talk.finished(number, 1);
    talk.ran("SELECT 'after'");
    house.settled();
    assert_eq!(house.found("pg_sleep"), [sleep]);
    assert_eq!(
        house.asked(Question { words: Phrases::parse("pg_sleep").unwrap(), ..none() })[0]
            .found
            .rows,
        1
    );
    assert_eq!(house.found("after"), ["SELECT 'after'"]);
}

#[test]
fn the_same_statement_again_and_again_is_one_row_that_counts() {
    let house = house();
    let mut talk = house.session("ana", "orders");
    for _ in 0..50 {
        talk.ran("UPDATE pgbench_accounts SET abalance = abalance + 1");
    }
    // Two hours later it is another.
    talk.now.fetch_add(7_200_000_000, Ordering::Relaxed);
    talk.ran("UPDATE pgbench_accounts SET abalance = abalance + 1");
    talk.end();
    house.settled();
    let hits =
        house.asked(Question { words: Phrases::parse("abalance").unwrap(), ..Question::default() });
    let found: Vec<_> =
        hits.iter().map(|hit| (hit.found.number, hit.found.times, hit.found.rows)).collect();
    assert_eq!(found, [(51, 1, 3), (1, 50, 150)]);
    let (first, last) = (hits[1].found.at, hits[1].found.last);
    assert_eq!(last.since(first), Duration::from_micros(49 * 30_000));
    // Asked for by its last moment it is found, and by a moment after that it is not.
    for (since, expected) in [(last, 2), (last.plus(Duration::from_micros(1)), 1)] {
        assert_eq!(
            house.asked(Question { since: Some(since), ..Question::default() }).len(),
            expected
        );
    }
}

#[test]
fn an_approval_leads_to_the_statement_and_its_place_in_the_recording() {
    let house = house();
    let mut talk = house.session("ana", "orders");
    let approval = ApprovalId::new(NOON, 77);
    for _ in 0..3 {
        talk.ran("DELETE FROM ledger WHERE id = 7");
    }
    let number = talk.command("DELETE FROM ledger WHERE id = 7", Some(("public", "ledger")));
    talk.decided(number, Verdict::Held, None);
    house.settled();
    let held = house.asked(Question { verdict: Some(Verdict::Held), ..Question::default() });
    assert_eq!(held[0].found.verdicts.names(), ["held"], "it waits at this moment");
    talk.decided(number, Verdict::Approved, Some(approval));
    talk.finished(number, 1);
    talk.ran("SELECT 'next'");
    let id = talk.id;
    talk.end();
    house.settled();
    let hits = house.asked(Question { approval: Some(approval), ..Question::default() });
    assert_eq!(hits.len(), 1);
    let found = &hits[0].found;
    assert_eq!((found.session, found.number, found.approval), (id, 4, Some(approval)));
    assert_eq!(found.verdicts.names(), ["held", "approved"]);
    assert_eq!(house.recordings.spot(id, 4), Some(found.spot));
    assert_eq!(house.recordings.spot(id, 99), None);
    for (table, class, many) in [
        (Some("ledger"), None, 1),
        (Some("public.ledger"), None, 1),
        (Some("other"), None, 0),
        (None, Some("email"), 0),
    ] {
        let (table, class) = (table.map(str::to_owned), class.map(str::to_owned));
        let question = Question { approval: Some(approval), table, class, ..Question::default() };
        assert_eq!(house.asked(question.clone()).len(), many, "{question:?}");
    }
    for verdict in [Verdict::Held, Verdict::Approved] {
        let question = Question { verdict: Some(verdict), ..Question::default() };
        assert_eq!(house.asked(question).len(), 1, "{verdict:?}");
    }
    // The place is where a reader of the whole finds it.
    let mut reader = evidence::Reader::new();
    reader.unlock(house.recordings.session_key(id).unwrap());
    reader.feed(&fs::read(house.recordings.path(id)).unwrap());
    let mut positions = Vec::new();
    while let Some(item) = reader.next().unwrap() {
        if let Item::Frame(frame) = item
            && let Some(Event::Command { number: 4, .. }) = frame.event
        {
            positions.push((frame.position, reader.blocks() - 1));
        }
    }
    assert_eq!(positions, [(found.spot.position, found.spot.block)]);
}

#[test]
fn nothing_outside_of_ones_scope_is_found_by_any_question() {
    let house = house();
    for (subject, resource) in [("ana", "orders"), ("ana", "billing"), ("ben", "orders")] {
        let mut talk = house.session(subject, resource);
        talk.ran("SELECT 'shared words'");
        talk.end();
    }
    house.settled();
    let own = |subject: &str, provider: &str, only: Option<&[&str]>| Scope::Own {
        subject: subject.into(),
        provider: provider.into(),
        only: only.map(|only| only.iter().map(|name| (*name).to_owned()).collect()),
    };
    let (words, subject) = (Phrases::parse("shared").unwrap(), Some("ben".to_owned()));
    let questions = [
        Question::default(),
        Question { words: words.clone(), ..Question::default() },
        Question { verdict: Some(Verdict::Allowed), ..Question::default() },
        Question { since: Some(NOON), ..Question::default() },
    ];
    for (scope, expected) in [
        (Scope::Nothing, 0),
        (Scope::Everything, 3),
        (own("ana", "corp", None), 2),
        (own("ana", "other", None), 0),
        (own("ana", "corp", Some(&["billing"])), 1),
        (own("ana", "corp", Some(&[])), 0),
        (own("ben", "corp", None), 1),
        (own("nobody", "corp", None), 0),
    ] {
        for question in &questions {
            let question = Question { scope: scope.clone(), limit: 100, ..question.clone() };
            let (hits, next) = house.recordings.statements(&question).unwrap();
            assert_eq!((hits.len(), next), (expected, None), "{question:?}");
            let sessions = house.recordings.sessions_with(&question, None).unwrap();
            assert_eq!(sessions.len(), expected, "{question:?}");
        }
        let filter = Filter { scope: Some(scope.clone()), ..Filter::default() };
        assert_eq!(house.recordings.list(&filter).unwrap().len(), expected, "{scope:?}");
    }
    // A filter widens nothing.
    let scope = own("ana", "corp", None);
    let question = Question { scope, subject, words, limit: 100, ..Question::default() };
    assert!(house.recordings.statements(&question).unwrap().0.is_empty());
}

#[test]
fn pages_hold_everything_once() {
    let house = house();
    for number in 0..12 {
        let mut talk = house.session("ana", if number % 3 == 0 { "billing" } else { "orders" });
        (0..5).for_each(|n| talk.ran(&format!("SELECT {number} AS page, {n}")));
        talk.end();
    }
    house.settled();
    for limit in [1, 7, 60, 100] {
        let words = Phrases::parse("page").unwrap();
        let scope = Scope::Everything;
        let mut question = Question { scope, words, limit, ..Question::default() };
        let mut all = Vec::new();
        loop {
            let (hits, next) = house.recordings.statements(&question).unwrap();
            all.extend(texts(&hits));
            question.after = next;
            if next.is_none() {
                break;
            }
        }
        assert_eq!(all.len(), 60, "{limit}");
        assert_eq!(all.first().unwrap(), "SELECT 11 AS page, 4");
        assert_eq!(all.into_iter().collect::<BTreeSet<_>>().len(), 60);

        question.after = None;
        let mut sessions = Vec::new();
        loop {
            let page = house.recordings.sessions_with(&question, None).unwrap();
            question.after = page.last().map(|one| one.place);
            sessions.extend(page.iter().map(|one| one.id));
            if page.len() < limit {
                break;
            }
        }
        assert_eq!(sessions.len(), 12, "{limit}");
        assert!(sessions.is_sorted_by(|one, other| one > other));

        let mut filter = Filter {
            limit: Some(limit),
            resource: Some("billing".into()),
            state: Some(SessionState::Closed),
            ..Filter::default()
        };
        let mut listed = Vec::new();
        loop {
            let page = house.recordings.list(&filter).unwrap();
            filter.before = page.last().map(|summary| summary.id);
            listed.extend(page.iter().map(|summary| summary.id));
            if page.len() < limit {
                break;
            }
        }
        assert_eq!(listed.len(), 4, "{limit}");
        assert!(listed.is_sorted_by(|one, other| one > other));
    }
}

#[test]
fn hostile_questions_find_nothing_and_break_nothing() {
    let house = house();
    let mut talk = house.session("ana", "orders");
    talk.ran("SELECT 1");
    talk.end();
    house.settled();
    for text in [
        "words:select",
        "select) OR (select",
        "sel*",
        "a NEAR b",
        "x' or 1=1 --",
        "\"select\" \"\" 2",
        "{terms} : x",
        "terms MATCH select",
    ] {
        assert_eq!(house.found(text), Vec::<String>::new(), "{text}");
    }
    for table in ["", ".", "\"", "a.b.c.d", "x' or '1'='1", "*"] {
        let question = Question { table: Some(table.into()), ..Question::default() };
        assert!(house.asked(question).is_empty(), "{table}");
    }
    let question = Question { subject: Some("ana' or '1'='1".into()), ..Question::default() };
    assert!(house.asked(question).is_empty());
    for text in ["select 1", "^select", "-select", "1 + select", "select:1"] {
        assert_eq!(house.found(text), ["SELECT 1"], "{text}: punctuation means nothing");
    }
}
