//! What can be wrong with a recording.

/// A recording cannot be read further.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at byte {position}: {fault}")]
pub struct Damage {
    /// Up to this byte the chain holds; up to the last checkpoint before it, it is as it was written.
    pub position: u64,
    /// What is wrong there.
    pub fault: Fault,
}

/// What can be wrong with a recording.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The file ends in the middle of something.
    #[error("the recording ends in the middle of a block")]
    EndsEarly,
    /// It is no recording, or not one this program can read.
    #[error("not a recording: {0}")]
    NotOne(&'static str),
    /// A length that no writer writes.
    #[error("a block claims to be {0} bytes long")]
    Length(u32),
    /// The chain does not hold.
    #[error("the hash chain breaks: something was changed, removed or inserted")]
    Chain,
    /// The chain holds, but what it holds is not in the format.
    #[error("{0}")]
    Malformed(&'static str),
    /// The key does not open what was sealed.
    #[error("a block is not sealed by this session's key")]
    Sealed,
    /// The signature is not that of the key.
    #[error("the signature is not the key's")]
    Signature,
    /// It was signed by another key than the one it is checked against.
    #[error("signed by the key {signed_by}, checked against the key {checked_against}")]
    OtherKey {
        /// The one it names.
        signed_by: String,
        /// The one it was checked against.
        checked_against: String,
    },
    /// Signed numbers do not fit what was read.
    #[error("a checkpoint does not fit what comes before it")]
    Numbers,
    /// Nothing in it is signed.
    #[error("nothing in it is signed")]
    Unsigned,
    /// There is more after its end.
    #[error("something follows the end of the recording")]
    AfterTheEnd,
}
