//! The HTTP API under `/api/v1`: what the command line, the web pages and scripts ask of the desk.
//!
//! ```text
//!   accept ─► TLS ─► head and body within limits ─► bearer ─► Directory ─► Caller ─► one endpoint
//! ```
//!
//! Everybody sees what is their own; what is others' takes an administrator; a request for approval
//! is also for those who may decide it. What a caller may not see answers exactly as what is not
//! there. Errors are problem documents (RFC 9457). Fields that are not known are refused.

mod approvals;
mod archive;
mod audit;
mod caller;
mod detokenise;
mod drift;
mod extract;
mod follow;
mod info;
mod inherited;
mod problem;
mod reading;
mod resources;
mod server;
mod sessions;
mod ssh;
mod statements;
mod status;
mod tokens;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{delete, get, post};
use mask::MaskKeys;
use model::Resource;
use policy::PolicySet;

pub(crate) use server::serve_router;
pub use server::{ServeError, serve};

use crate::Clock;
use crate::archive::Archive;
use crate::desk::Desk;
use crate::drift::Drifts;
use crate::heirlooms::Heirlooms;
use crate::identity::Directory;
use crate::recordings::Recordings;
use crate::ssh::{HostKeys, Keys};
use crate::store::Store;
use crate::tokens::Tokens;
use caller::{Caller, Credential};
use problem::Problem;

const LONGEST_BODY: usize = 1024 * 1024;
const DEADLINE: Duration = Duration::from_secs(30);

/// The resources there are at the moment; an immutable snapshot.
pub type Resources = Arc<dyn Fn() -> Vec<Arc<Resource>> + Send + Sync>;

/// What the API speaks for. The roof puts it together.
pub struct Api {
    /// Who it is.
    pub directory: Arc<Directory>,
    /// Sluice tokens.
    pub tokens: Arc<Tokens>,
    /// Held commands.
    pub desk: Desk,
    /// What columns inherited.
    pub heirlooms: Heirlooms,
    /// Sessions, alive and over.
    pub recordings: Recordings,
    /// Where the recordings of those that are over are.
    pub archive: Archive,
    /// The audit chain is in here.
    pub store: Arc<Store>,
    /// Columns that look sensitive.
    pub drifts: Arc<Drifts>,
    /// The policies in force.
    pub policies: Arc<ArcSwap<PolicySet>>,
    /// The resources in force.
    pub resources: Resources,
    /// What turns tokens back; `None`: nothing does.
    pub masks: Option<MaskKeys>,
    /// Groups whose members are administrators (`admins:`).
    pub admins: Vec<String>,
    /// How native clients reach the other listeners, by protocol: `host:port`, or `:port` at the
    /// name under which the API itself was reached.
    pub endpoints: BTreeMap<String, String>,
    /// SSH's keys, when the gateway speaks it.
    pub ssh: Option<Keys>,
    /// What SSH targets showed.
    pub host_keys: HostKeys,
    /// The version of this build.
    pub version: String,
    /// What time it is.
    pub clock: Clock,
}

/// Every endpoint. A peer's address must be in each request's extensions, as [`serve`] puts it.
pub(crate) fn router(api: Arc<Api>, tls: bool) -> Router {
    let v1 = Router::new()
        .route("/info", get(info::info))
        .route("/whoami", get(info::whoami))
        .route("/status", get(status::status))
        .route("/resources", get(resources::list))
        .route("/resources/{name}/detokenise", post(detokenise::turn_back))
        .route("/drift", get(drift::list))
        .route("/inherited", get(inherited::list))
        .route("/inherited/{id}", delete(inherited::forget))
        .route("/approvals", get(approvals::list))
        .route("/approvals/{id}", get(approvals::show))
        .route("/approvals/{id}/approve", post(approvals::approve))
        .route("/approvals/{id}/deny", post(approvals::deny))
        .route("/sessions", get(sessions::list))
        .route("/sessions/{id}", get(sessions::show).delete(sessions::kill))
        .route("/sessions/{id}/events", get(reading::events))
        .route("/sessions/{id}/recording", get(reading::recording))
        .route("/sessions/{id}/key", get(reading::key))
        .route("/sessions/{id}/hold", post(archive::hold).delete(archive::release))
        .route("/archive", get(archive::standing))
        .route("/statements", get(statements::list))
        .route("/index", get(statements::state))
        .route("/tokens", get(tokens::list).post(tokens::create))
        .route("/tokens/{id}", delete(tokens::revoke))
        .route("/ssh/certificates", post(ssh::certify))
        .route("/ssh/host-keys", get(ssh::host_keys))
        .route("/ssh/host-keys/{resource}", delete(ssh::forget))
        .route("/ssh/host-keys/{resource}/confirm", post(ssh::confirm))
        .route("/audit", get(audit::list))
        .route("/audit/export", get(audit::export))
        .route("/audit/{id}", get(audit::show))
        .route("/audit/verify", get(audit::verify));
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .nest("/api/v1", v1)
        .fallback(|| async { Problem::not_found("there is nothing at this path") })
        .method_not_allowed_fallback(|| async { Problem::method() })
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .layer(middleware::from_fn(in_time))
        .layer(middleware::from_fn_with_state(tls, protect))
        .with_state(api)
}

/// A request that is not read and answered in time is given up. What is streamed afterwards is not
/// in this time.
async fn in_time(request: Request, next: Next) -> Result<Response, Problem> {
    tokio::time::timeout(DEADLINE, next.run(request)).await.map_err(|_| Problem::timeout())
}

/// Headers that keep a browser from doing anything with an answer but reading it.
async fn protect(State(tls): State<bool>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if tls {
        let value = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, value);
    }
    response
}
