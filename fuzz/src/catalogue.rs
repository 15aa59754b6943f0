use model::{DataClass, DataRule};
use wire::postgres::catalogue::{Catalogue, Row};

/// Tables with sensitive columns, a table that code copies to, a view of one column, two functions.
const ROWS: &[[&str; 6]] = &[
    ["path", "1", "public", "", "", ""],
    ["relation", "20000", "public", "customers", "r", ""],
    ["column", "20000", "1", "id", "23", "n"],
    ["column", "20000", "2", "ssn", "25", ""],
    ["column", "20000", "3", "email", "25", ""],
    ["column", "20000", "4", "note", "25", ""],
    ["relation", "20001", "public", "copied", "r", ""],
    ["column", "20001", "1", "id", "23", ""],
    ["column", "20001", "2", "secret", "25", ""],
    ["relation", "20002", "public", "seen", "v", ""],
    ["column", "20002", "1", "what", "25", ""],
    ["view", "20002", "20000", "0", "", ""],
    ["function", "20010", "public", "fired", "v", ""],
    ["function", "20011", "public", "helper", "s", ""],
    ["trigger", "20000", "copies", "20010", "", ""],
];

/// Stands in the trigger's code, whatever the rest of it is.
const COPIES: &str = "INSERT INTO copied (secret) VALUES (NEW.ssn);";

/// Any texts of views, functions, triggers, rules and defaults are read, the same twice, and the same
/// by whoever read them before. What a rule says of a column holds; a view that cannot be read may show
/// anything; and what a trigger is seen to copy is not forgotten for what stands around it.
pub fn catalogue_texts(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if text.len() > 16 << 10 {
        return;
    }
    // A piece begins with a letter that says what it is.
    let pieces: Vec<(char, &str)> = text
        .split("%%")
        .filter_map(|piece| Some((piece.chars().next()?, piece.get(1..)?)))
        .take(12)
        .collect();
    let catalogue = read(&pieces, None);
    assert_eq!(read(&pieces, None), catalogue);
    assert_eq!(read(&pieces, Some(&catalogue)), catalogue, "of those who knew it");

    let value = |relation, number, class: &str| {
        let entry = catalogue.column(relation, number).unwrap();
        entry.carried.value.iter().any(|one| one.as_str() == class)
    };
    assert!(value(20000, 2, "us_ssn") && value(20000, 3, "email"), "{pieces:?}");
    let all = |relation, number| {
        let entry = catalogue.column(relation, number).unwrap();
        entry.carried.all().any(|one| one.as_str() == "us_ssn")
    };
    let views = pieces.iter().filter(|(kind, _)| *kind == 'v');
    let last = views.map(|(_, text)| *text).next_back();
    let unread = |text: &str| {
        let scope = sql::NoCatalogue::default();
        sql::read(text.as_bytes(), &scope, &sql::Limits::default()).is_err()
    };
    assert!(last.is_some_and(|text| !unread(text)) || all(20002, 1), "{pieces:?}");

    for (_, text) in pieces.iter().filter(|(kind, _)| *kind == 'k') {
        // Quotes and comments could make the copy a part of theirs.
        if text.contains(['\'', '"', '-', '/', '$', '\\', '&']) {
            continue;
        }
        let (before, after) = text.split_once('|').unwrap_or((text, ""));
        let code = format!("BEGIN {before}; {COPIES} {after}; RETURN NEW; END");
        let catalogue = read(&[('c', &code)], None);
        let secret = catalogue.column(20001, 2).unwrap();
        let copied = secret.carried.all().any(|one| one.as_str() == "us_ssn");
        let behind = catalogue.writes_behind(&model::Parent::Is("public".into()), "customers");
        let hidden =
            behind.is_some_and(|(_, classes)| classes.iter().any(|one| one.as_str() == "us_ssn"));
        assert!(copied || hidden, "{code}");
    }
}

fn read(pieces: &[(char, &str)], earlier: Option<&Catalogue>) -> Catalogue {
    let class = |name: &str| DataClass::new(name).unwrap();
    let rule = |path: [&str; 3], name: &str| DataRule::Column {
        path: path.map(str::to_owned),
        class: class(name),
    };
    let rules =
        [rule(["public", "customers", "ssn"], "us_ssn"), rule(["*", "*", "email"], "email")];
    let given = ROWS.iter().map(|row| row.map(Some));
    let rows = given.chain(pieces.iter().filter_map(|(kind, text)| row(*kind, text)));
    Catalogue::read(rows.collect::<Vec<_>>(), &rules, &model::Inheritance::default(), earlier)
        .unwrap()
}

fn row(kind: char, text: &str) -> Option<Row<'_>> {
    let cells = match kind {
        'v' => ["definition", "20002", text, "", ""],
        'b' => ["body", "20011", text, "", ""],
        'c' => ["code", "20010", text, "plpgsql", ""],
        's' => ["code", "20011", text, "sql", ""],
        'p' => ["code", "20011", text, "plpgsql", ""],
        'r' => ["rule", "20000", "copying", text, ""],
        'd' => ["default", "20001", "2", text, ""],
        'g' => ["generated", "20000", "4", "2", ""],
        'n' => ["column", "20001", "3", text, "25"],
        'f' => ["function", "20012", "public", text, "s"],
        't' => ["trigger", "20001", text, "20011", "t"],
        _ => return None,
    };
    let [kind, one, two, three, four] = cells.map(Some);
    Some([kind, one, two, three, four, None])
}
