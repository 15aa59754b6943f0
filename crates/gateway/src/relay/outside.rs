//! What happens to a session from outside, looked at only when it happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures::task::AtomicWaker;
use model::ports::BoxFuture;
use tokio::sync::mpsc;

use super::Signal;

/// The end of the session, and signals to it. A session is woken for every message of its peers, and
/// seldom by any of these: they ring a bell of their own, and are looked at when it rang.
pub(crate) struct Outside {
    must_end: BoxFuture<'static, String>,
    signals: mpsc::Receiver<Signal>,
    bell: Arc<Bell>,
    /// What the two above wake.
    ringer: Waker,
}

/// What came from outside.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum News {
    /// The session must end, and the client is told why.
    MustEnd(String),
    Signal(Signal),
}

#[derive(Default)]
struct Bell {
    rung: AtomicBool,
    session: AtomicWaker,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, Ordering::SeqCst);
        self.session.wake();
    }
}

impl Outside {
    /// `must_end` resolves when the session must end, with what the client is told.
    pub(crate) fn new(
        must_end: BoxFuture<'static, String>,
        signals: mpsc::Receiver<Signal>,
    ) -> Self {
        // It has rung: what is outside by now was not looked at yet.
        let bell = Arc::new(Bell { rung: AtomicBool::new(true), ..Bell::default() });
        Self { must_end, signals, ringer: Waker::from(Arc::clone(&bell)), bell }
    }

    /// The next thing that came from outside. `Pending`: nothing more came, and `cx` is woken when
    /// something does.
    pub(super) fn poll(&mut self, cx: &Context<'_>) -> Poll<News> {
        // Before the bell is looked at: a ring in between is heard.
        self.bell.session.register(cx.waker());
        if !self.bell.rung.swap(false, Ordering::SeqCst) {
            return Poll::Pending;
        }
        let mut ringer = Context::from_waker(&self.ringer);
        if let Poll::Ready(why) = self.must_end.as_mut().poll(&mut ringer) {
            return Poll::Ready(News::MustEnd(why));
        }
        match self.signals.poll_recv(&mut ringer) {
            Poll::Ready(Some(signal)) => {
                // There may be another behind it.
                self.bell.rung.store(true, Ordering::SeqCst);
                Poll::Ready(News::Signal(signal))
            }
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use tokio::sync::oneshot;

    use super::*;

    #[derive(Default)]
    struct Counter(AtomicUsize);

    impl Wake for Counter {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn what_comes_from_outside_wakes_the_session_and_is_all_told() {
        let (end, ended) = oneshot::channel::<String>();
        let (sender, signals) = mpsc::channel(4);
        let must_end = Box::pin(async move { ended.await.unwrap_or_default() });
        let mut outside = Outside::new(must_end, signals);
        let woken = Arc::new(Counter::default());
        let waker = Waker::from(Arc::clone(&woken));
        let cx = Context::from_waker(&waker);
        assert_eq!(outside.poll(&cx), Poll::Pending);

        sender.try_send(Signal::Cancel).unwrap();
        sender.try_send(Signal::Cancel).unwrap();
        assert!(woken.0.load(Ordering::SeqCst) > 0);
        assert_eq!(outside.poll(&cx), Poll::Ready(News::Signal(Signal::Cancel)));
        assert_eq!(outside.poll(&cx), Poll::Ready(News::Signal(Signal::Cancel)));
        assert_eq!(outside.poll(&cx), Poll::Pending);

        // It may run on behalf of another waker by then.
        let later = Arc::new(Counter::default());
        let waker = Waker::from(Arc::clone(&later));
        let cx = Context::from_waker(&waker);
        assert_eq!(outside.poll(&cx), Poll::Pending);
        end.send("over".to_owned()).unwrap();
        assert_eq!(later.0.load(Ordering::SeqCst), 1);
        assert_eq!(outside.poll(&cx), Poll::Ready(News::MustEnd("over".to_owned())));
    }

    #[test]
    fn an_end_that_was_told_before_the_first_look_is_seen() {
        let (_sender, signals) = mpsc::channel(1);
        let mut outside = Outside::new(Box::pin(std::future::ready("now".to_owned())), signals);
        let cx = Context::from_waker(Waker::noop());
        assert_eq!(outside.poll(&cx), Poll::Ready(News::MustEnd("now".to_owned())));
    }
}
