use model::{Event, Timestamp};
use serde_json::json;

use super::Text;
use crate::happening::{self, Happening, Teller, Wording};
use crate::ocsf::{Reporter, session};
use crate::render::harmless;

/// No text is longer in it; the recording has it whole.
const LONGEST: usize = 1 << 20;

/// A recording as events of the Open Cybersecurity Schema Framework, one a line, with a last line that
/// says so where it breaks off.
#[derive(Debug)]
pub struct Ocsf {
    teller: Teller,
    version: String,
    /// How many frames were told.
    frames: u64,
    last: Timestamp,
    closed: bool,
}

impl Ocsf {
    /// At the beginning of a session. `version` is the program's.
    #[must_use]
    pub fn new(version: &str) -> Self {
        let (version, last) = (version.to_owned(), Timestamp::EPOCH);
        Self { teller: Teller::new(), version, frames: 0, last, closed: false }
    }

    fn put(&self, told: &[Happening], out: &mut String) {
        let wording = Wording { text: happening::Text::Full, parameters: true, longest: LONGEST };
        let by = Reporter { version: &self.version, sequence: None };
        for happening in told {
            out.push_str(&harmless(&session(happening, &wording, by).to_string()));
            out.push('\n');
        }
    }
}

impl Text for Ocsf {
    fn event(&mut self, at: Timestamp, event: &Event, out: &mut String) {
        let mut told = Vec::new();
        self.frames += 1;
        self.last = at;
        self.closed |= matches!(event, Event::Closed(_));
        self.teller.frame(self.frames, at, event, &mut told);
        self.put(&told, out);
    }

    fn end(&mut self, broken: Option<&str>, out: &mut String) {
        if !self.closed {
            let mut told = Vec::new();
            self.teller.interrupted(self.frames + 1, self.last, &mut told);
            self.put(&told, out);
        }
        if let Some(why) = broken {
            out.push_str(&json!({ "damaged": why }).to_string());
            out.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use model::Ending;

    use super::*;

    #[test]
    fn a_session_that_breaks_off_says_so() {
        let mut export = Ocsf::new("0");
        let mut out = String::new();
        export.end(Some("it was cut"), &mut out);
        assert_eq!(out, "{\"damaged\":\"it was cut\"}\n", "nothing is known of whose it was");
        let mut export = Ocsf::new("0");
        let ending = Ending { at: Timestamp::EPOCH, how: "the client left".into() };
        export.event(Timestamp::EPOCH, &Event::Closed(ending), &mut out);
        assert!(export.closed);
    }
}
