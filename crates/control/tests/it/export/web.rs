//! Servers that are posted to.

use std::time::Duration;

use control::Clock;
use control::export::{Http, Otlp, To};
use model::{SecretSource, Timestamp};
use serde_json::Value;

use super::collector::{Collector, Mood, Post};
use super::{Desk, http, in_order, of_kind, reopened, target, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_too_large_goes_in_smaller_ones() {
    let folder = tempfile::tempdir().unwrap();
    let server = Collector::start([
        Mood::Answer("413 Content Too Large"),
        Mood::Answer("413 Content Too Large"),
    ]);
    let desk = Desk::open(folder.path(), vec![http(&server, 100)]).await;
    desk.session(1, 20);
    until("everything is there", || of_kind(&server.events(true), "session.closed") == 1);
    let counts = server.posts();
    let counts: Vec<_> =
        counts.iter().map(|post| post.json()["events"].as_array().unwrap().len()).collect();
    assert!(counts[1] <= counts[0] / 2 + 1 && counts[2] <= counts[1] / 2 + 1, "{counts:?}");
    assert_eq!(in_order(&server.events(true)).len(), 42);
    desk.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_not_followed_and_a_refusal_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = Collector::start([]);
    let to = format!("302 Found\r\nlocation: http://{}/in", elsewhere.address);
    let server = Collector::start(vec![Mood::Answer(String::leak(to))]);
    let desk = Desk::open(folder.path(), vec![http(&server, 100)]).await;
    desk.session(1, 1);
    until("it was tried", || !server.posts().is_empty());
    std::thread::sleep(Duration::from_millis(300));
    assert!(elsewhere.posts().is_empty());
    // It is tried again after a while; somebody who put it right restarts the gateway.
    assert_eq!(server.posts().len(), 1);
    desk.close();
    let desk = reopened(folder.path(), http(&server, 100)).await;
    until("everything is there", || of_kind(&server.events(true), "session.closed") == 1);
    in_order(&server.events(false));
    desk.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_posted_is_signed_and_carries_the_configured_headers() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    let token = folder.path().join("token");
    std::fs::write(&secret, "hunter2\n").unwrap();
    std::fs::write(&token, "Bearer abc").unwrap();
    let server = Collector::start([]);
    let to = To::Http(Http {
        url: server.url("/in?x=1"),
        secret: Some(SecretSource::File(secret)),
        batch: 100,
        headers: vec![("authorization".into(), SecretSource::File(token))],
        ca: None,
    });
    let desk = Desk::open(folder.path(), vec![target("siem", to)]).await;
    desk.session(1, 1);
    until("something was posted", || !server.posts().is_empty());
    desk.close();
    let post = server.posts().remove(0);
    assert_eq!(post.path, "/in?x=1");
    assert_eq!(post.headers["authorization"], "Bearer abc");
    assert_eq!(post.headers["content-type"], "application/json");
    let (time, tag) = post.headers["sluice-signature"].split_once(",v1=").unwrap();
    let time = time.strip_prefix("t=").unwrap();
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"hunter2");
    let message = format!("{time}.{}", post.body);
    ring::hmac::verify(&key, message.as_bytes(), &hex::decode(tag).unwrap()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opentelemetry_collector_gets_log_records() {
    let folder = tempfile::tempdir().unwrap();
    let server = Collector::start([Mood::Answer("503 Service Unavailable")]);
    let to =
        To::Otlp(Otlp { url: server.url("/v1/logs"), batch: 100, headers: Vec::new(), ca: None });
    let desk = Desk::open(folder.path(), vec![target("otel", to)]).await;
    desk.session(1, 2);
    let records = || -> Vec<Value> {
        let posts = server.posts();
        let taken = posts.iter().filter(|post| post.taken);
        let records = |post: &Post| {
            post.json()["resourceLogs"][0]["scopeLogs"][0]["logRecords"].as_array().unwrap().clone()
        };
        taken.flat_map(records).collect()
    };
    until("everything is there", || records().len() == 6);
    desk.close();
    let posts = server.posts();
    assert!(posts.iter().all(|post| post.path == "/v1/logs"));
    let resource = &posts[0].json()["resourceLogs"][0]["resource"]["attributes"];
    assert_eq!(resource[0]["key"], "service.name");
    for (index, record) in records().iter().enumerate() {
        let time: u64 = record["timeUnixNano"].as_str().unwrap().parse().unwrap();
        assert!(Timestamp::from_micros(time / 1000) <= Clock::system().now());
        assert!(record["severityNumber"].as_u64().unwrap() >= 9);
        let attribute = |key: &str| {
            let attributes = record["attributes"].as_array().unwrap();
            attributes.iter().find(|one| one["key"] == key).unwrap()["value"].clone()
        };
        assert_eq!(attribute("sluice.sequence")["intValue"], (index + 1).to_string());
        assert_eq!(attribute("event.name")["stringValue"], record["eventName"]);
        assert!(record["body"]["kvlistValue"]["values"].is_array());
    }
}
