//! What an engineer types, from signing in to asking.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;

use e2e::{House, browse, request, run};

use crate::{no_canary, v15};

#[test]
fn an_engineer_signs_in_with_a_browser_and_needs_no_token_of_their_own() {
    let database = v15().database();
    let house = House::open(&database);
    sign_in(&house, "alice@example.com", &["login"]);
    let who = house.cli_with(&[], &["whoami", "--json"]);
    assert!(who.ok() && who.stdout.contains("alice@example.com"), "{}", who.all());
    let list = house.cli_with(&[], &["ls", "--json"]);
    assert!(list.ok() && list.stdout.contains("orders"), "{}", list.all());

    let connected = house
        .cli_with(&[], &["connect", "orders", "--", "-At", "-c", "SELECT count(*) FROM orders"]);
    assert!(connected.ok(), "{}", connected.all());
    assert_eq!(connected.stdout.trim(), "50");
    let executed =
        house.cli_with(&[], &["exec", "orders", "SELECT id, ssn FROM customers ORDER BY id"]);
    assert!(executed.ok(), "{}", executed.all());
    no_canary(executed.all().as_bytes(), "sluice exec");
    let refused = house.cli_with(&[], &["exec", "orders", "SELECT no_such_column"]);
    assert!(!refused.ok());

    // What was kept is for its owner's eyes.
    for (path, _) in house.written() {
        if path.starts_with(house.file("config")) && path.is_file() {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{}", path.display());
        }
    }
    assert!(house.cli_with(&[], &["logout"]).ok());
    let who = house.cli_with(&[], &["whoami"]);
    assert_eq!(who.status.code(), Some(3), "{}", who.all());
}

#[test]
fn an_engineer_signs_in_with_a_code_where_there_is_no_browser() {
    let database = v15().database();
    let house = House::open(&database);
    sign_in(&house, "erin@example.com", &["login", "--device"]);
    let who = house.cli_with(&[], &["whoami", "--json"]);
    assert!(who.ok() && who.stdout.contains("erin@example.com"), "{}", who.all());
}

#[test]
fn a_local_port_serves_a_gui_that_knows_no_token() {
    let database = v15().database();
    let house = House::open(&database);
    let token = house.person("alice").token;
    let words = ["proxy", "orders", "--json"];
    let mut command = house.cli_command(&[("SLUICE_TOKEN", &token)], &words);
    let mut proxy = Running(command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap());
    let mut said = String::new();
    let mut output = BufReader::new(proxy.0.stdout.take().unwrap());
    while !said.trim_end().ends_with('}') {
        assert!(output.read_line(&mut said).unwrap() > 0, "it ended: {said}");
    }
    let door: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert!(!said.contains(&token), "{said}");
    let connect = |password: &str| {
        e2e::psql(&format!(
            "host=127.0.0.1 port={} user={} dbname={} sslmode=disable",
            door["port"],
            door["user"].as_str().unwrap(),
            door["database"].as_str().unwrap(),
        ))
        .env("PGPASSWORD", password)
        .ran("SELECT count(*) FROM orders")
    };
    assert!(!connect("guessed").ok());
    let ran = connect(door["password"].as_str().unwrap());
    assert!(ran.ok(), "{}", ran.all());
    assert_eq!(ran.stdout, "50\n");
}

#[test]
fn every_command_explains_itself() {
    let mut command = std::process::Command::new(e2e::sluice());
    let help = run(command.arg("--help"), "");
    for name in [
        "demo",
        "serve",
        "check",
        "explain",
        "login",
        "logout",
        "whoami",
        "ls",
        "connect",
        "proxy",
        "exec",
        "approvals",
        "sessions",
        "verify",
        "token",
    ] {
        assert!(help.stdout.contains(name), "{name}: {}", help.stdout);
        let mut command = std::process::Command::new(e2e::sluice());
        let ran = run(command.args([name, "--help"]), "");
        assert!(ran.ok() && ran.stdout.contains("Usage"), "{name}: {}", ran.all());
    }
}

#[test]
fn the_api_answers_nobody_without_a_token() {
    let database = v15().database();
    let house = House::open(&database);
    for path in ["whoami", "resources", "sessions", "approvals", "tokens"] {
        let answer = request("GET", &format!("{}/api/v1/{path}", house.url()), &[], "");
        assert_eq!(answer.status, 401, "{path}: {answer:?}");
    }
}

/// Ended when the test is.
struct Running(std::process::Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs `sluice login` and plays the browser's part.
fn sign_in(house: &House, person: &str, words: &[&str]) {
    let mut command = house.cli_command(&[], words);
    let mut child = command
        .env("BROWSER", "/bin/true")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Where to go is on one of its two outputs; the other is read so that it cannot fill up.
    let issuer = house.idp().issuer().to_owned();
    let (found, url) = std::sync::mpsc::channel();
    let streams: [Box<dyn std::io::Read + Send>; 2] =
        [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
    for stream in streams {
        let (found, issuer) = (found.clone(), issuer.clone());
        std::thread::spawn(move || {
            let mut reader = BufReader::new(stream);
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|length| length > 0) {
                if let Some(at) = line.find(&issuer) {
                    let end =
                        line[at..].find(char::is_whitespace).map_or(line.len(), |end| at + end);
                    let url = &line[at..end];
                    // A page without a query asks for a code to be typed; the next one brings it along.
                    if url.contains('?') {
                        let _ = found.send(url.to_owned());
                    }
                }
                line.clear();
            }
            let _ = reader.read_to_end(&mut Vec::new());
        });
    }
    let url = url
        .recv_timeout(std::time::Duration::from_secs(30))
        .expect("sluice login says where to go");
    let landed = browse(&url, person);
    if landed.starts_with("http://127.0.0.1") || landed.starts_with("http://localhost") {
        let thanks = request("GET", &landed.replace("localhost", "127.0.0.1"), &[], "");
        assert_eq!(thanks.status, 200, "{thanks:?}");
    } else if words.contains(&"--device") && landed.contains("user_code") {
        panic!("the code was not taken: {landed}");
    }
    let status = child.wait().unwrap();
    assert!(status.success(), "sluice login: {status}");
}
