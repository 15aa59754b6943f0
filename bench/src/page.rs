//! The page that says what was measured.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};

use crate::{Options, machine};

/// A table with a title and a sentence.
pub(crate) struct Section {
    title: String,
    about: String,
    rows: Vec<Vec<String>>,
}

impl Section {
    pub(crate) fn new(title: &str, about: &str) -> Self {
        note(&format!("measured: {title}"));
        Self { title: title.into(), about: about.into(), rows: Vec::new() }
    }

    pub(crate) fn head(&mut self, names: &[&str]) {
        self.rows.push(names.iter().map(|name| (*name).to_owned()).collect());
    }

    pub(crate) fn row(&mut self, cells: Vec<String>) {
        note(&cells.join(" | "));
        self.rows.push(cells);
    }
}

/// All sections, and what they were measured on.
pub(crate) struct Page {
    machine: Vec<String>,
    sections: Vec<Section>,
    how: String,
}

impl Page {
    pub(crate) fn new(options: &Options) -> Self {
        let how = format!(
            "{} rounds, {} s a latency round; policy of 50 rules, recording on, masking on.",
            options.rounds, options.seconds
        );
        Self { machine: machine::describe(), sections: Vec::new(), how }
    }

    pub(crate) fn add(&mut self, section: Section) {
        self.sections.push(section);
    }

    /// Whether there is a page with two marks.
    pub(crate) fn check(options: &Options) -> Result<()> {
        around(options).map(drop)
    }

    /// Replaces what stands between the page's two marks, and leaves the words around them.
    pub(crate) fn write(&self, options: &Options) -> Result<()> {
        let mut text = String::new();
        writeln!(text, "## The machine\n")?;
        for line in &self.machine {
            writeln!(text, "* {line}")?;
        }
        writeln!(text, "* {}\n", self.how)?;
        for section in &self.sections {
            writeln!(text, "## {}\n\n{}\n", section.title, section.about)?;
            for (at, row) in section.rows.iter().enumerate() {
                writeln!(text, "| {} |", row.join(" | "))?;
                if at == 0 {
                    writeln!(text, "|{}", " --- |".repeat(row.len()))?;
                }
            }
            writeln!(text)?;
        }
        let (before, after) = around(options)?;
        std::fs::write(&options.page, format!("{before}{BEGIN}{text}{END}{after}"))?;
        Ok(())
    }
}

const BEGIN: &str = "<!-- measured -->\n";
const END: &str = "<!-- end of measured -->\n";

/// What stands before and behind the two marks.
fn around(options: &Options) -> Result<(String, String)> {
    let page = std::fs::read_to_string(&options.page)
        .with_context(|| format!("reading the page {}", options.page.display()))?;
    let (before, rest) = page.split_once(BEGIN).context("the page's first mark")?;
    let (_, after) = rest.split_once(END).context("the page's second mark")?;
    Ok((before.to_owned(), after.to_owned()))
}

/// Progress, for whoever waits.
#[expect(clippy::print_stderr, reason = "a program run by hand says how far it is")]
fn note(text: &str) {
    eprintln!("{text}");
}
