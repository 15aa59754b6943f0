//! The canaries of a database and the ways in which they may be written.

use std::collections::{BTreeMap, BTreeSet};

use e2e::Database;

/// The sensitive values of a database, taken from its tables.
#[derive(Debug, Default)]
pub(super) struct Canaries {
    /// `cnryq` and fifteen letters.
    pub(super) words: BTreeSet<String>,
    /// Fifteen digits.
    pub(super) numbers: BTreeSet<i64>,
    /// Year, month, day.
    pub(super) days: BTreeSet<(i64, i64, i64)>,
    /// Sixteen bytes in hexadecimal.
    pub(super) tokens: BTreeSet<String>,
    /// As the server writes them.
    pub(super) addresses: BTreeSet<String>,
    /// What detectors know; looked for as it stands alone.
    pub(super) content: BTreeSet<String>,
}

/// A way to write a canary: the bytes, and what to say of them.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) bytes: Vec<u8>,
    pub(super) canary: String,
    pub(super) encoding: &'static str,
}

impl Canaries {
    /// Reads every table, past the gateway.
    pub(super) fn of(database: &Database<'_>) -> Self {
        let tables = database.look(
            "SELECT format('%I.%I', nspname, relname) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace \
             WHERE relkind IN ('r', 'm') AND nspname IN ('public', 'other', 'Odd Schema')",
        );
        let mut canaries = Self::default();
        for table in tables.lines() {
            canaries.scan(&database.look(&format!("SELECT t::text FROM {table} t")));
        }
        let tokens = database.look("SELECT token FROM people");
        canaries.tokens = tokens.lines().map(|token| token.replace('-', "")).collect();
        let content = database.look("SELECT v FROM net_values");
        canaries.content = content.lines().map(str::to_owned).collect();
        // A card of fifteen digits is looked for as detectors know it.
        canaries.numbers.retain(|number| !canaries.content.contains(&number.to_string()));
        let enough = canaries.words.len() > 100 && canaries.numbers.len() > 40;
        assert!(
            enough && canaries.days.len() > 15 && canaries.addresses.len() == 6,
            "{canaries:?}"
        );
        canaries
    }

    fn scan(&mut self, text: &str) {
        for word in text.split(|letter: char| !letter.is_ascii_alphanumeric()) {
            // Bytes are written in hexadecimal.
            let bytes = word.strip_prefix('x').and_then(|digits| hex::decode(digits).ok());
            let word = bytes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or(word.into());
            if word.starts_with("cnryq") && word.len() == 20 {
                self.words.insert(word);
            } else if word.len() == 15 && word.bytes().all(|byte| byte.is_ascii_digit()) {
                self.numbers.insert(word.parse().expect("digits"));
            }
        }
        for part in text.split(|letter: char| !letter.is_ascii_digit() && letter != '-') {
            let numbers: Vec<i64> = part.split('-').filter_map(|part| part.parse().ok()).collect();
            if let [year @ 7000..9000, month, day] = numbers[..] {
                self.days.insert((year, month, day));
            }
        }
        for part in text.split(|letter: char| !letter.is_ascii_hexdigit() && letter != ':') {
            if part.starts_with("fd7a:") {
                self.addresses.insert(part.to_owned());
            }
        }
    }

    /// Every way to write a canary that cannot be anything else wherever it stands.
    pub(super) fn forms(&self) -> Vec<Form> {
        let mut forms = Vec::new();
        for word in &self.words {
            word_forms(word, &mut forms);
        }
        for number in &self.numbers {
            number_forms(*number, &mut forms);
        }
        for day in &self.days {
            day_forms(*day, &mut forms);
        }
        for token in &self.tokens {
            token_forms(token, &mut forms);
        }
        for address in &self.addresses {
            address_forms(address, &mut forms);
        }
        let mut push = |bytes: &[u8], canary: &str, encoding| {
            forms.push(Form { bytes: bytes.to_vec(), canary: canary.to_owned(), encoding });
        };
        push(b"cnryq", "the start of a word", "raw");
        push(b"qyrnc", "the start of a word", "reversed");
        for value in &self.content {
            push(value.as_bytes(), value, "raw, by content");
            push(hex::encode(value).as_bytes(), value, "hexadecimal, by content");
        }
        forms
    }

    /// The ways that show when everything but letters and digits is left out.
    pub(super) fn bare(&self) -> Vec<Form> {
        let bare = |form: &Form| {
            let letters = form.bytes.iter().all(u8::is_ascii_alphanumeric);
            letters
                && !form.encoding.contains("content")
                && !form.encoding.contains("seconds")
                && form.bytes.len() >= 8
        };
        self.forms().into_iter().filter(bare).collect()
    }

    /// Values too short to be looked for anywhere but as a whole field.
    pub(super) fn fields(&self) -> BTreeMap<Vec<u8>, String> {
        let mut fields = BTreeMap::new();
        for (year, month, day) in &self.days {
            let days = days_since_2000(*year, *month, *day);
            let name = format!("{year}-{month:02}-{day:02}");
            for text in [
                days.to_string(),
                (days + 10957).to_string(),
                (days + 2_451_545).to_string(),
                format!("{year}{month:02}{day:02}"),
            ] {
                fields.insert(text.into_bytes(), name.clone());
            }
            let days = i32::try_from(days).expect("a day");
            fields.insert(days.to_be_bytes().to_vec(), name);
        }
        fields
    }
}

fn word_forms(word: &str, forms: &mut Vec<Form>) {
    let mut push =
        |bytes: Vec<u8>, encoding| forms.push(Form { bytes, canary: word.to_owned(), encoding });
    for window in word.as_bytes()[5..].windows(8) {
        push(window.to_vec(), "raw");
        push(window.iter().rev().copied().collect(), "reversed");
        push(hex::encode(window).into_bytes(), "hexadecimal");
        push(each(window, |byte| format!("%{byte:02x}")), "percent-encoded");
        push(each(window, |byte| format!("\\u{byte:04x}")), "JSON escapes");
        push(window.iter().flat_map(|byte| [0, *byte]).skip(1).collect(), "UTF-16");
    }
    for bytes in base64_anywhere(word.as_bytes()) {
        push(bytes, "base 64");
    }
    let backwards: Vec<u8> = word.bytes().rev().collect();
    for bytes in base64_anywhere(&backwards) {
        push(bytes, "base 64 of the reverse");
    }
    for bytes in base64_anywhere(word.to_uppercase().as_bytes()) {
        push(bytes, "base 64 of upper case");
    }
}

fn number_forms(number: i64, forms: &mut Vec<Form>) {
    for value in [number, number + 1, number - 1, number * 2] {
        let text = value.to_string();
        let mut push = |bytes: Vec<u8>, encoding| {
            forms.push(Form { bytes, canary: number.to_string(), encoding })
        };
        push(text.clone().into_bytes(), "raw");
        push(text.bytes().rev().collect(), "reversed");
        push(hex::encode(&text).into_bytes(), "hexadecimal");
        push(text.bytes().flat_map(|byte| [0, byte]).skip(1).collect(), "UTF-16");
        push(format!("{value:x}").into_bytes(), "base 16");
        push(format!("{value:o}").into_bytes(), "base 8");
        push(format!("{value:b}").into_bytes(), "base 2");
        push(value.to_be_bytes().to_vec(), "int8");
        push((-value).to_be_bytes().to_vec(), "int8, negative");
        push(hex::encode(value.to_be_bytes()).into_bytes(), "int8 in hexadecimal");
        #[expect(clippy::cast_precision_loss, reason = "fifteen digits are exact")]
        push((value as f64).to_be_bytes().to_vec(), "float8");
        let digits = format!("{value:016}");
        let groups = (0..4).map(|at| digits[at * 4..at * 4 + 4].parse::<u16>().expect("digits"));
        push(groups.flat_map(u16::to_be_bytes).collect(), "numeric");
        for bytes in base64_anywhere(text.as_bytes()) {
            push(bytes, "base 64");
        }
    }
}

fn day_forms((year, month, day): (i64, i64, i64), forms: &mut Vec<Form>) {
    let name = format!("{year}-{month:02}-{day:02}");
    let days = days_since_2000(year, month, day);
    let mut push =
        |bytes: Vec<u8>, encoding| forms.push(Form { bytes, canary: name.clone(), encoding });
    push(name.clone().into_bytes(), "raw");
    push(name.bytes().rev().collect(), "reversed");
    push(hex::encode(&name).into_bytes(), "hexadecimal");
    push(format!("{day:02}.{month:02}.{year}").into_bytes(), "German");
    push(format!("{day:02}/{month:02}/{year}").into_bytes(), "day first");
    push(format!("{month:02}/{day:02}/{year}").into_bytes(), "month first");
    push(((days + 10957) * 86400).to_string().into_bytes(), "seconds");
    push((days * 86_400_000_000).to_be_bytes().to_vec(), "timestamp");
    let days = i32::try_from(days).expect("a day").to_be_bytes();
    push([&[0, 0, 0, 4], &days[..]].concat(), "date");
}

fn token_forms(token: &str, forms: &mut Vec<Form>) {
    let bytes = hex::decode(token).expect("a token");
    let dashed = format!(
        "{}-{}-{}-{}-{}",
        &token[..8],
        &token[8..12],
        &token[12..16],
        &token[16..20],
        &token[20..]
    );
    let mut push =
        |bytes: Vec<u8>, encoding| forms.push(Form { bytes, canary: dashed.clone(), encoding });
    push(dashed.clone().into_bytes(), "raw");
    push(dashed.bytes().rev().collect(), "reversed");
    push(token.as_bytes().to_vec(), "without dashes");
    for encoded in base64_anywhere(&bytes) {
        push(encoded, "base 64");
    }
    push(bytes, "uuid");
}

fn address_forms(address: &str, forms: &mut Vec<Form>) {
    let mut push =
        |bytes: Vec<u8>, encoding| forms.push(Form { bytes, canary: address.to_owned(), encoding });
    push(address.as_bytes().to_vec(), "raw");
    push(address.bytes().rev().collect(), "reversed");
    let parsed: std::net::Ipv6Addr = address.parse().expect("an address");
    push(parsed.octets().to_vec(), "inet");
}

fn each(bytes: &[u8], write: impl Fn(u8) -> String) -> Vec<u8> {
    bytes.iter().map(|byte| write(*byte)).collect::<String>().into_bytes()
}

/// What is the same of an encoding in base 64 whatever stands around it, for each of three alignments.
fn base64_anywhere(bytes: &[u8]) -> Vec<Vec<u8>> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let encode = |skip: usize| {
        let threes = bytes[skip..].chunks_exact(3);
        threes.flat_map(|three| {
            let bits = three.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
            [18, 12, 6, 0].map(|shift| LETTERS[bits >> shift & 63])
        })
    };
    (0..3).map(|skip| encode(skip).collect()).collect()
}

/// By the calendar that the server uses for all times.
fn days_since_2000(year: i64, month: i64, day: i64) -> i64 {
    let shifted = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (shifted / 400, shifted % 400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 730_425
}
