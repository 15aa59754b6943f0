//! Random statements from a grammar, over the tables with canaries.
//!
//! A statement is made by a tape of bytes, each of which chooses among alternatives; past its end the
//! first alternative is taken, which is the simplest. So a statement that leaks is made smaller by
//! cutting its tape.

use std::time::{Duration, Instant};

use e2e::Client;

use super::forms::{self, Form};
use super::script::Statement;
use super::{Bed, Leaks};
use crate::v15;

/// What is drawn in `make test`; `SLUICE_LEAK_SEED` draws another.
const SEED: u64 = 20_260_411;

/// How long that may take; `SLUICE_LEAK_SECONDS` makes it longer.
const SECONDS: u64 = 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Text,
    Number,
    Day,
    Json,
}
use Type::{Day, Json, Number, Text};

/// A relation, how it is written in FROM, and its columns.
type Relation = (&'static str, &'static [(&'static str, Type)]);

const RELATIONS: &[Relation] = &[
    (
        "people",
        &[
            ("ssn", Text),
            ("account", Number),
            ("born", Day),
            ("profile", Json),
            ("badge", Text),
            ("rate", Number),
            ("name", Text),
            ("id", Number),
            ("salary", Number),
            ("nick", Text),
            ("joined", Day),
            ("mirror", Text),
            ("double", Number),
        ],
    ),
    (
        "payments",
        &[
            ("card", Text),
            ("reference", Number),
            ("amount", Number),
            ("currency", Text),
            ("person", Number),
        ],
    ),
    ("visits", &[("remark", Text), ("code", Number), ("day", Day), ("fee", Number)]),
    ("visits_2026_high", &[("remark", Text), ("code", Number), ("day", Day)]),
    ("animals", &[("chip", Text), ("label", Text), ("id", Number)]),
    ("dogs", &[("chip", Text), ("breed", Text), ("id", Number)]),
    ("v_plain", &[("a", Text), ("b", Number), ("country", Text)]),
    ("v_nested", &[("shout", Text), ("more", Number)]),
    ("v_gathered", &[("all_of_them", Text), ("top", Number), ("country", Text)]),
    ("m_plain", &[("a", Text), ("b", Number), ("country", Text)]),
    ("m_nested", &[("shout", Text), ("more", Number)]),
    ("f_table()", &[("a", Text), ("b", Number)]),
    ("f_rows()", &[("ssn", Text), ("account", Number), ("born", Day), ("profile", Json)]),
    ("v_rows", &[("json", Json), ("id", Number)]),
    ("countries", &[("title", Text), ("ssn", Text)]),
    ("other.people", &[("ssn", Text), ("account", Number)]),
];

/// The choices that make one statement.
struct Tape {
    bytes: Vec<u8>,
    at: usize,
    names: usize,
}

/// A name in FROM and the columns behind it.
#[derive(Clone)]
struct Source {
    name: String,
    columns: Vec<(String, Type)>,
}

impl Tape {
    fn new(bytes: &[u8]) -> Self {
        Self { bytes: bytes.to_vec(), at: 0, names: 0 }
    }

    fn pick(&mut self, of: usize) -> usize {
        let byte = self.bytes.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        usize::from(byte) % of
    }

    fn name(&mut self) -> String {
        self.names += 1;
        format!("t{}", self.names)
    }

    fn types(&mut self) -> Vec<Type> {
        let count = 1 + self.pick(3);
        (0..count).map(|_| [Text, Number, Text, Day][self.pick(4)]).collect()
    }

    fn statement(&mut self) -> String {
        let types = self.types();
        match self.pick(12) {
            0..=8 => self.query(&types, &[], 3),
            9 => format!("UPDATE people SET salary = salary + 1 {}", self.returning("people")),
            10 => format!("DELETE FROM payments {}", self.returning("payments")),
            _ => format!("UPDATE visits SET fee = 1 {}", self.returning("visits")),
        }
    }

    fn returning(&mut self, table: &str) -> String {
        let (_, columns) = RELATIONS.iter().find(|(name, _)| *name == table).expect("a table");
        let source = Source {
            name: table.into(),
            columns: columns.iter().map(|(name, of)| ((*name).into(), *of)).collect(),
        };
        let types = self.types();
        let list: Vec<_> =
            types.iter().map(|of| self.expression(*of, std::slice::from_ref(&source), 2)).collect();
        format!("RETURNING {}", list.join(", "))
    }

    /// A query with columns c1, c2, … of these types; `outer` may be named in it.
    fn query(&mut self, types: &[Type], outer: &[Source], depth: usize) -> String {
        if depth > 0 {
            match self.pick(10) {
                7 => {
                    let kind = ["UNION ALL", "UNION", "EXCEPT", "INTERSECT"][self.pick(4)];
                    return format!(
                        "({}) {kind} ({})",
                        self.query(types, outer, depth - 1),
                        self.query(types, outer, depth - 1)
                    );
                }
                8 => {
                    let (name, inner) = (self.name(), self.types());
                    let body = self.query(&inner, outer, depth - 1);
                    let source = named(&name, &inner);
                    let select = self.select(types, outer, depth - 1, Some((name.clone(), source)));
                    let kind = ["", "MATERIALIZED ", "NOT MATERIALIZED "][self.pick(3)];
                    return format!("WITH {name} AS {kind}({body}) {select}");
                }
                9 => {
                    let mut inner = vec![];
                    for of in types {
                        inner.push(self.expression(*of, outer, depth - 1));
                    }
                    return format!(
                        "SELECT * FROM (VALUES ({0}), ({0})) v ({1})",
                        inner.join(", "),
                        columns(types.len())
                    );
                }
                _ => {}
            }
        }
        self.select(types, outer, depth, None)
    }

    fn select(
        &mut self,
        types: &[Type],
        outer: &[Source],
        depth: usize,
        with: Option<(String, Source)>,
    ) -> String {
        let mut scope = outer.to_vec();
        let mut from = Vec::new();
        if let Some((name, mut source)) = with {
            source.name = self.name();
            from.push(format!("{name} AS {}", source.name));
            scope.insert(0, source);
        }
        for at in 0..1 + self.pick(5) / 3 {
            let (text, source) = self.from(&scope, depth, at > 0);
            from.push(text);
            scope.insert(0, source);
        }
        let mut text = "SELECT ".to_owned();
        let grouped = self.pick(6) == 5;
        let list: Vec<_> = types
            .iter()
            .enumerate()
            .map(|(at, of)| {
                let inner = self.expression(*of, &scope, depth);
                let inner = if grouped { aggregate(*of, &inner, self.pick(3)) } else { inner };
                format!("{inner} AS c{}", at + 1)
            })
            .collect();
        text += &list.join(", ");
        text += &format!(" FROM {}", from.join(["", " CROSS JOIN ", ", "][1 + self.pick(2)]));
        match self.pick(5) {
            3 => text += &format!(" WHERE {} IS NOT NULL", self.expression(Text, &scope, 1)),
            4 => text += &format!(" WHERE {} > 0", self.expression(Number, &scope, 1)),
            _ => {}
        }
        match self.pick(6) {
            4 if !grouped => text += " ORDER BY 1",
            5 => text += " LIMIT 3",
            _ => {}
        }
        text
    }

    fn from(&mut self, scope: &[Source], depth: usize, lateral: bool) -> (String, Source) {
        let name = self.name();
        if depth > 0 && self.pick(4) == 3 {
            let types = self.types();
            let lateral = lateral && self.pick(2) == 1;
            let seen = if lateral { scope } else { &[] };
            let body = self.query(&types, seen, depth - 1);
            let word = if lateral { "LATERAL " } else { "" };
            return (
                format!("{word}({body}) AS {name} ({})", columns(types.len())),
                named(&name, &types),
            );
        }
        let (relation, known) = RELATIONS[self.pick(RELATIONS.len())];
        let all = known.iter().map(|(name, of)| ((*name).to_owned(), *of)).collect();
        (format!("{relation} AS {name}"), Source { name, columns: all })
    }

    fn expression(&mut self, of: Type, scope: &[Source], depth: usize) -> String {
        if depth == 0 {
            return self.column(of, scope);
        }
        let less = depth - 1;
        let choice = self.pick(14);
        if choice < 4 {
            return self.column(of, scope);
        }
        let sub = |tape: &mut Self, of| tape.expression(of, scope, less);
        match (of, choice) {
            (_, 4) => format!("coalesce({}, {})", sub(self, of), literal(of)),
            (_, 5) => format!(
                "CASE WHEN {} IS NULL THEN {} ELSE {} END",
                sub(self, Text),
                literal(of),
                sub(self, of)
            ),
            (_, 6) => format!("({} LIMIT 1)", parenthesised(&self.query(&[of], scope, less))),
            (_, 7) => format!("(ARRAY[{}, {}])[1]", sub(self, of), sub(self, of)),
            (_, 8) => format!("greatest({}, {})", sub(self, of), literal(of)),
            (Text, 9) => format!(
                "{}({})",
                ["upper", "reverse", "lower", "f_twice", "quote_literal", "btrim"][self.pick(6)],
                sub(self, Text)
            ),
            (Text, 10) => format!("({} || {})", sub(self, Text), sub(self, Text)),
            (Text, 11) => format!("({})::text", {
                let of = [Number, Day, Json][self.pick(3)];
                sub(self, of)
            }),
            (Text, 12) => match scope.get(self.pick(scope.len().max(1))) {
                Some(source) => format!(
                    "{}{}",
                    ["to_jsonb", "row_to_json", ""][self.pick(3)],
                    format_args!("({})::text", source.name)
                ),
                None => "f_ssn(1)".into(),
            },
            (Text, _) => match self.pick(4) {
                0 => format!("encode({}::bytea, 'hex')", sub(self, Text)),
                1 => format!("concat_ws('-', {}, {})", sub(self, Number), sub(self, Text)),
                2 => format!("f_ssn({})", 1 + self.pick(6)),
                _ => format!("({} ->> 'secret')", sub(self, Json)),
            },
            (Number, 9 | 10) => format!("({} + {})", sub(self, Number), self.pick(2)),
            (Number, 11) => format!("(-({}))", sub(self, Number)),
            (Number, 12) => format!("length({})", sub(self, Text)),
            (Number, _) => format!("sum({}) OVER ()", self.column(Number, scope)),
            (Day, 9 | 10) => format!("({} + 0)", sub(self, Day)),
            (Day, _) => format!("({})::timestamp::date", sub(self, Day)),
            (Json, 9 | 10) => format!("jsonb_build_object('k', {})", sub(self, Text)),
            (Json, _) => format!("to_jsonb({})", sub(self, Text)),
        }
    }

    fn column(&mut self, of: Type, scope: &[Source]) -> String {
        let all = scope
            .iter()
            .flat_map(|source| source.columns.iter().map(move |column| (source, column)));
        let fit: Vec<_> = all.filter(|(_, (_, is))| *is == of).collect();
        if fit.is_empty() {
            return literal(of).into();
        }
        let (source, (column, _)) = fit[self.pick(fit.len())];
        format!("{}.{column}", source.name)
    }
}

fn parenthesised(query: &str) -> String {
    format!("SELECT * FROM ({query}) AS q")
}

fn aggregate(of: Type, inner: &str, which: usize) -> String {
    match (of, which) {
        (Text, 1) => format!("string_agg({inner}, ',')"),
        (Number, 1) => format!("sum({inner})"),
        (Json, _) => format!("jsonb_agg({inner})"),
        (_, 2) => format!("(array_agg({inner}))[1]"),
        _ => format!("max({inner})"),
    }
}

fn literal(of: Type) -> &'static str {
    match of {
        Text => "'x'::text",
        Number => "0",
        Day => "date '2001-01-01'",
        Json => "'{}'::jsonb",
    }
}

fn columns(count: usize) -> String {
    (1..=count).map(|at| format!("c{at}")).collect::<Vec<_>>().join(", ")
}

fn named(name: &str, types: &[Type]) -> Source {
    let columns = types.iter().enumerate().map(|(at, of)| (format!("c{}", at + 1), *of));
    Source { name: name.to_owned(), columns: columns.collect() }
}

/// The numbers of Marsaglia's xorshift: the same for a seed wherever it runs.
struct Draw(u64);

impl Draw {
    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count)
            .map(|_| {
                self.0 ^= self.0 << 13;
                self.0 ^= self.0 >> 7;
                self.0 ^= self.0 << 17;
                self.0.to_le_bytes()[3]
            })
            .collect()
    }
}

struct Generated<'a> {
    bed: &'a Bed,
    client: Client,
}

impl Generated<'_> {
    /// What leaks of this tape's statement, and whether the server took it.
    fn leaks(&mut self, bytes: &[u8], form: Form) -> (Option<String>, bool) {
        let sql = Tape::new(bytes).statement();
        let statement =
            Statement { file: "generated", line: 0, sql, with: Vec::new(), clear: None };
        self.client.query("BEGIN");
        self.client.forget_received();
        let said = forms::run(&mut self.client, form, &statement);
        let found = self.bed.search.client(self.client.received(), &said);
        if said.last().is_none_or(|last| last.kind != b'Z') {
            self.client = self.bed.house.client("alice");
        }
        self.client.query("ROLLBACK");
        let failed = said.iter().any(|message| message.kind == b'E');
        (found.first().map(|found| format!("{found:?}")), !failed)
    }

    /// The shortest tape found whose statement still leaks.
    fn shrink(&mut self, bytes: &[u8], form: Form) -> Vec<u8> {
        let mut best = bytes.to_vec();
        let mut length = best.len() / 2;
        while length > 0 {
            let mut at = 0;
            while at < best.len() {
                let end = (at + length).min(best.len());
                let cut = [&best[..at], &best[end..]].concat();
                let mut zeroed = best.clone();
                zeroed[at..end].fill(0);
                let smaller = |tape: &[u8]| {
                    Tape::new(tape).statement().len() < Tape::new(&best).statement().len()
                };
                match [cut, zeroed]
                    .into_iter()
                    .find(|tape| smaller(tape) && self.leaks(tape, form).0.is_some())
                {
                    Some(tape) => best = tape,
                    None => at = end,
                }
            }
            length /= 2;
        }
        best
    }
}

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().expect("a number"))
}

#[test]
fn the_grammar_makes_statements_that_show_canaries_past_the_gateway() {
    let database = super::canary_database(v15());
    let search = super::Search::new(&super::Canaries::of(&database));
    let (mut direct, mut draw) = (database.direct(), Draw(SEED | 1));
    let mut showed = 0;
    for _ in 0..200 {
        direct.query("BEGIN");
        direct.forget_received();
        let said = direct.query(&Tape::new(&draw.bytes(120)).statement());
        showed += usize::from(!search.client(direct.received(), &said).is_empty());
        direct.query("ROLLBACK");
    }
    assert!(showed > 60, "{showed} of 200");
}

#[test]
fn no_statement_of_a_grammar_shows_a_canary() {
    let bed = Bed::new(v15(), "app");
    let seed = setting("SLUICE_LEAK_SEED", SEED);
    let until = Instant::now() + Duration::from_secs(setting("SLUICE_LEAK_SECONDS", SECONDS));
    let mut generated = Generated { bed: &bed, client: bed.house.client("alice") };
    generated.client.query("SET statement_timeout = '2s'");
    let mut leaks = Leaks::default();
    let (mut draw, mut taken) = (Draw(seed | 1), 0);
    while Instant::now() < until && leaks.found.len() < 20 {
        let (bytes, form) = (draw.bytes(120), Form::ALL[leaks.ran % Form::ALL.len()]);
        let (found, worked) = generated.leaks(&bytes, form);
        leaks.ran += 1;
        taken += usize::from(worked);
        if found.is_some() {
            let small = generated.shrink(&bytes, form);
            let what = generated.leaks(&small, form).0.unwrap_or_default();
            leaks.add(
                &format!("seed {seed}, number {} ({form:?})", leaks.ran),
                &Tape::new(&small).statement(),
                what,
            );
        }
        if leaks.ran % 5000 == 0 {
            eprintln!(
                "seed {seed}: {} statements, {taken} worked, {} leaked",
                leaks.ran,
                leaks.found.len()
            );
        }
    }
    eprintln!(
        "seed {seed}: {} statements, {taken} worked, {} leaked",
        leaks.ran,
        leaks.found.len()
    );
    assert!(taken * 3 > leaks.ran, "{taken} of {} statements worked", leaks.ran);
    leaks.assert_none("generated");
}
