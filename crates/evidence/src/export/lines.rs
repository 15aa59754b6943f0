use model::{Event, Timestamp};
use serde_json::json;

use super::Text;
use crate::render::JsonLines;

/// A recording as JSON lines, with a last line that says so where it breaks off.
#[derive(Debug, Default)]
pub struct Lines(JsonLines);

impl Lines {
    /// At the beginning of a session.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Text for Lines {
    fn event(&mut self, at: Timestamp, event: &Event, out: &mut String) {
        out.push_str(&self.0.event(at, event));
        out.push('\n');
    }

    fn end(&mut self, broken: Option<&str>, out: &mut String) {
        if let Some(why) = broken {
            out.push_str(&json!({ "damaged": why }).to_string());
            out.push('\n');
        }
    }
}
