use mask::catalogue;

const PAGE: &str = include_str!("../../../../docs/data-classes.md");

#[test]
fn the_page_about_data_classes_says_what_the_catalogue_says() {
    let rows: Vec<_> = catalogue()
        .iter()
        .map(|info| match info.has_detector {
            true => format!(
                "| `{}` | {} | {} | `{}` |",
                info.name, info.what, info.validated_by, info.operator
            ),
            false => format!("| `{}` | {} | `{}` |", info.name, info.what, info.operator),
        })
        .collect();
    for row in &rows {
        assert!(
            PAGE.lines().any(|line| line == row),
            "docs/data-classes.md lacks this row:\n{row}"
        );
    }
    let begin = |line: &&str| line.starts_with("| `") && !line.contains("`[masked]`");
    let classes = PAGE.split("## Operators").next().unwrap_or_default();
    assert_eq!(classes.lines().filter(begin).count(), rows.len(), "the page has a row too many");
}
