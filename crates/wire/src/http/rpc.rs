//! Calls of procedures over HTTP: gRPC, whose path names the method, and JSON-RPC, whose body does.

use serde_json::Value;

use super::target::Path;
use crate::json;

/// Calls in one body.
const MOST: usize = 256;

/// A method of a gRPC service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grpc {
    /// `package.Service`.
    pub service: String,
    /// `Method`.
    pub method: String,
}

/// Why it is not known what is called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// The path names no method of a service.
    #[error("the path names no method of a gRPC service")]
    Path,
    /// The body is not JSON that is read in one way.
    #[error("the body is not plain JSON: {0}")]
    Json(#[from] json::Unread),
    /// It is no call.
    #[error("the body is not a JSON-RPC call")]
    Shape,
    /// There are too many calls in one body.
    #[error("there are too many calls in one body")]
    Many,
}

/// Whether a content type is gRPC's, or that of gRPC-Web (gRPC over HTTP/2, `Content-Type`).
#[must_use]
pub fn is_grpc(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    let behind = ["application/grpc-web-text", "application/grpc-web", "application/grpc"]
        .iter()
        .find_map(|known| strip(kind, known));
    behind.is_some_and(|behind| behind.is_empty() || behind.starts_with('+'))
}

fn strip<'k>(kind: &'k str, known: &str) -> Option<&'k str> {
    let (front, behind) = kind.split_at_checked(known.len())?;
    front.eq_ignore_ascii_case(known).then_some(behind)
}

/// Which method a path names: `/package.Service/Method`.
///
/// # Errors
/// It names none.
pub fn grpc(path: &Path) -> Result<Grpc, Unknown> {
    // Names of protocol buffers (their language's specification, `fullIdent`).
    let ident = |text: &str| {
        let mut bytes = text.bytes();
        bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    match path.segments() {
        [service, method]
            if !path.is_folder() && service.split('.').all(ident) && ident(method) =>
        {
            Ok(Grpc { service: service.clone(), method: method.clone() })
        }
        _ => Err(Unknown::Path),
    }
}

/// The methods that a JSON-RPC body calls (JSON-RPC 2.0, sections 4 and 6), in their order; a batch calls several.
///
/// # Errors
/// It is no call, or one that could be read in two ways.
pub fn called(body: &[u8]) -> Result<Vec<String>, Unknown> {
    match json::parse(body)? {
        Value::Array(calls) if calls.is_empty() => Err(Unknown::Shape),
        Value::Array(calls) if calls.len() > MOST => Err(Unknown::Many),
        Value::Array(calls) => calls.iter().map(call).collect(),
        one => call(&one).map(|method| vec![method]),
    }
}

fn call(call: &Value) -> Result<String, Unknown> {
    // Version 1 says no version, and names its methods alike.
    let known = call.get("jsonrpc").is_none_or(|version| version == "2.0");
    match call.get("method") {
        Some(Value::String(method)) if known && !method.is_empty() => Ok(method.clone()),
        _ => Err(Unknown::Shape),
    }
}

#[cfg(test)]
mod tests {
    use super::super::target::Leniency;
    use super::*;

    #[test]
    fn a_path_names_a_method_of_a_service() {
        let read = |text: &str| {
            let path = Path::read(text.as_bytes(), Leniency::default()).unwrap();
            grpc(&path).map(|found| (found.service, found.method))
        };
        let two = |service: &str, method: &str| Ok((service.to_owned(), method.to_owned()));
        assert_eq!(read("/shop.v1.Orders/Delete_2"), two("shop.v1.Orders", "Delete_2"));
        assert_eq!(read("/Orders/%44elete"), two("Orders", "Delete"));
        for path in
            ["/", "/Orders", "/Orders/Delete/", "/a/Orders/Delete", "/a..b/c", "/a.b/c.d", "/1a/b"]
        {
            assert_eq!(read(path), Err(Unknown::Path), "{path}");
        }
    }

    #[test]
    fn grpcs_content_types_are_known_by_their_beginning() {
        for (kind, is) in [
            ("application/grpc", true),
            ("Application/GRPC+proto", true),
            ("application/grpc; charset=x", true),
            ("application/grpc-web+proto", true),
            ("application/grpc-web-text", true),
            ("application/grpcx", false),
            ("application/json", false),
            ("text/application/grpc", false),
            ("", false),
        ] {
            assert_eq!(is_grpc(kind), is, "{kind}");
        }
    }

    #[test]
    fn every_call_of_a_body_is_read() {
        let read = |body: &str| called(body.as_bytes());
        let names = |names: &[&str]| Ok(names.iter().map(|name| (*name).to_owned()).collect());
        assert_eq!(
            read(r#"{"jsonrpc":"2.0","method":"eth_call","params":[],"id":1}"#),
            names(&["eth_call"])
        );
        assert_eq!(read(r#"[{"method":"a"},{"jsonrpc":"2.0","method":"b"}]"#), names(&["a", "b"]));
        for body in [
            "[]",
            "{}",
            "1",
            r#"{"method":1}"#,
            r#"{"method":""}"#,
            r#"{"jsonrpc":"3.0","method":"a"}"#,
            r#"[{"method":"a"},{"result":1}]"#,
        ] {
            assert_eq!(read(body), Err(Unknown::Shape), "{body}");
        }
        assert!(matches!(read(r#"{"method":"a","method":"b"}"#), Err(Unknown::Json(_))));
        let many = format!("[{}]", vec![r#"{"method":"a"}"#; MOST + 1].join(","));
        assert_eq!(read(&many), Err(Unknown::Many));
    }
}
