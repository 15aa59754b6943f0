use serde_json::json;
use wire::http::graphql;

/// A GraphQL document, as hostile as can be: what is said to be at the root stands in it, and a body that carries it says the
/// same.
pub fn graphql_document(data: &[u8]) {
    let _ = graphql::posted(data);
    let Ok(document) = std::str::from_utf8(data) else { return };
    let body = json!({ "query": document }).to_string();
    let posted = graphql::posted(body.as_bytes());
    match graphql::read(document, None) {
        Err(why) => assert_eq!(posted, Err(why)),
        Ok(operation) => {
            for field in &operation.fields {
                assert!(document.contains(&**field), "{field}");
            }
            let name = operation.name.as_deref().filter(|name| !name.is_empty());
            if name.is_some() {
                assert_eq!(graphql::read(document, name).as_ref(), Ok(&operation));
            }
            assert_eq!(posted, Ok(vec![operation]));
        }
    }
}
