//! The expansions of a word in the parser's tree.

use shuck_ast::{Pattern, PatternPart, WordPart, WordPartNode};

use super::NODE;
use crate::shell::quoting::{Kind, Part};
use crate::shell::why::{Result, unread};

/// The expansions among the parts of a word, in the order in which they stand.
pub(super) fn parts(parts: &[WordPartNode]) -> Result<Vec<Part>> {
    let mut found = Vec::new();
    flatten(parts, &mut found)?;
    Ok(found)
}

/// The same of a pattern.
pub(super) fn pattern_parts(pattern: &Pattern) -> Result<Vec<Part>> {
    let mut found = Vec::new();
    for part in &pattern.parts {
        match &part.kind {
            PatternPart::Literal(_)
            | PatternPart::AnyString
            | PatternPart::AnyChar
            | PatternPart::CharClass(_) => {}
            PatternPart::Word(word) => flatten(&word.parts, &mut found)?,
            PatternPart::Group { .. } => return unread(NODE),
        }
    }
    Ok(found)
}

fn flatten(parts: &[WordPartNode], found: &mut Vec<Part>) -> Result<()> {
    for part in parts {
        let kind = match &part.kind {
            WordPart::Literal(_) | WordPart::SingleQuoted { .. } => continue,
            WordPart::DoubleQuoted { parts, .. } => {
                flatten(parts, found)?;
                continue;
            }
            WordPart::Variable(_)
            | WordPart::Parameter(_)
            | WordPart::ParameterExpansion { .. }
            | WordPart::Length(_)
            | WordPart::ArrayAccess(_)
            | WordPart::ArrayLength(_)
            | WordPart::Substring { .. }
            | WordPart::ArraySlice { .. }
            | WordPart::Transformation { .. } => Kind::Parameter,
            WordPart::CommandSubstitution { .. } => Kind::Command,
            WordPart::ProcessSubstitution { .. } => Kind::Process,
            WordPart::ArithmeticExpansion { .. } => Kind::Arithmetic,
            WordPart::ZshQualifiedGlob(_)
            | WordPart::ArrayIndices(_)
            | WordPart::IndirectExpansion { .. }
            | WordPart::PrefixMatch { .. } => return unread(NODE),
        };
        found.push(Part { start: part.span.start.offset(), end: part.span.end.offset(), kind });
    }
    Ok(())
}
