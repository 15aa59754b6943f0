//! What a resource request is to policy: a verb on the object itself, or a deed with a name of its
//! own.
//!
//! To the API server `pods/exec` is a `create` (or a `get`, over WebSocket) of a subresource.
//! Whoever may read or create pods may not therefore run programs in them, so no subresource is
//! ever a plain verb here.

use super::{Prefix, ResourceRequest, Unknown, Verb};

macro_rules! deeds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal;)*) => {
        /// What is done to an object. Where the house has a word for it the name is that word, else
        /// it is the API's own.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Deed { $($(#[$doc])* $variant,)* }

        impl Deed {
            /// Every deed.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name: `port_forward`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

deeds! {
    /// One object is read.
    Get = "get";
    /// A collection is read.
    List = "list";
    /// Changes are followed.
    Watch = "watch";
    /// An object is created.
    Create = "create";
    /// An object is replaced.
    Update = "update";
    /// An object is changed in part.
    Patch = "patch";
    /// One object is deleted.
    Delete = "delete";
    /// A collection is deleted.
    DeleteCollection = "deletecollection";
    /// A part of an object is read which tells no more than the object: its status, its scale.
    ReadPart = "get_part";

    /// A program is run in a container.
    Exec = "exec";
    /// A running program is attached to.
    Attach = "attach";
    /// Ports of a pod are forwarded.
    PortForward = "port_forward";
    /// A request is passed on to a pod, a service or a node's kubelet.
    Proxy = "proxy";
    /// Logs are read.
    Logs = "logs";
    /// A container is added to a running pod.
    EphemeralContainers = "ephemeralcontainers";
    /// A pod is evicted.
    Eviction = "eviction";
    /// The number of replicas is changed.
    Scale = "scale";
    /// The resources of a running pod are changed.
    Resize = "resize";
    /// A token of a service account is issued.
    Token = "token";
    /// A pod is bound to a node.
    Binding = "binding";
    /// A request for a certificate is approved or denied.
    Approval = "approval";
    /// A status is written: by controllers, and by whoever wants to be taken for one.
    Status = "status";
    /// The finalizers of a namespace are written.
    Finalize = "finalize";
    /// Any other subresource, whatever the verb: what it does is its server's secret.
    OtherPart = "other_part";
}

/// The deed of a request. Total: what has no name of its own is [`Deed::OtherPart`].
#[must_use]
pub fn deed(request: &ResourceRequest) -> Deed {
    if request.prefix == Some(Prefix::Proxy) || request.verb == Verb::Proxy {
        return Deed::Proxy;
    }
    let reads = request.verb == Verb::Get;
    let writes = matches!(request.verb, Verb::Update | Verb::Patch);
    match request.subresource.as_deref() {
        // Pods were bound so before they had the subresource, and still can be.
        None if request.resource == "bindings" && request.group.is_empty() => Deed::Binding,
        None => match request.verb {
            Verb::Get => Deed::Get,
            Verb::List => Deed::List,
            Verb::Watch => Deed::Watch,
            Verb::Create => Deed::Create,
            Verb::Update => Deed::Update,
            Verb::Patch => Deed::Patch,
            Verb::Delete => Deed::Delete,
            Verb::DeleteCollection => Deed::DeleteCollection,
            Verb::Proxy => Deed::Proxy,
        },
        // These connect: any method does it.
        Some("exec") => Deed::Exec,
        Some("attach") => Deed::Attach,
        Some("portforward") => Deed::PortForward,
        Some("proxy") => Deed::Proxy,
        Some(_) if !request.rest.is_empty() => Deed::OtherPart,
        Some("log") if reads => Deed::Logs,
        Some("ephemeralcontainers" | "scale" | "resize" | "approval" | "status") if reads => {
            Deed::ReadPart
        }
        Some("ephemeralcontainers") if writes => Deed::EphemeralContainers,
        Some("scale") if writes => Deed::Scale,
        Some("resize") if writes => Deed::Resize,
        Some("approval") if writes => Deed::Approval,
        Some("status") if writes => Deed::Status,
        Some("finalize") if writes => Deed::Finalize,
        Some("eviction") if request.verb == Verb::Create => Deed::Eviction,
        Some("token") if request.verb == Verb::Create => Deed::Token,
        Some("binding") if request.verb == Verb::Create => Deed::Binding,
        Some(_) => Deed::OtherPart,
    }
}

/// The object that a request names. A proxied name may carry a scheme and a port (`https:web:443`),
/// which are none of the object's (`SplitSchemeNamePort` of
/// `apimachinery/pkg/util/net/port_split.go`).
///
/// # Errors
///
/// A proxied name that is none of `name`, `name:port` and `scheme:name:port`.
pub fn object_name(request: &ResourceRequest) -> Result<Option<&str>, Unknown> {
    let Some(name) = request.name.as_deref() else { return Ok(None) };
    if deed(request) != Deed::Proxy {
        return Ok(Some(name));
    }
    let parts: Vec<&str> = name.split(':').collect();
    match *parts {
        [name] | [name, _] | ["" | "http" | "https", name, _] if !name.is_empty() => Ok(Some(name)),
        _ => Err(Unknown::Path),
    }
}
