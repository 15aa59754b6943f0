//! One HTML page for an auditor without Sluice: it asks nothing of the network, runs nothing, and can
//! be printed.
//!
//! It is written in two passes: the first writes who it was, what was proven and the list of
//! statements, the second what happened.

mod head;
mod index;
mod program;
mod result;
mod text;
mod timeline;

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::{Event, Timestamp};
use ring::digest::{SHA256, digest};

use super::Text;
use crate::key::KeyId;
use crate::verify::Report;
use index::Index;
use text::put;
use timeline::Timeline;

const STYLE: &str = include_str!("style.css");

/// What a page says of itself.
#[derive(Clone, Debug)]
pub struct Made {
    /// What was found when the recording was checked.
    pub report: Report,
    /// The public key it was checked against.
    pub key: KeyId,
    /// By what: `sluice 0.1.0`.
    pub program: String,
    /// When.
    pub at: Timestamp,
}

/// A session as an HTML page.
#[derive(Debug)]
pub struct Page {
    made: Made,
    opened: Option<Timestamp>,
    index: Index,
    /// There in the second pass.
    timeline: Option<Timeline>,
}

impl Page {
    /// A page that says this of itself.
    #[must_use]
    pub fn new(made: Made) -> Self {
        Self { made, opened: None, index: Index::default(), timeline: None }
    }

    /// The page's top, once it is known whose session it was, or that nobody will say.
    fn begin(&mut self, at: Timestamp, event: Option<&Event>, out: &mut String) {
        if self.opened.is_some() {
            return;
        }
        let head = match event {
            Some(Event::Opened(head)) => Some(head),
            _ => None,
        };
        self.opened = Some(head.map_or(at, |head| head.opened));
        let hash = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
        let _ = write!(
            out,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{hash}'; \
             base-uri 'none'; form-action 'none'\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
        );
        match head {
            Some(head) => {
                put(out, &head.identity.subject);
                out.push_str(" on ");
                put(out, &head.resource);
                let _ = write!(out, ", session {}", head.id);
            }
            None => out.push_str("A session"),
        }
        let _ = write!(out, "</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n");
        match head {
            Some(head) => head::session(head, out),
            None => out.push_str("<header>\n<h1>A session</h1>\n</header>\n"),
        }
        head::proof(&self.made, out);
        out.push_str("<nav id=\"index\">\n<h2>Statements</h2>\n");
    }
}

impl Text for Page {
    fn passes(&self) -> u8 {
        2
    }

    fn event(&mut self, at: Timestamp, event: &Event, out: &mut String) {
        if let Some(timeline) = &mut self.timeline {
            return timeline.event(at, event, out);
        }
        self.begin(at, Some(event), out);
        self.index.event(self.opened.unwrap_or(at), at, event, out);
    }

    fn end(&mut self, broken: Option<&str>, out: &mut String) {
        if let Some(timeline) = &mut self.timeline {
            timeline.end(broken, out);
            out.push_str("</section>\n</main>\n</body>\n</html>\n");
            return;
        }
        self.begin(Timestamp::EPOCH, None, out);
        let opened = self.opened.unwrap_or_default();
        self.index.end(opened, out);
        out.push_str("</nav>\n<section id=\"timeline\">\n<h2>What happened</h2>\n");
        self.timeline = Some(Timeline::new(opened));
    }
}

/// A moment to the millisecond: `2026-01-31 12:00:00.010`.
fn clock(at: Timestamp) -> String {
    let text = at.to_string().replace('T', " ");
    let end = text.find('.').map_or(text.len(), |dot| dot + 4);
    text.get(..end).unwrap_or(&text).to_owned()
}

fn since(opened: Timestamp, at: Timestamp) -> String {
    format!("+{:.3} s", at.since(opened).as_secs_f64())
}
