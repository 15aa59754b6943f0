//! The gateway's HTTP API, `/api/v1`, as the commands use it.

use std::io::Read;
use std::time::Duration;

use anyhow::{Context, Result};
use model::Secret;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use ureq::http::request::Builder;
use ureq::http::{Method, Request};
use url::Url;

use super::credentials::Store;
use super::remote::{Remote, key};
use super::sign_in::renewed;
use super::trust::Roots;
use crate::error::{Exit, Failure};

/// The most an answer may hold; a recording comes through a file of its own.
const MAX_ANSWER: u64 = 64 << 20;
/// How long an answer that is streamed may be silent.
const SILENCE: Duration = Duration::from_secs(60);

/// One gateway, asked as one identity.
pub(crate) struct Client {
    agent: ureq::Agent,
    base: Url,
    roots: Roots,
    token: Option<Secret>,
}

impl Client {
    /// As whoever is signed in there, or as the bearer of `SLUICE_TOKEN`.
    pub(crate) fn open(remote: &Remote) -> Result<Self> {
        let store = Store::read()?;
        let base = remote.base(&store)?;
        let roots = remote.roots(&base, &store)?;
        let token = match std::env::var("SLUICE_TOKEN").ok().filter(|token| !token.is_empty()) {
            Some(token) => Secret::from(token),
            None => renewed(&key(&base))?,
        };
        Ok(Self { agent: roots.agent(), base, roots, token: Some(token) })
    }

    /// As nobody, for what is asked before signing in.
    pub(crate) fn anonymous(base: Url, roots: Roots) -> Self {
        Self { agent: roots.agent(), base, roots, token: None }
    }

    /// With a token at hand.
    pub(crate) fn with_token(self, token: Secret) -> Self {
        Self { token: Some(token), ..self }
    }

    /// The gateway's address.
    pub(crate) const fn base(&self) -> &Url {
        &self.base
    }

    /// Whom this client believes about the gateway's certificates.
    pub(crate) const fn roots(&self) -> &Roots {
        &self.roots
    }

    /// What the gateway is shown; `open` always has one.
    pub(crate) fn token(&self) -> Result<&Secret> {
        self.token.as_ref().context("nobody is signed in")
    }

    /// Asks for something.
    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.json(Method::GET, path, None)
    }

    /// Asks for something that may be long, and writes it as it comes.
    pub(crate) fn download(&self, path: &str, to: &mut dyn std::io::Write) -> Result<()> {
        std::io::copy(&mut self.stream(path)?, to).context("copying the gateway's answer")?;
        Ok(())
    }

    /// Asks for something that is longer than memory, or that comes for as long as it comes. Nothing for
    /// a minute is an error; the gateway says something more often while it is there.
    pub(crate) fn stream(&self, path: &str) -> Result<impl Read> {
        let request = self.request(Method::GET, path)?.body(())?;
        let request = self.agent.configure_request(request);
        let request = request.timeout_global(None).timeout_per_read(Some(SILENCE)).build();
        let mut answer = self.agent.run(request).map_err(|error| self.unreachable(&error))?;
        let status = answer.status().as_u16();
        if (200..300).contains(&status) {
            return Ok(answer.into_body().into_reader());
        }
        let body = answer.body_mut().with_config().limit(MAX_ANSWER).read_to_vec();
        Err(refusal(status, &body.map_err(|error| self.unreachable(&error))?).into())
    }

    /// Asks for something to be done.
    pub(crate) fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        self.json(Method::POST, path, Some(serde_json::to_vec(body)?))
    }

    /// Asks for something to be gone.
    pub(crate) fn delete(&self, path: &str) -> Result<()> {
        self.send(Method::DELETE, path, None).map(drop)
    }

    fn json<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<T> {
        let bytes = self.send(method, path, body)?;
        let bytes = if bytes.is_empty() { b"null".as_slice() } else { &bytes };
        serde_json::from_slice(bytes).map_err(|error| {
            Failure::new(
                Exit::Unavailable,
                format!("the gateway's answer cannot be understood: {error}"),
            )
            .hint(format!(
                "is {} a Sluice gateway of this version? `sluice --version` tells yours",
                self.base
            ))
            .into()
        })
    }

    fn send(&self, method: Method, path: &str, body: Option<Vec<u8>>) -> Result<Vec<u8>> {
        let mut request = self.request(method, path)?;
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let answer = match body {
            Some(body) => self.agent.run(request.body(body)?),
            None => self.agent.run(request.body(())?),
        };
        let mut answer = answer.map_err(|error| self.unreachable(&error))?;
        let status = answer.status().as_u16();
        let body = answer.body_mut().with_config().limit(MAX_ANSWER).read_to_vec();
        let body = body.map_err(|error| self.unreachable(&error))?;
        if (200..300).contains(&status) { Ok(body) } else { Err(refusal(status, &body).into()) }
    }

    fn request(&self, method: Method, path: &str) -> Result<Builder> {
        let url = self.base.join(path).context("making the request's address")?;
        let request = Request::builder()
            .method(method)
            .uri(url.as_str())
            .header("accept", "application/json");
        let Some(token) = &self.token else { return Ok(request) };
        let token = token.expose_str().context("the token is not text")?;
        Ok(request.header("authorization", format!("Bearer {token}")))
    }

    fn unreachable(&self, error: &ureq::Error) -> Failure {
        let failure = Failure::new(
            Exit::Unavailable,
            format!("the gateway {} cannot be reached: {error}", self.base),
        );
        let text = error.to_string();
        if text.contains("certificate") || text.contains("UnknownIssuer") {
            failure.hint("its certificate is not of an authority known here: run `sluice login`, or name the authority with SLUICE_CA")
        } else {
            failure.hint("check the address (--url, SLUICE_URL) and that `sluice serve` runs there")
        }
    }
}

/// An answer that is a refusal, in the words the gateway gave (problem+json).
fn refusal(status: u16, body: &[u8]) -> Failure {
    let problem: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let text =
        |name: &str| problem.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let message = text("detail").or_else(|| text("title"));
    let message = message.map_or_else(|| format!("the gateway answered {status}"), str::to_owned);
    let exit = match status {
        401 => Exit::SignIn,
        400 | 404 | 405 | 422 => Exit::Usage,
        402..=499 => Exit::No,
        _ => Exit::Unavailable,
    };
    let says_how = message.contains("sluice login");
    let failure = Failure::new(exit, message);
    match (text("hint"), exit) {
        (Some(hint), _) => failure.hint(hint),
        (None, Exit::SignIn) if !says_how => failure.hint("sign in with `sluice login`"),
        (None, _) => failure,
    }
}
