//! Texts whose tree is far larger than they are. The tokens tell before the tree is made.

use pg_query::protobuf::{ScanToken, Token};

use crate::{Limits, Unreadable};

/// The most nodes an assignment of lists may multiply into.
const LARGEST_PRODUCT: usize = 1 << 20;

/// Below this length no product is worth looking for.
const SHORT: usize = 1024;

/// Refuses a text whose tree would be out of all proportion.
pub(super) fn keeps_proportion(text: &str, limits: &Limits) -> Result<(), Unreadable> {
    // No token is shorter than a byte.
    let may_be_many = text.len() > limits.tokens;
    let may_multiply = text.len() >= SHORT && may_assign_lists(text.as_bytes());
    if !may_be_many && !may_multiply {
        return Ok(());
    }
    // What does not scan will not parse, and the parser says why.
    let Ok(scanned) = pg_query::scan(text) else { return Ok(()) };
    if scanned.tokens.len() > limits.tokens {
        return Err(Unreadable::new(format!("it holds more than {} tokens", limits.tokens)));
    }
    if may_multiply && multiplies(&scanned.tokens) {
        return Err(Unreadable::new("its list of columns and values multiplies beyond measure"));
    }
    Ok(())
}

/// `SET (a, b, …) = (x, y, …)` gives every column on the left its own copy of all that stands on the
/// right: some tens of kilobytes of it become gigabytes.
fn multiplies(tokens: &[ScanToken]) -> bool {
    let tokens: Vec<&ScanToken> = tokens
        .iter()
        .filter(|token| !matches!(token.token(), Token::SqlComment | Token::CComment))
        .collect();
    let mut product = 0_usize;
    // How many commas there were since each parenthesis that is still open.
    let mut open: Vec<usize> = Vec::new();
    for (index, pair) in tokens.windows(2).enumerate() {
        let [token, next] = pair else { continue };
        match token.token() {
            Token::Ascii40 => open.push(0),
            Token::Ascii44 => {
                if let Some(commas) = open.last_mut() {
                    *commas += 1;
                }
            }
            Token::Ascii41 => {
                let commas = open.pop().unwrap_or_default();
                if commas > 0 && next.token() == Token::Ascii61 {
                    let copied = tokens.len().saturating_sub(index);
                    product = product.saturating_add(commas.saturating_mul(copied));
                }
            }
            _ => {}
        }
    }
    product > LARGEST_PRODUCT
}

/// Whether a closing parenthesis may be followed by an equals sign anywhere.
fn may_assign_lists(text: &[u8]) -> bool {
    text.split(|&byte| byte == b')').skip(1).any(|after| {
        let next = after.iter().find(|byte| !byte.is_ascii_whitespace());
        matches!(next, Some(b'=' | b'/' | b'-'))
    })
}
