//! What a request to a GraphQL service asks for: the operation that runs, and the fields at its root.
//!
//! An endpoint's path says nothing of it: whoever reads orders and whoever deletes them say `POST /graphql`. The fields at
//! the root are found through fragments and under whatever alias they go (GraphQL specification of October 2021, sections
//! 2.3 to 2.8). A document that runs by its number alone is not known here.

use std::collections::{BTreeMap, BTreeSet};

use apollo_parser::Parser;
use apollo_parser::cst::{Definition, OperationDefinition, Selection, SelectionSet};
use serde_json::Value;

use super::target::Query;
use crate::json;

/// The longest document that is read, in bytes.
const LONGEST: usize = 256 << 10;
/// Words of a document, and how deeply its selections may stand in each other.
const MOST_TOKENS: usize = 20_000;
const DEEPEST: usize = 100;
/// Requests in one body.
const MOST_REQUESTS: usize = 64;

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// It reads.
    Query,
    /// It changes something.
    Mutation,
    /// It waits for events.
    Subscription,
}

impl Kind {
    /// Its keyword.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Mutation => "mutation",
            Self::Subscription => "subscription",
        }
    }
}

/// One operation that a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// What it does.
    pub kind: Kind,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// The fields at its root, by their names and not by their aliases.
    pub fields: BTreeSet<String>,
}

impl Operation {
    /// Whether it asks what the service offers (`__schema`, `__type`).
    #[must_use]
    pub fn introspects(&self) -> bool {
        ["__schema", "__type"].iter().any(|name| self.fields.contains(*name))
    }
}

/// Why it is not known what a request asks for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// The body is not JSON that is read in one way.
    #[error("the body is not plain JSON: {0}")]
    Json(#[from] json::Unread),
    /// It is no request of this kind.
    #[error("the body is not a GraphQL request")]
    Shape,
    /// Only the number of a document, which the service may know.
    #[error("the request names a stored document, which is not known here")]
    Stored,
    /// The document breaks the grammar, or holds definitions of types.
    #[error("the document is not one that can be executed")]
    Document,
    /// It is longer or deeper than anybody needs.
    #[error("the document is too long or too deep")]
    Large,
    /// There are several operations and none is named, or the one that is named is not there, or there twice.
    #[error("it is not said which operation of the document runs")]
    Which,
    /// A fragment at the root is not there, or there twice.
    #[error("the document uses a fragment that it does not define once")]
    Fragment,
    /// There are too many requests in one body.
    #[error("there are too many requests in one body")]
    Many,
}

/// Reads the body of a `POST`: a request, or a list of them (`application/json`).
///
/// # Errors
/// It is not known what it asks for.
pub fn posted(body: &[u8]) -> Result<Vec<Operation>, Unknown> {
    match json::parse(body)? {
        Value::Array(requests) if requests.is_empty() => Err(Unknown::Shape),
        Value::Array(requests) if requests.len() > MOST_REQUESTS => Err(Unknown::Many),
        Value::Array(requests) => requests.iter().map(request).collect(),
        one => request(&one).map(|operation| vec![operation]),
    }
}

fn request(request: &Value) -> Result<Operation, Unknown> {
    let Value::Object(request) = request else { return Err(Unknown::Shape) };
    // Services differ in what they call the number of a document, and in whether it comes before the document.
    let stored = ["id", "docId", "doc_id", "documentId", "queryId"];
    if stored.iter().any(|name| request.contains_key(*name)) {
        return Err(Unknown::Stored);
    }
    let text = |name: &str| match request.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(&**text)),
        Some(_) => Err(Unknown::Shape),
    };
    let document = text("query")?.ok_or_else(|| match request.get("extensions") {
        Some(_) => Unknown::Stored,
        None => Unknown::Shape,
    })?;
    read(document, text("operationName")?)
}

/// Reads the parameters of a `GET`.
///
/// # Errors
/// It is not known what it asks for.
pub fn asked(query: &Query) -> Result<Operation, Unknown> {
    let one = |name: &'static str| {
        let mut values = query.values(name);
        match (values.next(), values.next()) {
            (value, None) => Ok(value),
            (_, Some(_)) => Err(Unknown::Shape),
        }
    };
    match one("query")? {
        Some(document) => read(document, one("operationName")?),
        None if query.values("extensions").next().is_some() => Err(Unknown::Stored),
        None => Err(Unknown::Shape),
    }
}

/// Reads a document, of which the operation of this name runs, or the only one.
///
/// # Errors
/// It is not known what it asks for.
pub fn read(document: &str, operation: Option<&str>) -> Result<Operation, Unknown> {
    if document.len() > LONGEST {
        return Err(Unknown::Large);
    }
    let parser = Parser::new(document).recursion_limit(DEEPEST).token_limit(MOST_TOKENS);
    let tree = parser.parse();
    if let Some(error) = tree.errors().next() {
        return Err(if error.is_limit() { Unknown::Large } else { Unknown::Document });
    }
    let (mut operations, mut fragments) = (Vec::new(), BTreeMap::new());
    for definition in tree.document().definitions() {
        match definition {
            Definition::OperationDefinition(found) => operations.push(found),
            Definition::FragmentDefinition(found) => {
                let name = found.fragment_name().and_then(|name| name.name());
                let name = name.ok_or(Unknown::Document)?.text().to_string();
                let twice = fragments.insert(name, found.selection_set());
                if twice.is_some() {
                    return Err(Unknown::Fragment);
                }
            }
            _ => return Err(Unknown::Document),
        }
    }
    let name_of = |found: &OperationDefinition| found.name().map(|name| name.text().to_string());
    // An empty name is none to some services, and to others one that is not there.
    if let Some(wanted) = operation {
        operations.retain(|found| name_of(found).as_deref() == Some(wanted));
    }
    let [found] = operations.as_slice() else { return Err(Unknown::Which) };
    let kind = match found.operation_type() {
        None => Kind::Query,
        Some(kind) if kind.query_token().is_some() => Kind::Query,
        Some(kind) if kind.mutation_token().is_some() => Kind::Mutation,
        Some(kind) if kind.subscription_token().is_some() => Kind::Subscription,
        Some(_) => return Err(Unknown::Document),
    };
    let mut root = Root { fragments: &fragments, seen: BTreeSet::new(), fields: BTreeSet::new() };
    root.take(found.selection_set())?;
    Ok(Operation { kind, name: name_of(found), fields: root.fields })
}

/// The fields at the root of an operation.
struct Root<'d> {
    fragments: &'d BTreeMap<String, Option<SelectionSet>>,
    seen: BTreeSet<String>,
    fields: BTreeSet<String>,
}

impl Root<'_> {
    /// Takes what is selected. Fragments do not stand deeper in each other than the parser read; none is looked into twice.
    fn take(&mut self, selected: Option<SelectionSet>) -> Result<(), Unknown> {
        let mut open = vec![selected];
        while let Some(selected) = open.pop() {
            for selection in selected.ok_or(Unknown::Document)?.selections() {
                match selection {
                    Selection::Field(field) => {
                        let name = field.name().ok_or(Unknown::Document)?;
                        self.fields.insert(name.text().to_string());
                    }
                    Selection::InlineFragment(fragment) => open.push(fragment.selection_set()),
                    Selection::FragmentSpread(spread) => {
                        let name = spread.fragment_name().and_then(|name| name.name());
                        let name = name.ok_or(Unknown::Document)?.text().to_string();
                        let fragment = self.fragments.get(&name).ok_or(Unknown::Fragment)?;
                        if self.seen.insert(name) {
                            open.push(fragment.clone());
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(document: &str, operation: Option<&str>) -> Result<(Kind, Vec<String>), Unknown> {
        let found = read(document, operation)?;
        Ok((found.kind, found.fields.into_iter().collect()))
    }

    #[test]
    fn the_fields_at_the_root_are_found_wherever_they_are_written() {
        for (document, kind, fields) in [
            ("{ orders { id } me { name } }", Kind::Query, &["me", "orders"][..]),
            ("query Q($a: Int = 1) @cached { orders(first: $a) { id } }", Kind::Query, &["orders"]),
            ("mutation { fine: deleteOrder(id: 1) { id } }", Kind::Mutation, &["deleteOrder"]),
            ("mutation { ... { ... on Mutation { drop } } }", Kind::Mutation, &["drop"]),
            ("subscription S { orderChanged { id } }", Kind::Subscription, &["orderChanged"]),
            (
                "query { ...A b } fragment A on Query { a ...B } fragment B on Query { c { d } ...A }",
                Kind::Query,
                &["a", "b", "c"],
            ),
            ("{ __schema { types { name } } }", Kind::Query, &["__schema"]),
            ("{ harmless: __type(name: \"A\") { name } }", Kind::Query, &["__type"]),
            ("\u{feff}# mutation { drop }\n{ a, b }", Kind::Query, &["a", "b"]),
            ("{ a(text: \"\"\"} mutation { drop\"\"\") }", Kind::Query, &["a"]),
            ("{ query mutation: subscription }", Kind::Query, &["query", "subscription"]),
        ] {
            let fields = fields.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(told(document, None), Ok((kind, fields)), "{document}");
        }
        assert!(read("{ x: __schema { a } }", None).unwrap().introspects());
        assert!(!read("{ __typename }", None).unwrap().introspects());
    }

    #[test]
    fn what_runs_is_the_operation_that_is_named() {
        let two = "query A { a } mutation B { b }";
        assert_eq!(told(two, Some("B")), Ok((Kind::Mutation, vec!["b".to_owned()])));
        for (document, name, why) in [
            (two, None, Unknown::Which),
            (two, Some("C"), Unknown::Which),
            (two, Some(""), Unknown::Which),
            ("query A { a } query A { b }", Some("A"), Unknown::Which),
            ("{ a } { b }", None, Unknown::Which),
            ("fragment A on Query { a }", None, Unknown::Which),
            ("{ ...A }", None, Unknown::Fragment),
            ("{ a } fragment A on Q { a } fragment A on Q { b }", None, Unknown::Fragment),
            ("", None, Unknown::Document),
            ("{", None, Unknown::Document),
            ("{ }", None, Unknown::Document),
            ("{ a } }", None, Unknown::Document),
            ("query { a } type A { b: Int }", None, Unknown::Document),
            ("extend type Query { a: Int } { a }", None, Unknown::Document),
        ] {
            assert_eq!(told(document, name), Err(why), "{document} {name:?}");
        }
        let deep = format!("{}a{}", "{a".repeat(DEEPEST + 1), "}".repeat(DEEPEST + 1));
        assert_eq!(told(&deep, None), Err(Unknown::Large));
        let long = format!("{{{}}}", "a ".repeat(MOST_TOKENS));
        assert_eq!(told(&long, None), Err(Unknown::Large));
    }

    #[test]
    fn a_request_is_read_from_a_body_and_from_a_query() {
        let posted = |body: &str| {
            let all = posted(body.as_bytes())?;
            Ok(all.into_iter().map(|one| one.fields.into_iter().collect::<String>()).collect())
        };
        let names = |names: &[&str]| Ok(names.iter().map(|name| (*name).to_owned()).collect());
        let read: Vec<(&str, Result<Vec<String>, Unknown>)> = vec![
            (r#"{"query":"{a}","variables":{"b":1},"operationName":null}"#, names(&["a"])),
            (r#"[{"query":"{a}"},{"query":"mutation{b}"}]"#, names(&["a", "b"])),
            (
                r#"{"query":"{a}","extensions":{"persistedQuery":{"version":1,"sha256Hash":"x"}}}"#,
                names(&["a"]),
            ),
            (r#"{"extensions":{"persistedQuery":{"sha256Hash":"x"}}}"#, Err(Unknown::Stored)),
            (r#"{"query":"{a}","documentId":"x"}"#, Err(Unknown::Stored)),
            (r#"{"query":1}"#, Err(Unknown::Shape)),
            (r#"{"query":"{a}","operationName":1}"#, Err(Unknown::Shape)),
            ("[]", Err(Unknown::Shape)),
            ("[[]]", Err(Unknown::Shape)),
            ("{}", Err(Unknown::Shape)),
        ];
        for (body, expected) in read {
            assert_eq!(posted(body), expected, "{body}");
        }
        assert!(matches!(posted(r#"{"query":"{a}","query":"{b}"}"#), Err(Unknown::Json(_))));
        let query = |text: &str| Query::read(text.as_bytes()).unwrap();
        assert_eq!(asked(&query("query=%7Ba%7D")).unwrap().fields.len(), 1);
        assert_eq!(asked(&query("query=%7Ba%7D&query=%7Bb%7D")), Err(Unknown::Shape));
        assert_eq!(asked(&query("extensions=%7B%7D")), Err(Unknown::Stored));
        assert_eq!(asked(&query("a=b")), Err(Unknown::Shape));
    }
}
