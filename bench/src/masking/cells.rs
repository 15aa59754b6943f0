//! Cells as tables hold them, and cells that are made to be slow.

/// Cells of one kind.
pub(super) struct Cells {
    /// What they are.
    pub(super) name: &'static str,
    pub(super) texts: Vec<String>,
    /// Whether there is something in them that must be found.
    pub(super) is_sensitive: bool,
}

impl Cells {
    fn new(name: &'static str, cell: impl Fn(u64) -> String) -> Self {
        let texts = (0..COUNT).map(|n| cell(n * 7_919 + 12_345)).collect();
        Self { name, texts, is_sensitive: false }
    }

    fn sensitive(self) -> Self {
        Self { is_sensitive: true, ..self }
    }

    /// Their bytes, without any framing.
    pub(super) fn bytes(&self) -> usize {
        self.texts.iter().map(String::len).sum()
    }
}

/// So many of each kind: more than a branch predictor learns by heart.
const COUNT: u64 = 20_000;

/// Cells of every kind that is measured.
pub(super) fn all() -> Vec<Cells> {
    vec![
        Cells::new("mixed", mixed),
        Cells::new("prose", prose),
        Cells::new("prose without digits", |n| words(n, 12)),
        Cells::new("one word", |n| word(n).to_owned()),
        Cells::new("decimals", |n| format!("{}.{:02}", n % 100_000, n % 97)),
        Cells::new("11 digits", |n| format!("{:011}", n * 1_234_577 % 100_000_000_000)),
        Cells::new("16 digits, no card", |n| no_card(n * 1_234_577_123)),
        Cells::new("times", |n| {
            format!("2024-{:02}-{:02} {:02}:{:02}:07.123", n % 12 + 1, n % 28 + 1, n % 24, n % 60)
        }),
        Cells::new("UUID", uuid),
        Cells::new("JSON text", |n| {
            format!(
                "{{\"id\": {n}, \"state\": \"{}\", \"items\": [{{\"sku\": \"A-{n}\", \"count\": 2}}], \"note\": \"{}\"}}",
                word(n),
                words(n, 6)
            )
        }),
        Cells::new("a card in prose", |n| {
            format!("{} paid by {} {}", word(n), card(n), word(n / 3))
        })
        .sensitive(),
        Cells::new("an email address", |n| format!("customer{n}@example.com")).sensitive(),
    ]
}

/// As a row of an order has them: a sentence of a name, a time, a price, a place, an article.
fn mixed(n: u64) -> String {
    match n % 7 {
        0 => format!("Order {n} of Anna Berg"),
        1 => format!("2024-01-{:02} 10:{:02}:00.123", n % 28 + 1, n % 60),
        2 => format!("{}.{:02} EUR, paid, shipped", n % 1000, n % 100),
        3 => "Kurfuerstendamm, Berlin DE".to_owned(),
        4 => uuid(n),
        5 => words(n, 5),
        _ => format!("SKU-{n}-blue / size XL"),
    }
}

fn prose(n: u64) -> String {
    format!("{} {} days, and {} until then.", words(n, 6), n % 90, words(n / 7, 4))
}

fn uuid(n: u64) -> String {
    let (high, low) = (n * 2_654_435 % 0xFFFF_FFFF, n * 7_777_777 % 0xFFFF_FFFF_FFFF);
    format!("{high:08x}-e29b-41d4-a716-{low:012x}")
}

const WORDS: [&str; 24] = [
    "the", "customer", "asked", "for", "more", "we", "agreed", "to", "wait", "shipped", "door",
    "leave", "at", "please", "blue", "returned", "invoice", "without", "a", "reason", "given",
    "and", "paid", "late",
];

fn word(n: u64) -> &'static str {
    WORDS.get((n % 24) as usize).copied().unwrap_or_default()
}

fn words(n: u64, count: u64) -> String {
    let each: Vec<_> = (0..count).map(|at| word(n / 3 + at * (n % 5 + 7))).collect();
    each.join(" ")
}

/// A number of a large brand's with its check digit.
pub(super) fn card(n: u64) -> String {
    let body = 424_242_000_000_000 + n * 97 % 1_000_000_000;
    format!("{body}{}", check_digit(body))
}

/// Sixteen digits of which the last is not the check digit.
fn no_card(n: u64) -> String {
    let body = 424_242_000_000_000 + n % 1_000_000_000;
    format!("{body}{}", (check_digit(body) + 1 + n % 9) % 10)
}

/// Luhn's digit behind this number.
fn check_digit(body: u64) -> u64 {
    let (mut rest, mut sum, mut double) = (body, 0, true);
    while rest > 0 {
        let digit = rest % 10 * if double { 2 } else { 1 };
        sum += digit / 10 + digit % 10;
        (rest, double) = (rest / 10, !double);
    }
    (10 - sum % 10) % 10
}

/// How long a hostile cell is.
pub(super) const LONG: usize = 64 << 10;

/// What a hostile cell may be filled with.
const UNITS: [&str; 67] = [
    ".",
    "-",
    "@",
    ":",
    "0",
    "4",
    "9",
    " ",
    "+",
    "(",
    "/",
    "%",
    "_",
    "a",
    "A",
    "é",
    "\0",
    "eyJ",
    "eyJ.",
    "ey-",
    "1.",
    "1.1",
    "0 ",
    "1 ",
    "01 ",
    "012 ",
    "0123 ",
    "4444 ",
    "4-4",
    "4242-",
    "123 ",
    "123-45-",
    "123-45-6789-",
    "+1 ",
    "+49 3",
    "(030)",
    "a@",
    "@a.",
    "a@b.",
    "a@b.c,",
    "::",
    "1:",
    "f:",
    "abcd:",
    "1:2:",
    "-----",
    "-----BEGIN ",
    "-----BEGIN PRIVATE KEY",
    "-END ",
    "sk-",
    "s-",
    "ghp_",
    "AKIA",
    "s_",
    "sig=a",
    "DE89 ",
    "AT89 ",
    "LC89 ",
    "GT89 ",
    "GB82 WEST ",
    "A1 ",
    "ssn 1234567 ",
    "tel 1234567 ",
    "phone 12 ",
    "4242424242424242 ",
    "10.0.0.1 ",
    "2024-01-02 ",
];

/// What may stand once in front of it.
const BEGINNINGS: [&str; 7] =
    ["", "eyJhbGciOiJIUzI1NiJ9.", "-----BEGIN PRIVATE KEY-----", "ghp_", "a@", "+49 ", "ssn "];

/// Cells of [`LONG`] bytes that hold nothing but beginnings of findings, with what they are made of.
pub(super) fn hostile() -> impl Iterator<Item = (String, Vec<u8>)> {
    BEGINNINGS.into_iter().flat_map(|beginning| {
        UNITS.into_iter().map(move |unit| {
            let mut cell = beginning.as_bytes().to_vec();
            cell.extend(unit.bytes().cycle().take(LONG - beginning.len()));
            (format!("{beginning}{unit}"), cell)
        })
    })
}
