//! `check`, `explain` and `serve`'s refusals.

use super::Desk;

const HOUSE: &str = "listen: {web: 127.0.0.1:0, postgres: 127.0.0.1:0}
identity: [{name: corp, issuer: https://idp.example.com, audience: sluice}]
resources: [orders.yaml]
policies: [policies/*.cedar]
";
const ORDERS: &str = "name: orders-prod
protocol: postgres
address: 10.0.0.5:5432
credential: {username: app, password: {env: ORDERS_PASSWORD}}
labels: {env: prod}
data: [{column: public.customers.ssn, class: us_ssn}]
";
const POLICIES: &str = r#"
@id("open") permit (principal in Group::"eng", action in [Action::"connect", Action::"read"], resource in Label::"env=prod");
@id("ask") @approve("group:dba") permit (principal in Group::"eng", action in Action::"write", resource in Label::"env=prod");
@id("no-drop") @message("no DROP here") forbid (principal, action == Action::"drop", resource);
"#;

fn house(changes: &[(&str, &str)]) -> Desk {
    let mut files = vec![
        ("sluice.yaml", HOUSE),
        ("orders.yaml", ORDERS),
        ("policies/a.cedar", POLICIES),
        (
            "policies/a.test.yaml",
            "- {name: reads, as: a, groups: [eng], on: orders-prod, run: SELECT 1, expect: allow}\n",
        ),
    ];
    files.extend_from_slice(changes);
    Desk::with(&files)
}

#[test]
fn a_good_house_is_checked_in_one_line() {
    let said = house(&[]).sluice(&["check"]);
    assert_eq!(said.out, "sluice.yaml: 1 resource, 3 policies, 1 policy test: all good\n");
    assert_eq!(said.code, Some(0));
}

#[test]
fn each_mistake_is_told_with_its_place_and_check_says_no() {
    let test =
        "- {name: drops, as: a, groups: [eng], on: orders-prod, run: DROP TABLE x, expect: hold}\n";
    for (file, text, expected) in [
        ("sluice.yaml", "listne: {}\n", "error: sluice.yaml:1:1: unknown field `listne`"),
        (
            "orders.yaml",
            "name: x\nprotocol: mysql\n",
            "error: orders.yaml:2:11: `mysql` is not a protocol",
        ),
        (
            "policies/a.cedar",
            "permit (principal, action == Action::\"selekt\", resource);",
            "error: policies/a.cedar:1:",
        ),
        (
            "policies/a.test.yaml",
            test,
            "error: policies/a.test.yaml:1:83: test `drops`: expected hold, policy says deny (no-drop): no DROP here",
        ),
    ] {
        let desk = house(&[(file, text)]);
        let said = desk.sluice(&["check"]);
        assert!(said.err.starts_with(expected), "{file}: {}", said.err);
        assert_eq!(said.code, Some(1), "{file}");
        let json: serde_json::Value =
            serde_json::from_str(&desk.sluice(&["check", "--json"]).out).unwrap();
        assert_eq!(json[0]["file"], file);
        assert!(json[0]["id"].as_str().unwrap().starts_with(&format!("{file}:")));
    }
}

#[test]
fn explain_answers_with_its_exit_code_too() {
    let desk = house(&[]);
    let base = ["explain", "--as", "a@x", "--on", "orders-prod"];
    for (more, code, expected) in [
        (&["--group", "eng", "SELECT 1"][..], 0, "ALLOWED (open)"),
        (&["--group", "eng", "DELETE FROM public.t WHERE id = 1"], 0, "HELD (ask)"),
        (&["--group", "eng", "DROP TABLE public.t"], 1, "DENIED (no-drop)"),
        (&["--group", "eng", "SELEKT"], 1, "DENIED (no policy permits it)"),
        (&["--group", "eng"], 0, "ALLOWED (open)"),
        (&[], 1, "DENIED (no policy permits it)"),
    ] {
        let said = desk.sluice(&[&base[..], more].concat());
        assert!(said.out.starts_with(expected), "{more:?}: {}{}", said.out, said.err);
        assert_eq!(said.code, Some(code), "{more:?}");
    }
    let said = desk.sluice(&["explain", "--as", "a", "--on", "nowhere", "SELECT 1"]);
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("the configuration has: orders-prod"), "{}", said.err);
}

#[test]
fn a_gateway_that_would_not_be_safe_does_not_start() {
    for (change, expected) in [
        (("sluice.yaml", "listen: {postgres: 0.0.0.0:0}\ntls: off\n"), "tls: off is refused"),
        (("sluice.yaml", "listen: {metrics: 0.0.0.0:0}\n"), "can be reached from outside"),
        (("sluice.yaml", "listen: {http: 127.0.0.1:0}\n"), "http is not built in this version"),
        (("sluice.yaml", "data_dir: d\n"), "there is nothing to listen on"),
        (("policies/a.cedar", "permit (principal, action"), "policies/a.cedar:1:"),
    ] {
        let desk = house(&[change]);
        let said = desk.sluice(&["serve"]);
        assert!(said.err.contains(expected), "{change:?}: {}", said.err);
        assert_eq!(said.code, Some(2), "{change:?}");
    }
}
