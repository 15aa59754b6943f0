use mask::{Ballot, Hints, ValueFormat, ValueType, propose};

use super::all;

fn proposed(name: &str, values: &[String]) -> Option<String> {
    let hints = Hints { name, ..Hints::default() };
    let found = propose(&all(), &hints, values.iter().map(String::as_bytes));
    found.first().map(|proposal| proposal.class.as_str().to_owned())
}

fn with_luhn(body: u64) -> String {
    let digits = |n: u64| n.to_string().bytes().map(|b| u32::from(b - b'0')).collect::<Vec<_>>();
    let sum = |n| -> u32 {
        let doubled = |d: u32| if d > 4 { 2 * d - 9 } else { 2 * d };
        digits(n)
            .iter()
            .rev()
            .enumerate()
            .map(|(i, d)| if i % 2 == 1 { doubled(*d) } else { *d })
            .sum()
    };
    (0..10).map(|d| body * 10 + d).find(|n| sum(*n) % 10 == 0).unwrap().to_string()
}

#[test]
fn a_column_of_cards_is_known_by_its_values_alone() {
    let cards: Vec<_> = (0..40).map(|n| with_luhn(424_242_424_242_000 + n * 7)).collect();
    assert_eq!(proposed("x", &cards).as_deref(), Some("credit_card"));
    assert_eq!(proposed("x", &cards[..15]), None);
    assert_eq!(proposed("card_number", &cards[..4]).as_deref(), Some("credit_card"));
}

#[test]
fn nine_digits_are_a_number_of_somebody_where_the_column_says_so() {
    let numbers: Vec<_> = (0..40).map(|n| (123_456_789 + n * 1_000_003).to_string()).collect();
    assert_eq!(proposed("ssn", &numbers).as_deref(), Some("us_ssn"));
    assert_eq!(proposed("total", &numbers), None);
}

#[test]
fn numbers_of_every_day_are_not_convicted() {
    type Made = fn(u64) -> u64;
    let columns: [(&str, Made); 5] = [
        ("id", |n| n + 1),
        ("created", |n| 1_700_000_000_000 + n * 86_399_123),
        ("zip", |n| 10_000 + n * 79),
        ("price", |n| n * 1999 % 100_000),
        ("serial", |n| 4_000_000_000_000_000 + n * 7_919_771_123),
    ];
    for (name, made) in columns {
        let values: Vec<_> = (0..256).map(|n| made(n).to_string()).collect();
        assert_eq!(proposed(name, &values), None, "{name}");
    }
}

#[test]
fn comment_label_and_domain_weigh_in_as_the_name_does() {
    let numbers: Vec<_> = (0..8).map(|n| (123_456_789 + n * 1_000_003).to_string()).collect();
    let none = Hints { name: "total", type_name: "int8", ..Hints::default() };
    for (hints, says) in [
        (Hints { comment: Some("the customer's SSN"), ..none }, "comment"),
        (Hints { label: Some("pii: us_ssn"), ..none }, "label"),
        (Hints { domain: Some("ssn_number"), ..none }, "domain"),
    ] {
        let found = propose(&all(), &hints, numbers.iter().map(String::as_bytes));
        assert_eq!(found.len(), 1, "{says}");
        let proposal = &found[0];
        assert_eq!(
            (proposal.class.as_str(), proposal.why.as_str()),
            ("us_ssn", &*format!("8 of 8 pass; {says} says so"))
        );
        assert_eq!((proposal.matched, proposal.seen, proposal.distinct), (8, 8, 8));
    }
    assert_eq!(propose(&all(), &none, numbers.iter().map(String::as_bytes)), []);
}

#[test]
fn numbers_in_binary_vote_as_their_texts_do() {
    let hints = Hints { name: "ssn", ..Hints::default() };
    let verdict = |ty, value: &dyn Fn(i64) -> Vec<u8>| {
        let mut ballot = Ballot::new(&hints);
        for n in 0..4 {
            ballot.take_value(&all(), ty, ValueFormat::Binary, &value(123_456_789 + n));
        }
        ballot.verdict().map(|proposal| proposal.class.as_str().to_owned())
    };
    let ssn = Some("us_ssn".to_owned());
    assert_eq!(verdict(ValueType::Int8, &|n| n.to_be_bytes().to_vec()), ssn);
    assert_eq!(verdict(ValueType::Int4, &|n| (n as i32).to_be_bytes().to_vec()), ssn);
    // 1 2345 6789, in groups of four digits.
    let numeric = |n: i64| {
        let groups = [n / 100_000_000, n / 10_000 % 10_000, n % 10_000].map(|group| group as u16);
        [3, 2, 0, 0].into_iter().chain(groups).flat_map(u16::to_be_bytes).collect()
    };
    assert_eq!(verdict(ValueType::Numeric, &numeric), ssn);
    assert_eq!(verdict(ValueType::Numeric, &|_| vec![1, 2, 3]), None);
}

#[test]
fn values_that_are_more_than_digits_need_no_hint() {
    let dashed: Vec<_> = (0..4).map(|n| format!("536-22-872{n}")).collect();
    assert_eq!(proposed("x", &dashed).as_deref(), Some("us_ssn"));
    assert_eq!(proposed("x", &dashed[..3]), None);
    let same = vec![dashed[0].clone(); 40];
    assert_eq!(proposed("x", &same), None);
}

/// Numbers that look random and are the same every time (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 1) % limit
    }

    fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + self.below(10) as u8)).collect()
    }
}

#[test]
fn of_random_serials_one_in_thirty_passes_for_a_card_at_most() {
    const TRIES: usize = 20_000;
    let cards = super::detectors(&["credit_card"]);
    let mut random = Random(0x5DEE_CE66_D1CE_4E5B);
    let passed = |length: usize, random: &mut Random| {
        let is_card = |_: &usize| !cards.find(random.digits(length).as_bytes()).is_empty();
        (0..TRIES).filter(is_card).count()
    };
    let rates: Vec<_> = (12..=19).map(|length| (length, passed(length, &mut random))).collect();
    for (length, count) in &rates {
        assert!(count * 25 < TRIES, "{length}: {rates:?}");
    }
    let most = rates.iter().max_by_key(|(_, count)| *count).unwrap();
    assert!(most.0 == 16 && most.1 * 40 > TRIES, "{rates:?}");
}

#[test]
fn random_columns_of_every_day_are_not_convicted() {
    type Made = fn(&mut Random) -> String;
    let columns: [(&str, Made); 6] = [
        ("id", |random| random.below(1 << 31).to_string()),
        ("big", |random| random.below(1 << 62).to_string()),
        ("created", |random| (1_600_000_000_000 + random.below(200_000_000_000)).to_string()),
        ("zip", |random| random.digits(5)),
        ("price", |random| format!("{}.{:02}", random.below(100_000), random.below(100))),
        ("serial", |random| {
            let length = 8 + random.below(9) as usize;
            random.digits(length)
        }),
    ];
    let all = all();
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for (name, made) in columns {
        let hints = Hints { name, ..Hints::default() };
        for column in 0..1_000 {
            let values: Vec<_> = (0..20).map(|_| made(&mut random)).collect();
            let found = propose(&all, &hints, values.iter().map(String::as_bytes));
            assert_eq!(found, [], "{name} {column}: {values:?}");
        }
    }
}
