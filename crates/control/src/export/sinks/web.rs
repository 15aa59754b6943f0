//! Posting to a server.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use model::SecretSource;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use url::Url;

use super::Trouble;
use crate::vault::read_secret;

const CONNECT: Duration = Duration::from_secs(10);
const DEADLINE: Duration = Duration::from_secs(60);
/// A server is left alone for no longer, whatever it asks for.
const PATIENCE: Duration = Duration::from_secs(600);
/// So much of an answer is read.
const LONGEST: u64 = 64 << 10;

pub(super) struct Web {
    url: Url,
    headers: Vec<(String, SecretSource)>,
    ca: Option<PathBuf>,
    agent: Option<ureq::Agent>,
}

/// What a server answered that took it.
pub(super) struct Answer {
    pub(super) body: Vec<u8>,
}

impl Web {
    pub(super) const fn new(
        url: Url,
        headers: Vec<(String, SecretSource)>,
        ca: Option<PathBuf>,
    ) -> Self {
        Self { url, headers, ca, agent: None }
    }

    /// Posts JSON, with these headers beside the configured ones.
    pub(super) fn post(&mut self, body: &[u8], more: &[(&str, String)]) -> Result<Answer, Trouble> {
        let sent = self.try_post(body, more);
        if sent.is_err() {
            // The authorities may be others by the next time.
            self.agent = None;
        }
        sent
    }

    fn try_post(&mut self, body: &[u8], more: &[(&str, String)]) -> Result<Answer, Trouble> {
        let agent = match &self.agent {
            Some(agent) => agent.clone(),
            None => self.agent()?,
        };
        self.agent = Some(agent.clone());
        let mut request = agent.post(self.url.as_str()).header("content-type", "application/json");
        for (name, value) in more {
            request = request.header(*name, value);
        }
        for (name, source) in &self.headers {
            let secret = read_secret(&format!("the header {name}"), source);
            let secret = secret.map_err(|error| Trouble::new(error.to_string()))?;
            let value = ureq::http::HeaderValue::from_bytes(secret.expose());
            let mut value = value
                .map_err(|_| Trouble::new(format!("the header {name} holds what no header can")))?;
            value.set_sensitive(true);
            request = request.header(name, value);
        }
        let address = self.address();
        let failed = |error: ureq::Error| Trouble::new(format!("{address}: {error}"));
        let mut response = request.send(body).map_err(failed)?;
        let status = response.status().as_u16();
        let header = |name: &str| {
            let value = response.headers().get(name)?;
            value.to_str().ok().map(ToOwned::to_owned)
        };
        let after = header("retry-after").and_then(|value| patience(&value));
        if (200..300).contains(&status) {
            let limited = response.body_mut().with_config().limit(LONGEST);
            // It was taken, whatever becomes of the rest of the answer.
            return Ok(Answer { body: limited.read_to_vec().unwrap_or_default() });
        }
        Err(Trouble {
            why: format!("{address} answered {status}"),
            after,
            // The server is not ready, or nobody is there for it.
            refused: !matches!(status, 408 | 413 | 425 | 429 | 500..),
            too_much: status == 413,
        })
    }

    /// What the log may say: the query may hold a token.
    fn address(&self) -> String {
        let mut url = self.url.clone();
        url.set_query(None);
        url.set_fragment(None);
        url.into()
    }

    fn agent(&self) -> Result<ureq::Agent, Trouble> {
        let roots = match &self.ca {
            None => RootCerts::WebPki,
            Some(path) => {
                let pem = fs::read(path)
                    .map_err(|error| Trouble::io(&path.display().to_string(), &error))?;
                RootCerts::Specific(Arc::new(authorities(&pem)?))
            }
        };
        // What goes in clear goes to this machine: no proxy of the environment has a part in it.
        let secure = self.url.scheme() == "https";
        let proxy = secure.then(ureq::Proxy::try_from_env).flatten();
        Ok(ureq::Agent::config_builder()
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(DEADLINE))
            // A redirect would move trust to a host that nobody configured.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .proxy(proxy)
            .user_agent("sluice")
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .build()
            .new_agent())
    }
}

fn authorities(pem: &[u8]) -> Result<Vec<Certificate<'static>>, Trouble> {
    let mut found = Vec::new();
    for item in parse_pem(pem) {
        if let PemItem::Certificate(certificate) =
            item.map_err(|error| Trouble::new(format!("`ca`: {error}")))?
        {
            found.push(certificate);
        }
    }
    if found.is_empty() {
        return Err(Trouble::new("`ca`: there is no certificate in it"));
    }
    Ok(found)
}

/// How long a server asks to be left alone, in seconds or until a date.
fn patience(value: &str) -> Option<Duration> {
    let asked = match value.trim().parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => httpdate::parse_http_date(value.trim())
            .ok()?
            .duration_since(SystemTime::now())
            .unwrap_or_default(),
    };
    Some(asked.min(PATIENCE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_left_alone_for_as_long_as_it_asks_within_reason() {
        for (value, seconds) in [
            ("7", Some(7)),
            (" 0 ", Some(0)),
            ("99999999", Some(600)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(600)),
            ("soon", None),
            ("-1", None),
        ] {
            assert_eq!(patience(value).map(|time| time.as_secs()), seconds, "{value}");
        }
    }
}
