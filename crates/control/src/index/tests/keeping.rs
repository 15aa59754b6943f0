//! What becomes of the index when recordings, files and processes go.

use super::*;

#[test]
fn a_restart_loses_nothing_and_counts_nothing_twice() {
    let mut house = house();
    let mut done = house.session("ana", "orders");
    for _ in 0..5 {
        done.ran("SELECT 'done'");
    }
    done.end();
    // Interrupted in the middle of a statement, after others of which some are in a row together.
    let mut cut = house.session("ben", "orders");
    for _ in 0..5 {
        cut.ran("SELECT 'cut'");
    }
    let number = cut.command("SELECT 'unfinished'", None);
    cut.decided(number, Verdict::Allowed, None);
    house.settled();
    cut.ran("SELECT 'late'");
    house.recordings.settle();
    drop(cut);
    for round in 0..2 {
        house = house.restarted(|_| {});
        house.settled();
        let times = |words: &str| -> Vec<u64> {
            let words = Phrases::parse(words).unwrap();
            let hits = house.asked(Question { words, ..Question::default() });
            hits.iter().map(|hit| hit.found.times).collect()
        };
        assert_eq!(times("done"), [5], "{round}");
        assert_eq!(times("cut").iter().sum::<u64>(), 5, "{round}");
        assert_eq!((times("unfinished"), times("late")), (vec![1], vec![1]), "{round}");
    }
}

#[test]
fn an_index_that_is_gone_damaged_or_of_another_kind_is_made_again() {
    let mut house = house();
    for number in 0..3 {
        let mut talk = house.session("ana", "orders");
        (0..40).for_each(|n| talk.ran(&format!("SELECT 'needle{number}', {n}")));
        talk.end();
    }
    house.settled();
    assert_eq!(house.found("needle1").len(), 40);
    let path = house.index();
    let on = |path: PathBuf, sql: &'static str| {
        move |_: &TempDir| Connection::open(&path).unwrap().execute_batch(sql).unwrap()
    };
    let whole = {
        house = house.restarted(on(path.clone(), "pragma wal_checkpoint(truncate)"));
        fs::read(&path).unwrap()
    };
    let at = |path: &PathBuf| path.clone();
    let change = |bytes: Vec<u8>| {
        let path = at(&path);
        Box::new(move |_: &TempDir| {
            for end in ["-wal", "-shm"] {
                let _ = fs::remove_file(format!("{}{end}", path.display()));
            }
            fs::write(&path, &bytes).unwrap();
        }) as Change
    };
    let mut noisy = whole.clone();
    let middle = noisy.len() / 2;
    noisy.iter_mut().skip(middle).step_by(7).for_each(|byte| *byte ^= 0x5a);
    let gone = at(&path);
    let changes: Vec<(&str, Change)> = vec![
        ("gone", Box::new(move |_| fs::remove_file(&gone).unwrap())),
        ("noise", change(vec![0xa5; 60_000])),
        ("empty", change(Vec::new())),
        ("cut", change(whole[..whole.len() / 3].to_vec())),
        ("half of it noise", change(noisy)),
        ("newer", Box::new(on(at(&path), "pragma user_version = 99"))),
        ("of another key", Box::new(on(at(&path), "update about set key = zeroblob(16)"))),
        ("without its tables", Box::new(on(at(&path), "drop table statements"))),
    ];
    for (what, change) in changes {
        house = house.restarted(change);
        house.settled();
        for number in 0..3 {
            assert_eq!(house.found(&format!("needle{number}")).len(), 40, "{what}");
        }
        let listed = house.recordings.list(&Filter::default()).unwrap();
        assert_eq!(listed.len(), 3, "{what}");
    }
}

#[test]
fn no_text_and_no_value_stands_in_the_file() {
    let house = house();
    let mut talk = house.session("ana", "orders");
    talk.ran("SELECT 'canary_value' FROM secret_words WHERE \"Odd Column\" = 536228726");
    talk.end();
    house.settled();
    assert_eq!(house.found("canary_value").len(), 1);
    let mut bytes = Vec::new();
    for entry in fs::read_dir(house.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_str().unwrap().starts_with("index.db") {
            bytes.extend(fs::read(path).unwrap().to_ascii_lowercase());
        }
    }
    assert!(bytes.len() > 10_000);
    for word in ["canary", "secret_words", "odd column", "536228726", "select '"] {
        let there = bytes.windows(word.len()).any(|window| window == word.as_bytes());
        assert!(!there, "{word}");
    }
    // Names are, and the page on security says so.
    assert!(bytes.windows(3).any(|window| window == b"ana"));
}

#[test]
fn what_is_elsewhere_stays_findable_what_is_deleted_is_forgotten_and_the_recording_wins() {
    let mut house = house();
    let mut ids = Vec::new();
    for _ in 0..3 {
        let mut talk = house.session("ana", "orders");
        talk.ran("SELECT 'kept'");
        ids.push(talk.id);
        talk.end();
    }
    house.settled();
    assert_eq!(house.found("kept").len(), 3);
    let rows = |house: &House, sql: &str| -> i64 {
        Connection::open(house.index()).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
    };
    let asked = || Question { words: Phrases::parse("kept").unwrap(), ..Question::default() };
    // Its file is away: it is found all the same, without its text.
    fs::remove_file(house.recordings.path(ids[0])).unwrap();
    house = house.restarted(|folder| {
        // Else what is still in the journal would be put back.
        for name in ["journal-a", "journal-b"] {
            let _ = fs::remove_file(folder.path().join("recordings").join(name));
        }
    });
    house.settled();
    let hits = house.asked(asked());
    assert_eq!(hits.len(), 3, "{hits:?}");
    assert_eq!(hits.iter().filter(|hit| hit.text.is_none()).count(), 1, "{hits:?}");
    assert_eq!(house.recordings.list(&Filter::default()).unwrap().len(), 2);
    // It is deleted.
    house.recordings.forget(&ids[..1]);
    until("it is forgotten", || (rows(&house, "select count(*) from sessions") == 2).then_some(()));
    assert_eq!(rows(&house, "select count(*) from statements"), 2);
    assert_eq!(house.asked(asked()).len(), 2);
    // An index that says what no recording says is not believed.
    let connection = Connection::open(house.index()).unwrap();
    connection.execute("update statements set number = 7", []).unwrap();
    let hits = house.asked(asked());
    assert!(hits.is_empty(), "{hits:?}");
}

#[test]
fn a_session_that_just_began_or_ended_is_listed_at_once() {
    let house = house();
    house.settled();
    for _ in 0..20 {
        let talk = house.session("ana", "orders");
        let id = talk.id;
        let newest = |state| {
            let filter = Filter { limit: Some(1), ..Filter::default() };
            let listed = house.recordings.list(&filter).unwrap();
            assert_eq!((listed[0].id, listed[0].state), (id, state));
        };
        newest(SessionState::Live);
        talk.end();
        newest(SessionState::Closed);
    }
    assert_eq!(house.recordings.list(&Filter::default()).unwrap().len(), 20);
}
