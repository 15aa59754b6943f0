use mask::catalogue;

const PAGE: &str = include_str!("../../../../docs/data-classes.md");
const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/data-classes.md");

/// `UPDATE_PAGE=1 cargo test -p mask` writes the rows.
#[test]
fn the_page_about_data_classes_says_what_the_catalogue_says() {
    let rows: Vec<_> = catalogue()
        .iter()
        .map(|info| {
            let names = |names: &[&str]| {
                names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
            };
            let theirs = [names(info.presidio.as_slice()), names(info.google)];
            let theirs = theirs.map(|names| if names.is_empty() { "–".into() } else { names });
            let [presidio, google] = theirs;
            let validated = Some(info.validated_by).filter(|_| info.has_detector);
            let validated = validated.map(|text| format!("{text} | ")).unwrap_or_default();
            format!(
                "| `{}` | {} | {validated}`{}` | {presidio} | {google} |",
                info.name, info.what, info.operator
            )
        })
        .collect();
    if std::env::var_os("UPDATE_PAGE").is_some() {
        std::fs::write(PATH, written_anew(&rows)).unwrap();
        return;
    }
    for row in &rows {
        assert!(
            PAGE.lines().any(|line| line == row),
            "docs/data-classes.md lacks this row:\n{row}"
        );
    }
    let classes = PAGE.split("## Operators").next().unwrap_or_default();
    assert_eq!(classes.lines().filter(is_row).count(), rows.len(), "the page has a row too many");
}

fn is_row(line: &&str) -> bool {
    line.starts_with("| `") && !line.contains("`[masked]`")
}

/// The page with these rows under the headings they belong to.
fn written_anew(rows: &[String]) -> String {
    let (classes, operators) = PAGE.split_once("## Operators").unwrap();
    let mut page = String::new();
    for line in classes.lines().filter(|line| !is_row(line)) {
        page.push_str(line);
        page.push('\n');
        let columns = match line {
            "|---|---|---|---|---|---|" => 7,
            "|---|---|---|---|---|" => 6,
            _ => continue,
        };
        let these = rows.iter().filter(|row| row.split(" | ").count() + 1 == columns);
        these.for_each(|row| page.push_str(&format!("{row}\n")));
    }
    page + "## Operators" + operators
}
