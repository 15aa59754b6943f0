//! Cancel keys of our own making, and who may cancel what with them.
//!
//! ```text
//!   CancelRequest ─► Cancels: key ─► session's relay ─┬─ a command is held: it is withdrawn
//!    (any core)                                       └─ else ─► the target, with the target's key
//! ```
//!
//! A client is told a key that only the gateway knows. Whoever shows another learns nothing and
//! does nothing; the target's own key never leaves the gateway.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use wire::postgres::startup::CancelKey;

use crate::chance::{self, NoRandomness};
use crate::dial::Target;
use crate::relay::Signal;

/// How long whoever asks is kept waiting until the target was asked too. A driver takes the end of
/// the wait for the end of the cancelling, and then sends its next statement.
const PATIENCE: Duration = Duration::from_secs(2);

/// Requests to one target that are on their way at the same time; more ask for the same.
const MOST_UNDER_WAY: u32 = 4;

/// The sessions that can be cancelled. Shared by all cores.
#[derive(Clone, Default)]
pub(crate) struct Cancels(Arc<Mutex<HashMap<u32, Entry>>>);

struct Entry {
    secret: Box<[u8]>,
    asked: Asked,
}

/// The way of a request to a session.
#[derive(Clone)]
struct Asked {
    signals: mpsc::Sender<Signal>,
    under_way: watch::Receiver<u32>,
}

/// A session's place among those that can be cancelled; free again when it is dropped.
pub(crate) struct Cancellable {
    key: CancelKey,
    cancels: Cancels,
}

/// The session's end of it.
pub(crate) struct Cancelling {
    /// Where requests arrive.
    pub(crate) signals: mpsc::Receiver<Signal>,
    /// Where it is said how many are on their way to the target.
    pub(crate) under_way: watch::Sender<u32>,
}

impl Cancellable {
    /// The key its client is told.
    pub(crate) const fn key(&self) -> &CancelKey {
        &self.key
    }
}

impl Cancels {
    /// Makes a key with a secret of `length` bytes, and says where its requests arrive.
    pub(crate) fn register(
        &self,
        length: usize,
    ) -> Result<(Cancellable, Cancelling), NoRandomness> {
        let mut secret = vec![0; length].into_boxed_slice();
        chance::fill(&mut secret)?;
        // One request waits at most; whoever brings another waits with it.
        let (sender, signals) = mpsc::channel(1);
        let (under_way, watched) = watch::channel(0);
        loop {
            // A process number is positive for every client, and never 0.
            let process = u32::from_be_bytes(chance::bytes()?) >> 1;
            let mut entries = self.entries();
            if process == 0 || entries.contains_key(&process) {
                continue;
            }
            let asked = Asked { signals: sender, under_way: watched };
            entries.insert(process, Entry { secret: secret.clone(), asked });
            let key = CancelKey { process, secret };
            return Ok((
                Cancellable { key, cancels: self.clone() },
                Cancelling { signals, under_way },
            ));
        }
    }

    /// Passes a request on to the session whose key it carries, and waits until that has seen to it.
    pub(crate) async fn ask(&self, key: &CancelKey) -> bool {
        let Some(mut asked) = self.find(key) else { return false };
        let seen_to = async {
            // Where there is no room another request was not taken yet, or the room is kept for somebody who waits here
            // for theirs to be taken: that says nothing of this one.
            if asked.signals.send(Signal::Cancel).await.is_err() {
                return;
            }
            // There is room again once the relay has taken it, and then the target is being asked.
            if asked.signals.reserve().await.is_ok() {
                let _ = asked.under_way.wait_for(|count| *count == 0).await;
            }
        };
        let _ = timeout(PATIENCE, seen_to).await;
        true
    }

    fn find(&self, key: &CancelKey) -> Option<Asked> {
        let entries = self.entries();
        let entry = entries.get(&key.process)?;
        same(&entry.secret, &key.secret).then(|| entry.asked.clone())
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, HashMap<u32, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Cancellable {
    fn drop(&mut self) {
        self.cancels.entries().remove(&self.key.process);
    }
}

/// What a relay calls to cancel at the target: it asks in a connection of its own and waits for nothing.
pub(crate) fn at_target(target: Target, under_way: watch::Sender<u32>) -> Box<dyn Fn() + Send> {
    let target = Arc::new(target);
    Box::new(move || {
        let mut room = false;
        under_way.send_modify(|count| {
            room = *count < MOST_UNDER_WAY;
            *count += u32::from(room);
        });
        if room {
            let (target, under_way) = (Arc::clone(&target), under_way.clone());
            tokio::spawn(async move {
                target.cancel().await;
                under_way.send_modify(|count| *count = count.saturating_sub(1));
            });
        }
    })
}

/// In a time that tells only how long they are.
fn same(secret: &[u8], shown: &[u8]) -> bool {
    secret.len() == shown.len()
        && secret.iter().zip(shown).fold(0, |different, (a, b)| different | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_key_reaches_its_own_session_and_no_other() {
        let cancels = Cancels::default();
        let mut sessions: Vec<_> =
            (0..200).map(|round| cancels.register([4, 32][round % 2]).unwrap()).collect();
        for index in 0..sessions.len() {
            let key = sessions[index].0.key().clone();
            let asking = tokio::spawn({
                let cancels = cancels.clone();
                async move { cancels.ask(&key).await }
            });
            assert_eq!(sessions[index].1.signals.recv().await, Some(Signal::Cancel));
            assert!(asking.await.unwrap());
            for (_, other) in &mut sessions {
                assert!(other.signals.try_recv().is_err());
            }
        }
    }

    #[tokio::test]
    async fn a_wrong_key_does_nothing() {
        let cancels = Cancels::default();
        let (first, mut session) = cancels.register(32).unwrap();
        let (second, _session) = cancels.register(32).unwrap();
        let (process, secret) = (first.key().process, &first.key().secret);
        let mut flipped = secret.clone();
        flipped[31] ^= 1;
        for (process, secret) in [
            (process, flipped),
            (process, secret[..31].into()),
            (process, secret[..4].into()),
            (process, Box::default()),
            (process, second.key().secret.clone()),
            (process ^ 1, secret.clone()),
            (process ^ 1, Box::default()),
        ] {
            assert!(!cancels.ask(&CancelKey { process, secret }).await);
        }
        assert!(session.signals.try_recv().is_err());
    }

    #[tokio::test]
    async fn a_session_that_ended_cannot_be_cancelled() {
        let cancels = Cancels::default();
        let (session, cancelling) = cancels.register(4).unwrap();
        let key = session.key().clone();
        drop((session, cancelling));
        assert!(!cancels.ask(&key).await);
        assert!(cancels.entries().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_is_not_lost_while_somebody_waits_for_an_earlier_one() {
        let cancels = Cancels::default();
        let (session, mut cancelling) = cancels.register(4).unwrap();
        let mut first = Box::pin(cancels.ask(session.key()));
        let mut second = Box::pin(cancels.ask(session.key()));
        assert!(futures::poll!(&mut first).is_pending());
        assert_eq!(cancelling.signals.try_recv(), Ok(Signal::Cancel));
        // The first does not know yet that it was taken.
        assert!(futures::poll!(&mut second).is_pending());
        let taken = timeout(PATIENCE / 2, cancelling.signals.recv());
        let (_, _, taken) = tokio::join!(first, second, taken);
        assert_eq!(taken, Ok(Some(Signal::Cancel)));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_asks_waits_until_the_target_was_asked_but_not_for_ever() {
        let cancels = Cancels::default();
        let (session, mut cancelling) = cancels.register(4).unwrap();
        let key = session.key().clone();
        let asking = tokio::spawn(async move { cancels.ask(&key).await });
        cancelling.under_way.send_replace(1);
        cancelling.signals.recv().await;
        tokio::time::sleep(PATIENCE / 2).await;
        assert!(!asking.is_finished());
        cancelling.under_way.send_replace(0);
        assert!(asking.await.unwrap());
    }
}
