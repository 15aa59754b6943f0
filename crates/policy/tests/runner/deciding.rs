//! Commands and their verdicts.

use std::sync::Arc;
use std::time::Duration;

use model::{
    Access, Action, Classes, DataClass, Decision, Facts, Identity, Object, ObjectKind, Parent,
    Phase, Reason, ReasonKind, Understood, Verdict,
};

use crate::house::*;

/// Asserts what is told of a command under these policies.
#[track_caller]
fn check(policies: &str, accesses: &[Access], expected: &str) {
    let decision = session(&open_and(policies)).decide(&does(accesses), MONDAY);
    assert_eq!(told(&decision), expected);
}

fn denied(decision: Decision) -> Reason {
    match decision {
        Decision::Deny(reason) => reason,
        other => panic!("{other:?}"),
    }
}

const READ: &str = r#"@id("read") permit (principal, action in Action::"read", resource);"#;
const ANYTHING: &str = r#"@id("anything") permit (principal, action, resource);"#;

#[test]
fn what_no_policy_permits_is_refused_and_named() {
    check(
        "",
        &[table(Action::Drop, "public", "customers")],
        "deny : no policy permits `drop public.customers` on orders-prod",
    );
    let many: Vec<_> = ["a", "b", "c", "d", "e"].map(|name| table(Action::Drop, "s", name)).into();
    check(
        READ,
        &many,
        "deny : no policy permits `drop s.a`, `drop s.b`, `drop s.c` and 2 more on orders-prod",
    );
}

#[test]
fn every_access_of_a_command_needs_a_permit() {
    check(READ, &[table(Action::Select, "public", "a")], "allow read");
    check(
        READ,
        &[table(Action::Select, "public", "a"), table(Action::Delete, "public", "b")],
        "deny : no policy permits `delete public.b` on orders-prod",
    );
}

#[test]
fn a_forbid_wins_over_every_permit_and_over_approvals() {
    let forbid = r#"
        @id("b") @message("Not here.") forbid (principal, action == Action::"drop", resource in Label::"env=prod");
        @id("a") forbid (principal, action in Action::"define", resource == Object::"orders-prod/public/customers");
        @id("held") @approve("group:dba") permit (principal, action, resource);"#;
    check(
        &format!("{ANYTHING}{forbid}"),
        &[table(Action::Drop, "public", "customers")],
        "deny a, b: Not here.",
    );
    check(
        &format!("{ANYTHING}{forbid}"),
        &[table(Action::Alter, "public", "customers")],
        "deny a: `alter public.customers` on orders-prod is forbidden by policy",
    );
    check(
        &format!("{ANYTHING}{forbid}"),
        &[table(Action::Alter, "public", "others")],
        "allow anything",
    );
}

#[test]
fn only_permits_with_an_approval_hold() {
    let held = r#"@id("held") @approve("group:dba") @approvals("2") @within("5m") permit (principal, action in Action::"write", resource);"#;
    let delete = [table(Action::Delete, "public", "a")];
    check(
        held,
        &delete,
        "hold held by dba x2 within 300s: `delete public.a` needs 2 approvals of dba",
    );
    check(&format!("{held}{ANYTHING}"), &delete, "allow anything");
    let said = r#"@id("held") @approve("group:dba") @message("Ask in #dba.") permit (principal, action in Action::"write", resource);"#;
    check(said, &delete, "hold held by dba x1 within 900s: Ask in #dba.");
}

#[test]
fn permits_that_hold_are_alternatives_for_one_access() {
    let two = |a: &str, b: &str| {
        format!(
            r#"@id("a") {a} permit (principal, action, resource); @id("b") {b} permit (principal, action, resource);"#
        )
    };
    let delete = [table(Action::Delete, "s", "t")];
    for (a, b, expected) in [
        (
            r#"@approve("group:dba")"#,
            r#"@approve("group:lead") @within("1m")"#,
            "hold a, b by dba|lead x1 within 60s",
        ),
        // One dba and one lead would satisfy neither of these: they are not joined.
        (
            r#"@approve("group:dba") @approvals("2")"#,
            r#"@approve("group:lead") @approvals("2")"#,
            "hold a by dba x2 within 900s",
        ),
        (
            r#"@approve("group:dba") @approvals("2")"#,
            r#"@approve("group:lead")"#,
            "hold b by lead x1 within 900s",
        ),
        (
            r#"@approve("group:dba") @approvals("2")"#,
            r#"@approve("group:dba") @approvals("2") @within("1m")"#,
            "hold a, b by dba x2 within 60s",
        ),
    ] {
        let decision = session(&open_and(&two(a, b))).decide(&does(&delete), MONDAY);
        assert!(
            told(&decision).starts_with(&format!("{expected}: ")),
            "{a} {b}: {}",
            told(&decision)
        );
    }
}

#[test]
fn whoever_approves_a_command_must_be_acceptable_for_every_part_of_it() {
    let policies = |insert: &str, delete: &str| {
        format!(
            r#"@id("i") {insert} permit (principal, action == Action::"insert", resource);
           @id("d") {delete} permit (principal, action == Action::"delete", resource);"#
        )
    };
    let both = [table(Action::Insert, "s", "t"), table(Action::Delete, "s", "t")];
    check(
        &policies(
            r#"@approve("group:dba, group:lead") @within("5m")"#,
            r#"@approve("group:dba,group:sre") @approvals("3")"#,
        ),
        &both,
        "hold d, i by dba x3 within 300s: `insert s.t` needs 3 approvals of dba",
    );
    check(
        &policies(r#"@approve("group:lead")"#, r#"@approve("group:dba")"#),
        &both,
        "deny d, i: parts of this command need the approval of different groups",
    );
}

#[test]
fn a_command_that_touches_nothing_needs_no_more_than_the_session() {
    check("", &[], "allow open");
    check(
        r#"@id("never") forbid (principal, action == Action::"select", resource);"#,
        &[],
        "allow open",
    );
}

#[test]
fn what_is_not_understood_is_refused_unless_a_policy_permits_unknown() {
    let unknown = || meaning(Arc::new(Understood::unknown("the grammar rejects it at `SELCT`")));
    let reason = denied(session(&open_and(READ)).decide(&unknown(), MONDAY));
    assert_eq!(reason.kind, ReasonKind::NotUnderstood);
    assert!(reason.message.ends_with("the grammar rejects it at `SELCT`"), "{}", reason.message);

    let forbidden = format!(
        r#"{ANYTHING} @id("no") forbid (principal, action == Action::"unknown", resource);"#
    );
    let reason = denied(session(&open_and(&forbidden)).decide(&unknown(), MONDAY));
    assert_eq!((reason.kind, reason.policies), (ReasonKind::NotUnderstood, vec!["no".to_owned()]));

    let permitted = r#"@id("u") permit (principal, action == Action::"unknown", resource);"#;
    assert_eq!(told(&session(&open_and(permitted)).decide(&unknown(), MONDAY)), "allow u");
}

#[test]
fn a_group_or_a_session_is_no_action_of_a_command() {
    for action in [Action::Write, Action::Connect, Action::Reveal] {
        let access = Access::new(action, Object::resource());
        let reason = denied(session(&open_and(ANYTHING)).decide(&does(&[access]), MONDAY));
        assert_eq!(reason.kind, ReasonKind::NotUnderstood, "{action:?}");
    }
}

#[test]
fn readying_a_command_is_never_held_but_can_be_refused() {
    let mut slice = session(&open_and(
        r#"@id("held") @approve("group:dba") permit (principal, action == Action::"delete", resource);"#,
    ));
    for (action, phase, expected) in [
        (Action::Delete, Phase::Prepare, "allow"),
        (Action::Delete, Phase::Run, "hold"),
        (Action::Delete, Phase::Prepare, "allow"),
        (Action::Drop, Phase::Prepare, "deny"),
        (Action::Drop, Phase::Run, "deny"),
    ] {
        let mut command = does(&[table(action, "s", "t")]);
        command.phase = phase;
        assert!(
            told(&slice.decide(&command, MONDAY)).starts_with(expected),
            "{action:?} {phase:?}"
        );
    }
}

#[test]
fn a_table_whose_schema_is_not_known_is_refused_wherever_a_forbid_could_catch_it() {
    let forbid = |what: &str| {
        format!("{ANYTHING} @id(\"no\") forbid (principal, action == Action::\"select\", {what};")
    };
    for what in [
        r#"resource == Object::"orders-prod/public/customers")"#,
        r#"resource in Object::"orders-prod/public")"#,
        r#"resource) when { resource == Object::"orders-prod/public/customers" }"#,
        r#"resource) when { resource in [Object::"orders-prod/hidden", Object::"orders-prod/public"] }"#,
        r#"resource) when { resource.path like "public/cust*" }"#,
        r#"resource) when { resource.name == "customers" }"#,
        r#"resource is Object in Object::"orders-prod/public")"#,
        r#"resource) unless { resource in Object::"orders-prod/scratch" }"#,
    ] {
        let mut slice = session(&open_and(&forbid(what)));
        let decision = slice.decide(&does(&[somewhere(Action::Select, "customers")]), MONDAY);
        let reason = denied(decision);
        assert_eq!(reason.policies, ["no"], "{what}");
        assert!(reason.hint.is_some_and(|hint| hint.contains("schema")), "{what}");
        // The same name in a schema that nothing forbids.
        if !what.contains("name ==") && !what.contains("unless") {
            let known = does(&[table(Action::Select, "archive", "customers")]);
            assert_eq!(told(&slice.decide(&known, MONDAY)), "allow anything", "{what}");
        }
    }
}

#[test]
fn a_table_whose_schema_is_not_known_needs_a_permit_that_holds_everywhere() {
    let unplaced = [somewhere(Action::Select, "customers")];
    for (permit, allowed) in [
        (r#"resource)"#, true),
        (r#"resource in Resource::"orders-prod")"#, true),
        (r#"resource) when { resource.name like "cust*" }"#, true),
        (r#"resource == Object::"orders-prod/public/customers")"#, false),
        (r#"resource in Object::"orders-prod/public")"#, false),
        (r#"resource) when { resource.path like "*" }"#, false),
    ] {
        let policies =
            format!(r#"@id("p") permit (principal, action == Action::"select", {permit};"#);
        let decision = session(&open_and(&policies)).decide(&does(&unplaced), MONDAY);
        assert_eq!(matches!(decision, Decision::Allow(_)), allowed, "{permit}: {decision:?}");
    }
}

#[test]
fn a_table_that_may_stand_in_one_of_several_schemas_needs_a_permit_in_each() {
    let policies = r#"@id("p") permit (principal, action == Action::"select", resource in Object::"orders-prod/public");
        @id("q") permit (principal, action == Action::"select", resource in Object::"orders-prod/app");"#;
    let one_of = |list: &[&str]| {
        let parent = Parent::OneOf(list.iter().map(|&name| name.to_owned()).collect());
        Access::new(Action::Select, Object::within(ObjectKind::Relation, parent, "t"))
    };
    check(policies, &[one_of(&["public", "app"])], "allow p, q");
    check(
        policies,
        &[one_of(&["public", "app", "pg_temp"])],
        "deny : no policy permits `select {public,app,pg_temp}.t` on orders-prod",
    );
    // Nowhere is not everywhere: an empty list says nothing about where it stands.
    check(policies, &[one_of(&[])], "deny : no policy permits `select {}.t` on orders-prod");
}

#[test]
fn a_forbid_that_cannot_be_evaluated_forbids() {
    let policies = format!(
        r#"{ANYTHING} @id("broken") forbid (principal, action == Action::"delete", resource)
           when {{ context.weekday + 9223372036854775807 > 1 }};"#
    );
    check(
        &policies,
        &[table(Action::Delete, "s", "t")].map(|access| access),
        "deny broken: `delete s.t` on orders-prod is refused: a policy that forbids could not be evaluated for it",
    );
}

#[test]
fn a_permit_that_cannot_be_evaluated_permits_nothing() {
    let policies = r#"@id("broken") permit (principal, action == Action::"delete", resource)
           when { context.weekday + 9223372036854775807 > 1 };"#;
    check(
        policies,
        &[table(Action::Delete, "s", "t")],
        "deny : no policy permits `delete s.t` on orders-prod",
    );
}

#[test]
fn an_object_is_itself_whatever_letters_its_name_has() {
    let policies = r#"@id("p") permit (principal, action == Action::"select", resource == Object::"orders-prod/public/customers");"#;
    check(policies, &[table(Action::Select, "public", "customers")], "allow p");
    for (schema, name) in [
        ("public", "Customers"),
        ("public/customers", ""),
        ("", "public/customers"),
        ("pub", "lic/customers"),
        ("public", "customers/"),
    ] {
        let decision = session(&open_and(policies))
            .decide(&does(&[table(Action::Select, schema, name)]), MONDAY);
        assert!(matches!(decision, Decision::Deny(_)), "{schema} {name}");
    }
    let function = Access::new(
        Action::Select,
        Object::within(ObjectKind::Function, Parent::Is("public".into()), "customers"),
    );
    check(
        policies,
        &[function],
        "deny : no policy permits `select public.customers` on orders-prod",
    );
}

#[test]
fn an_access_to_the_resource_itself_is_decided_with_the_resource() {
    let policies = r#"@id("p") permit (principal, action == Action::"show", resource == Resource::"orders-prod");"#;
    check(policies, &[Access::new(Action::Show, Object::resource())], "allow p");
    check(
        policies,
        &[Access::new(Action::Show, Object::top(ObjectKind::Setting, "work_mem"))],
        "deny : no policy permits `show work_mem` on orders-prod",
    );
}

#[test]
fn policies_see_the_facts_of_a_command() {
    let class = |name: &str| DataClass::new(name).unwrap();
    let policies = format!(
        r#"{ANYTHING}
        @id("unbounded") forbid (principal, action in Action::"write", resource) when {{ context.unbounded }};
        @id("cards") forbid (principal, action == Action::"select", resource) when {{ context.returns.contains(DataClass::"credit_card") }};
        @id("loose") forbid (principal, action == Action::"update", resource) unless {{ context.in_transaction }};
        @id("guessing") forbid (principal, action in Action::"read", resource) when {{ context.filters.contains(DataClass::"us_ssn") }};"#
    );
    let mut slice = session(&open_and(&policies));
    let mut ask = |action, facts: Facts, in_transaction| {
        let mut command = command(vec![table(action, "s", "t")], facts);
        command.in_transaction = in_transaction;
        told(&slice.decide(&command, MONDAY)).split(':').next().unwrap_or_default().to_owned()
    };
    let unbounded = || Facts { unbounded: true, ..Facts::default() };
    let returns = |names: &[&str]| Facts {
        returns: names.iter().map(|name| class(name)).collect::<Classes>(),
        ..Facts::default()
    };
    let filters = |names: &[&str]| Facts {
        filters: names.iter().map(|name| class(name)).collect::<Classes>(),
        ..Facts::default()
    };
    assert_eq!(ask(Action::Select, filters(&["email", "us_ssn"]), false), "deny guessing");
    assert_eq!(ask(Action::Select, filters(&["email"]), false), "allow anything");
    assert_eq!(ask(Action::Select, returns(&["us_ssn"]), false), "allow anything");
    assert_eq!(ask(Action::Delete, filters(&["us_ssn"]), false), "allow anything");
    assert_eq!(ask(Action::Delete, Facts::default(), false), "allow anything");
    assert_eq!(ask(Action::Delete, unbounded(), false), "deny unbounded");
    assert_eq!(ask(Action::Select, unbounded(), false), "allow anything");
    assert_eq!(ask(Action::Select, returns(&["email"]), false), "allow anything");
    assert_eq!(ask(Action::Select, returns(&["email", "credit_card"]), false), "deny cards");
    assert_eq!(ask(Action::Update, Facts::default(), false), "deny loose");
    assert_eq!(ask(Action::Update, Facts::default(), true), "allow anything");
    assert_eq!(ask(Action::Update, Facts::default(), false), "deny loose");
}

#[test]
fn policies_see_the_programs_words_and_paths_of_a_command_line() {
    let policies = r#"
        @id("look") permit (principal, action == Action::"exec", resource)
            when { context.programs == ["systemctl"] && context.argv.containsAny(["status", "show"]) };
        @id("read") permit (principal, action == Action::"exec", resource) when { context.programs.contains("cat") };
        @id("keys") forbid (principal, action in Action::"run", resource) when { context.paths.contains("/root/.ssh") };"#;
    let mut slice = session(&open_and(policies));
    for (programs, argv, paths, expected) in [
        (&["systemctl"][..], &["status", "web"][..], &[][..], "allow look"),
        (&["systemctl"], &["restart", "web"], &[], "deny"),
        (&["systemctl", "sh"], &["status"], &[], "deny"),
        (&["cat"], &["/etc/hosts"], &["/etc/hosts"], "allow read"),
        (&["cat"], &["/root/.ssh"], &["/etc/hosts", "/root/.ssh"], "deny keys"),
        (&[], &[], &[], "deny"),
        // What is remembered of the first is not taken for another.
        (&["systemctl"], &["status", "web"], &[], "allow look"),
    ] {
        let set = |names: &[&str]| names.iter().map(|name| (*name).into()).collect();
        let facts = Facts {
            programs: set(programs),
            argv: set(argv),
            paths: set(paths),
            ..Facts::default()
        };
        let object = Object::top(ObjectKind::Program, "x");
        let command = command(vec![Access::new(Action::Exec, object)], facts);
        let told = told(&slice.decide(&command, MONDAY));
        let verdict = told.split(':').next().unwrap_or_default().trim_end();
        assert_eq!(verdict, expected, "{programs:?} {argv:?} {paths:?}");
    }
}

#[test]
fn a_decision_that_depends_on_the_time_holds_for_its_minute_only() {
    let policies = format!(
        r#"{ANYTHING} @id("morning") forbid (principal, action == Action::"delete", resource)
           unless {{ context.now.toTime() < duration("9h31m") && context.weekday == 1 }};"#
    );
    let mut slice = session(&open_and(&policies));
    let delete = does(&[table(Action::Delete, "s", "t")]);
    for (seconds, expected) in [
        (0, "allow"),
        (59, "allow"),
        (60, "deny"),
        (3600, "deny"),
        (24 * 3600, "deny"),
        (7 * 24 * 3600, "allow"),
        (59, "allow"),
    ] {
        let now = MONDAY.plus(Duration::from_secs(seconds));
        assert!(told(&slice.decide(&delete, now)).starts_with(expected), "{seconds}");
    }
}

#[test]
fn a_session_that_may_no_longer_be_open_runs_nothing() {
    let identity = engineer();
    let before = open_and(ANYTHING);
    let grant = before.authorize(identity, orders(), &circumstances()).unwrap();
    let after = set(r#"@id("read") permit (principal, action in Action::"read", resource);"#);
    let mut slice = after.slice(&grant);
    for command in [does(&[table(Action::Select, "s", "t")]), does(&[])] {
        assert_eq!(
            told(&slice.decide(&command, MONDAY)),
            "deny : policy no longer permits a session on orders-prod"
        );
    }
}

#[test]
fn a_sign_in_that_expires_during_a_session_ends_what_it_may() {
    let expires = MONDAY.plus(Duration::from_secs(10));
    let identity = Arc::new(Identity { expires: Some(expires), ..Identity::clone(&engineer()) });
    let mut slice = slice_of(&open_and(ANYTHING), identity, orders());
    let select = does(&[table(Action::Select, "s", "t")]);
    assert_eq!(told(&slice.decide(&select, MONDAY)), "allow anything");
    for late in [expires, expires.plus(Duration::from_secs(1))] {
        assert_eq!(told(&slice.decide(&select, late)), "deny : your sign-in has expired");
    }
}

#[test]
fn a_command_that_touches_too_much_is_refused() {
    let accesses: Vec<_> =
        (0..5000).map(|number| table(Action::Select, "s", &format!("t{number}"))).collect();
    let reason = denied(session(&open_and(ANYTHING)).decide(&does(&accesses), MONDAY));
    assert_eq!(reason.kind, ReasonKind::TooLarge);
}

#[test]
fn an_explanation_names_the_policy_behind_every_part() {
    let policies = r#"
        @id("r") permit (principal, action in Action::"read", resource);
        @id("w") @approve("group:dba") permit (principal, action in Action::"write", resource);
        @id("no") @message("Never.") forbid (principal, action, resource in Object::"orders-prod/secret");"#;
    let mut slice = session(&open_and(policies));
    let command = does(&[
        table(Action::Select, "s", "t"),
        table(Action::Insert, "s", "t"),
        somewhere(Action::Select, "u"),
    ]);
    let explanation = slice.explain(&command, MONDAY);
    assert_eq!(
        (explanation.verdict, explanation.message.as_deref()),
        (Verdict::Denied, Some("Never."))
    );
    assert_eq!(explanation.opened_by, ["open"]);
    let parts: Vec<_> = explanation
        .accesses
        .iter()
        .map(|part| {
            format!(
                "{} in {:?}: {:?} {}",
                part.access,
                part.assumed.as_deref(),
                part.verdict,
                part.policies.join(",")
            )
        })
        .collect();
    assert_eq!(
        parts,
        [
            "select s.t in None: Allowed r",
            "select *.u in Some(\"secret\"): Denied no",
            "select *.u in Some(\"*\"): Allowed r",
            "insert s.t in None: Held w",
        ]
    );
    let held = slice.explain(&does(&[table(Action::Insert, "s", "t")]), MONDAY);
    assert_eq!(
        (held.verdict, held.ask.map(|ask| ask.approvers)),
        (Verdict::Held, Some(vec!["dba".to_owned()]))
    );
}

#[test]
fn a_slice_can_be_sent_to_the_thread_of_its_session() {
    const fn sent<T: Send>() {}
    sent::<policy::Slice>();
    sent::<policy::Grant>();
}
