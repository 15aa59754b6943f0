//! What a line must be before a parser sees it. The parser bounds its stack and its steps, but not for all
//! of its grammar: what makes it slow, or sends it deep, is counted here first.

use super::BYTES;
use super::why::{Result, unread};

/// The most expansions (`$`, a backquote) that a line may hold: its time grows with their square.
const EXPANSIONS: usize = 400;
/// The most opening braces, likewise.
const BRACES: usize = 200;
/// The most here-documents.
const DOCUMENTS: usize = 32;
/// How often words may stand that the parser follows without counting how deep.
const UNCOUNTED: usize = 10;
/// How often a pattern's group (`@(`), an array (`=(`) and arithmetic by itself (`((`) may begin: one in
/// the other, each doubles the parser's time.
const GROUPS: usize = 4;

/// What a parameter's expansion must not hold before it is closed.
pub(super) const PARAMETER: [char; 11] = ['\'', '"', '\\', '`', '(', ')', '{', '}', '<', '>', '\n'];
pub(super) const NOT_PLAIN: &str = "a parameter's other value is more than plain text";

pub(super) fn check(line: &str) -> Result<()> {
    if line.len() > BYTES {
        return unread("it is longer than 65536 bytes");
    }
    let (mut expansions, mut braces) = (0_usize, 0_usize);
    let (mut groups, mut arrays, mut doubled) = (0_usize, 0_usize, 0_usize);
    let (mut earlier, mut before) = (' ', ' ');
    for char in line.chars() {
        match char {
            '\0' => return unread("it holds a NUL"),
            '\r' => return unread("it holds a carriage return, which a shell takes for a letter"),
            '\n' | '\t' => {}
            '$' | '`' => expansions += 1,
            '{' => braces += 1,
            '(' if "@?*+!".contains(before) => groups += 1,
            '(' if before == '=' => arrays += 1,
            '(' if before == '(' && earlier != '$' => doubled += 1,
            _ if char.is_control() => return unread("it holds a control character"),
            _ if char.is_whitespace() && !char.is_ascii() => {
                return unread("it holds a blank that some shells take for a letter");
            }
            _ => {}
        }
        (earlier, before) = (before, char);
    }
    if expansions > EXPANSIONS {
        return unread("it holds more than 400 expansions");
    }
    if braces > BRACES {
        return unread("it holds more than 200 braces");
    }
    if groups > GROUPS || arrays > GROUPS || doubled > GROUPS {
        return unread("it holds more than 4 groups of patterns, arrays or double parentheses");
    }
    if line.matches("<<").count() > DOCUMENTS {
        return unread("it holds more than 32 here-documents");
    }
    let apart = |char: char| !(char.is_alphanumeric() || char == '\\');
    let joined = line.replace("\\\n", "");
    let words = joined.split(apart).filter(|word| matches!(*word, "time" | "coproc"));
    if words.count() > UNCOUNTED {
        return unread("it holds `time` or `coproc` more than 10 times");
    }
    parameters(line)
}

/// Parameters in parameters are not read, and cost the parser more than they are worth: no text gets to
/// it in which one is not closed by the first brace behind it.
fn parameters(line: &str) -> Result<()> {
    for behind in line.split("${").skip(1) {
        let plain = behind.split_once('}').is_some_and(|(inside, _)| !inside.contains(PARAMETER));
        if !plain {
            return unread(NOT_PLAIN);
        }
    }
    Ok(())
}
