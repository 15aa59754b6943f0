//! What a session has done beside carrying bytes, each protocol in its own way.

use model::ports::{BoxFuture, Unavailable};
use model::{Drift, Inherited};

/// What columns inherit is on its way to the disk.
pub(crate) type Keeping = BoxFuture<'static, Result<(), Unavailable>>;

/// Whom a relay sends. What a protocol does not know needs nothing done.
pub(crate) trait Errands: Send {
    /// Cancels at the target what the session is executing.
    fn cancel_upstream(&self) {}

    /// Reads the target's catalogue again.
    fn refresh(&self) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }

    /// A column looks sensitive.
    fn drifted(&self, _: &Drift) {}

    /// Keeps which columns inherit from what is sent next.
    fn inherit(&self, _: Vec<Inherited>) -> Keeping {
        let none = Unavailable("nothing inherits in this protocol".to_owned());
        Box::pin(std::future::ready(Err(none)))
    }

    /// The client spoke: what is known of the target must not grow old under a session.
    fn client_spoke(&self) {}
}

/// There is nothing to be done.
pub(crate) struct NoErrands;

impl Errands for NoErrands {}
