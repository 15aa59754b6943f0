use super::script::*;

/// A table that no rule speaks of.
const PAYMENTS: &[&[&str]] = &[
    &["relation", "20002", "public", "payments", "r"],
    &["column", "20002", "1", "id", "20"],
    &["column", "20002", "2", "ssn_no", "20"],
    &["column", "20002", "3", "ref", "20"],
    &["column", "20002", "4", "amount", "20"],
    &["comment", "20002", "3", "the card it was paid with"],
];

const CARDS: [&str; 5] = [
    "4242424242424242",
    "4539148803436467",
    "5555555555554444",
    "4111111111111111",
    "4012888888881881",
];

const SSNS: [&str; 5] = ["536228726", "219099999", "457555462", "536228727", "536228728"];

fn payments() -> Vec<u8> {
    columns(&[
        ("id", 20002, 1, 20),
        ("a", 20002, 2, 20),
        ("b", 20002, 3, 20),
        ("amount", 20002, 4, 20),
    ])
}

fn rows() -> Vec<Vec<u8>> {
    let rows = CARDS.iter().zip(SSNS).enumerate();
    let one = |(n, (card, ssn)): (usize, (&&str, &str))| {
        let (id, amount) = ((n + 1).to_string(), (n * 1999 + 250).to_string());
        row(&[Some(&id), Some(ssn), Some(card), Some(&amount)])
    };
    rows.map(one).collect()
}

fn read() -> [Turn; 2] {
    [
        client(&[query("select id, ssn_no as a, ref as b, amount from payments")]),
        server(&[payments(), rows().concat(), complete("SELECT 5"), ready(b'I')]),
    ]
}

/// The table is read so many times.
fn script(times: usize) -> Vec<Turn> {
    let reads = std::iter::repeat_n(read(), times).flatten();
    std::iter::once(Turn::Learn(PAYMENTS)).chain(reads).collect()
}

#[test]
fn a_column_of_bare_numbers_is_decided_by_its_values_and_masked_from_then_on() {
    let once = Stage::sensitive().play(&script(1));
    assert!(CARDS.iter().all(|card| once.client_text().contains(card)), "nobody knew");
    let twice = Stage::sensitive().play(&script(2));
    let again = &twice.client[once.client.len()..];
    let shown = String::from_utf8_lossy(again);
    for card in CARDS {
        assert!(!shown.contains(card), "{shown}");
    }
    // Which classes are looked for is for the rules to say: of this one only people are told.
    assert!(SSNS.iter().all(|ssn| shown.contains(ssn)), "{shown}");
    assert!(shown.contains("4248"), "an amount is nobody's number: {shown}");
}

#[test]
fn who_may_see_the_class_sees_the_column() {
    let script = script(2);
    let outcome = Stage::sensitive().revealing(&["credit_card"]).play(&script);
    let answer = [payments(), rows().concat(), complete("SELECT 5"), ready(b'I')].concat();
    assert_eq!(outcome.client, answer.repeat(2));
}

#[test]
fn drift_is_told_once_with_counts_and_without_values_also_where_nothing_is_masked() {
    for stage in [
        Stage::sensitive(),
        Stage::sensitive().revealing(&["credit_card", "us_ssn", "email"]),
        Stage::sensitive().keeping(1, 10),
    ] {
        let outcome = stage.play(&script(2));
        let told: Vec<_> = outcome
            .drift
            .iter()
            .map(|drift| {
                (
                    drift.column[2].as_str(),
                    drift.class.as_str(),
                    drift.matched,
                    drift.seen,
                    &*drift.evidence,
                )
            })
            .collect();
        let expected = [
            ("ssn_no", "us_ssn", 5, 5, "5 of 5 pass; name says so"),
            ("ref", "credit_card", 5, 5, "5 of 5 pass; comment says so"),
        ];
        assert_eq!(told, expected);
        assert_eq!(outcome.drift[0].column, ["public", "payments", "ssn_no"]);
    }
}

#[test]
fn a_copy_of_a_convicted_column_is_masked_too() {
    let mut script = script(1);
    script.extend([
        client(&[query("copy payments to stdout")]),
        server(&[
            copy_response(b'H', 4),
            copy_data("1\t536228726\t4242424242424242\t250\n"),
            bare(b'c'),
            complete("COPY 1"),
            ready(b'I'),
        ]),
    ]);
    let before = Stage::sensitive().play(&script[..3]).client.len();
    let outcome = Stage::sensitive().play(&script);
    let shown = String::from_utf8_lossy(&outcome.client[before..]).into_owned();
    assert!(shown.contains("250") && !shown.contains(CARDS[0]), "{shown}");
}

#[test]
fn a_column_with_a_rule_and_one_of_the_servers_own_have_no_vote() {
    let answer = [
        columns(&[("s", 20000, 2, 25), ("x", 1259, 2, 25), ("y", 0, 0, 20)]),
        CARDS.map(|card| row(&[Some("536-22-8726"), Some(card), Some(card)])).concat(),
        complete("SELECT 5"),
        ready(b'I'),
    ];
    let outcome = Stage::sensitive().play(&[
        Turn::Learn(PAYMENTS),
        client(&[query("select ssn as s, relname as x, 1 + 1 as y from customers, pg_class")]),
        server(&answer),
    ]);
    assert_eq!(outcome.drift, []);
}

#[test]
fn a_value_in_binary_votes_as_its_text_does() {
    let mut description = payments();
    // The last two bytes of the third column's entry: its format.
    let behind = description.len() - "amount\0".len() - 18;
    description[behind - 1] = 1;
    let one = |card: &&str| {
        let number: i64 = card.parse().unwrap();
        let mut message = row(&[Some("1"), Some("2"), Some("12345678"), Some("3")]);
        let at = message.len() - 5 - 8;
        message[at..at + 8].copy_from_slice(&number.to_be_bytes());
        message
    };
    let cards = CARDS.iter().map(one).collect::<Vec<_>>().concat();
    let outcome = Stage::sensitive().play(&[
        Turn::Learn(PAYMENTS),
        client(&[query("select id, ssn_no as a, ref as b, amount from payments")]),
        server(&[description, cards, complete("SELECT 5"), ready(b'I')]),
    ]);
    let told: Vec<_> = outcome.drift.iter().map(|drift| drift.column[2].as_str()).collect();
    assert_eq!(told, ["ref"]);
}
