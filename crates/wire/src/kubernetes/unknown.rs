use crate::json::Unread;

/// Why a request is not understood, for the person who reads the refusal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// The API server has no verb for it.
    #[error("the API server has no verb for this HTTP method")]
    Method,
    /// Empty and dotted segments, escapes of escapes, control characters, other letters than the
    /// API's.
    #[error("the path can be read in more than one way")]
    Path,
    /// `/api/v1/watch` and nothing after it, or a prefix that only some API servers know.
    #[error("the path begins with a special verb that is not understood here")]
    Prefix,
    /// A parameter that is given twice, or by a name that differs from it only by case.
    #[error("the parameter `{0}` can be read in more than one way")]
    Parameter(&'static str),
    /// A `fieldSelector` that API servers read differently, or not at all.
    #[error("the field selector can be read in more than one way")]
    Selector,
    /// A body that is not JSON: YAML, protobuf, CBOR, or of no known kind.
    #[error("the body is not of a content type that is read here")]
    ContentType,
    /// A body that is not JSON, is nested too deeply, or says a key twice.
    #[error("the body is not plain JSON: {0}")]
    Json(#[from] Unread),
    /// A body that is JSON, and no object of the API.
    #[error("the body is not an object of the API: {0}")]
    Shape(&'static str),
}
