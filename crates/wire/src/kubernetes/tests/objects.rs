use super::*;

fn facts(body: &str) -> Facts {
    object::written(Some("application/json"), body.as_bytes()).expect(body)
}

/// The names of the risks, then the images.
fn found(facts: &Facts) -> String {
    let risks = facts.risks.iter().map(|risk| risk.name().to_owned());
    risks.chain(facts.images.iter().cloned()).collect::<Vec<_>>().join(" ")
}

fn check(body: &str, expected: &str) {
    assert_eq!(found(&facts(body)), expected, "{body}");
}

#[test]
fn a_head_is_read_and_annotations_by_their_keys_alone() {
    let facts = facts(
        r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"b","generateName":"c-",
            "labels":{"app":"x","privileged":"true"},"annotations":{"k":"secret","image":"z"}}}"#,
    );
    let [head] = &*facts.objects else { panic!("{facts:?}") };
    assert_eq!(head.api_version.as_deref(), Some("v1"));
    assert_eq!(head.kind.as_deref(), Some("Pod"));
    assert_eq!(head.name.as_deref(), Some("a"));
    assert_eq!(head.namespace.as_deref(), Some("b"));
    assert_eq!(head.generate_name.as_deref(), Some("c-"));
    assert_eq!(head.labels.get("app").map(String::as_str), Some("x"));
    assert_eq!(head.annotations.iter().collect::<Vec<_>>(), ["image", "k"]);
    assert_eq!(found(&facts), "");
    assert!(!format!("{facts:?}").contains("secret"));
}

#[test]
fn a_pods_spec_is_found_wherever_it_stands() {
    let spec = r#"{"initContainers":[{"image":"i"}],"containers":[{"image":"c","securityContext":{"privileged":true}}],
        "ephemeralContainers":[{"image":"e"}],"volumes":[{"hostPath":{"path":"/"}},{"image":{"reference":"v"}}]}"#;
    for body in [
        format!(r#"{{"kind":"Pod","spec":{spec}}}"#),
        format!(r#"{{"kind":"Deployment","spec":{{"template":{{"spec":{spec}}}}}}}"#),
        format!(
            r#"{{"kind":"CronJob","spec":{{"jobTemplate":{{"spec":{{"template":{{"spec":{spec}}}}}}}}}}}"#
        ),
        format!(r#"{{"kind":"PodTemplate","template":{{"spec":{spec}}}}}"#),
        format!(r#"{{"kind":"Workflow","spec":{{"steps":[[{{"deep":{{"pod":{spec}}}}}]]}}}}"#),
        format!(
            r#"{{"kind":"List","items":[{{"kind":"Pod","metadata":{{"name":"a"}},"spec":{spec}}}]}}"#
        ),
        // A body needs no kind: the path has it.
        format!(r#"{{"spec":{spec}}}"#),
    ] {
        check(&body, "host_path privileged c e i v");
    }
}

#[test]
fn what_reaches_out_of_a_container_is_a_risk() {
    for (spec, expected) in [
        (r#"{"hostNetwork":true,"hostPID":true,"hostIPC":true}"#, "host_network host_pid host_ipc"),
        (r#"{"hostNetwork":false,"hostPID":null}"#, ""),
        (r#"{"securityContext":{"runAsUser":0}}"#, "runs_as_root"),
        (r#"{"securityContext":{"runAsUser":-0.0}}"#, "runs_as_root"),
        (r#"{"securityContext":{"runAsUser":"0"}}"#, "runs_as_root"),
        (r#"{"securityContext":{"runAsUser":1000}}"#, ""),
        (
            r#"{"containers":[{"securityContext":{"allowPrivilegeEscalation":true}}]}"#,
            "privilege_escalation",
        ),
        (r#"{"containers":[{"securityContext":{"allowPrivilegeEscalation":false}}]}"#, ""),
        (
            r#"{"containers":[{"securityContext":{"capabilities":{"add":["SYS_ADMIN"]}}}]}"#,
            "added_capability",
        ),
        (r#"{"containers":[{"securityContext":{"capabilities":{"drop":["ALL"]}}}]}"#, ""),
        (r#"{"containers":[{"securityContext":{"procMount":"Unmasked"}}]}"#, "unmasked_proc"),
        (r#"{"securityContext":{"seccompProfile":{"type":"Unconfined"}}}"#, "unconfined"),
        (r#"{"securityContext":{"sysctls":[{"name":"kernel.msgmax"}]}}"#, "sysctls"),
        (r#"{"securityContext":{"windowsOptions":{"hostProcess":true}}}"#, "host_process"),
        (r#"{"containers":[{"ports":[{"containerPort":80,"hostPort":80}]}]}"#, "host_port"),
        (r#"{"local":{"path":"/mnt"}}"#, "host_path"),
        // Not how the API server reads it, but how somebody may.
        (r#"{"hostnetwork":"true","PRIVILEGED":1}"#, "privileged host_network"),
        ("{\"ho\u{17f}tNetwor\u{212a}\":true}", "host_network"),
    ] {
        check(&format!(r#"{{"spec":{spec}}}"#), expected);
    }
    let facts = facts(
        r#"{"spec":{"serviceAccountName":"admin","containers":[{"securityContext":{"capabilities":{"add":["A","B"]}}}]}}"#,
    );
    assert_eq!(facts.service_accounts.iter().collect::<Vec<_>>(), ["admin"]);
    assert_eq!(facts.capabilities.iter().collect::<Vec<_>>(), ["A", "B"]);
}

#[test]
fn what_only_sounds_like_a_risk_is_none() {
    for body in [
        // The schema of a resource that has pods in it.
        r#"{"kind":"CustomResourceDefinition","spec":{"versions":[{"schema":{"openAPIV3Schema":{"properties":{
            "privileged":{"type":"boolean"},"hostPath":{"properties":{"path":{"type":"string"}},"required":["path"]},
            "image":{"type":"string"},"runAsUser":{"type":"integer"},"verbs":{"items":{"type":"string"},"type":"array"}}}}}]}}"#,
        r#"{"kind":"ConfigMap","data":{"privileged":"true","image":"x","hostNetwork":"1"}}"#,
        r#"{"kind":"Pod","status":{"containerStatuses":[{"image":"x"}]}}"#,
        r#"{"kind":"ValidatingWebhookConfiguration","webhooks":[{"rules":[{"operations":["*"],"apiGroups":["*"],"resources":["*"]}]}]}"#,
        r#"{"kind":"Deployment","spec":{"selector":{"matchLabels":{"image":"x"}}}}"#,
    ] {
        check(body, "");
    }
}

#[test]
fn roles_and_bindings_say_what_they_give() {
    for (rules, expected) in [
        (r#"[{"verbs":["get"],"apiGroups":[""],"resources":["pods"]}]"#, ""),
        (r#"[{"verbs":["*"],"apiGroups":[""],"resources":["pods"]}]"#, "rule_for_all"),
        (r#"[{"verbs":["get"],"apiGroups":["*"],"resources":["pods"]}]"#, "rule_for_all"),
        (r#"[{"verbs":["get"],"resources":["*/scale"]}]"#, "rule_for_all"),
        (r#"[{"verbs":["get"],"nonResourceURLs":["*"]}]"#, "rule_for_all"),
        (
            r#"[{"verbs":["escalate","bind","impersonate"]}]"#,
            "rule_escalate rule_bind rule_impersonate",
        ),
        (r#"[{"resources":["*"]}]"#, "rule_for_all"),
        // The API server drops a field that it does not know.
        (r#"[{"operations":[],"verbs":["*"],"resources":["*"]}]"#, "rule_for_all"),
    ] {
        check(&format!(r#"{{"kind":"ClusterRole","rules":{rules}}}"#), expected);
    }
    check(
        r#"{"kind":"ClusterRole","aggregationRule":{"clusterRoleSelectors":[]}}"#,
        "rule_aggregation",
    );
    let facts = facts(
        r#"{"kind":"RoleBinding","roleRef":{"kind":"ClusterRole","name":"cluster-admin"},
            "subjects":[{"kind":"ServiceAccount","name":"a","namespace":"b"}]}"#,
    );
    let role = RoleRef { kind: "ClusterRole".into(), name: "cluster-admin".into() };
    assert_eq!(facts.roles.into_iter().collect::<Vec<_>>(), [role]);
    let subject =
        Subject { kind: "ServiceAccount".into(), name: "a".into(), namespace: "b".into() };
    assert_eq!(facts.subjects.into_iter().collect::<Vec<_>>(), [subject]);
}

#[test]
fn a_service_says_how_it_is_reached() {
    let facts = facts(r#"{"kind":"Service","spec":{"type":"NodePort","externalIPs":["1.2.3.4"]}}"#);
    assert_eq!(facts.service_types.iter().collect::<Vec<_>>(), ["NodePort"]);
    assert_eq!(facts.external_ips.iter().collect::<Vec<_>>(), ["1.2.3.4"]);
}

#[test]
fn what_two_parsers_may_read_differently_is_unknown() {
    let deep = |depth: usize| format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
    assert!(object::written(None, deep(crate::json::DEEPEST).as_bytes()).is_ok());
    for body in [
        r#"{"kind":"Pod","kind":"Service"}"#,
        r#"{"spec":{"containers":[{"image":"a","image":"b"}]}}"#,
        r#"{"spec":{"a":1,"\u0061":2}}"#,
        r#"{"kind":"Pod","Kind":"Service"}"#,
        r#"{"Metadata":{"name":"x"}}"#,
        r#"{"metadata":{"NAME":"x"}}"#,
        r#"{"metadata":{"name":1}}"#,
        r#"{"metadata":{"labels":{"a":1}}}"#,
        r#"{"metadata":[]}"#,
        r#"{"kind":"Pod"} {}"#,
        r#"{"kind":"Pod",}"#,
        r#"[{"kind":"Pod"}]"#,
        r#""Pod""#,
        "kind: Pod",
        "\u{feff}{}",
        "",
        &deep(crate::json::DEEPEST + 1),
        &"[".repeat(100_000),
    ] {
        assert!(object::written(Some("application/json"), body.as_bytes()).is_err(), "{body}");
    }
    assert!(object::written(None, b"{\"a\":\"\xff\"}").is_err());
}

#[test]
fn only_json_is_read() {
    for (content_type, read) in [
        (None, true),
        (Some("application/json"), true),
        (Some("Application/JSON; charset=UTF-8"), true),
        (Some("application/json;charset=utf-16"), false),
        (Some("application/yaml"), false),
        (Some("application/vnd.kubernetes.protobuf"), false),
        (Some("application/cbor"), false),
        (Some("text/plain"), false),
        (Some(""), false),
    ] {
        let read_ = object::written(content_type, b"{}");
        assert_eq!(read_.is_ok(), read, "{content_type:?}");
        assert!(read || read_ == Err(Unknown::ContentType));
    }
}
