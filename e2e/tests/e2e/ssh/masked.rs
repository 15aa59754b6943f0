//! What a program says is masked.

use e2e::{House, SshServer};

use super::POLICIES;

/// Engineers see no card.
fn masking(server: &SshServer) -> House {
    let resource =
        format!("{}data:\n  - {{detect: [credit_card, email]}}\n", server.resource("web-1"));
    House::builder().policies(POLICIES).resource("web-1", &resource).start()
}

#[test]
fn what_a_program_says_is_masked_with_a_terminal_and_without() {
    let server = SshServer::start(None);
    let house = masking(&server);
    let card = "4242424242424242";
    std::fs::write(server.file("cards"), format!("one {card}\ntwo ann@example.com\nlast {card}"))
        .unwrap();
    let path = server.file("cards").display().to_string();
    let ran =
        house.openssh("alice", "ssh", &["web-1.sluice", &format!("cat {path}; cat {path} >&2")]);
    assert!(ran.ok(), "{}", ran.all());
    for text in [&ran.stdout, &ran.stderr] {
        assert!(!text.contains(card) && !text.contains("ann@"), "{text}");
        assert!(text.starts_with("one ") && text.contains("\ntwo "), "{text}");
    }
    // In pieces, with colours between its letters, on a terminal.
    let spread = "printf '4242\\033[31m4242'; sleep 0.2; printf '4242\\033[0m4242 end\\n'";
    let ran = house.openssh("alice", "ssh", &["-tt", "web-1.sluice", spread]);
    assert!(ran.ok(), "{}", ran.all());
    let letters: String = ran.stdout.chars().filter(char::is_ascii_digit).collect();
    assert!(!letters.contains(card) && ran.stdout.contains("********"), "{:?}", ran.stdout);
    let sessions = house.cli_json("alice", &["sessions", "ls", "--json"]);
    for session in sessions.as_array().unwrap() {
        let id = session["id"].as_str().unwrap();
        let replay = house.cli("alice", &["sessions", "replay", id, "--text"]);
        assert!(replay.ok() && !replay.stdout.contains(card), "{}", replay.all());
    }
}
