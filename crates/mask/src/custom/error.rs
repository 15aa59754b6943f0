use crate::scan::ident::check::names;

/// What is wrong with a class's definition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DefinitionError {
    /// A class of this house has that name.
    #[error("class `{class}` is known already: give yours another name")]
    Shadows {
        /// The class.
        class: String,
    },
    /// It says nothing that could be found.
    #[error("class `{class}` needs a pattern or a dictionary")]
    Nothing {
        /// The class.
        class: String,
    },
    /// A word of its dictionary or context is empty.
    #[error("class `{class}` has an empty word in its dictionary or context")]
    EmptyWord {
        /// The class.
        class: String,
    },
    /// The pattern does not compile, or is too large.
    #[error(
        "class `{class}`: the pattern is not a regular expression that can be used here: {why}"
    )]
    Pattern {
        /// The class.
        class: String,
        /// What the compiler says.
        why: String,
    },
    /// The pattern would find nothing everywhere.
    #[error("class `{class}`: the pattern matches the empty text; write `+` for `*`")]
    MatchesEmpty {
        /// The class.
        class: String,
    },
    /// The dictionary is too large.
    #[error("class `{class}`: the dictionary cannot be used: {why}")]
    Dictionary {
        /// The class.
        class: String,
        /// What the compiler says.
        why: String,
    },
    /// There is no such check.
    #[error("class `{class}`: no checksum is called `{checksum}`; there are {known}", known = names())]
    Checksum {
        /// The class.
        class: String,
        /// What was asked for.
        checksum: String,
    },
}
