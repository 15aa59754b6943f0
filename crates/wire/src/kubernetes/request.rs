//! Which verb on which resource a method, a path and a query are.
//!
//! After `RequestInfoFactory.NewRequestInfo`
//! (`k8s.io/apiserver/pkg/endpoints/request/requestinfo.go`), which is what the API server's own
//! authorizers see:
//!
//! 1. Fewer than three segments, or a first one that is neither `api` nor `apis`, ask for a path.
//! 2. `api` is the group without a name; after `apis` comes the group, and with no resource it is a
//!    path.
//! 3. `watch` and `proxy` before the resource are the verb, whatever the method.
//! 4. `namespaces/NAME/x` is the resource `x` of the namespace, unless `x` is `status` or
//!    `finalize`: then it is a subresource of the namespace. A namespace stands in itself.
//! 5. What follows is resource, name, subresource, and a rest that is not interpreted. Behind the
//!    `proxy` prefix there is no subresource.
//! 6. A `get` without a name is a `watch` by the parameter `watch`, else a `list`; its name may
//!    come from `fieldSelector`. A `delete` without a name is a `deletecollection`.
//!
//! Where servers of different age differ, or something in between could, it is [`Unknown`].

use super::{Query, Unknown, selector};

/// What the API server does with an object, by its own name for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verb {
    /// One object is read.
    Get,
    /// A collection is read.
    List,
    /// Changes are followed.
    Watch,
    /// An object is created.
    Create,
    /// An object is replaced.
    Update,
    /// An object is changed in part.
    Patch,
    /// One object is deleted.
    Delete,
    /// A collection is deleted.
    DeleteCollection,
    /// A request is passed on to a pod, service or node, by the old path prefix.
    Proxy,
}

impl Verb {
    /// The name that the API server's own roles use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
            Self::Proxy => "proxy",
        }
    }

    /// The verb of a method, before it is known whether one object is meant.
    fn of(method: &str) -> Result<Self, Unknown> {
        match method {
            "GET" | "HEAD" => Ok(Self::Get),
            "POST" => Ok(Self::Create),
            "PUT" => Ok(Self::Update),
            "PATCH" => Ok(Self::Patch),
            "DELETE" => Ok(Self::Delete),
            _ => Err(Unknown::Method),
        }
    }
}

/// A verb that stands in the path, before the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Prefix {
    /// `/api/v1/watch/…`
    Watch,
    /// `/api/v1/proxy/…`
    Proxy,
}

/// What is asked of the API server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Something about the objects of the API.
    Resource(ResourceRequest),
    /// A path that is no resource: discovery, health, metrics, the version.
    Path(NonResource),
}

/// A path that is no resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NonResource {
    /// The method in lower case, which is the API server's verb for it.
    pub verb: String,
    /// The path as it came.
    pub path: String,
}

/// A verb on a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceRequest {
    /// What is done.
    pub verb: Verb,
    /// The group; empty is the core.
    pub group: String,
    /// The version within the group.
    pub version: String,
    /// The resource: `pods`.
    pub resource: String,
    /// A part or a deed of it with a path of its own: `log`, `exec`.
    pub subresource: Option<String>,
    /// The namespace; `None` is the cluster, or every namespace. A namespace stands in itself.
    pub namespace: Option<String>,
    /// The object; `None` is the collection.
    pub name: Option<String>,
    /// The name is that of a field selector, so the answer is a list of that one. A server that the
    /// API server hands the request on to may not look at selectors, and list them all.
    pub selected: bool,
    /// What stands in the path behind the subresource (behind the name, for [`Prefix::Proxy`]).
    pub rest: Vec<String>,
    /// The verb stood in the path.
    pub prefix: Option<Prefix>,
    /// The path ends in a slash, which what is proxied to can tell.
    pub slash: bool,
}

impl ResourceRequest {
    /// The segments from the resource on: `RequestInfo.Parts` of the API server.
    #[must_use]
    pub fn parts(&self) -> Vec<&str> {
        let name = self.name.as_deref().filter(|_| !self.selected);
        let mut parts = vec![&*self.resource];
        parts.extend(name);
        parts.extend(self.subresource.as_deref());
        parts.extend(self.rest.iter().map(|part| &**part));
        parts
    }

    /// The path that was asked for.
    #[must_use]
    pub fn path(&self) -> String {
        let mut segments = match &*self.group {
            "" => vec!["", "api", &self.version],
            group => vec!["", "apis", group, &self.version],
        };
        segments.extend(self.prefix.map(|prefix| match prefix {
            Prefix::Watch => "watch",
            Prefix::Proxy => "proxy",
        }));
        if let Some(namespace) = self.namespace.as_deref().filter(|_| self.resource != NAMESPACES) {
            segments.extend([NAMESPACES, namespace]);
        }
        segments.extend(self.parts());
        segments.extend(self.slash.then_some(""));
        segments.join("/")
    }
}

const NAMESPACES: &str = "namespaces";

/// Reads a request. The path is decoded once and begins with a slash; the method is as it came.
///
/// # Errors
///
/// [`Unknown`]: it cannot be said for sure what the API server does with it.
pub fn resolve(method: &str, path: &str, query: Query<'_>) -> Result<Asked, Unknown> {
    let (segments, slash) = segments(path)?;
    let (group, rest) = match *segments {
        ["api", _, _, ..] => ("", segments.get(1..)),
        ["apis", group, _, _, ..] => (group, segments.get(2..)),
        // Routes are told apart by case, and something in between may not.
        [first, ..] if odd_case(first) => return Err(Unknown::Path),
        _ => {
            if method != "OPTIONS" {
                Verb::of(method)?;
            }
            let verb = method.to_ascii_lowercase();
            return Ok(Asked::Path(NonResource { verb, path: path.to_owned() }));
        }
    };
    let Some([version, parts @ ..]) = rest else { return Err(Unknown::Path) };
    let (prefix, parts) = match parts {
        // `redirect` was a third of these once: a resource for some servers, a verb for others.
        ["redirect", ..] | ["watch" | "proxy"] => return Err(Unknown::Prefix),
        ["watch", parts @ ..] => (Some(Prefix::Watch), parts),
        ["proxy", parts @ ..] => (Some(Prefix::Proxy), parts),
        parts => (None, parts),
    };
    let mut verb = match (prefix, Verb::of(method)?) {
        (None, verb) => verb,
        (Some(Prefix::Watch), Verb::Get) => Verb::Watch,
        (Some(Prefix::Watch), _) => return Err(Unknown::Method),
        (Some(Prefix::Proxy), _) => Verb::Proxy,
    };
    let (namespace, parts) = match *parts {
        [NAMESPACES, name, "status" | "finalize", ..] | [NAMESPACES, name] => (Some(name), parts),
        // A namespace within a namespace: the server would look for it, and there is none.
        [NAMESPACES, _, NAMESPACES, ..] => return Err(Unknown::Path),
        [NAMESPACES, name, ..] => (Some(name), parts.get(2..).unwrap_or_default()),
        _ => (None, parts),
    };
    let [resource, parts @ ..] = parts else { return Err(Unknown::Path) };
    let (mut name, parts) = match parts {
        [name, parts @ ..] => (Some(*name), parts),
        [] => (None, parts),
    };
    let (subresource, rest) = match parts {
        [subresource, rest @ ..] if prefix != Some(Prefix::Proxy) => (Some(*subresource), rest),
        rest => (None, rest),
    };
    let words = [*version, *resource].into_iter().chain(namespace).chain(subresource);
    if !words.chain((!group.is_empty()).then_some(group)).all(plain) {
        return Err(Unknown::Path);
    }
    let mut selected = false;
    if name.is_none() && verb == Verb::Get {
        verb = if query.flag("watch")? { Verb::Watch } else { Verb::List };
        name = query.one("fieldSelector")?.map_or(Ok(None), selector::name)?;
        selected = name.is_some();
    }
    if name.is_none() && verb == Verb::Delete {
        verb = Verb::DeleteCollection;
    }
    Ok(Asked::Resource(ResourceRequest {
        verb,
        group: group.to_owned(),
        version: (*version).to_owned(),
        resource: (*resource).to_owned(),
        subresource: subresource.map(str::to_owned),
        namespace: namespace.map(str::to_owned),
        name: name.map(str::to_owned),
        selected,
        rest: rest.iter().map(|part| (*part).to_owned()).collect(),
        prefix,
        slash,
    }))
}

/// The segments of a path, and whether it ends in a slash. The API server trims slashes at both
/// ends and takes an empty segment in the middle for a name; nothing honest has either.
fn segments(path: &str) -> Result<(Vec<&str>, bool), Unknown> {
    let path = path.strip_prefix('/').ok_or(Unknown::Path)?;
    if path.is_empty() {
        return Ok((Vec::new(), true));
    }
    let (path, slash) = path.strip_suffix('/').map_or((path, false), |path| (path, true));
    // An escape that is left after decoding is one of an escape, which something behind may decode.
    let odd = |c: char| c.is_control() || matches!(c, '%' | '\\' | '?' | '#');
    let segments: Vec<&str> = path.split('/').collect();
    if path.contains(odd) || segments.iter().any(|part| matches!(*part, "" | "." | "..")) {
        return Err(Unknown::Path);
    }
    Ok((segments, slash))
}

fn odd_case(first: &str) -> bool {
    ["api", "apis"].iter().any(|name| first != *name && first.eq_ignore_ascii_case(name))
}

/// Groups, versions, resources, subresources and namespaces are DNS names
/// (`apimachinery/pkg/util/validation`). Names of objects are not: roles have colons.
fn plain(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.'))
}
