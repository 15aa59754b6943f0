mod deeds;
mod objects;
mod patches;
mod requests;

use super::*;

fn pairs(query: &[(&str, &str)]) -> Vec<(String, String)> {
    query.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn asked(method: &str, path: &str, query: &[(&str, &str)]) -> Result<Asked, Unknown> {
    request::resolve(method, path, Query::new(&pairs(query)))
}

fn resource(method: &str, path: &str) -> ResourceRequest {
    match asked(method, path, &[]) {
        Ok(Asked::Resource(request)) => request,
        other => panic!("{method} {path}: {other:?}"),
    }
}
