use super::text::alnum;
use super::{Hit, Kind, Scan};

/// `00:1a:2b:3c:4d:5e`
const LENGTH: usize = 17;

impl Scan<'_, '_> {
    /// A hardware address (EUI-48) whose first pair ends at `at`, where a `:` or a `-` stands.
    pub(super) fn mac(&self, at: usize) -> Option<Hit> {
        let (text, start) = (self.text, at.checked_sub(2)?);
        let (separator, end) = (text.at(at), start + LENGTH);
        // Of times, ranges and dashed words hardly one goes on so.
        if text.at(at + 3) != separator || !text.at(at - 1).is_ascii_hexdigit() {
            return None;
        }
        let before = text.before(start);
        if alnum(before) || before == separator {
            return None;
        }
        let address = text.slice(start, end);
        let shaped = address.len() == LENGTH
            && address.chunks(3).all(|pair| match pair {
                [a, b] => a.is_ascii_hexdigit() && b.is_ascii_hexdigit(),
                [a, b, c] => a.is_ascii_hexdigit() && b.is_ascii_hexdigit() && *c == separator,
                _ => false,
            });
        let after = text.at(end);
        let ends = !alnum(after) && (after != separator || !alnum(text.at(end + 1)));
        (shaped && ends && start >= self.done).then_some(Hit { start, end, kind: Kind::MacAddress })
    }
}
