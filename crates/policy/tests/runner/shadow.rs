//! What is only tried out decides nothing, and what it would have decided is said.

use model::{Action, Classes, DataClass, Decision, Phase, Shadow, Verdict};
use policy::Slice;

use crate::house::*;

const READS: &str = "@id(\"reads\") permit (principal, action in Action::\"read\", resource);\n";
const ASKS: &str = "@id(\"asks\") @approve(\"group:dba\") permit (principal, action in Action::\"write\", resource);\n";

/// `denied by a, b`, or nothing.
fn would(shadow: Option<Shadow>) -> String {
    let Some(shadow) = shadow else { return String::new() };
    let word = match shadow.verdict {
        Verdict::Allowed => "allowed",
        Verdict::Denied => "denied",
        Verdict::Held => "held",
        Verdict::Approved => "approved",
    };
    format!("{word} by {}", shadow.policies.join(", "))
}

/// What is decided, and what would be.
fn both(slice: &mut Slice, command: &model::Command) -> (String, String) {
    let decided = slice.decide(command, MONDAY);
    let shadow = slice.shadow(command, MONDAY, &decided);
    (told(&decided), would(shadow))
}

#[track_caller]
fn check(policies: &str, action: Action, decided: &str, expected: &str) {
    let mut slice = session(&open_and(policies));
    let command = does(&[table(action, "public", "orders")]);
    // Twice, so that what is remembered is asked too.
    for _ in 0..2 {
        let (said, tried) = both(&mut slice, &command);
        assert!(said.starts_with(decided), "{said}\n{policies}");
        assert_eq!(tried, expected, "{policies}");
    }
}

#[test]
fn a_forbid_that_is_tried_out_refuses_nothing_and_says_what_it_would() {
    let policies = format!(
        "{READS}@id(\"no\") @shadow(\"true\") forbid (principal, action == Action::\"select\", resource);"
    );
    check(&policies, Action::Select, "allow reads", "denied by no");
    check(&policies, Action::Show, "allow reads", "");
}

#[test]
fn a_permit_that_is_tried_out_permits_nothing_and_says_what_it_would() {
    let permit = "@id(\"yes\") @shadow(\"true\") permit (principal, action == Action::\"delete\", resource);";
    check(permit, Action::Delete, "deny : no policy permits", "allowed by yes");
    // It would let through what is held.
    check(&format!("{ASKS}{permit}"), Action::Delete, "hold asks", "allowed by yes");
}

#[test]
fn an_approval_that_is_tried_out_holds_nothing() {
    let hold = "@id(\"ask\") @shadow(\"true\") @approve(\"group:dba\") permit (principal, action == Action::\"select\", resource);";
    check(hold, Action::Select, "deny", "held by ask");
    // Somebody else permits it without asking: nothing would change.
    check(&format!("{READS}{hold}"), Action::Select, "allow reads", "");
}

#[test]
fn what_would_change_nothing_is_not_told() {
    let policies =
        "@id(\"no\") @shadow(\"true\") forbid (principal, action == Action::\"drop\", resource);";
    check(policies, Action::Drop, "deny", "");
}

#[test]
fn several_are_tried_out_together() {
    let policies = format!(
        "{READS}@id(\"yes\") @shadow(\"true\") permit (principal, action == Action::\"delete\", resource);\n\
         @id(\"no\") @shadow(\"true\") forbid (principal, action in [Action::\"delete\", Action::\"select\"], resource);"
    );
    check(&policies, Action::Delete, "deny", "");
    check(&policies, Action::Select, "allow reads", "denied by no");
}

#[test]
fn one_that_cannot_be_evaluated_reaches_no_verdict() {
    let overflow = "when { 9223372036854775807 + context.weekday > 0 }";
    let policies = format!(
        "{READS}@id(\"broken\") @shadow(\"true\") forbid (principal, action == Action::\"select\", resource) {overflow};\n\
         @id(\"broken-too\") @shadow(\"true\") permit (principal, action == Action::\"delete\", resource) {overflow};"
    );
    check(&policies, Action::Select, "allow reads", "denied by broken");
    check(&policies, Action::Delete, "deny", "");
}

#[test]
fn the_schemas_it_names_raise_no_question_for_what_decides() {
    // A permit that cannot tell where the table stands fails there; that is the shadow's affair.
    let shadow = "@id(\"there\") @shadow(\"true\") forbid (principal, action == Action::\"select\", \
                  resource in Object::\"orders-prod/secret\");";
    let mut slice = session(&open_and(&format!("{READS}{shadow}")));
    let (decided, tried) = both(&mut slice, &does(&[somewhere(Action::Select, "t")]));
    assert_eq!((decided.as_str(), tried.as_str()), ("allow reads", "denied by there"));
}

#[test]
fn what_is_only_prepared_would_not_be_held() {
    let hold = "@id(\"ask\") @shadow(\"true\") @approve(\"group:dba\") permit (principal, action == Action::\"select\", resource);";
    let mut slice = session(&open_and(hold));
    let mut command = does(&[table(Action::Select, "public", "orders")]);
    command.phase = Phase::Prepare;
    assert_eq!(both(&mut slice, &command).1, "allowed by ask");
}

#[test]
fn a_session_is_opened_as_if_it_were_not_there() {
    let forbid = "@id(\"shut\") @shadow(\"true\") @message(\"never seen\") forbid (principal, action == Action::\"connect\", resource);";
    let mut slice = session(&open_and(&format!("{READS}{forbid}")));
    assert_eq!(would(slice.shadow_of_session(MONDAY)), "denied by shut");
    let (decided, tried) = both(&mut slice, &does(&[table(Action::Select, "public", "orders")]));
    assert_eq!((decided.as_str(), tried.as_str()), ("allow reads", "denied by shut"));

    let permit = "@id(\"door\") @shadow(\"true\") permit (principal, action == Action::\"connect\", resource);";
    let closed = set(permit);
    assert!(closed.authorize(engineer(), orders(), &circumstances()).is_err());
    let by = closed.would_open(&engineer(), &orders(), &circumstances()).unwrap();
    assert_eq!(by.join(", "), "door");
    let still = set(&format!("{permit}@id(\"no\") forbid (principal, action, resource);"));
    assert_eq!(still.would_open(&engineer(), &orders(), &circumstances()), None);
}

#[test]
fn what_it_would_reveal_stays_masked_and_what_it_would_mask_stays_clear() {
    let classes = |names: &[&str]| -> Classes {
        names.iter().map(|name| DataClass::new(name).unwrap()).collect()
    };
    let policies = "@id(\"cards\") permit (principal, action == Action::\"reveal\", resource == DataClass::\"credit_card\");\n\
         @id(\"emails\") @shadow(\"true\") permit (principal, action == Action::\"reveal\", resource == DataClass::\"email\");\n\
         @id(\"no-cards\") @shadow(\"true\") forbid (principal, action == Action::\"reveal\", resource == DataClass::\"credit_card\");";
    let mut slice = session(&open_and(&format!("{READS}{policies}")));
    assert_eq!(**slice.reveal(), classes(&["credit_card"]));
    let decision = slice.decide(&does(&[table(Action::Select, "public", "orders")]), MONDAY);
    let Decision::Allow(terms) = decision else { panic!("{decision:?}") };
    assert_eq!(*terms.reveal, classes(&["credit_card"]));
    let shadow = slice.shadow_of_session(MONDAY).unwrap();
    assert_eq!(shadow.verdict, Verdict::Allowed);
    assert_eq!(
        (&*shadow.shows, &*shadow.masks),
        (&classes(&["email"]), &classes(&["credit_card"]))
    );
    assert_eq!(shadow.policies.join(", "), "emails, no-cards");
}

#[test]
fn where_nothing_is_tried_out_nothing_is_told() {
    let mut slice = session(&open_and(READS));
    let command = does(&[table(Action::Select, "public", "orders")]);
    assert_eq!(both(&mut slice, &command).1, "");
    assert_eq!(slice.shadow_of_session(MONDAY), None);
    // Nor to whom it does not concern.
    let other =
        "@id(\"no\") @shadow(\"true\") forbid (principal in Group::\"others\", action, resource);";
    let mut slice = session(&open_and(&format!("{READS}{other}")));
    assert_eq!(both(&mut slice, &command).1, "");
}

#[test]
fn it_is_counted_named_and_explained() {
    let set = open_and(&format!(
        "{READS}@id(\"no\") @shadow(\"true\") forbid (principal, action == Action::\"select\", \
         resource in Resource::\"orders-prod\");"
    ));
    assert_eq!(set.len(), 3);
    assert_eq!(set.shadows().map(|id| &**id).collect::<Vec<_>>(), ["no"]);
    assert!(set.resources_named().contains("orders-prod"));
    let command = does(&[table(Action::Select, "public", "orders")]);
    let explained = set.explain(&engineer(), &orders(), &circumstances(), Some(&command));
    assert_eq!((explained.verdict, explained.policies), (Verdict::Allowed, vec!["reads".into()]));
    let would = explained.shadow.unwrap();
    assert_eq!((would.verdict, would.policies), (Verdict::Denied, vec!["no".into()]));
    // No part of a command is said to be refused by what refuses nothing.
    assert!(explained.accesses.iter().all(|part| part.verdict == Verdict::Allowed));
    let opening = set.explain(&engineer(), &orders(), &circumstances(), None);
    assert_eq!(opening.shadow, None);
}

#[test]
fn the_same_name_twice_is_a_mistake_in_shadow_too() {
    let text = "@id(\"a\") @shadow(\"true\") permit (principal, action, resource);\n\
                @id(\"a\") permit (principal, action, resource);";
    assert!(policy::PolicySet::load([("a.cedar", text)]).is_err());
    let typo =
        "@id(\"a\") @shadow(\"true\") permit (principal, action == Action::\"slect\", resource);";
    assert!(policy::PolicySet::load([("a.cedar", typo)]).is_err());
}
