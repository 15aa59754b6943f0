//! `@evidence("strict")`: what must be on the disk before it is sent.

use model::{Action, Command, Decision, Evidence};

use crate::house::*;

#[track_caller]
fn asked(policies: &str, command: &Command) -> Evidence {
    match session(&set(policies)).decide(command, MONDAY) {
        Decision::Allow(terms) | Decision::Hold(_, terms) => terms.evidence,
        Decision::Deny(reason) => panic!("{}", reason.message),
    }
}

fn select() -> model::Access {
    table(Action::Select, "public", "orders")
}

fn delete() -> model::Access {
    table(Action::Delete, "public", "orders")
}

const READS: &str = "@id(\"reads\") permit (principal, action in Action::\"read\", resource);\n";
const WRITES: &str = "@id(\"writes\") @evidence(\"strict\") permit (principal, action in Action::\"write\", resource);\n";

#[test]
fn a_command_is_strict_when_a_permit_of_any_of_its_parts_is() {
    let policies = format!("{OPEN}{READS}{WRITES}");
    assert_eq!(asked(&policies, &does(&[select()])), Evidence::Buffered);
    assert_eq!(asked(&policies, &does(&[delete()])), Evidence::Strict);
    assert_eq!(asked(&policies, &does(&[select(), delete()])), Evidence::Strict);
    assert_eq!(asked(&policies, &does(&[])), Evidence::Buffered);
}

#[test]
fn a_held_command_stays_strict_when_it_is_approved() {
    let held = "@id(\"w\") @approve(\"group:dba\") @evidence(\"strict\") permit (principal, action in Action::\"write\", resource);";
    assert_eq!(asked(&format!("{OPEN}{held}"), &does(&[delete()])), Evidence::Strict);
}

#[test]
fn it_does_not_matter_which_of_several_permits_asks() {
    let policies = format!("{OPEN}{WRITES}@id(\"also\") permit (principal, action, resource);");
    assert_eq!(asked(&policies, &does(&[delete()])), Evidence::Strict);
    let held = "@id(\"w\") @approve(\"group:dba\") @evidence(\"strict\") permit (principal, action in Action::\"write\", resource);\n\
                @id(\"also\") permit (principal, action, resource);";
    assert_eq!(asked(&format!("{OPEN}{held}"), &does(&[delete()])), Evidence::Strict);
}

#[test]
fn on_connect_it_is_the_whole_sessions() {
    let policies = format!(
        "@id(\"open\") @evidence(\"strict\") permit (principal, action == Action::\"connect\", resource);\n{READS}"
    );
    assert_eq!(asked(&policies, &does(&[select()])), Evidence::Strict);
    assert_eq!(asked(&policies, &does(&[])), Evidence::Strict);
}

#[test]
fn what_is_tried_out_asks_for_nothing() {
    let policies = format!(
        "{OPEN}{READS}@id(\"s\") @shadow(\"true\") @evidence(\"strict\") permit (principal, action, resource);"
    );
    assert_eq!(asked(&policies, &does(&[select()])), Evidence::Buffered);
}

#[test]
fn on_reveal_alone_it_would_mean_nothing_and_is_refused() {
    let text = "@id(\"r\") @evidence(\"strict\") permit (principal, action == Action::\"reveal\", resource == DataClass::\"email\");";
    let errors = policy::PolicySet::load([("a.cedar", text)]).unwrap_err();
    assert!(errors[0].message.contains("@evidence on `reveal`"), "{errors:?}");
}
