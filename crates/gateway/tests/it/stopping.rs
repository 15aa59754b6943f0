//! How sessions end from outside.

use std::time::Duration;

use gateway::{Limits, ServeError};

use crate::client::Raw;
use crate::house::{eventually, stand};

#[tokio::test]
async fn a_gateway_that_stops_says_so_to_every_session() {
    let standing = stand(true, true, Limits::default());
    let port = standing.port();
    let mut sessions: Vec<Raw> = (0..4).map(|_| Raw::connect(port)).collect();
    for raw in &mut sessions {
        raw.login("ann", "orders");
    }
    let (story, serving) = (std::sync::Arc::clone(&standing.story), standing.serving);
    serving.stop(Duration::from_secs(20)).await;
    for raw in &mut sessions {
        assert_eq!(raw.farewell(), "57P01 terminating connection due to administrator command");
    }
    assert_eq!(story.ended.lock().unwrap().len(), 4);
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn a_session_that_must_end_is_told_why() {
    let standing = stand(true, true, Limits::default());
    let mut raw = Raw::connect(standing.port());
    raw.login("ann", "orders");
    standing.story.kill.send_replace(Some("the token was revoked".to_owned()));
    assert_eq!(raw.farewell(), "57P01 the token was revoked");
    eventually(|| *standing.story.ended.lock().unwrap() == ["the token was revoked"]);
}

#[test]
fn a_listener_that_would_be_open_to_nobody_or_to_everybody_does_not_start() {
    let gateway = |address: &str, clear| {
        let standing = stand(true, true, Limits::default());
        let listen =
            gateway::Listen { address: address.parse().unwrap(), tls: None, clear, threads: 1 };
        standing.gateway().serve_postgres(listen).err()
    };
    assert!(matches!(gateway("127.0.0.1:0", false), Some(ServeError::NobodyCanCome(_))));
    assert!(matches!(gateway("0.0.0.0:0", true), Some(ServeError::ClearOffLoopback(_))));
}
