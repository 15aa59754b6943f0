use super::*;

const JSON: &str = "application/json-patch+json";
const MERGE: &str = "application/merge-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";
const APPLY: &str = "application/apply-patch+yaml";

fn read(content_type: &str, body: &str) -> Patch {
    patch::read(content_type, body.as_bytes()).expect(body)
}

fn words<'a>(set: impl IntoIterator<Item = &'a String>) -> String {
    set.into_iter().cloned().collect::<Vec<_>>().join(" ")
}

fn found(patch: &Patch) -> String {
    let risks = patch.facts.risks.iter().map(|risk| risk.name().to_owned());
    risks.chain(patch.facts.images.iter().cloned()).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_value_of_a_json_patch_is_looked_at_where_it_goes() {
    for (operation, expected) in [
        (r#"{"op":"replace","path":"/spec/containers/0/image","value":"evil"}"#, "evil"),
        (r#"{"op":"add","path":"/spec/containers/-","value":{"image":"evil"}}"#, "evil"),
        (
            r#"{"op":"add","path":"/spec/containers/-1/securityContext/privileged","value":true}"#,
            "privileged",
        ),
        (r#"{"op":"add","path":"/spec/template/spec/hostNetwork","value":true}"#, "host_network"),
        (r#"{"op":"add","path":"/spec/volumes/0/hostPath/path","value":"/"}"#, "host_path"),
        (
            r#"{"op":"add","path":"/spec/containers/0/securityContext/capabilities/add/-","value":"X"}"#,
            "added_capability",
        ),
        (r#"{"op":"add","path":"/rules/0/verbs/-","value":"*"}"#, "rule_for_all"),
        (r#"{"op":"add","path":"/rules/0/resources/-","value":"*"}"#, "rule_for_all"),
        (r#"{"op":"add","path":"","value":{"spec":{"hostPID":true}}}"#, "host_pid"),
        (r#"{"op":"test","path":"/spec/hostPID","value":true}"#, ""),
        (r#"{"op":"remove","path":"/spec/hostPID"}"#, ""),
        (r#"{"op":"add","path":"/metadata/labels/0","value":"x"}"#, ""),
        (r#"{"op":"add","path":"/metadata/annotations/privileged","value":"true"}"#, ""),
    ] {
        assert_eq!(found(&read(JSON, &format!("[{operation}]"))), expected, "{operation}");
    }
    let patch = read(
        JSON,
        r#"[{"op":"add","path":"/metadata/labels/a~1b","value":"c"},{"op":"remove","path":"/spec/x"},
            {"op":"replace","path":"/spec/replicas","value":3}]"#,
    );
    assert_eq!(words(&patch.paths), "/metadata/labels/a~1b /spec/replicas");
    assert_eq!(words(&patch.removed), "/spec/x");
    assert_eq!(patch.facts.objects[0].labels.get("a/b").map(String::as_str), Some("c"));
    assert!(patch.is_told());
}

#[test]
fn what_is_moved_or_copied_is_not_known() {
    let patch = read(
        JSON,
        r#"[{"op":"copy","from":"/metadata/annotations/x","path":"/spec/containers/0/image"},
            {"op":"move","from":"/a","path":"/b"}]"#,
    );
    assert!(!patch.is_told());
    let copied = Moved {
        copied: true,
        from: "/metadata/annotations/x".into(),
        to: "/spec/containers/0/image".into(),
    };
    let moved = Moved { copied: false, from: "/a".into(), to: "/b".into() };
    assert_eq!(patch.moved, [copied, moved]);
    assert_eq!(
        (words(&patch.paths), words(&patch.removed)),
        ("/b /spec/containers/0/image".into(), "/a".into())
    );
}

#[test]
fn a_merged_document_is_read_as_an_object() {
    let body = r#"{"metadata":{"name":"a"},"spec":{"replicas":3,"gone":null,"template":{"spec":{"hostNetwork":true,
        "containers":[{"name":"c","image":"evil"}]}}}}"#;
    for (content_type, kind, paths) in [
        (
            MERGE,
            PatchKind::Merge,
            "/metadata/name /spec/replicas /spec/template/spec/containers /spec/template/spec/hostNetwork",
        ),
        (
            STRATEGIC,
            PatchKind::Strategic,
            "/metadata/name /spec/replicas /spec/template/spec/containers/*/image \
             /spec/template/spec/containers/*/name /spec/template/spec/hostNetwork",
        ),
        (
            APPLY,
            PatchKind::Apply,
            "/metadata/name /spec/replicas /spec/template/spec/containers/*/image \
             /spec/template/spec/containers/*/name /spec/template/spec/hostNetwork",
        ),
    ] {
        let patch = read(content_type, body);
        assert_eq!(patch.kind, kind);
        assert_eq!(found(&patch), "host_network evil", "{content_type}");
        assert_eq!(words(&patch.paths), paths, "{content_type}");
        assert_eq!(words(&patch.removed), "/spec/gone", "{content_type}");
        assert_eq!(patch.facts.objects[0].name.as_deref(), Some("a"));
    }
}

#[test]
fn directives_are_noted_and_hide_nothing() {
    let patch = read(
        STRATEGIC,
        r#"{"spec":{"$setElementOrder/containers":[{"name":"a"}],"$retainKeys":["x"],"list":[],
            "containers":[{"name":"a","$patch":"delete"},{"$patch":"replace"},{"name":"b","image":"evil"}]}}"#,
    );
    assert_eq!(
        words(&patch.directives),
        "$patch: delete $patch: replace $retainKeys $setElementOrder"
    );
    assert_eq!(found(&patch), "evil");
    assert_eq!(words(&patch.paths), "/spec/containers/*/image /spec/containers/*/name /spec/list");
}

#[test]
fn what_is_no_patch_of_its_content_type_is_unknown() {
    for (content_type, body) in [
        ("application/json", r#"{"spec":{}}"#),
        ("", r#"{"spec":{}}"#),
        ("Application/Merge-Patch+Json", "{}"),
        ("application/merge-patch+json ; charset=utf-8", "{}"),
        ("application/apply-patch+cbor", "{}"),
        (APPLY, "kind: Pod"),
        (APPLY, r#"{"<<":{"spec":{}}}"#),
        (APPLY, r#"{"a": b}"#),
        (APPLY, r#"{"a":1,"a":2}"#),
        (MERGE, "[]"),
        (MERGE, "null"),
        (MERGE, r#"{"a":1,"a":2}"#),
        (JSON, "{}"),
        (JSON, r#"[1]"#),
        (JSON, r#"[{"op":"add"}]"#),
        (JSON, r#"[{"op":"ADD","path":"/a","value":1}]"#),
        (JSON, r#"[{"op":"move","path":"/a"}]"#),
        (JSON, r#"[{"op":"add","path":"/a","path":"/b","value":1}]"#),
        (JSON, r#"[{"op":"add","path":"/a","value":{"b":1,"b":2}}]"#),
        // To the API server's library this is `/spec/hostPID`.
        (JSON, r#"[{"op":"add","path":"x/spec/hostPID","value":true}]"#),
        (JSON, r#"[{"op":"add","path":"/a~2b","value":1}]"#),
        (JSON, r#"[{"op":"add","path":"","value":1}]"#),
        (JSON, &format!(r#"[{{"op":"remove","path":"{}"}}]"#, "/a".repeat(65))),
        (JSON, &format!("[{}]", vec![r#"{"op":"test","path":"/a"}"#; 10_001].join(","))),
    ] {
        assert!(patch::read(content_type, body.as_bytes()).is_err(), "{content_type} {body:.80}");
    }
    assert_eq!(patch::read(APPLY, b"kind: Pod"), Err(Unknown::ContentType));
    assert!(patch::read("application/merge-patch+json; charset=utf-8", b"{}").is_ok());
}
