//! Mistakes in policy files, told with their place.

use policy::PolicySet;

use crate::house::*;

/// What the loader says of one file.
fn mistakes(text: &str) -> Vec<String> {
    match PolicySet::load([("p.cedar", text)]) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.iter().map(ToString::to_string).collect(),
    }
}

/// Asserts that the only mistake stands here and says this.
#[track_caller]
fn check(text: &str, place: &str, says: &[&str]) {
    let mistakes = mistakes(text);
    let [mistake] = &mistakes[..] else { panic!("{} mistakes: {mistakes:#?}", mistakes.len()) };
    assert!(mistake.starts_with(&format!("p.cedar:{place}: ")), "{mistake}");
    for words in says {
        assert!(mistake.contains(words), "{words}: {mistake}");
    }
}

#[test]
fn a_typo_is_told_with_its_place_and_what_was_meant() {
    check(
        "// écoute\n\n@id(\"a\")\npermit (principal, action == Action::\"slect\", resource);",
        "4:30",
        &["slect", "did you mean `Action::\"select\"`"],
    );
    check("@id(\"a\")\npermit (principal, acton, resource);", "2:20", &["acton"]);
    check(
        "@id(\"a\") permit (principal in Grup::\"x\", action, resource);",
        "1:31",
        &["Grup", "Group"],
    );
    check("@id(\"a\") permit (principal, action, resource)", "1:46", &["end of input"]);
}

#[test]
fn an_attribute_that_is_not_there_is_refused_and_not_silently_false() {
    for condition in [
        "principal.sbject == \"x\"",
        "principal.on_behalf_of == \"x\"",
        "context.client == \"psql\"",
        "context.approved",
        "context.reason == \"x\"",
        "resource.schema == \"public\"",
        "resource has owner",
        "principal.subject == 1",
        "context.unbounded == \"true\"",
        "context.returns.contains(\"us_ssn\")",
        "context.source == \"10.0.0.1\"",
        "context.now > 5",
        "false",
    ] {
        let text = format!(
            "@id(\"a\") permit (principal, action == Action::\"delete\", resource) when {{ {condition} }};"
        );
        assert!(!mistakes(&text).is_empty(), "{condition}");
    }
}

#[test]
fn a_policy_for_every_action_is_told_that_some_lack_what_it_reads() {
    let told =
        mistakes("@id(\"a\") forbid (principal, action, resource) when { context.unbounded };");
    assert_eq!(told.len(), 2, "{told:?}");
    for (mistake, action) in told.iter().zip(["connect", "reveal"]) {
        for words in ["p.cedar:1:54: ", "unbounded", action, "name the actions it is for"] {
            assert!(mistake.contains(words), "{words}: {mistake}");
        }
    }
    let names =
        "@id(\"a\") forbid (principal, action, resource) when { resource.name == \"vault\" };";
    assert_eq!(mistakes(names), Vec::<String>::new());
}

#[test]
fn each_action_has_only_the_context_that_is_filled_in_for_it() {
    for (action, condition, good) in [
        ("connect", "context.unbounded", false),
        ("connect", "context.now.toTime() < duration(\"18h\")", true),
        ("reveal", "context.now.toTime() < duration(\"18h\")", false),
        ("reveal", "context.resource in Label::\"env=dev\"", true),
        ("reveal", "context.returns.isEmpty()", false),
        ("select", "context.resource in Label::\"env=dev\"", false),
        ("select", "context.returns.isEmpty()", true),
        ("unknown", "context.in_transaction", true),
    ] {
        let text = format!(
            "@id(\"a\") permit (principal, action == Action::\"{action}\", resource) when {{ {condition} }};"
        );
        assert_eq!(mistakes(&text).is_empty(), good, "{action} {condition}: {:?}", mistakes(&text));
    }
}

#[test]
fn a_policy_that_can_never_apply_is_refused() {
    for scope in [
        "principal, action == Action::\"reveal\", resource in Label::\"env=prod\"",
        "principal, action == Action::\"select\", resource == DataClass::\"us_ssn\"",
        "principal, action == Action::\"connect\", resource is Object",
        "principal == Group::\"dba\", action, resource",
        "principal, action == Action::\"write\", resource",
        "principal in Label::\"env=prod\", action, resource",
    ] {
        assert!(!mistakes(&format!("@id(\"a\") forbid ({scope});")).is_empty(), "{scope}");
    }
}

#[test]
fn letters_that_look_like_others_are_refused() {
    check(
        "@id(\"a\") permit (principal in Group::\"dbа\", action, resource);",
        "1:1",
        &["mixed scripts"],
    );
    assert!(
        !mistakes("@id(\"a\") permit (principal in Group::\"dba\u{202e}\", action, resource);")
            .is_empty()
    );
}

#[test]
fn every_policy_has_a_name_of_its_own() {
    let permit = |id: &str| format!("@id(\"{id}\") permit (principal, action, resource);\n");
    check("\n\n  permit (principal, action, resource);", "3:3", &["@id"]);
    check(&format!("{}{}", permit("a"), permit("a")), "2:1", &["`a`", "p.cedar:1"]);
    let (one, two) = (permit("a"), permit("a"));
    let errors =
        PolicySet::load([("one.cedar", one.as_str()), ("two.cedar", two.as_str())]).unwrap_err();
    assert_eq!(
        errors.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["two.cedar:1:1: `a` is the name of another policy, at one.cedar:1"]
    );
}

#[test]
fn an_annotation_is_told_where_it_stands() {
    check(
        "@id(\"a\")\n@message(\"m\")\n@aprove(\"group:dba\")\npermit (principal, action, resource);",
        "3:1",
        &["@aprove", "@approve"],
    );
    check(
        "@id(\"a\")\n@max_rows(\"5\")\npermit (principal, action, resource);",
        "2:1",
        &["not supported"],
    );
}

#[test]
fn an_approval_for_opening_or_revealing_is_refused() {
    for action in ["connect", "reveal"] {
        check(
            &format!(
                "@id(\"a\") @approve(\"group:dba\") permit (principal, action == Action::\"{action}\", resource);"
            ),
            "1:1",
            &["@approve", action],
        );
    }
}

#[test]
fn an_id_that_names_nothing_is_refused_wherever_it_stands() {
    for (literal, says) in [
        (r#"Object::"orders-prod""#, "Resource::"),
        (r#"Object::"orders-prod/public/*""#, "no wildcard"),
        (r#"Object::"orders-prod/public/a/b""#, "too many parts"),
        (r#"Object::"orders-prod/public/relation:a""#, "without its kind"),
        (r#"Object::"orders-prod/tabel:a""#, "no kind of object"),
        (r#"Object::"orders prod/public/a""#, "resource's name"),
        (r#"Resource::"orders/prod""#, "resource's name"),
        (r#"Label::"prod""#, "key=value"),
        (r#"Label::"env = prod""#, "key=value"),
        (r#"Object::"""#, "names no object"),
    ] {
        check(
            &format!(
                "@id(\"a\") permit (principal, action == Action::\"select\", resource in {literal});"
            ),
            "1:1",
            &[says],
        );
        let condition = format!(
            "@id(\"a\") forbid (principal, action == Action::\"select\", resource) when {{ [resource in {literal}].contains(true) }};"
        );
        check(&condition, "1:1", &[says]);
    }
    check(
        "@id(\"a\") permit (principal, action == Action::\"reveal\", resource == DataClass::\"US-SSN\");",
        "1:1",
        &["data class"],
    );
    check(
        "@id(\"a\") permit (principal in Group::\"\", action, resource);",
        "1:1",
        &["names nothing"],
    );
}

#[test]
fn a_template_is_refused() {
    check("@id(\"a\") permit (principal == ?principal, action, resource);", "1:1", &["templates"]);
}

#[test]
fn every_mistake_of_every_file_is_told_in_order() {
    let one = "permit (principal, action, resource);\n@id(\"x\") @nope permit (principal, action, resource);";
    let two = "@id(\"y\") permit (principal, action == Action::\"fly\", resource);\n)";
    let three = "@id(\"z\") permit (principal, action == Action::\"fly\", resource);";
    let errors = PolicySet::load([("3", three), ("2", two), ("1", one)]).unwrap_err();
    let places: Vec<_> =
        errors.iter().map(|error| format!("{}:{}", error.file, error.line)).collect();
    assert_eq!(places, ["1:1", "1:2", "2:2", "3:1"]);
}

#[test]
fn the_version_names_the_text() {
    let (a, b) = (
        "@id(\"a\") permit (principal, action, resource);",
        "@id(\"b\") permit (principal, action, resource);",
    );
    let version = |files: &[(&'static str, &'static str)]| {
        PolicySet::load(files.iter().copied()).unwrap().version().to_owned()
    };
    assert_eq!(version(&[("p", a)]), version(&[("q", a)]));
    assert_ne!(version(&[("p", a)]), version(&[("p", b)]));
    assert_ne!(version(&[("p", a), ("q", b)]), version(&[("p", a)]));
    assert_eq!(version(&[]), PolicySet::empty().version());
    assert_eq!(version(&[]).len(), 16);
}

#[test]
fn resources_that_policies_name_can_be_listed() {
    let set = set(
        r#"@id("a") permit (principal, action == Action::"select", resource in Object::"orders-prod/public");
        @id("b") forbid (principal, action == Action::"select", resource) when { resource == Object::"ordres/public/t" };
        @id("c") forbid (principal, action, resource == Resource::"web-1");"#,
    );
    assert_eq!(
        set.resources_named().into_iter().collect::<Vec<_>>(),
        ["orders-prod", "ordres", "web-1"]
    );
}
