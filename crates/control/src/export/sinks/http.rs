//! Batches, posted and signed.

use ring::hmac;
use serde_json::json;

use super::super::config;
use super::web::Web;
use super::{Parcel, Sink, Trouble};
use crate::vault::read_secret;

pub(super) struct HttpSink {
    config: config::Http,
    name: String,
    stream: String,
    web: Web,
}

impl HttpSink {
    pub(super) fn new(config: config::Http, name: String, stream: String) -> Self {
        let web = Web::new(config.url.clone(), config.headers.clone(), config.ca.clone());
        Self { config, name, stream, web }
    }
}

impl Sink for HttpSink {
    fn send(&mut self, parcel: &Parcel<'_>) -> Result<(), Trouble> {
        let (Some(first), Some(last)) = (parcel.told.first(), parcel.told.last()) else {
            return Ok(());
        };
        let (first, last) = (first.sequence, last.sequence);
        let body = body(&self.name, &self.stream, parcel);
        let key = format!("{}-{first}-{last}", self.stream);
        let mut headers = vec![("idempotency-key", key)];
        if let Some(source) = &self.config.secret {
            let secret = read_secret(&format!("export {}", self.name), source);
            let secret = secret.map_err(|error| Trouble::new(error.to_string()))?;
            let signature = signature(secret.expose(), parcel.now.as_secs(), &body);
            headers.push(("sluice-signature", signature));
        }
        self.web.post(&body, &headers).map(drop)
    }

    fn most(&self) -> usize {
        self.config.batch
    }
}

/// `{"target":…,"stream":…,"first":…,"last":…,"events":[…]}`. The events stand in it as they are.
fn body(name: &str, stream: &str, parcel: &Parcel<'_>) -> Vec<u8> {
    let sequence = |told: Option<&super::super::render::Told>| told.map(|told| told.sequence);
    let head = json!({
        "target": name,
        "stream": stream,
        "first": sequence(parcel.told.first()),
        "last": sequence(parcel.told.last()),
    });
    let mut body = head.to_string();
    body.pop();
    body.push_str(",\"events\":[");
    for (index, told) in parcel.told.iter().enumerate() {
        if index > 0 {
            body.push(',');
        }
        body.push_str(&told.json);
    }
    body.push_str("]}");
    body.into_bytes()
}

/// HMAC-SHA256 over the time, a dot, and the body.
fn signature(secret: &[u8], time: u64, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let mut context = hmac::Context::with_key(&key);
    context.update(format!("{time}.").as_bytes());
    context.update(body);
    format!("t={time},v1={}", hex::encode(context.sign()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_what_the_page_says_it_is() {
        // printf '1700000000.{}' | openssl dgst -sha256 -hmac key
        assert_eq!(
            signature(b"key", 1_700_000_000, b"{}"),
            "t=1700000000,v1=9d713ed406bb7076d4123f0dc2c39d2df5c654ed4b0cd56b52c8b4c940bd63ae"
        );
    }
}
