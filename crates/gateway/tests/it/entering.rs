//! The way in, with the real `psql`.

use gateway::Limits;

use crate::client::psql;
use crate::house::{Standing, eventually, stand};

const TLS: &str = "sslmode=require";

fn error_of(standing: &Standing, conninfo: &str, password: &str) -> String {
    psql(standing.port(), conninfo, password, "select 1").unwrap_err()
}

#[test]
fn psql_comes_in_and_works_with_a_password_it_never_sees() {
    let standing = stand(true, true, Limits::default());
    for (conninfo, expected) in [
        ("user=ann dbname=orders sslmode=require", "app|100"),
        ("user=ann dbname=orders sslmode=disable", "app|100"),
        ("user=ann dbname=orders sslmode=prefer gssencmode=prefer", "app|100"),
        ("user=ann dbname=orders/postgres sslmode=require", "app|100"),
        ("user=ann dbname=verified sslmode=require", "app|100"),
    ] {
        let sql = "select current_user, count(*) from customers";
        let answer = psql(standing.port(), conninfo, "token-of-ann", sql);
        assert_eq!(answer.as_deref(), Ok(expected), "{conninfo}");
    }
    eventually(|| standing.story.ended.lock().unwrap().len() == 5);
    let heads = standing.story.opened.lock().unwrap();
    assert!(heads.iter().all(|head| head.identity.subject == "ann"));
    assert!(heads.iter().all(|head| head.database.as_deref() == Some("postgres")));
}

#[test]
fn a_session_is_known_on_the_target_by_subject_and_id() {
    let standing = stand(true, false, Limits::default());
    let sql = "select application_name from pg_stat_activity where pid = pg_backend_pid()";
    let conninfo = format!("user=ann dbname=orders application_name=mine {TLS}");
    let name = psql(standing.port(), &conninfo, "token-of-ann", sql).unwrap();
    let id = standing.story.opened.lock().unwrap()[0].id;
    assert_eq!(name, format!("ann {id} mine"));
}

#[test]
fn settings_of_the_client_arrive() {
    let standing = stand(true, false, Limits::default());
    let conninfo = format!(
        "user=ann dbname=orders options='-c statement_timeout=4321 -c DateStyle=German\\,DMY' {TLS}"
    );
    let sql = "select current_setting('statement_timeout'), current_setting('DateStyle')";
    let answer = psql(standing.port(), &conninfo, "token-of-ann", sql);
    assert_eq!(answer.as_deref(), Ok("4321ms|German, DMY"));
}

#[test]
fn each_refusal_says_what_is_wrong_and_what_to_do() {
    let standing = stand(true, false, Limits::default());
    for (conninfo, password, expected) in [
        (
            "user=ann dbname=orders sslmode=disable",
            "token-of-ann",
            "a login without TLS is not accepted here",
        ),
        ("user=ann dbname=orders sslmode=require", "guess", "the token was not accepted"),
        (
            "user=ann dbname=orders sslmode=require",
            "token-of-expired",
            "the token was not accepted",
        ),
        (
            "user=ann dbname=orders sslmode=require",
            "token-of-throttled",
            "too many failed logins from this address: wait 30 seconds",
        ),
        (
            "user=bob dbname=orders sslmode=require",
            "token-of-ann",
            "user \"bob\" does not match the identity \"ann\": connect with user=ann",
        ),
        (
            "user=ann dbname=nothing sslmode=require",
            "token-of-ann",
            "there is no resource `nothing` that you may open",
        ),
        (
            "user=ann dbname=secret sslmode=require",
            "token-of-ann",
            "there is no resource `secret` that you may open",
        ),
        (
            "user=ann dbname=web-1 sslmode=require",
            "token-of-ann",
            "there is no resource `web-1` that you may open",
        ),
        ("user=ann dbname=/x sslmode=require", "token-of-ann", "no resource is named"),
        (
            "user=ann dbname=unrecorded sslmode=require",
            "token-of-ann",
            "the session cannot be recorded, so it is not opened",
        ),
        (
            "user=ann dbname=wrong sslmode=require",
            "token-of-ann",
            "the target of \"wrong\" refused the gateway's login (SQLSTATE 28P01)",
        ),
        (
            "user=ann dbname=nowhere sslmode=require",
            "token-of-ann",
            "cannot connect to the target of \"nowhere\": connection refused",
        ),
        (
            "user=ann dbname=orders/gone sslmode=require",
            "token-of-ann",
            "database \"gone\" does not exist",
        ),
        (
            "user=ann dbname=orders options='-c role=x' sslmode=require",
            "token-of-ann",
            "the startup parameter \"role\" is not allowed here",
        ),
        (
            "user=ann dbname=orders options=-c\\ session_authorization=x sslmode=require",
            "token-of-ann",
            "the startup parameter \"session_authorization\" is not allowed here",
        ),
        (
            "user=ann dbname=orders replication=database sslmode=require",
            "token-of-ann",
            "replication connections do not pass through this gateway",
        ),
        (
            "user=ann dbname=orders options='-c TimeZone=Nowhere/At_All' sslmode=require",
            "token-of-ann",
            "invalid value for parameter \"TimeZone\": \"Nowhere/At_All\"",
        ),
    ] {
        let error = error_of(&standing, conninfo, password);
        assert!(error.contains(&format!("FATAL:  {expected}")), "{conninfo}: {error}");
        assert!(!error.contains("canary"), "{error}");
    }
    assert_eq!(
        *standing.story.refused.lock().unwrap(),
        ["bob: the token or certificate is another subject's"]
    );
    // A session that was recorded and never began is ended in its recording.
    eventually(|| standing.story.ended.lock().unwrap().len() == 4);
}

#[test]
fn nobody_is_recorded_before_being_let_in() {
    let standing = stand(true, false, Limits::default());
    for (conninfo, password) in [
        ("user=ann dbname=orders sslmode=require", "guess"),
        ("user=bob dbname=orders sslmode=require", "token-of-ann"),
        ("user=ann dbname=secret sslmode=require", "token-of-ann"),
    ] {
        error_of(&standing, conninfo, password);
    }
    assert!(standing.story.opened.lock().unwrap().is_empty());
}

#[test]
fn many_clients_come_and_go() {
    let standing = stand(true, false, Limits::default());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..5 {
                    let conninfo = format!("user=ann dbname=orders {TLS}");
                    let answer = psql(standing.port(), &conninfo, "token-of-ann", "select 42");
                    assert_eq!(answer.as_deref(), Ok("42"));
                }
            });
        }
    });
    eventually(|| standing.story.ended.lock().unwrap().len() == 40);
}
