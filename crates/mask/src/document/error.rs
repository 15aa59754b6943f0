/// Why a document goes no further, and at which byte of all that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotJson {
    /// RFC 8259 has no such byte there.
    #[error("what stands at byte {0} is no JSON")]
    Unexpected(u64),
    /// A string that is no UTF-8.
    #[error("the string at byte {0} is no UTF-8")]
    NotUtf8(u64),
    /// Nothing more came, and the document is not whole.
    #[error("the document ends at byte {0} and is not whole")]
    Unended(u64),
    /// More arrays and objects stand in each other than any reader needs.
    #[error("what begins at byte {0} is nested too deep")]
    TooDeep(u64),
    /// The name of a member is longer than is held.
    #[error("the member's name at byte {0} is too long")]
    LongName(u64),
}
