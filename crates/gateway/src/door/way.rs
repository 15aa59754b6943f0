//! The way in. The order of the steps is a list, and each step takes what only the one before it makes: there is no way
//! to a target past any of them.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use metrics::counter;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use crate::lobby::Place;

/// One step of a client's way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The connection is protected, and the client says who it is or shows it.
    Greet,
    /// Whose token, certificate or key it is.
    Identify,
    /// Whether it is who it says.
    Name,
    /// Whether it may open what it asks for. Makes the grant.
    Authorize,
    /// The recording is begun, or there is no session.
    Record,
    /// The target is opened, which takes the grant.
    Dial,
    /// The client is let in.
    Admit,
}

/// The way in.
pub const STEPS: [Step; 7] = [
    Step::Greet,
    Step::Identify,
    Step::Name,
    Step::Authorize,
    Step::Record,
    Step::Dial,
    Step::Admit,
];

/// A connection.
pub(crate) struct Arrived {
    pub(crate) socket: TcpStream,
    pub(crate) from: SocketAddr,
}

/// A protocol's own way of taking the steps.
pub(crate) trait Way: Send + Sync + 'static {
    /// The protocol, as resources and metrics call it.
    const PROTOCOL: &'static str;
    /// How far somebody came.
    type Visit: From<Arrived> + Send;
    /// Somebody who does not come further.
    type Turned: Turned;

    /// How long somebody may take up to the end of a step, from the connection on; `None`: the step itself knows.
    fn patience(&self, step: Step) -> Option<Duration>;

    /// What one hears who is one too many.
    fn crowded() -> Bytes;

    /// Takes one step. `guest` is dropped when the session is over.
    fn take<G: Send + 'static>(
        self: &Arc<Self>,
        step: Step,
        visit: Self::Visit,
        guest: &mut Option<G>,
    ) -> impl Future<Output = Result<Self::Visit, Self::Turned>> + Send;
}

/// Somebody who does not come further.
pub(crate) trait Turned: Send {
    /// Why, in a word for a metric.
    fn reason(&self) -> &'static str;

    /// Says so and closes.
    fn leave(self) -> impl Future<Output = ()> + Send;
}

/// Takes somebody from the connection to the session's end. `guest` is whatever has to live as long as the visit does.
pub(crate) async fn visit<W: Way, G: Send + 'static>(
    way: Arc<W>,
    arrived: Arrived,
    place: Place,
    guest: G,
) {
    let begun = Instant::now();
    let mut visit = W::Visit::from(arrived);
    let (mut place, mut guest) = (Some(place), Some(guest));
    for step in STEPS {
        let taken = Box::pin(way.take(step, visit, &mut guest));
        let taken = match way.patience(step) {
            Some(patience) => match timeout_at(begun + patience, taken).await {
                Ok(taken) => taken,
                Err(_) => {
                    counter!("sluice_handshakes_timed_out_total", "protocol" => W::PROTOCOL)
                        .increment(1);
                    return;
                }
            },
            None => taken.await,
        };
        visit = match taken {
            Ok(visit) => visit,
            Err(turned) => {
                counter!("sluice_connections_turned_away_total", "protocol" => W::PROTOCOL, "reason" => turned.reason())
                    .increment(1);
                return turned.leave().await;
            }
        };
        if step == Step::Name {
            // Somebody who is somebody no longer waits in the lobby.
            drop(place.take());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_reaches_a_target_before_being_known_allowed_and_recorded() {
        let at = |step| STEPS.iter().position(|other| *other == step);
        for (earlier, later) in [
            (Step::Greet, Step::Identify),
            (Step::Identify, Step::Name),
            (Step::Name, Step::Authorize),
            (Step::Authorize, Step::Record),
            (Step::Record, Step::Dial),
            (Step::Dial, Step::Admit),
        ] {
            assert!(at(earlier).is_some() && at(earlier) < at(later), "{earlier:?} {later:?}");
        }
    }
}
