use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use model::ports::Unidentified;
use serde_json::json;

use crate::desk::DecideError;
use crate::store::StoreError;
use crate::tokens::TokenError;

/// A refusal, as RFC 9457 writes it.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    detail: String,
    header: Option<(HeaderName, String)>,
}

impl Problem {
    fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), header: None }
    }

    pub(super) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    pub(super) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    pub(super) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    pub(super) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// For what is not there and for what the caller may not see: one answer, so that nobody
    /// learns which.
    pub(super) fn hidden(what: &str) -> Self {
        Self::not_found(format!("there is no such {what}, or it is not yours to see"))
    }

    pub(super) fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, detail)
    }

    pub(super) fn method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "this path does not know this method")
    }

    pub(super) fn timeout() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "the request took too long")
    }

    pub(super) fn status(status: StatusCode, detail: impl Into<String>) -> Self {
        Self::new(status, detail)
    }

    /// The sentence for a person.
    pub(super) fn detail(&self) -> &str {
        &self.detail
    }

    /// Nothing is done that cannot be entered into the audit log.
    pub(super) fn unlogged() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the audit log cannot be written, so nothing is done: an administrator can sign in and see why",
        )
    }

    pub(super) fn unauthenticated(detail: impl Into<String>) -> Self {
        let mut problem = Self::new(StatusCode::UNAUTHORIZED, detail);
        problem.header = Some((header::WWW_AUTHENTICATE, "Bearer realm=\"sluice\"".to_owned()));
        problem
    }

    /// The house's fault: the operator's log has the reason, the caller does not.
    pub(super) fn internal(error: &dyn std::error::Error) -> Self {
        tracing::error!(%error, "a request to the API failed");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "the gateway cannot do this at the moment")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        let mut response = (self.status, Json(body)).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        if let Some((name, value)) = self.header
            && let Ok(value) = HeaderValue::try_from(value)
        {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::internal(&error)
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Invalid { .. } => Self::invalid(error.to_string()),
            TokenError::NotFound => Self::hidden("token"),
            TokenError::NoRandomness => Self::internal(&error),
            TokenError::Store(error) => error.into(),
        }
    }
}

impl From<DecideError> for Problem {
    fn from(error: DecideError) -> Self {
        match error {
            DecideError::NotFound => Self::hidden("approval request"),
            DecideError::NotAllowed(_) => Self::forbidden(error.to_string()),
            DecideError::Closed(_) | DecideError::Twice => Self::conflict(error.to_string()),
            DecideError::Comment(_) => Self::invalid(error.to_string()),
            DecideError::Store(error) => error.into(),
        }
    }
}

/// The client hears one sentence whatever was wrong with its token.
impl From<Unidentified> for Problem {
    fn from(error: Unidentified) -> Self {
        match error {
            Unidentified::Throttled(seconds) => {
                let mut problem = Self::new(StatusCode::TOO_MANY_REQUESTS, error.to_string());
                problem.header = Some((header::RETRY_AFTER, seconds.to_string()));
                problem
            }
            Unidentified::Unavailable(_) => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "the identity provider cannot be reached: try again in a moment",
            ),
            Unidentified::Unknown(_)
            | Unidentified::Expired
            | Unidentified::Revoked
            | Unidentified::Key
            | Unidentified::SshCertificate(_)
            | Unidentified::Certificate(_) => {
                Self::unauthenticated("the token is not accepted: sign in with `sluice login`")
            }
        }
    }
}
