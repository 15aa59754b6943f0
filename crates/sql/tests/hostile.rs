//! Texts made to crash, to stall, or to pass unread.

use proptest::prelude::*;
use sql::{Limits, Statement, Unreadable, read};

use crate::scope::{Shop, offline};

fn read_default(text: &[u8]) -> Result<Vec<Statement>, Unreadable> {
    read(text, &Shop::new(), &Limits::default())
}

/// Reads on a stack as small as a worker's of the usual async runtimes.
fn read_on_a_small_stack(text: String) -> Result<Vec<Statement>, Unreadable> {
    let reading = std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(move || read_default(text.as_bytes()))
        .unwrap();
    reading.join().unwrap()
}

#[test]
fn a_drop_behind_nine_mebibytes_of_comment_is_unknown() {
    let text = format!("/*{}*/ DROP TABLE customers", " ".repeat(9 << 20));
    assert_eq!(read_default(text.as_bytes()).unwrap_err().why, "it is longer than 1048576 bytes");
}

#[test]
fn a_text_of_just_the_limit_is_read() {
    let mut text = "DROP TABLE customers".to_owned();
    text.push_str(&" ".repeat((1 << 20) - text.len()));
    assert_eq!(read_default(text.as_bytes()).unwrap().len(), 1);
    text.push(' ');
    read_default(text.as_bytes()).unwrap_err();
}

#[test]
fn bytes_that_are_no_text_are_unknown() {
    for (text, why) in [
        (&b"SELECT 1\0; DROP TABLE customers"[..], "it holds a NUL byte"),
        (b"SELECT '\xff'", "it is not UTF-8"),
        (b"SELECT '\xc3'", "it is not UTF-8"),
        (b"SELECT '\xed\xa0\x80'", "it is not UTF-8"),
    ] {
        assert_eq!(read_default(text).unwrap_err().why, why, "{text:?}");
    }
}

#[test]
fn too_many_statements_are_unknown() {
    let limits = Limits { statements: 3, ..Limits::default() };
    assert_eq!(read(b"SELECT 1;;SELECT 2;SELECT 3;", &Shop::new(), &limits).unwrap().len(), 3);
    read(b"SELECT 1;SELECT 2;SELECT 3;SELECT 4", &Shop::new(), &limits).unwrap_err();
}

#[test]
fn too_many_tokens_are_unknown() {
    let text = format!("VALUES {}", vec!["(1)"; 100_000].join(","));
    assert_eq!(read_default(text.as_bytes()).unwrap_err().why, "it holds more than 250000 tokens");
}

#[test]
fn nesting_beyond_the_limit_is_unknown() {
    let limits = Limits { depth: 10, ..Limits::default() };
    let text = |depth: usize| format!("SELECT {}true", "NOT ".repeat(depth));
    read(text(4).as_bytes(), &Shop::new(), &limits).unwrap();
    read(text(20).as_bytes(), &Shop::new(), &limits).unwrap_err();
}

#[test]
fn nesting_never_overflows_a_small_stack() {
    type Nest = fn(usize) -> String;
    let nests: [Nest; 16] = [
        |n| format!("SELECT {}1{}", "(".repeat(n), ")".repeat(n)),
        |n| format!("SELECT {}", vec!["1"; n].join("+")),
        |n| format!("SELECT {}", vec!["'a'"; n].join("||")),
        |n| vec!["SELECT 1"; n].join(" UNION "),
        |n| vec!["SELECT 1"; n].join(" EXCEPT ALL "),
        |n| format!("SELECT {}1{}", "(SELECT ".repeat(n), ")".repeat(n)),
        |n| format!("SELECT * FROM t {}", "JOIN u ON true ".repeat(n)),
        |n| format!("DELETE FROM t WHERE {}true", "NOT ".repeat(n)),
        |n| {
            format!(
                "DELETE FROM t WHERE {}id = 1{}",
                "(id = 1 OR (id = 2 AND ".repeat(n),
                "))".repeat(n)
            )
        },
        |n| format!("SELECT {}1{}", "ARRAY[".repeat(n), "]".repeat(n)),
        |n| format!("SELECT {}1{}", "lower(".repeat(n), ")".repeat(n)),
        |n| format!("SELECT {}1{}", "CASE WHEN true THEN ".repeat(n), " END".repeat(n)),
        |n| format!("{}SELECT 1{}", "WITH x AS (".repeat(n), ") SELECT 1".repeat(n)),
        |n| format!("SELECT * FROM {}t{}", "(SELECT * FROM ".repeat(n), ") x".repeat(n)),
        |n| format!("SELECT 1{}", "::int".repeat(n)),
        |n| format!("UPDATE t SET a = {}a", "-a + ".repeat(n)),
    ];
    for nest in nests {
        for depth in [10, 30, 60, 100, 300, 1_000, 5_000, 30_000] {
            let text = nest(depth);
            if text.len() <= Limits::default().bytes {
                // Either will do; to come back at all is what is asked.
                drop(read_on_a_small_stack(text));
            }
        }
    }
}

#[test]
fn long_lists_are_read() {
    for text in [
        format!("DELETE FROM t WHERE id IN ({})", vec!["1"; 100_000].join(",")),
        format!("DELETE FROM t WHERE {}", vec!["id=1"; 20_000].join(" OR ")),
        format!("INSERT INTO t VALUES {}", vec!["(1,'x')"; 30_000].join(",")),
        format!("SELECT {}", vec!["a"; 30_000].join(",")),
    ] {
        let statements = read_on_a_small_stack(text).unwrap();
        assert!(!statements[0].unbounded);
    }
}

#[test]
fn an_assignment_that_multiplies_is_unknown() {
    let columns = vec!["a"; 20_000].join(",");
    let values = vec!["1"; 20_000].join(",");
    for text in [
        format!("UPDATE t SET ({columns}) = ({values})"),
        format!("UPDATE t SET ({columns}) /* = */ = ({values})"),
        format!("UPDATE t SET ({columns}) -- x\n= ({values})"),
        format!("INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET ({columns})=ROW({values})"),
    ] {
        let why = read_default(text.as_bytes()).unwrap_err().why;
        assert_eq!(why, "its list of columns and values multiplies beyond measure");
    }
}

#[test]
fn an_assignment_of_many_columns_is_read() {
    let columns: Vec<String> = (0..200).map(|n| format!("column_{n}")).collect();
    let values = vec!["$1"; 200].join(", ");
    let text = format!("UPDATE t SET ({}) = ({values}) WHERE (id) = 1", columns.join(", "));
    assert!(!read_default(text.as_bytes()).unwrap()[0].unbounded);
}

#[test]
fn a_refusal_quotes_little_of_the_text() {
    let text = format!("SELECT 1 /* {}", "é".repeat(10_000));
    assert!(read_default(text.as_bytes()).unwrap_err().why.len() < 300);
}

/// Words that statements are made of, thrown together they reach far into the grammar.
const WORDS: &[&str] = &[
    "SELECT",
    "FROM",
    "WHERE",
    "DELETE",
    "UPDATE",
    "INSERT INTO",
    "SET",
    "VALUES",
    "WITH",
    "AS",
    "t",
    "u",
    "customers",
    "a",
    "b",
    "id",
    "(",
    ")",
    ",",
    ";",
    "*",
    "=",
    "<>",
    "+",
    "-",
    "OR",
    "AND",
    "NOT",
    "NULL",
    "IS",
    "IN",
    "BETWEEN",
    "LIKE",
    "'x'",
    "'%'",
    "1",
    "2147483648",
    "1.5",
    "$1",
    "true",
    "false",
    "EXISTS",
    "ANY",
    "ARRAY",
    "[",
    "]",
    "::",
    "int",
    "text",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "UNION",
    "ALL",
    "GROUP BY",
    "ORDER BY",
    "LIMIT",
    "RETURNING",
    "DROP",
    "TABLE",
    "CREATE",
    "VIEW",
    "COPY",
    "TO",
    "STDOUT",
    "EXPLAIN",
    "ANALYZE",
    "PREPARE",
    "EXECUTE",
    "JOIN",
    "ON",
    "USING",
    "LATERAL",
    "OPERATOR(secret.+)",
    "purge()",
    "nextval('order_ids')",
    "set_config('a', 'b', true)",
    "FOR UPDATE",
    "INTO",
    "ALTER",
    "GRANT",
    "DO",
    "$$x$$",
    "E'\\''",
    "U&'\\0061'",
    "--",
    "/*",
    "*/",
    "\n",
    "\"q\"",
    ".",
    "MERGE INTO",
    "MATCHED",
    "coalesce(",
];

fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(WORDS), 0..40).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(read_default(&bytes));
        let _ = sql::shape(&bytes, &mut Vec::new());
    }

    #[test]
    fn arbitrary_words_never_panic(text in soup()) {
        drop(read(text.as_bytes(), &Shop::new(), &Limits::default()));
        drop(read(text.as_bytes(), &offline(), &Limits::default()));
        let _ = sql::shape(text.as_bytes(), &mut Vec::new());
    }

    /// What the server would refuse is refused, what it would take is either understood or unknown.
    #[test]
    fn what_is_understood_is_of_the_grammar(text in soup()) {
        if let Ok(statements) = read_default(text.as_bytes()) {
            let tree = pg_query::parse(&text, 0).unwrap();
            prop_assert_eq!(statements.len(), tree.protobuf.stmts.len());
        }
    }
}

/// The grammar is C, and what it does to the process it does to every thread of it.
#[test]
fn reading_leaves_standard_error_where_it_points() {
    use std::sync::atomic::{AtomicBool, Ordering};

    let points_at = || std::fs::read_link("/proc/self/fd/2").unwrap();
    let before = points_at();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    read_default(b"SELECT id FROM customers WHERE id = 1").unwrap();
                }
            });
        }
        let stays = (0..20_000).all(|_| points_at() == before);
        stop.store(true, Ordering::Relaxed);
        assert!(stays, "libpg_query was built without -DDEBUG (see .cargo/config.toml)");
    });
}
