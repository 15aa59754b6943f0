//! What is found in lines of text, for comparing with other implementations: each line of the input is a class (or `*` for
//! all), a tab and a text; each line of the output is what was found in it, as `class start end`, with tabs between.
//! `cargo run --release -p mask --example findings < lines`
#![expect(clippy::print_stdout, reason = "a measuring tool for people")]

use std::collections::BTreeMap;
use std::io::{self, BufRead as _};

use mask::{Classes, DataClass, Detectors};

fn main() -> io::Result<()> {
    let mut known: BTreeMap<String, Option<Detectors>> = BTreeMap::new();
    for line in io::stdin().lock().lines() {
        let line = line?;
        let (class, text) = line.split_once('\t').unwrap_or(("*", &line));
        let detectors = known.entry(class.to_owned()).or_insert_with(|| detectors(class));
        let found = detectors.as_ref().map(|detectors| detectors.find(text.as_bytes()));
        let shown = found
            .into_iter()
            .flatten()
            .map(|finding| format!("{} {} {}", finding.class.as_str(), finding.start, finding.end));
        println!("{}", shown.collect::<Vec<_>>().join("\t"));
    }
    Ok(())
}

fn detectors(class: &str) -> Option<Detectors> {
    if class == "*" {
        return Some(Detectors::all());
    }
    let class = DataClass::new(class)?;
    Detectors::new(&Classes::from_iter([class])).ok()
}
