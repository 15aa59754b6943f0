//! Proposed rules, added to the `data:` list of a resource's file without touching its other lines.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::finding::{Finding, State};
use crate::config::yaml;
use crate::error::{Exit, Failure};
use crate::output;

/// As much of a resource's document as rules need.
#[derive(Debug, Deserialize)]
struct Document {
    name: Option<Spanned<String>>,
    data: Option<Spanned<Vec<Spanned<Rule>>>>,
}

#[derive(Debug, Deserialize)]
struct Rule {
    column: Option<String>,
    class: Option<String>,
    json: Option<String>,
    detect: Option<Vec<String>>,
}

/// A file that rules are added to.
pub(super) struct File {
    path: PathBuf,
    /// Empty when it is not there yet.
    text: String,
    resource: String,
}

impl File {
    /// Reads it and sees whether there is a place for rules of this resource.
    pub(super) fn open(path: &Path, resource: &str) -> Result<Self> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
        };
        let file = Self { path: path.to_owned(), text, resource: resource.to_owned() };
        if !file.text.is_empty() {
            file.place()?;
        }
        Ok(file)
    }

    /// Adds the rules that it does not have; answers how many.
    pub(super) fn add(&self, findings: &[Finding]) -> Result<usize> {
        let (place, known) = if self.text.is_empty() {
            let before = format!("# Rules for the resource {}\ndata:\n", self.resource);
            (Place { at: 0, before, indent: "  ".into() }, Vec::new())
        } else {
            self.place()?
        };
        let new: Vec<String> = proposed(findings, &known)
            .into_iter()
            .map(|rule| format!("{}{rule}\n", place.indent))
            .collect();
        if new.is_empty() {
            return Ok(0);
        }
        let (head, tail) = self.text.split_at_checked(place.at).context("the file changed")?;
        let changed = format!("{head}{}{}{tail}", place.before, new.concat());
        self.verify(&changed, known.len() + new.len())?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mut fresh = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
        fresh.write_all(changed.as_bytes())?;
        if let Ok(about) = std::fs::metadata(&self.path) {
            fresh.as_file().set_permissions(about.permissions())?;
        }
        fresh.as_file().sync_all()?;
        fresh.persist(&self.path).with_context(|| format!("writing {}", self.path.display()))?;
        Ok(new.len())
    }

    /// Where rules go, and the rules there are.
    fn place(&self) -> Result<(Place, Vec<Rule>)> {
        let found = yaml::many::<Document>(&self.path, &self.text)?;
        let of_it = |document: &Document| match &document.name {
            Some(name) => name.value == self.resource,
            None => false,
        };
        let alone = found.len() == 1;
        let document = found
            .into_iter()
            .find(|document| of_it(document) || (alone && document.name.is_none()))
            .ok_or_else(|| self.unfit(&format!("has no resource `{}`", self.resource)))?;
        let lines = Lines::of(&self.text);
        let rules = document.data;
        let Some(rules) = rules.filter(|rules| !rules.value.is_empty()) else {
            return match document.name {
                Some(name) if !lines.has_key("data", name.referenced.line()) => {
                    let at = lines.end_of_document(name.referenced.line());
                    let ends = self.text.get(..at).is_some_and(|text| text.ends_with('\n'));
                    let before = if ends { "data:\n" } else { "\ndata:\n" };
                    Ok((Place { at, before: before.into(), indent: "  ".into() }, Vec::new()))
                }
                _ => Err(self
                    .unfit("has an empty `data:` list: take it out, or write a rule into it")
                    .into()),
            };
        };
        let last = rules.value.last().map_or(0, |rule| rule.referenced.line());
        let first = rules.value.first().map_or(0, |rule| rule.referenced.line());
        // Behind the last rule when it is one line, else in front of the first.
        let one_line = |text: &str| {
            let rest = text.trim_start().strip_prefix("- {").and_then(|text| text.rsplit_once('}'));
            rest.is_some_and(|(_, behind)| {
                behind.trim().is_empty() || behind.trim_start().starts_with('#')
            })
        };
        let (line, behind) = match lines.text(last) {
            Some(text) if one_line(text) => (last, true),
            _ => (first, false),
        };
        let text = lines.text(line).unwrap_or_default();
        if !text.trim_start().starts_with("- ") {
            return Err(self
                .unfit("has its `data:` list in one line: write a rule in each")
                .into());
        }
        let indent = text.chars().take_while(|c| c.is_whitespace()).collect();
        let at = if behind { lines.start(line + 1) } else { lines.start(line) };
        let ends = at == 0 || self.text.get(..at).is_some_and(|text| text.ends_with('\n'));
        let before = if ends { String::new() } else { "\n".into() };
        let known = rules.value.into_iter().map(|rule| rule.value).collect();
        Ok((Place { at, before, indent }, known))
    }

    /// That what is about to be written reads as what was meant.
    fn verify(&self, changed: &str, rules: usize) -> Result<()> {
        let read =
            Self { path: self.path.clone(), text: changed.into(), resource: self.resource.clone() };
        let found = read.place().ok().map(|(_, known)| known.len());
        if found == Some(rules) {
            return Ok(());
        }
        Err(self.unfit("cannot be added to without breaking it").into())
    }

    fn unfit(&self, why: &str) -> Failure {
        Failure::new(Exit::Usage, format!("{} {why}", self.path.display()))
            .hint("without --write the rules are printed, to be put where they belong")
    }
}

/// Where lines are added.
struct Place {
    at: usize,
    before: String,
    indent: String,
}

/// A text by its lines, counted from 1.
struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Self {
        let after = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(after).collect() }
    }

    fn start(&self, line: u64) -> usize {
        let index = usize::try_from(line).unwrap_or(usize::MAX).saturating_sub(1);
        self.starts.get(index).copied().unwrap_or(self.text.len())
    }

    fn text(&self, line: u64) -> Option<&'t str> {
        self.text.get(self.start(line)..self.start(line + 1)).filter(|text| !text.is_empty())
    }

    /// Where the document ends that a line is in.
    fn end_of_document(&self, line: u64) -> usize {
        let mut line = line;
        while let Some(text) = self.text(line) {
            if text.starts_with("---") || text.starts_with("...") {
                break;
            }
            line += 1;
        }
        self.start(line)
    }

    /// Whether the document that a line is in has this key.
    fn has_key(&self, key: &str, line: u64) -> bool {
        let end = self.end_of_document(line);
        let before = self.text.get(..self.start(line)).unwrap_or_default();
        let begin = before.rfind("\n---").map_or(0, |at| at + 1);
        let text = self.text.get(begin..end).unwrap_or_default();
        text.lines().any(|line| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')))
    }
}

/// The rules that say what was found and is not said yet, as lines without indentation.
fn proposed(findings: &[Finding], known: &[Rule]) -> Vec<String> {
    let found = |state| findings.iter().filter(move |finding| finding.state == state);
    let columns = found(State::Proposed)
        .filter(|finding| !known.iter().any(|rule| says(rule, finding)))
        .filter_map(column_rule);
    let detected: BTreeSet<&String> =
        known.iter().filter_map(|rule| rule.detect.as_ref()).flatten().collect();
    let mut looked_for: BTreeMap<&String, &str> = BTreeMap::new();
    for finding in found(State::Within) {
        for class in finding.classes.iter().filter(|class| !detected.contains(class)) {
            looked_for.entry(class).or_insert(&finding.id);
        }
    }
    let detect = looked_for.iter().map(|(class, id)| {
        // A comment ends where its line does.
        format!("- {{detect: [{class}]}}  # in {}", output::clean(id))
    });
    columns.chain(detect).collect()
}

/// Whether a rule that is there says what a finding proposes.
fn says(rule: &Rule, finding: &Finding) -> bool {
    let (Some(path), None) = (&rule.column, &rule.json) else { return false };
    let column = finding.column.as_deref().unwrap_or_default();
    let names = [finding.schema.as_str(), &finding.table, column];
    let parts: Vec<&str> = path.split('.').collect();
    parts.len() == names.len()
        && parts.iter().zip(names).all(|(part, name)| *part == "*" || *part == name)
        && rule.class.as_ref().is_some_and(|class| finding.classes.contains(class))
}

/// A rule for a column; none where a name has a dot, which the path of a rule cannot say.
fn column_rule(finding: &Finding) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    let path = match finding.id.split('.').count() {
        3 if finding.id.chars().all(plain) => finding.id.clone(),
        3 => serde_json::Value::from(finding.id.as_str()).to_string(),
        _ => return None,
    };
    let (classes, why) = (finding.classes.join(", "), output::clean(&finding.evidence));
    Some(format!("- {{column: {path}, class: {classes}}}  # {why}"))
}

/// The rules to paste.
pub(super) fn print(findings: &[Finding]) {
    let rules = proposed(findings, &[]);
    if rules.is_empty() {
        return;
    }
    output::line("");
    output::line("data:");
    for rule in rules {
        output::line(&format!("  {rule}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(table: &str, column: &str, state: State, classes: &[&str]) -> Finding {
        Finding {
            id: format!("public.{table}.{column}"),
            schema: "public".into(),
            table: table.into(),
            column: Some(column.into()),
            type_name: Some("text".into()),
            state,
            classes: classes.iter().map(|class| (*class).to_owned()).collect(),
            values: 2,
            evidence: "2 of 2 pass".into(),
        }
    }

    fn found() -> [Finding; 4] {
        [
            finding("customers", "ssn", State::Proposed, &["us_ssn"]),
            finding("customers", "e mail", State::Proposed, &["email"]),
            finding("customers", "notes", State::Within, &["iban"]),
            finding("customers", "card", State::Masked, &[]),
        ]
    }

    /// Adds what was found to a text, twice, and answers what it became.
    fn added(text: &str) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.yaml");
        if !text.is_empty() {
            std::fs::write(&path, text).unwrap();
        }
        let file = File::open(&path, "orders").map_err(|error| error.to_string())?;
        file.add(&found()).map_err(|error| error.to_string())?;
        let once = std::fs::read_to_string(&path).unwrap();
        assert_eq!(File::open(&path, "orders").unwrap().add(&found()).unwrap(), 0, "{once}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), once);
        Ok(once)
    }

    const RULES: &str = "  - {column: public.customers.ssn, class: us_ssn}  # 2 of 2 pass
  - {column: \"public.customers.e mail\", class: email}  # 2 of 2 pass
  - {detect: [iban]}  # in public.customers.notes
";

    #[test]
    fn rules_are_added_and_every_other_line_stays() {
        for (before, after) in [
            ("", format!("# Rules for the resource orders\ndata:\n{RULES}")),
            (
                "name: orders\nlabels: {a: b}\n",
                format!("name: orders\nlabels: {{a: b}}\ndata:\n{RULES}"),
            ),
            ("name: orders", format!("name: orders\ndata:\n{RULES}")),
            (
                "name: orders # ours\ndata:\n  - {detect: [email]} # e\n\nlabels: {}\n",
                format!(
                    "name: orders # ours\ndata:\n  - {{detect: [email]}} # e\n{RULES}\nlabels: {{}}\n"
                ),
            ),
            (
                "name: orders\ndata:\n  - column: \"*.*.ssn\"\n    class: us_ssn\n",
                format!(
                    "name: orders\ndata:\n{}  - column: \"*.*.ssn\"\n    class: us_ssn\n",
                    RULES.split_once('\n').unwrap().1
                ),
            ),
            (
                "name: a\n---\nname: orders\n---\nname: b\ndata: []\n",
                format!("name: a\n---\nname: orders\ndata:\n{RULES}---\nname: b\ndata: []\n"),
            ),
        ] {
            assert_eq!(added(before).as_ref(), Ok(&after), "{before:?}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_added_to_is_left_alone() {
        for (text, why) in [
            ("name: other\n", "has no resource `orders`"),
            ("name: orders\ndata: [{detect: [email]}]\n", "in one line"),
            ("name: orders\ndata: []\n", "has an empty `data:` list"),
            ("name: [\n", "r.yaml:"),
        ] {
            let said = added(text).unwrap_err();
            assert!(said.contains(why), "{text:?}: {said}");
        }
    }

    #[test]
    fn a_name_with_a_dot_has_no_rule() {
        assert_eq!(column_rule(&finding("a.b", "c", State::Proposed, &["email"])), None);
    }
}
