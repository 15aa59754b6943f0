//! The key of the cache: one shape, one reading.

use pg_query::protobuf::Token;
use proptest::prelude::*;
use sql::{Limits, read, shape};

use crate::scope::Shop;

fn shape_of(text: &str) -> Option<String> {
    let mut out = b"kept:".to_vec();
    shape(text.as_bytes(), &mut out).then(|| {
        let shape = String::from_utf8(out).unwrap();
        shape
            .strip_prefix("kept:")
            .unwrap()
            .replace('\x01', "#")
            .replace('\x02', "##")
            .replace('\x03', "@")
    })
}

#[test]
fn plain_constants_are_blotted_out() {
    for (text, expected) in [
        ("SELECT a FROM t WHERE id = 5", "SELECT a FROM t WHERE id = #"),
        ("SELECT a FROM t WHERE id=5;", "SELECT a FROM t WHERE id=#;"),
        ("SELECT -5, +5", "SELECT -#, +#"),
        ("SELECT 'x', '', 'it''s', '''', '-- /* $$ \"'", "SELECT @, @, @, @, @"),
        ("SELECT 2147483647, 2147483648, 999999999", "SELECT #, ##, #"),
        ("SELECT 99999999999999999999", "SELECT ##"),
        ("INSERT INTO t1 VALUES (1,'a'),(2,'b')", "INSERT INTO t1 VALUES (#,@),(#,@)"),
        ("SELECT $1, $22 FROM t_2", "SELECT $1, $22 FROM t_2"),
        ("SELECT \"odd 1\".a FROM \"odd 1\"", "SELECT \"odd 1\".a FROM \"odd 1\""),
        ("SELECT 'a'::text, 5::int", "SELECT @::text, #::int"),
        ("SELECT a\n\tFROM t\r\nWHERE b = 'two\nlines'", "SELECT a\n\tFROM t\r\nWHERE b = @"),
        ("SELECT 6/2, 6 - 2", "SELECT #/#, # - #"),
        ("SELECT a[1:2]", "SELECT a[#:#]"),
        ("", ""),
    ] {
        assert_eq!(shape_of(text).as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn anything_unusual_has_no_shape() {
    for text in [
        "SELECT 'a\\'",
        "SELECT E'a'",
        "SELECT e'a'",
        "SELECT U&'a'",
        "SELECT u&'a'",
        "SELECT B'1'",
        "SELECT X'1'",
        "SELECT N'a'",
        "SELECT $$a$$",
        "SELECT $x$a$x$",
        "SELECT a$1",
        "SELECT 1 -- x",
        "SELECT 1 /* x */",
        "SELECT 'a'\n'b'",
        "SELECT 'a' 'b'",
        "SELECT 'a'  \r\n 'b'",
        "SELECT 'a",
        "SELECT \"a",
        "SELECT \"\"",
        "SELECT \"a\"\"b\"",
        "SELECT U&\"a\"",
        "SELECT 1.5",
        "SELECT .5",
        "SELECT 5.",
        "SELECT 1e5",
        "SELECT 0x1F",
        "SELECT 1_000",
        "SELECT 1a",
        "SELECT a1.5",
        "SELECT 'é'",
        "SELECT é",
        "SELECT 1\0",
        "SELECT 'a\0'",
        "SELECT '\x01'",
        "SELECT \x01",
        "SELECT $1a",
        "SELECT $1'a'",
        "SELECT 1'a'",
        "SELECT 'a'1",
        "SELECT 'a'b",
        "SELECT $",
        "SELECT 00000000001",
        "SELECT \u{a0}1",
        "SELECT 'a'\"b\"",
        "SELECT a'b'",
        "SELECT \"a\"'b'",
        "SELECT 1..2",
        "SELECT 1$1",
    ] {
        assert_eq!(shape_of(text), None, "{text:?}");
    }
}

/// Two texts of one shape are the same but for constants; if constants do not matter to the one,
/// both read the same.
fn check(one: &str, other: &str) -> Result<(), TestCaseError> {
    let (mut a, mut b) = (Vec::new(), Vec::new());
    if !shape(one.as_bytes(), &mut a) || !shape(other.as_bytes(), &mut b) || a != b {
        return Ok(());
    }
    let scan = |text: &str| {
        pg_query::scan(text).ok().map(|scanned| {
            let token = |token: &pg_query::protobuf::ScanToken| {
                let range =
                    usize::try_from(token.start).unwrap()..usize::try_from(token.end).unwrap();
                let constant =
                    matches!(token.token(), Token::Iconst | Token::Fconst | Token::Sconst);
                (token.token, if constant { String::new() } else { text[range].to_owned() })
            };
            scanned.tokens.iter().map(token).collect::<Vec<_>>()
        })
    };
    prop_assert_eq!(scan(one), scan(other));
    let (shop, limits) = (Shop::new(), Limits::default());
    let Ok(readings) = read(one.as_bytes(), &shop, &limits) else { return Ok(()) };
    if readings.iter().all(|statement| !statement.constants_matter) {
        prop_assert_eq!(Ok(readings), read(other.as_bytes(), &shop, &limits));
    }
    Ok(())
}

/// Statements with holes for integers (`#`) and strings (`@`).
const STATEMENTS: &[&str] = &[
    "SELECT a FROM t WHERE id = #",
    "SELECT #, @ FROM t",
    "SELECT count(#) FROM t LIMIT # OFFSET #",
    "DELETE FROM t WHERE #=#",
    "DELETE FROM t WHERE id = # OR # = #",
    "DELETE FROM t WHERE @ = @",
    "DELETE FROM t WHERE id < # OR id > #",
    "DELETE FROM t WHERE id = # OR id <> #",
    "DELETE FROM t WHERE id IN (#, #)",
    "DELETE FROM t WHERE name LIKE @",
    "DELETE FROM t WHERE name ~ @ AND id = #",
    "DELETE FROM t WHERE @",
    "DELETE FROM t WHERE #::bool",
    "DELETE FROM t WHERE @::bool OR id = #",
    "DELETE FROM t WHERE id + # = id + #",
    "DELETE FROM t WHERE coalesce(a, #) = coalesce(a, #)",
    "DELETE FROM t WHERE NOT (a = # AND a <> #)",
    "DELETE FROM t WHERE id IN (SELECT id FROM t WHERE # = #)",
    "DELETE FROM t WHERE EXISTS (SELECT # FROM u WHERE u.id = t.id OR # = #)",
    "DELETE FROM t WHERE CASE WHEN id = # THEN @::bool ELSE true END",
    "DELETE FROM t WHERE id BETWEEN # AND #",
    "DELETE FROM t WHERE (id, #) = (id, #)",
    "UPDATE t SET a = #, b = @ WHERE id = #",
    "UPDATE t SET a = a + # WHERE # < #",
    "INSERT INTO t VALUES (#, @), (#, @)",
    "INSERT INTO t VALUES (#) ON CONFLICT (id) DO UPDATE SET a = #",
    "MERGE INTO t USING u ON t.id = u.id AND # = # WHEN MATCHED AND # = # THEN DELETE",
    "SELECT set_config(@, @, false)",
    "SELECT nextval(@)",
    "SELECT pg_notify(@, @)",
    "SELECT current_setting(@)",
    "SELECT pg_read_file(@, #)",
    "SELECT lo_get(#)",
    "SELECT upper(@)",
    "SELECT ts_rewrite(@, @)",
    "SELECT dblink(@)",
    "SET work_mem = #",
    "SET client_encoding = @",
    "COPY t TO @",
    "COPY t TO STDOUT (DELIMITER @)",
    "EXECUTE p(#, @)",
    "NOTIFY a, @",
    "DO @",
    "SELECT a FROM t ORDER BY # FETCH FIRST # ROWS ONLY",
    "EXPLAIN SELECT # FROM t WHERE a = @",
    "PREPARE p AS DELETE FROM t WHERE # = #",
    "CREATE TABLE x AS SELECT # FROM t",
    "VALUES (#, @)",
    "SELECT a::varchar(#), interval @, date @ FROM t",
    "SELECT a[#], a -> @ FROM t",
    "SELECT * FROM generate_series(#, #) WHERE @ = @",
    "FETCH # FROM c",
    "COMMENT ON TABLE t IS @",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS @",
    "LISTEN a; SELECT #",
];

fn integers() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("0".to_owned()),
        Just("1".to_owned()),
        Just("2".to_owned()),
        Just("5".to_owned()),
        any::<u64>().prop_map(|number| number.to_string()),
        (2_147_483_640_u64..2_147_483_655).prop_map(|number| number.to_string()),
    ]
}

fn strings() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "'t'",
            "'f'",
            "'true'",
            "'%'",
            "'a%'",
            "'.*'",
            "''",
            "'role'",
            "'work_mem'",
            "'order_ids'",
            "'utf8'",
            "'/tmp/x'",
            "'DELETE FROM t'",
            "'it''s'",
            "','",
            "'1'",
        ])
        .prop_map(str::to_owned),
        "[ -~]{0,8}".prop_map(|text| format!("'{}'", text.replace('\'', "''"))),
    ]
}

fn filled(statement: &str, integers: &[String], strings: &[String]) -> String {
    let (mut integers, mut strings) = (integers.iter().cycle(), strings.iter().cycle());
    let mut text = String::new();
    for letter in statement.chars() {
        match letter {
            '#' => text.push_str(integers.next().unwrap()),
            '@' => text.push_str(strings.next().unwrap()),
            other => text.push(other),
        }
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    #[test]
    fn one_shape_has_one_reading(
        statement in prop::sample::select(STATEMENTS),
        integers in prop::collection::vec(integers(), 10),
        strings in prop::collection::vec(strings(), 10),
    ) {
        let one = filled(statement, &integers[..5], &strings[..5]);
        let other = filled(statement, &integers[5..], &strings[5..]);
        check(&one, &other)?;
    }

    #[test]
    fn one_shape_has_one_reading_whatever_stands_between(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "SELECT", "#", "@", " ", "\n", "-", "--", "/", "/*", "*/", "'", "\"", "E", "e", "U&",
                "$", "$$", "$1", ".", ",", "(", ")", "=", "a", "t", "_", "0", ";", "::", "&", "\\",
                "x'", "1e", "FROM t", "OR", "DELETE FROM t WHERE",
            ]), 0..12),
        integers in prop::collection::vec(integers(), 4),
        strings in prop::collection::vec(strings(), 4),
    ) {
        let statement = pieces.concat();
        let one = filled(&statement, &integers[..2], &strings[..2]);
        let other = filled(&statement, &integers[2..], &strings[2..]);
        check(&one, &other)?;
    }
}
