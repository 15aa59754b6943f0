//! What people are told who are not signed in, or ask for what is not there.

use super::Desk;

#[test]
fn whoever_is_not_signed_in_is_told_how() {
    let desk = Desk::with(&[]);
    for words in [
        &["ls"][..],
        &["whoami"],
        &["connect", "orders-prod"],
        &["exec", "orders-prod", "SELECT 1"],
        &["proxy", "orders-prod"],
        &["approvals", "ls"],
        &["sessions", "ls"],
        &["token", "ls"],
        &["login"],
    ] {
        let said = desk.sluice(words);
        assert_eq!(said.code, Some(3), "{words:?}: {}", said.err);
        assert!(said.err.contains("hint: sign in with `sluice login"), "{words:?}: {}", said.err);
        assert_eq!(said.out, "", "{words:?}");
    }
}

#[test]
fn a_gateway_that_is_not_there_is_told_from_one_that_is_named_wrongly() {
    let desk = Desk::with(&[]);
    for (url, code) in [("http://127.0.0.1:1", 4), ("http://example.com", 2), ("nonsense", 2)] {
        let mut command = desk.command(&["ls", "--url", url]);
        let output = command.env("SLUICE_TOKEN", "slc_x").output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{url}: {err}");
        assert!(!err.contains("slc_x") && err.contains("hint: "), "{err}");
    }
}

#[test]
fn an_id_that_is_none_is_told_before_anybody_is_asked() {
    let desk = Desk::with(&[]);
    for words in [
        &["approvals", "show", "../../etc/passwd"][..],
        &["approvals", "approve", "x"],
        &["sessions", "replay", "x"],
        &["verify", "x"],
        &["token", "revoke", "x"],
    ] {
        let said = desk.sluice(words);
        assert_eq!(said.code, Some(2), "{words:?}: {}", said.err);
    }
}

#[test]
fn a_credentials_file_that_cannot_be_read_is_not_overwritten() {
    let desk = Desk::with(&[(".config/sluice/credentials.json", "{broken")]);
    let said = desk.sluice(&["logout", "--url", "https://gateway.example.com"]);
    assert_eq!(said.code, Some(2), "{}", said.err);
    let file = desk.path().join(".config/sluice/credentials.json");
    assert_eq!(std::fs::read_to_string(file).unwrap(), "{broken");
}
