use regex_automata::meta::{Config, Regex};
use regex_automata::util::syntax;
use regex_automata::{Input, MatchKind};

use super::DefinitionError;

/// A compiled pattern holds no more bytes than this; its lazily built states no more than that.
const LARGEST: usize = 1 << 20;
/// One search reads no further than this. It bounds what a pattern that looks far ahead of each match costs.
const WINDOW: usize = 1024;
/// Nothing longer is found for sure.
const LONGEST: usize = 512;

/// A regular expression over bytes that is matched in linear time.
pub(super) struct Pattern(Regex);

impl Pattern {
    pub(super) fn new(class: &str, pattern: &str) -> Result<Self, DefinitionError> {
        let limits = Config::new()
            .match_kind(MatchKind::LeftmostFirst)
            .utf8_empty(false)
            .nfa_size_limit(Some(LARGEST))
            .hybrid_cache_capacity(LARGEST);
        let regex = Regex::builder()
            .configure(limits)
            .syntax(syntax::Config::new().unicode(false).utf8(false).nest_limit(64))
            .build(pattern)
            .map_err(|error| {
                let why = std::error::Error::source(&error)
                    .map_or_else(|| error.to_string(), ToString::to_string);
                DefinitionError::Pattern { class: class.into(), why }
            })?;
        if regex.is_match("") {
            return Err(DefinitionError::MatchesEmpty { class: class.into() });
        }
        Ok(Self(regex))
    }

    /// Every match, in order and not overlapping.
    pub(super) fn each(&self, text: &[u8], found: &mut impl FnMut(usize, usize)) {
        let mut at = 0;
        while at < text.len() {
            let limit = (at + WINDOW).min(text.len());
            let input = Input::new(text).span(at..limit);
            at = match self.0.find(input) {
                // It may go on behind the window.
                Some(cut) if cut.end() == limit && limit < text.len() && cut.start() > at => {
                    cut.start()
                }
                Some(whole) => {
                    if !whole.is_empty() {
                        found(whole.start(), whole.end());
                    }
                    whole.end().max(whole.start() + 1)
                }
                None if limit == text.len() => return,
                None => at + WINDOW - LONGEST,
            };
        }
    }
}
