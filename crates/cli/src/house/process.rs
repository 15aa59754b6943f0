//! What the process asks of the system before it holds anything worth stealing.

use rustix::process::{
    DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit,
};
use tracing::warn;

/// Fewer open files than this are too few for a gateway: a session takes two.
const FEW: u64 = 4096;

/// No core dumps and no debugger, for memory holds credentials; and as many open files as allowed.
pub(crate) fn harden() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(error) = setrlimit(Resource::Core, none) {
        warn!(%error, "core dumps could not be switched off");
    }
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        warn!(%error, "the process could not be closed to debuggers");
    }
    let files = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: files.maximum, ..files }) {
        warn!(%error, "the limit of open files could not be raised");
    }
    let now = getrlimit(Resource::Nofile).current;
    if now.is_some_and(|now| now < FEW) {
        warn!(limit = now, "few files may be open at once: raise it (ulimit -n, LimitNOFILE=)");
    }
}
