//! Sessions that are alive: followed, ended, and seen by whoever may.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use e2e::{Client, House, ask, request, until};
use serde_json::Value;

use super::{house, newest};
use crate::v15;

/// A command that goes on printing.
pub(super) struct Following {
    pub(super) child: Child,
    lines: Receiver<String>,
    said: String,
}

impl Following {
    pub(super) fn start(house: &House, name: &str, words: &[&str]) -> Self {
        Self::with_token(house, &house.person(name).token, words)
    }

    pub(super) fn with_token(house: &House, token: &str, words: &[&str]) -> Self {
        let mut command = house.cli_command(&[("SLUICE_TOKEN", token)], words);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (found, lines) = channel();
        let outputs: [Box<dyn std::io::Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        for output in outputs {
            let found = found.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    let _ = found.send(line + "\n");
                }
            });
        }
        Self { child, lines, said: String::new() }
    }

    /// Waits until it has printed this.
    pub(super) fn says(&mut self, text: &str) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !self.said.contains(text) {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left);
            self.said += &line.unwrap_or_else(|_| panic!("{text} never came: {}", self.said));
        }
    }

    pub(super) fn interrupt(&self) {
        let sent = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    pub(super) fn ended(&mut self) -> std::process::ExitStatus {
        let status = until("it ends", Duration::from_secs(30), || self.child.try_wait().unwrap());
        while let Ok(line) = self.lines.recv_timeout(Duration::from_secs(5)) {
            self.said += &line;
        }
        status
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_live_session_is_followed_until_it_ends() {
    let database = v15().database();
    let house = house(&database);
    let mut client = house.client("alice");
    for number in 1..=12 {
        client.query(&format!("SELECT 'number {number}.'"));
    }
    let id = newest(&house, "alice");
    let mut tail = Following::start(&house, "alice", &["sessions", "tail", &id, "--last", "2"]);
    tail.says("'number 12.'");
    assert!(tail.said.starts_with("session ") && tail.said.contains("'number 11.'"));
    assert!(!tail.said.contains("'number 10.'"), "{}", tail.said);
    // What is under way is shown while it is.
    client.send(&ask::query("SELECT 'slow', pg_sleep(60)"));
    tail.says("'slow', pg_sleep(60)");
    let mut other = Following::start(&house, "root", &["sessions", "tail", &id, "--json"]);
    other.says("pg_sleep");
    other.interrupt();
    assert_eq!(other.ended().code(), Some(0));
    assert!(tail.child.try_wait().unwrap().is_none());
    drop(client);
    tail.says("the client left");
    assert_eq!(tail.ended().code(), Some(0), "{}", tail.said);
    // One that is over is shown and ended.
    let over = house.cli("alice", &["sessions", "tail", &id]);
    assert!(over.ok() && over.stdout.contains("the client left"), "{}", over.all());
    assert!(over.stdout.contains("'number 12.'"), "{}", over.all());
}

#[test]
fn those_who_follow_learn_that_the_gateway_ends() {
    let database = v15().database();
    let mut house = house(&database);
    let mut client = house.client("alice");
    client.query("SELECT 'hello'");
    let id = newest(&house, "alice");
    let mut tail = Following::start(&house, "alice", &["sessions", "tail", &id]);
    tail.says("'hello'");
    house.end("TERM");
    tail.says("terminating connection due to administrator command");
    assert_eq!(tail.ended().code(), Some(0), "{}", tail.said);
    // One that is killed says nothing.
    house.restart();
    let mut client = house.client("alice");
    client.query("SELECT 'again'");
    let id = newest(&house, "alice");
    let mut tail = Following::start(&house, "alice", &["sessions", "tail", &id]);
    tail.says("'again'");
    house.end("KILL");
    assert_eq!(tail.ended().code(), Some(4), "{}", tail.said);
    house.restart();
}

/// A token for a machine: its id and its text.
fn token(house: &House, subject: &str, group: &str, more: &[&str]) -> (String, String) {
    let words =
        ["token", "create", "t", "--subject", subject, "--group", group, "--for", "1h", "--json"];
    let made = house.cli_json("root", &[&words, more].concat());
    let field = |name: &str| made[name].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    (field("id"), field("token"))
}

#[test]
fn a_token_taken_back_ends_what_it_follows() {
    let database = v15().database();
    let house = house(&database);
    let (id, secret) = token(&house, "robot", "robots", &["--kind", "machine"]);
    let mut client = Client::sign_in(&house.address(), "robot", "orders", &secret).unwrap();
    client.query("SELECT 'hello'");
    let session = house.cli_with(&[("SLUICE_TOKEN", &secret)], &["sessions", "ls", "--json"]);
    let session: Value = serde_json::from_str(&session.stdout).unwrap();
    let session = session[0]["id"].as_str().unwrap().to_owned();
    // The session goes on under another token of the same machine: what ends is the looking.
    let (looking, by) = token(&house, "robot", "robots", &["--kind", "machine"]);
    let mut tail = Following::with_token(&house, &by, &["sessions", "tail", &session]);
    tail.says("'hello'");
    assert!(house.cli("root", &["token", "revoke", &looking]).ok());
    let since = Instant::now();
    assert_eq!(tail.ended().code(), Some(3), "{}", tail.said);
    assert!(since.elapsed() < Duration::from_secs(15), "{:?}", since.elapsed());
    client.query("SELECT 'unseen'");
    assert!(!tail.said.contains("unseen"), "{}", tail.said);
    assert!(!id.is_empty());
}

#[test]
fn whatever_is_anothers_answers_as_what_is_not_there() {
    let database = v15().database();
    let house = house(&database);
    let mut live = house.client("alice");
    live.query("SELECT 'live'");
    let live_id = newest(&house, "alice");
    assert!(house.psql("alice").ran("SELECT 'over'").ok());
    let over_id = newest(&house, "alice");
    assert_ne!(live_id, over_id);
    // Others; one of the same name by another provider; one's own token that is bound elsewhere; an
    // administrator's that is.
    let (_, same_name) = token(&house, "alice@example.com", "engineering", &[]);
    let (_, elsewhere) =
        token(&house, "alice@example.com", "engineering", &["--resource", "other"]);
    let (_, bound) = token(&house, "root@example.com", "admins", &["--resource", "other"]);
    let (_, agent) = token(&house, "root@example.com", "admins", &["--kind", "agent"]);
    let mut callers = vec![same_name, elsewhere, bound, agent];
    callers.extend(["bob", "dave", "erin"].map(|name| house.person(name).token));
    let nowhere = "01jbv3y8x6q4t0w9m2c7z5k1ha";
    for caller in &callers {
        let ask = |method: &str, id: &str, what: &str| {
            let url = format!("{}/api/v1/sessions/{id}{what}", house.url());
            let answer =
                request(method, &url, &[("Authorization", &format!("Bearer {caller}"))], "");
            (answer.status, answer.body)
        };
        for (method, what) in [
            ("GET", ""),
            ("GET", "/events"),
            ("GET", "/events?follow=true"),
            ("GET", "/events?follow=true&from=1"),
            ("GET", "/recording"),
            ("GET", "/recording?purpose=export"),
            ("GET", "/key"),
            ("DELETE", ""),
            ("DELETE", "?reason=because"),
        ] {
            let none = ask(method, nowhere, what);
            assert_eq!(none.0, 404, "{method} {what}: {none:?}");
            for id in [&live_id, &over_id] {
                assert_eq!(ask(method, id, what), none, "{method} {what}");
            }
            assert_eq!(ask(method, "no-id", what), none, "{method} {what}");
        }
        for words in [
            &["tail"][..],
            &["replay"],
            &["export", "--format", "html"],
            &["export", "--format", "asciicast"],
            &["kill"],
            &["show"],
        ] {
            let refused = |id: &str| {
                let words = [&["sessions"], &words[..1], &[id], &words[1..]].concat();
                let ran = house.cli_with(&[("SLUICE_TOKEN", caller)], &words);
                (ran.status.code(), ran.all())
            };
            assert_eq!(refused(&live_id), refused(nowhere), "{words:?}");
            assert_eq!(refused(&live_id).0, Some(2), "{words:?}");
        }
    }
    assert_eq!(live.query("SELECT 1").len(), 4, "it goes on");
    // Nobody without a token learns anything at all.
    for what in ["", "/events", "/events?follow=true", "/recording", "/key"] {
        let answer =
            request("GET", &format!("{}/api/v1/sessions/{over_id}{what}", house.url()), &[], "");
        assert_eq!(answer.status, 401, "{what}");
    }
    // An administrator does.
    assert!(house.cli("root", &["sessions", "replay", &over_id]).stdout.contains("'over'"));
}

#[test]
fn a_session_that_is_ended_says_by_whom_and_why_to_everybody() {
    let database = v15().database();
    let house = house(&database);
    let mut psql = house.psql("alice").start();
    psql.line("SELECT 'ready';");
    psql.says("ready");
    let id = newest(&house, "alice");
    // In the middle of a statement.
    psql.line("SELECT pg_sleep(120);");
    until("it runs", Duration::from_secs(20), || {
        house.cli("alice", &["sessions", "replay", &id]).stdout.contains("pg_sleep").then_some(())
    });
    let reason = "the maintenance begins; see ticket #47 & ask ops";
    let killed = house.cli("root", &["sessions", "kill", &id, "--reason", reason]);
    let since = Instant::now();
    assert!(killed.ok(), "{}", killed.all());
    let why = format!("the session was ended by root@example.com: {reason}");
    let said = psql.says(&why);
    assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
    assert!(said.contains("FATAL:  57P01"), "{said}");
    let shown = until("it has ended", Duration::from_secs(20), || {
        let shown = house.cli_json("root", &["sessions", "show", &id, "--json"]);
        (shown["state"] == "closed").then_some(shown)
    });
    assert_eq!(shown["ending"], why.as_str());
    assert!(house.cli("alice", &["sessions", "replay", &id]).stdout.contains(&why));
    let audit = request(
        "GET",
        &format!("{}/api/v1/audit?action=session.kill", house.url()),
        &[("Authorization", &format!("Bearer {}", house.person("root").token))],
        "",
    );
    assert_eq!(audit.json()[0]["detail"]["reason"], reason);
    let again = house.cli("root", &["sessions", "kill", &id]);
    assert_eq!(again.status.code(), Some(1), "{}", again.all());
    // A reason is one line.
    let mut client = house.client("alice");
    client.query("SELECT 1");
    let id = newest(&house, "alice");
    let refused = house.cli("root", &["sessions", "kill", &id, "--reason", "a\nb\x1b[31m"]);
    assert_eq!(refused.status.code(), Some(2), "{}", refused.all());
    assert_eq!(client.query("SELECT 1").len(), 4);
}

#[test]
fn a_slow_reader_holds_nobody_up_and_gets_everything() {
    use std::io::{Read as _, Write as _};
    let database = v15().database();
    let house = house(&database);
    let mut client = house.client("alice");
    let id = newest(&house, "alice");
    let address = house.url().replace("http://", "");
    let mut slow = std::net::TcpStream::connect(&address).unwrap();
    let token = house.person("alice").token;
    write!(
        slow,
        "GET /api/v1/sessions/{id}/events?follow=true HTTP/1.1\r\nHost: {address}\r\n\
         Authorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    // More than any socket's buffers hold, while nobody reads.
    for number in 1..=40 {
        let sql =
            format!("SELECT {number}, repeat(md5(n::text), 100) FROM generate_series(1, 300) n");
        assert_eq!(client.query(&sql).last().unwrap().kind, b'Z');
    }
    client.send(&ask::terminate());
    drop(client);
    std::thread::sleep(Duration::from_secs(1));
    assert!(house.cli("alice", &["sessions", "ls"]).ok());
    slow.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut all = Vec::new();
    slow.read_to_end(&mut all).unwrap();
    let all = String::from_utf8_lossy(&all);
    assert_eq!(all.matches("\"type\":\"command\"").count(), 40);
    assert!(all.contains("\"type\":\"closed\""));
}
