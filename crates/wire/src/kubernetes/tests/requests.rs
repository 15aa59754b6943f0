use proptest::prelude::*;

use super::*;

/// `verb group version namespace resource subresource name`, with `-` for what is not there.
fn line(asked: &Result<Asked, Unknown>) -> String {
    match asked {
        Ok(Asked::Resource(request)) => {
            let or = |word: &Option<String>| word.clone().unwrap_or_else(|| "-".to_owned());
            [
                request.verb.name().to_owned(),
                or(&Some(request.group.clone()).filter(|group| !group.is_empty())),
                request.version.clone(),
                or(&request.namespace),
                request.resource.clone(),
                or(&request.subresource),
                or(&request.name),
            ]
            .join(" ")
        }
        Ok(Asked::Path(path)) => format!("path {} {}", path.verb, path.path),
        Err(_) => "unknown".to_owned(),
    }
}

/// The query of a test's path, which has no escapes.
fn check(method: &str, url: &str, expected: &str) {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let query: Vec<(&str, &str)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .collect();
    assert_eq!(line(&asked(method, path, &query)), expected, "{method} {url}");
}

/// The cases of the API server's own `requestinfo_test.go`.
#[test]
fn requests_are_resolved_as_the_api_servers_own_table_says() {
    for (method, url, expected) in [
        ("GET", "/api/v1/namespaces", "list - v1 - namespaces - -"),
        ("GET", "/api/v1/namespaces/other", "get - v1 other namespaces - other"),
        ("GET", "/api/v1/namespaces/other/pods", "list - v1 other pods - -"),
        ("GET", "/api/v1/namespaces/other/pods/foo", "get - v1 other pods - foo"),
        ("HEAD", "/api/v1/namespaces/other/pods/foo", "get - v1 other pods - foo"),
        ("GET", "/api/v1/pods", "list - v1 - pods - -"),
        ("HEAD", "/api/v1/pods", "list - v1 - pods - -"),
        ("GET", "/api/v1/proxy/namespaces/other/pods/foo", "proxy - v1 other pods - foo"),
        ("GET", "/api/v1/proxy/namespaces/other/pods/foo/a/b", "proxy - v1 other pods - foo"),
        ("GET", "/api/v1/watch/pods", "watch - v1 - pods - -"),
        ("GET", "/api/v1/pods?watch=true", "watch - v1 - pods - -"),
        ("GET", "/api/v1/pods?watch=false", "list - v1 - pods - -"),
        ("GET", "/api/v1/watch/namespaces/other/pods", "watch - v1 other pods - -"),
        ("GET", "/api/v1/namespaces/other/pods?watch=1", "watch - v1 other pods - -"),
        ("GET", "/api/v1/namespaces/other/pods?watch=0", "list - v1 other pods - -"),
        ("GET", "/api/v1/namespaces/other/pods/foo/status", "get - v1 other pods status foo"),
        ("GET", "/api/v1/namespaces/other/pods/foo/proxy/sub", "get - v1 other pods proxy foo"),
        ("PUT", "/api/v1/namespaces/other/finalize", "update - v1 other namespaces finalize other"),
        ("PUT", "/api/v1/namespaces/other/status", "update - v1 other namespaces status other"),
        ("PATCH", "/api/v1/namespaces/other/pods/foo", "patch - v1 other pods - foo"),
        ("DELETE", "/api/v1/namespaces/other/pods/foo", "delete - v1 other pods - foo"),
        ("POST", "/api/v1/namespaces/other/pods", "create - v1 other pods - -"),
        ("DELETE", "/api/v1/nodes", "deletecollection - v1 - nodes - -"),
        ("DELETE", "/api/v1/namespaces", "deletecollection - v1 - namespaces - -"),
        ("DELETE", "/api/v1/namespaces/other/pods", "deletecollection - v1 other pods - -"),
        (
            "DELETE",
            "/apis/extensions/v1/namespaces/other/pods",
            "deletecollection extensions v1 other pods - -",
        ),
        (
            "POST",
            "/apis/extensions/v1/namespaces/other/pods",
            "create extensions v1 other pods - -",
        ),
        (
            "POST",
            "/apis/extensions/v1beta3/namespaces/other/pods",
            "create extensions v1beta3 other pods - -",
        ),
        // What is no resource.
        ("GET", "/", "path get /"),
        ("GET", "/api", "path get /api"),
        ("GET", "/api/version/", "path get /api/version/"),
        ("GET", "/apis/group/version/", "path get /apis/group/version/"),
        ("GET", "/badprefix/version/resource", "path get /badprefix/version/resource"),
        ("GET", "/apis/version/resource", "path get /apis/version/resource"),
        ("GET", "/apis/extensions/v1beta1", "path get /apis/extensions/v1beta1"),
        // What is.
        ("GET", "/api/version/resource", "list - version - resource - -"),
        ("GET", "/apis/group/version/resource/name/sub", "get group version - resource sub name"),
        ("GET", "/apis/batch/v1/job", "list batch v1 - job - -"),
        ("GET", "/apis/batch/v1/job/foo/scale", "get batch v1 - job scale foo"),
        // Selectors.
        ("GET", "/apis/g/v1/things?fieldSelector=metadata.name=a", "list g v1 - things - a"),
        (
            "GET",
            "/apis/g/v1/things?watch=true&fieldSelector=metadata.name=a",
            "watch g v1 - things - a",
        ),
        ("GET", "/apis/g/v1/things?fieldSelector=foo=bar", "list g v1 - things - -"),
        (
            "DELETE",
            "/apis/g/v1/things?fieldSelector=metadata.name=a",
            "deletecollection g v1 - things - -",
        ),
        (
            "GET",
            "/apis/g/v1/things/a?fieldSelector=metadata.name=b&watch=1",
            "get g v1 - things - a",
        ),
        ("GET", "/apis/g/v1/watch/things?fieldSelector=metadata.name=a", "watch g v1 - things - -"),
        (
            "GET",
            "/apis/g/v1/watch/things/a?fieldSelector=metadata.name=b",
            "watch g v1 - things - a",
        ),
        // The table has a name for these: the server refuses one, and takes the first of the other.
        ("GET", "/apis/g/v1/things?fieldSelector=metadata.name=a,foo", "unknown"),
        (
            "GET",
            "/apis/g/v1/things?fieldSelector=metadata.name=a&fieldSelector=metadata.name=b",
            "unknown",
        ),
        // And an empty path, which HTTP does not have.
        ("GET", "", "unknown"),
    ] {
        check(method, url, expected);
    }
}

#[test]
fn what_can_be_read_in_two_ways_is_unknown() {
    for (method, url) in [
        // Empty segments move what follows; dots and escapes do so further on.
        ("GET", "//api/v1/pods"),
        ("GET", "/api/v1/namespaces//pods"),
        ("GET", "/api/v1/pods//"),
        ("GET", "/api/v1/namespaces/a/../b/pods"),
        ("GET", "/api/v1/./pods"),
        ("GET", "/healthz/../api/v1/pods"),
        ("GET", "/api/v1/namespaces/a/pods/x%2fexec"),
        ("GET", "/api/v1/namespaces/a/services/x/proxy/%2e%2e/b"),
        ("GET", "/api/v1/namespaces/a\\pods"),
        ("GET", "/api/v1/pods\0"),
        ("GET", "/api/v1/pods\r\nX: y"),
        ("GET", "/api/v1/pods/a#b"),
        ("GET", "api/v1/pods"),
        // Case.
        ("GET", "/API/v1/pods"),
        ("GET", "/Apis/batch/v1/jobs"),
        ("GET", "/api/v1/Pods"),
        ("GET", "/api/v1/namespaces/a/pods/x/Exec"),
        ("get", "/api/v1/pods"),
        ("get", "/healthz"),
        // Methods.
        ("OPTIONS", "/api/v1/pods"),
        ("CONNECT", "/api/v1/namespaces/a/pods/x/exec"),
        ("POST", "/api/v1/watch/pods"),
        ("PURGE", "/healthz"),
        ("", "/"),
        // Prefixes and namespaces.
        ("GET", "/api/v1/watch"),
        ("GET", "/apis/g/v1/proxy"),
        ("GET", "/api/v1/redirect/nodes/a"),
        ("GET", "/api/v1/namespaces/a/namespaces/b"),
        ("GET", "/api/v1/namespaces/a b/pods"),
        ("GET", "/api/v1/namespaces/ä/pods"),
        // Parameters.
        ("GET", "/api/v1/pods?watch=0&watch=1"),
        ("GET", "/api/v1/pods?watch=1&watch=1"),
        ("GET", "/api/v1/pods?Watch=1"),
        ("GET", "/api/v1/pods?watch=fal\u{17f}e"),
        ("GET", "/api/v1/pods?fieldSelector=metadata.name=a&fieldselector=x"),
        ("GET", "/api/v1/pods?fieldSelector=metadata.name=a,metadata.name=b"),
        ("GET", "/api/v1/pods?fieldSelector=metadata.name=a\\,b"),
        ("GET", "/api/v1/pods?fieldSelector=metadata.name===a"),
        ("GET", "/api/v1/pods?fieldSelector= metadata.name=a"),
        ("GET", "/api/v1/pods?fieldSelector=metadata.name in (a,b)"),
    ] {
        check(method, url, "unknown");
    }
}

#[test]
fn a_watch_is_told_from_a_list_by_the_api_servers_own_reading_of_a_switch() {
    for (value, expected) in [
        ("true", "watch"),
        ("TRUE", "watch"),
        ("1", "watch"),
        ("", "watch"),
        ("no", "watch"),
        ("00", "watch"),
        ("false", "list"),
        ("False", "list"),
        ("0", "list"),
    ] {
        let read = line(&asked("GET", "/api/v1/pods", &[("watch", value)]));
        assert_eq!(read, format!("{expected} - v1 - pods - -"), "{value}");
    }
}

#[test]
fn a_selector_names_an_object_only_if_it_must_be_that_one() {
    for (selector, expected) in [
        ("metadata.name=a", "a"),
        ("metadata.name==a", "a"),
        (",metadata.name=a,,spec.nodeName=n", "a"),
        ("metadata.name=a,metadata.name=a", "a"),
        ("metadata.name!=a", "-"),
        ("metadata.namespace=a", "-"),
        ("metadata.name=", "-"),
        ("metadata.name=..", "-"),
        ("metadata.name=a/b", "-"),
        ("", "-"),
    ] {
        let read = line(&asked("GET", "/api/v1/pods", &[("fieldSelector", selector)]));
        assert_eq!(read, format!("list - v1 - pods - {expected}"), "{selector}");
    }
}

#[test]
fn what_follows_a_subresource_is_kept() {
    let request = resource("POST", "/api/v1/namespaces/a/services/https:web:443/proxy/b/c/");
    assert_eq!(request.rest, ["b", "c"]);
    assert!(request.slash);
    assert_eq!(request.parts(), ["services", "https:web:443", "proxy", "b", "c"]);
    let request = resource("GET", "/api/v1/proxy/nodes/n/logs/syslog");
    assert_eq!((request.subresource, request.rest), (None, vec!["logs".into(), "syslog".into()]));
    let role = resource("GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node");
    assert_eq!(role.name.as_deref(), Some("system:node"));
}

/// Mostly segments that mean something: a path is as good as its worst.
fn segment() -> impl Strategy<Value = String> {
    let known = [
        "api",
        "apis",
        "v1",
        "namespaces",
        "watch",
        "proxy",
        "pods",
        "status",
        "finalize",
        "exec",
        "x:y",
        "é",
    ];
    let odd = ["redirect", "", ".", "..", "a%2f", "A"];
    prop_oneof![
        40 => proptest::sample::select(known.to_vec()).prop_map(str::to_owned),
        2 => "[a-z0-9.-]{1,8}",
        1 => proptest::sample::select(odd.to_vec()).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

fn method() -> impl Strategy<Value = String> {
    let known = ["GET", "POST", "DELETE", "HEAD"];
    prop_oneof![
        9 => proptest::sample::select(known.to_vec()).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

fn parameter(known: &'static str) -> impl Strategy<Value = String> {
    prop_oneof![Just("fieldSelector".to_owned()), Just(known.to_owned()), any::<String>()]
}

proptest! {
    #[test]
    fn nothing_panics_and_a_resource_joins_back_to_its_path(
        method in method(),
        segments in proptest::collection::vec(segment(), 0..9),
        query in proptest::collection::vec((parameter("watch"), parameter("metadata.name=a")), 0..3),
        root in proptest::sample::select(vec!["/", "/api/v1/", "/apis/g/v1/"]),
        end in proptest::sample::select(vec!["", "/"]),
    ) {
        let path = format!("{root}{}{end}", segments.join("/"));
        if let Ok(Asked::Resource(request)) = request::resolve(&method, &path, Query::new(&query)) {
            prop_assert_eq!(request.path(), path.clone());
            let again = request::resolve(&method, &request.path(), Query::new(&query));
            let _ = (access::deed(&request), access::object_name(&request));
            prop_assert_eq!(again, Ok(Asked::Resource(request)));
        }
    }
}
