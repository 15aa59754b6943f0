//! Bytes under pressure: cancelling, deep pipelines, slow readers, bulk.

use std::io::Write as _;
use std::time::{Duration, Instant};

use e2e::{Client, House, ask, until};

use crate::v15;

#[test]
fn ctrl_c_ends_the_statement_of_its_own_session_only() {
    let database = v15().database();
    let house = House::open(&database);
    let mut victim = house.psql("erin").start();
    victim.line("SELECT pg_sleep(2), 'undisturbed';");
    let mut session = house.psql("alice").start();
    session.line("SELECT pg_sleep(60);");
    until("the statement runs", Duration::from_secs(20), || {
        let running = database.look("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND state = 'active' AND pid <> pg_backend_pid()");
        (running == "1").then_some(())
    });
    session.interrupt();
    session.says("57014");
    victim.says("undisturbed");
}

#[test]
fn a_wrong_cancel_key_does_nothing() {
    let database = v15().database();
    let house = House::open(&database);
    let mut client = house.client("alice");
    let other = house.client("erin");
    assert_ne!(client.key, other.key);
    client.send(&ask::query("SELECT pg_sleep(1), 'undisturbed'"));
    let mut wrong = client.key.clone();
    *wrong.last_mut().unwrap() ^= 1;
    let mut near = client.key.clone();
    near.push(0);
    for key in [&wrong, &near, &other.key, &vec![0; 8], &vec![0xff; 8], &vec![0; 256]] {
        Client::raw(&house.address()).send(&ask::cancel(key));
    }
    let said = client.until_ready();
    assert!(format!("{said:?}").contains("undisturbed"), "{said:?}");
}

#[test]
fn cancelling_works_with_many_sessions_open() {
    let database = v15().database();
    let house = House::open(&database);
    let mut clients: Vec<_> = (0..30).map(|_| house.client("alice")).collect();
    for client in &mut clients {
        client.send(&ask::query("SELECT pg_sleep(30)"));
    }
    until("all sleep", Duration::from_secs(20), || {
        let running = database.look("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(30)%' AND state = 'active' AND pid <> pg_backend_pid()");
        (running == "30").then_some(())
    });
    for client in &mut clients {
        Client::raw(&house.address()).send(&ask::cancel(&client.key));
        let said = client.until_ready();
        assert!(format!("{said:?}").contains("E 57014"), "{said:?}");
        assert_eq!(client.query("SELECT 1").len(), 4);
    }
}

#[test]
fn a_pipeline_of_a_hundred_thousand_statements_does_not_deadlock() {
    const STATEMENTS: usize = 100_000;
    let database = v15().database();
    let house = House::open(&database);
    let mut client = house.client("alice");
    client.forget();
    let mut writer = client.writer();
    // Everything is written before the first answer is read, as far as buffers let it.
    let writing = std::thread::spawn(move || {
        let one = ask::extended("SELECT $1::int, repeat('x', 100)", &[Some("1")], 0);
        for _ in 0..STATEMENTS {
            writer.write_all(&one).unwrap();
        }
        writer.write_all(&ask::sync()).unwrap();
    });
    std::thread::sleep(Duration::from_secs(1));
    let mut rows = 0;
    while let Some(message) = client.message() {
        match message.kind {
            b'D' => rows += 1,
            b'E' => panic!("{message:?}"),
            b'Z' => break,
            _ => {}
        }
    }
    assert_eq!(rows, STATEMENTS);
    writing.join().unwrap();
}

#[test]
fn a_ten_gigabyte_result_to_a_slow_reader_holds_no_memory() {
    let database = v15().database();
    let house = House::open(&database);
    let mut client = house.client("alice");
    client.forget();
    let idle = house.process().resident();
    // 10 GiB: ten million rows of a kilobyte. The reader takes some, then pauses, then takes more.
    client.send(&ask::query("SELECT n, repeat('y', 1024) FROM generate_series(1, 10485760) n"));
    let mut most = idle;
    for _ in 0..20 {
        client.take(1 << 20).unwrap();
        std::thread::sleep(Duration::from_millis(250));
        most = most.max(house.process().resident());
    }
    assert!(most < 100 << 20, "{} MiB", most >> 20);
    // Now as fast as it goes, for a while.
    let until = Instant::now() + Duration::from_secs(10);
    while Instant::now() < until {
        client.take(1 << 20).unwrap();
    }
    let most = house.process().peak_resident();
    assert!(most < 100 << 20, "{} MiB at its peak", most >> 20);
}

#[test]
fn one_slow_reader_does_not_slow_others() {
    let database = v15().database();
    let house = House::open(&database);
    let mut slow: Vec<_> = (0..8).map(|_| house.client("alice")).collect();
    for client in &mut slow {
        client.send(&ask::query("SELECT n, repeat('y', 1024) FROM generate_series(1, 1000000) n"));
        client.take(1).unwrap();
    }
    let mut quick = house.client("erin");
    for _ in 0..200 {
        assert_eq!(quick.query("SELECT 1").len(), 4);
    }
}

#[test]
fn copy_in_with_notices_does_not_deadlock() {
    let database = v15().database();
    let _ = database.look(
        "CREATE FUNCTION chatter() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN RAISE NOTICE 'row % %', NEW.id, repeat('n', 200); RETURN NEW; END $f$;
         CREATE TRIGGER chatter BEFORE INSERT ON playground FOR EACH ROW EXECUTE FUNCTION chatter();",
    );
    let house = House::open(&database);
    let mut client = house.client("alice");
    client.forget();
    client.send(&ask::query("COPY playground FROM STDIN"));
    assert_eq!(client.message().unwrap().kind, b'G');
    let mut writer = client.writer();
    let writing = std::thread::spawn(move || {
        for n in 0..100_000 {
            let row = format!("{n}\tword\n");
            writer.write_all(&ask::message(b'd', row.as_bytes())).unwrap();
        }
        writer.write_all(&ask::message(b'c', &[])).unwrap();
    });
    let said = client.until_ready();
    writing.join().unwrap();
    let notices = said.iter().filter(|message| message.kind == b'N').count();
    assert_eq!(notices, 100_000);
    assert!(format!("{:?}", &said[said.len() - 2..]).contains("COPY 100000"), "{:?}", said.last());
}

#[test]
fn a_value_larger_than_any_buffer_goes_through_masked_or_whole() {
    let database = v15().database();
    let house = House::open(&database);
    let mut client = house.client("alice");
    client.forget();
    let said = client.query("SELECT repeat('x', 50000000)");
    let row = said.iter().find(|message| message.kind == b'D').unwrap();
    assert_eq!(row.fields()[0].as_ref().unwrap().len(), 50_000_000);
    let _ = database.look("INSERT INTO customers (id, name, ssn) VALUES (80, 'large', repeat('536-22-8726', 2000000))");
    let said = client.query("SELECT ssn FROM customers WHERE id = 80");
    let row = said.iter().find(|message| message.kind == b'D').unwrap();
    crate::no_canary(&row.body, "a large value");
}

#[test]
fn notifications_reach_who_listens_while_idle() {
    let database = v15().database();
    let house = House::builder().orders(&database).plain("plain", &database).start();
    let mut free = house.try_client("alice", "plain").unwrap();
    free.query("LISTEN doors");
    let mut client = house.client("alice");
    client.query("LISTEN doors");
    let _ = database.look("SELECT pg_notify('doors', 'open')");
    let said = free.until(|message| message.kind == b'A');
    assert!(String::from_utf8_lossy(&said.last().unwrap().body).contains("open"));
    client.until(|message| message.kind == b'A');
    let _ = database.look("SELECT pg_notify('doors', '536-22-8726')");
    client.until(|message| message.kind == b'A');
    crate::no_canary(client.received(), "a notification");
}

#[test]
fn a_long_session_keeps_one_size() {
    let database = v15().database();
    let house = House::open(&database);
    let mut client = house.client("alice");
    client.forget();
    let mut ask_many = |from: usize| {
        for n in from..from + 3000 {
            client.extended(&format!("SELECT {n} AS a{n}"), &[], 0);
        }
        house.process().resident()
    };
    let after_some = ask_many(0);
    let after_many = ask_many(3000).max(ask_many(6000));
    assert!(
        after_many < after_some + (24 << 20),
        "{} MiB to {} MiB",
        after_some >> 20,
        after_many >> 20
    );
}
