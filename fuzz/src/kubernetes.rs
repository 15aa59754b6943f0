use wire::http::target::{Leniency, Target};
use wire::json;
use wire::kubernetes::{Asked, Deed, Query, Run, access, object, patch, request, stream};

/// A request to an API server, as hostile as can be. What is resolved is the path that was asked for; what is done to a part
/// of an object is no plain deed; a body that is taken is the one that any reader takes.
///
/// The first line is a method and a target, the second a content type, the rest a body.
pub fn kubernetes_request(data: &[u8]) {
    let mut lines = data.splitn(3, |byte| *byte == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let (head, kind, body) = (line(), line(), line());
    asked(head);
    let kind = std::str::from_utf8(kind).unwrap_or_default();
    if let Ok(value) = json::parse(body) {
        assert_eq!(serde_json::from_slice::<serde_json::Value>(body).unwrap(), value);
        // What is written in one go is told alike whatever it came as.
        let facts = object::facts(&value);
        assert_eq!(object::written(Some("application/json"), body), facts);
    }
    let _ = object::written(Some(kind), body);
    if let Ok(patch) = patch::read(kind, body) {
        assert!(json::parse(body).is_ok());
        assert_eq!(patch.is_told(), patch.moved.is_empty());
    }
}

fn asked(head: &[u8]) {
    let mut words = head.splitn(2, |byte| *byte == b' ');
    let method = std::str::from_utf8(words.next().unwrap_or_default()).unwrap_or_default();
    let Ok(target) = Target::read(words.next().unwrap_or_default(), Leniency::default()) else {
        return;
    };
    let path = target.path.shown();
    let parameters = target.query.as_ref().map(|query| query.parameters()).unwrap_or_default();
    let query = Query::new(parameters);
    let Ok(Asked::Resource(request)) = request::resolve(method, &path, query) else { return };
    assert_eq!(request.path(), path);
    let deed = access::deed(&request);
    let plain = matches!(
        deed,
        Deed::Get
            | Deed::List
            | Deed::Watch
            | Deed::Create
            | Deed::Update
            | Deed::Patch
            | Deed::Delete
            | Deed::DeleteCollection
    );
    assert!(!plain || request.subresource.is_none() && request.rest.is_empty(), "{path}");
    if let Ok(Some(name)) = access::object_name(&request) {
        assert!(path.contains(name) || request.selected, "{path}: {name}");
    }
    let _ = (Run::exec(query), Run::attach(query), stream::ports(query));
}
