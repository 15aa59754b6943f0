//! Who may open a session, and what is shown there in clear.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use model::{Identity, IdentityKind, Reason};
use policy::{Circumstances, Grant, no_such_door};

use crate::house::*;

const PROD: &str = r#"@id("engineers-open-prod")
    permit (principal in Group::"engineering", action == Action::"connect", resource in Label::"env=prod");"#;

fn open(policies: &str, identity: &Arc<Identity>, around: &Circumstances) -> Result<Grant, Reason> {
    set(policies).authorize(Arc::clone(identity), orders(), around)
}

#[test]
fn a_grant_says_who_may_open_what_and_why() {
    let grant = open(PROD, &engineer(), &circumstances()).unwrap();
    assert_eq!(grant.identity().subject, "engineer@example.com");
    assert_eq!(grant.resource().name, "orders-prod");
    assert_eq!(grant.policies().join(" "), "engineers-open-prod");
}

#[test]
fn a_refused_resource_sounds_like_one_that_does_not_exist() {
    let expected = no_such_door("orders-prod");
    let outsider = identity("eve@example.com", &["sales"]);
    let elsewhere =
        Identity { only_resources: Some(vec!["other".into()]), ..Identity::clone(&engineer()) };
    let forbid = format!(
        r#"{PROD} @id("no") @message("Secret.") forbid (principal, action == Action::"connect", resource);"#
    );
    for (policies, who) in
        [("", engineer()), (PROD, outsider), (PROD, Arc::new(elsewhere)), (&forbid, engineer())]
    {
        assert_eq!(open(policies, &who, &circumstances()).unwrap_err(), expected, "{policies}");
    }
    assert!(!no_such_door("a\u{1b}[2Jb\0").message.chars().any(char::is_control));
}

#[test]
fn a_sign_in_opens_nothing_once_it_has_expired() {
    let expired = Arc::new(Identity { expires: Some(MONDAY), ..Identity::clone(&engineer()) });
    assert_eq!(
        open(PROD, &expired, &circumstances()).unwrap_err().message,
        "your sign-in has expired"
    );
}

#[test]
fn an_approval_opens_no_session() {
    let policies = r#"@id("held") @approve("group:dba") permit (principal, action, resource);"#;
    assert!(open(policies, &engineer(), &circumstances()).is_err());
}

#[test]
fn opening_depends_on_who_from_where_with_what_and_when() {
    let machine = Identity { kind: IdentityKind::Machine, ..Identity::clone(&engineer()) };
    let other_provider = Identity { provider: "partner".into(), ..Identity::clone(&engineer()) };
    let agent = Identity {
        kind: IdentityKind::Agent,
        on_behalf_of: Some("boss@example.com".into()),
        ..Identity::clone(&engineer())
    };
    let from = |source| Circumstances { source, ..circumstances() };
    let mapped = from(IpAddr::V6(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0x0a01, 0x0203)));
    let outside = from("192.0.2.1".parse().unwrap());
    let nameless = Circumstances { client: None, ..circumstances() };
    for (condition, who, around, expected) in [
        ("true", engineer(), circumstances(), true),
        ("principal is User", engineer(), circumstances(), true),
        ("principal is User", Arc::new(machine.clone()), circumstances(), false),
        (
            "principal == Machine::\"engineer@example.com\"",
            Arc::new(machine.clone()),
            circumstances(),
            true,
        ),
        ("principal == User::\"engineer@example.com\"", Arc::new(machine), circumstances(), false),
        ("principal.provider == \"corp\"", engineer(), circumstances(), true),
        ("principal.provider == \"corp\"", Arc::new(other_provider), circumstances(), false),
        (
            "principal has on_behalf_of && principal.on_behalf_of like \"*@example.com\"",
            Arc::new(agent),
            circumstances(),
            true,
        ),
        (
            "principal has on_behalf_of && principal.on_behalf_of like \"*\"",
            engineer(),
            circumstances(),
            false,
        ),
        ("context.source.isInRange(ip(\"10.0.0.0/8\"))", engineer(), circumstances(), true),
        ("context.source.isInRange(ip(\"10.0.0.0/8\"))", engineer(), mapped, true),
        ("context.source.isInRange(ip(\"10.0.0.0/8\"))", engineer(), outside, false),
        ("context has client && context.client == \"psql\"", engineer(), circumstances(), true),
        ("context has client && context.client == \"psql\"", engineer(), nameless, false),
        (
            "context.weekday == 1 && context.now == datetime(\"2026-01-05T09:30:00Z\")",
            engineer(),
            circumstances(),
            true,
        ),
        (
            "resource.protocol == \"postgres\" && resource.kind == \"resource\" && resource.path == \"\"",
            engineer(),
            circumstances(),
            true,
        ),
        ("resource.name == \"orders-prod\"", engineer(), circumstances(), true),
    ] {
        let policies = format!(
            r#"@id("p") permit (principal, action == Action::"connect", resource) when {{ {condition} }};"#
        );
        assert_eq!(open(&policies, &who, &around).is_ok(), expected, "{condition}");
    }
}

fn revealed(policies: &str) -> String {
    let slice = session(&open_and(policies));
    slice.reveal().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

#[test]
fn nothing_is_shown_in_clear_unless_a_permit_names_reveal() {
    for (policies, expected) in [
        ("", ""),
        (r#"@id("all") permit (principal, action, resource);"#, ""),
        (r#"@id("all") permit (principal, action, resource is DataClass);"#, ""),
        (
            r#"@id("r") permit (principal, action == Action::"reveal", resource);"#,
            "credit_card email us_ssn",
        ),
        (
            r#"@id("r") permit (principal, action in [Action::"read", Action::"reveal"], resource);"#,
            "credit_card email us_ssn",
        ),
        (
            r#"@id("r") permit (principal, action == Action::"reveal", resource == DataClass::"credit_card");"#,
            "credit_card",
        ),
        // A class this resource does not have.
        (
            r#"@id("r") permit (principal, action == Action::"reveal", resource == DataClass::"iban");"#,
            "",
        ),
        (
            r#"@id("r") permit (principal in Group::"fraud", action == Action::"reveal", resource);"#,
            "",
        ),
        (
            r#"@id("r") permit (principal, action == Action::"reveal", resource) when { context.resource in Label::"env=dev" };"#,
            "",
        ),
        (
            r#"@id("r") permit (principal, action == Action::"reveal", resource) when { context.resource == Resource::"orders-prod" };"#,
            "credit_card email us_ssn",
        ),
        (
            r#"@id("r") permit (principal, action == Action::"reveal", resource) when { context.resource in Label::"env=prod" };
            @id("n") forbid (principal, action, resource == DataClass::"us_ssn");"#,
            "credit_card email",
        ),
        (
            r#"@id("r") permit (principal, action == Action::"reveal", resource);
            @id("n") forbid (principal, action, resource) when { principal.subject like "eng*" && resource is DataClass };"#,
            "",
        ),
        (
            r#"@id("r") permit (principal, action == Action::"reveal", resource) when { resource.name like "us_*" && resource.kind == "data_class" };"#,
            "us_ssn",
        ),
        (
            r#"@id("r") permit (principal, action == Action::"reveal", resource);
            @id("n") forbid (principal, action, resource) when { resource.path == "email" };"#,
            "credit_card us_ssn",
        ),
        // It cannot be evaluated, so it forbids.
        (
            r#"@id("r") permit (principal, action == Action::"reveal", resource);
            @id("n") forbid (principal, action == Action::"reveal", resource) when { (if principal.subject like "e*" then 9223372036854775807 else 1) + 1 > 5 };"#,
            "",
        ),
    ] {
        assert_eq!(revealed(policies), expected, "{policies}");
    }
}

#[test]
fn an_explanation_tells_the_policy_writer_why_a_session_is_refused() {
    for (policies, expected) in [
        ("", "no policy permits `connect` on orders-prod"),
        (
            r#"@id("no") forbid (principal, action, resource);"#,
            "`connect` on orders-prod is forbidden by policy",
        ),
        (
            r#"@id("no") @message("Closed.") forbid (principal, action == Action::"connect", resource);"#,
            "Closed.",
        ),
    ] {
        let explanation = set(policies).explain(&engineer(), &orders(), &circumstances(), None);
        assert_eq!(explanation.message.as_deref(), Some(expected));
    }
    let open = set(PROD).explain(&engineer(), &orders(), &circumstances(), None);
    assert_eq!(
        (open.verdict, open.opened_by.join(" ")),
        (model::Verdict::Allowed, "engineers-open-prod".to_owned())
    );
}
