mod shapes;

use super::Scan;
use super::context::Words;
use super::jwt::value;
use super::text::{alnum, digit};
use shapes::shapes;

/// What makes forty characters of base64 an AWS secret access key.
static AWS_WORDS: Words =
    Words::new(&[b"aws_secret", b"secretaccesskey", b"secret_access_key", b"secret access key"]);
/// What makes base64 of 32 or 64 bytes an Azure key.
static AZURE_WORDS: Words =
    Words::new(&[b"accountkey", b"account_key", b"account key", b"sharedaccesskey"]);

impl Scan<'_, '_> {
    /// A key that begins at `start`, in a word that ends at `end`.
    pub(super) fn key(&self, start: usize, end: usize) -> Option<(usize, usize)> {
        if let Some(token) = self.bot(start, end) {
            return Some(token);
        }
        let by_words = || if end - start < 40 { None } else { self.key_by_words(start) };
        let end = self.key_from(start).or_else(by_words)?;
        Some((start, end))
    }

    fn key_from(&self, start: usize) -> Option<usize> {
        let text = self.text;
        let before = text.before(start);
        let (second, third) = (text.at(start + 1), text.at(start + 2));
        let shapes = shapes(text.at(start)).with(second);
        if shapes.is_empty() || alnum(before) {
            return None;
        }
        shapes.iter().find_map(|shape| {
            if !shape.begins(second, third, before) || !text.starts_with(start, shape.prefix) {
                return None;
            }
            let body = start + shape.prefix.len();
            let end = text.run(body, |b| shape.body.has(b));
            let length = end - body;
            let fits = length >= shape.least
                && !(shape.exact && (length > shape.least || alnum(text.at(end))));
            let body = text.slice(body, end);
            let random =
                || body.iter().any(u8::is_ascii_digit) && body.iter().any(u8::is_ascii_uppercase);
            (fits && (!shape.random || random())).then_some(end)
        })
    }

    /// Tokens of bots: of Telegram `110201543:AAHdqT…`, a number, a colon and 35 bytes of base64url that begin with
    /// `AA`; of Discord three parts with dots, the first of which is base64 of the bot's number.
    fn bot(&self, start: usize, end: usize) -> Option<(usize, usize)> {
        let text = self.text;
        let part = |from: usize, most: usize| text.run_within(from, from + most, part_of);
        match text.at(start) {
            b'A' if text.before(start) == b':' && text.at(start + 1) == b'A' => {
                let number =
                    text.run_back(start - 1, start.saturating_sub(13).max(self.done), digit);
                let length = part(start, 36) - start;
                let fits = (8..=11).contains(&(start - 1 - number)) && length == 35;
                (fits && !alnum(text.before(number))).then_some((number, start + length))
            }
            b'M' | b'N' | b'O' if end - start >= 57 && !part_of(text.before(start)) => {
                let first = part(start, 29);
                let second = part(first + 1, 7);
                let third = part(second + 1, 39);
                let fits = (23..=28).contains(&(first - start))
                    && text.at(first) == b'.'
                    && second - first == 7
                    && text.at(second) == b'.'
                    && (28..=39).contains(&(third - second));
                (fits && is_number(text.slice(start, start + 20))).then_some((start, third))
            }
            _ => None,
        }
    }

    /// Keys without a prefix, known by what stands in front of them.
    fn key_by_words(&self, start: usize) -> Option<usize> {
        let text = self.text;
        let base64 = |b: u8| alnum(b) || matches!(b, b'/' | b'+');
        let before = text.before(start);
        // None of them is shorter, but a signature.
        if base64(before) || before != b'=' && !base64(text.at(start + 39)) {
            return None;
        }
        let end = text.run(start, base64);
        if before == b'=' && end - start < 40 {
            return self.signature(start);
        }
        if end - start < 40 {
            return None;
        }
        let padding = text.run(end, |b| b == b'=').min(end + 2);
        match (end - start, padding - end) {
            (40, 0) => {
                let body = text.slice(start, end);
                let mixed = body.iter().any(u8::is_ascii_lowercase)
                    && body.iter().any(u8::is_ascii_uppercase);
                (mixed && self.follows_word(start, &AWS_WORDS)).then_some(end)
            }
            (43, 1) | (86, 2) => self.follows_word(start, &AZURE_WORDS).then_some(padding),
            _ => self.signature(start),
        }
    }

    /// The signature of an Azure shared access URL: `…&sig=` and 32 bytes of base64, percent-encoded.
    fn signature(&self, start: usize) -> Option<usize> {
        let text = self.text;
        let name = start.checked_sub(4)?;
        if text.slice(name, start) != b"sig=" || alnum(text.before(name)) {
            return None;
        }
        let end = text.run(start, |b| alnum(b) || matches!(b, b'%' | b'/' | b'+' | b'='));
        (end - start >= 43).then_some(end)
    }
}

fn part_of(byte: u8) -> bool {
    alnum(byte) || matches!(byte, b'-' | b'_')
}

/// Whether it is base64 of digits: of three, the four letters hold `0011` in front of each.
fn is_number(encoded: &[u8]) -> bool {
    let (groups, _) = encoded.as_chunks::<4>();
    groups.iter().all(|group| {
        let bits = group.iter().fold(0, |bits, &byte| bits << 6 | value(byte));
        [16, 8, 0].into_iter().all(|place| ((bits >> place) as u8).is_ascii_digit())
    })
}
