//! The words of a statement, and what is asked for in words.

/// So many words of a statement are found; what follows is in the recording alone.
pub const MOST_WORDS: usize = 20_000;
/// What is asked for may be so long, and of so many words.
const LONGEST_QUESTION: usize = 2048;
const MOST_ASKED: usize = 64;

/// A text that asks for nothing that could be looked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoQuestion {
    /// A quotation mark has no partner.
    #[error("a quotation mark is not closed: a phrase stands between two of them")]
    Unclosed,
    /// It holds no letter and no digit.
    #[error("there is no word in it: letters, digits and `_` make words")]
    Empty,
    /// It is longer than anybody asks.
    #[error("it is too long: at most {MOST_ASKED} words in {LONGEST_QUESTION} bytes")]
    TooLong,
}

/// Words to look for: every phrase must be there, its words one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Phrases(Vec<Vec<String>>);

impl Phrases {
    /// Reads what somebody asks for: words, all of which must be there, and phrases in quotation marks.
    /// A word with punctuation in it (`public.orders`) is a phrase. Nothing else means anything.
    ///
    /// # Errors
    /// It asks for nothing.
    pub fn parse(text: &str) -> Result<Self, NoQuestion> {
        if text.len() > LONGEST_QUESTION {
            return Err(NoQuestion::TooLong);
        }
        if text.bytes().filter(|byte| *byte == b'"').count() % 2 == 1 {
            return Err(NoQuestion::Unclosed);
        }
        let mut phrases = Vec::new();
        let mut add = |piece: &str| {
            let mut phrase = Vec::new();
            each_word(piece.as_bytes(), |word| phrase.push(word.to_owned()));
            if !phrase.is_empty() {
                phrases.push(phrase);
            }
        };
        for (index, piece) in text.split('"').enumerate() {
            if index % 2 == 1 {
                add(piece);
            } else {
                piece.split_whitespace().for_each(&mut add);
            }
        }
        if phrases.iter().map(Vec::len).sum::<usize>() > MOST_ASKED {
            return Err(NoQuestion::TooLong);
        }
        if phrases.is_empty() { Err(NoQuestion::Empty) } else { Ok(Self(phrases)) }
    }

    /// Whether a text has all of them.
    #[must_use]
    pub fn found_in(&self, text: &[u8]) -> bool {
        let mut words = Vec::new();
        each_word(text, |word| words.push(word.to_owned()));
        self.0.iter().all(|phrase| words.windows(phrase.len()).any(|part| part == phrase))
    }

    /// Whether nothing is asked for.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The phrases, each of at least one word.
    pub fn iter(&self) -> impl Iterator<Item = &[String]> {
        self.0.iter().map(Vec::as_slice)
    }
}

/// The words of a text, in lower case: letters, digits and `_` in a row. So a dotted name gives its
/// parts, a quoted one its words, and a string literal the words in it.
pub fn each_word(text: &[u8], mut found: impl FnMut(&str)) {
    let text = String::from_utf8_lossy(text);
    let pieces = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    for piece in pieces.filter(|piece| !piece.is_empty()).take(MOST_WORDS) {
        if piece.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
            found(piece);
        } else {
            found(&piece.to_lowercase());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut words = Vec::new();
        each_word(text.as_bytes(), |word| words.push(word.to_owned()));
        words
    }

    #[test]
    fn sql_falls_into_the_words_people_look_for() {
        for (text, expected) in [
            ("SELECT * FROM public.orders", "select from public orders"),
            (r#"delete from "Odd Table" where id=4711"#, "delete from odd table where id 4711"),
            ("insert into t values ('O''Brien', 1.50)", "insert into t values o brien 1 50"),
            ("select $1::int, user_id -- why\n/* x */", "select 1 int user_id why x"),
            ("SELECT 'Zażółć ÉTÉ'", "select zażółć été"),
            ("", ""),
            ("();;", ""),
        ] {
            assert_eq!(words(text).join(" "), expected, "{text}");
        }
        assert_eq!(words(&"a ".repeat(MOST_WORDS + 5)).len(), MOST_WORDS);
    }

    #[test]
    fn a_question_is_words_and_phrases() {
        let parsed = |text: &str| {
            Phrases::parse(text).map(|phrases| {
                phrases.0.iter().map(|phrase| phrase.join(" ")).collect::<Vec<_>>().join("|")
            })
        };
        for (text, expected) in [
            ("drop table", Ok("drop|table")),
            ("\"drop table\"", Ok("drop table")),
            ("DELETE \"from public\" id", Ok("delete|from public|id")),
            ("public.orders", Ok("public orders")),
            ("a OR b NEAR(c) * -d ^e", Ok("a|or|b|near c|d|e")),
            ("\"drop table", Err(NoQuestion::Unclosed)),
            ("\"\" ();", Err(NoQuestion::Empty)),
            ("", Err(NoQuestion::Empty)),
        ] {
            assert_eq!(parsed(text), expected.map(str::to_owned), "{text}");
        }
        assert_eq!(parsed(&"a ".repeat(65)), Err(NoQuestion::TooLong));
        assert_eq!(parsed(&"a".repeat(3000)), Err(NoQuestion::TooLong));
    }

    #[test]
    fn a_phrase_is_found_where_its_words_follow_each_other() {
        let text = b"DELETE FROM public.orders WHERE note = 'from orders'";
        for (asked, expected) in [
            ("delete orders", true),
            ("\"delete from\"", true),
            ("\"from orders\"", true),
            ("\"delete orders\"", false),
            ("public.orders", true),
            ("orders.public", false),
            ("order", false),
        ] {
            assert_eq!(Phrases::parse(asked).unwrap().found_in(text), expected, "{asked}");
        }
    }

    proptest! {
        /// A text has every word it is made of, however they are cut out of it.
        #[test]
        fn a_text_is_found_by_its_own_words(text in "\\PC{0,200}") {
            let quoted = format!("\"{}\"", text.replace('"', " "));
            match Phrases::parse(&quoted) {
                Ok(phrases) => prop_assert!(phrases.found_in(text.as_bytes())),
                Err(NoQuestion::Empty) => prop_assert!(words(&text).is_empty()),
                Err(NoQuestion::TooLong) => {
                    prop_assert!(words(&text).len() > MOST_ASKED || quoted.len() > LONGEST_QUESTION);
                }
                Err(NoQuestion::Unclosed) => prop_assert!(false, "{}", text),
            }
        }
    }
}
