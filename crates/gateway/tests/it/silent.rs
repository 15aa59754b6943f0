//! Targets that never answer.

use std::sync::Arc;
use std::time::Duration;

use gateway::{DialError, DialLimits, Dialer};
use model::UpstreamTls;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use crate::dialling::{grant, wanted};
use crate::house::{Nobody, Safe, resource};

#[tokio::test]
async fn a_target_that_never_answers_is_given_up() {
    let limit = Duration::from_millis(300);
    let limits = DialLimits { credential: limit, connect: limit, login: limit };
    let dialer = Dialer::new(Arc::new(Safe), Arc::new(Nobody), limits);
    for (tls, waited_for) in
        [(UpstreamTls::Require, "connecting"), (UpstreamTls::Disable, "the login")]
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut target = resource("orders", "plain", tls, "127.0.0.1");
        target.address = listener.local_addr().unwrap().to_string();
        let silence = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut heard = Vec::new();
            // Ends only when the other side gives up.
            let _ = stream.read_to_end(&mut heard).await;
            heard
        });
        let error = dialer.dial(&grant(target), wanted()).await.err();
        assert_eq!(error, Some(DialError::TimedOut(waited_for)));
        assert!(!silence.await.unwrap().is_empty());
    }
}
