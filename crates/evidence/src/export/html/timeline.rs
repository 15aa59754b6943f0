//! What happened, in the order in which it did.

use std::fmt::Write as _;
use std::time::Duration;

use model::{Access, Event, Parameter, Phase, PolicyId, Timestamp, Verdict};

use super::super::start;
use super::program::{self, Programs};
use super::result::Table;
use super::text::{put, put_block, put_value};
use super::{clock, since};
use crate::render::{Open, Rows, Said, moved, tried_out};

/// A statement that is longer is folded.
const LONG: usize = 20_000;
/// So much of it is shown then.
const BEGINNING: usize = 200;

/// Where the page is.
#[derive(Debug)]
pub(super) struct Timeline {
    opened: Timestamp,
    /// The article that was begun: a statement's, by its number, or the session's own, 0.
    article: Option<u64>,
    table: Option<Table>,
    /// Bulk data is being shown: to the client, or from it.
    bulk: Option<bool>,
    programs: Programs,
    commands: Open,
    closed: bool,
    /// The time of the last event.
    last: Timestamp,
}

impl Timeline {
    pub(super) fn new(opened: Timestamp) -> Self {
        Self {
            opened,
            article: None,
            table: None,
            bulk: None,
            programs: Programs::default(),
            commands: Open::default(),
            closed: false,
            last: opened,
        }
    }

    pub(super) fn event(&mut self, at: Timestamp, event: &Event, out: &mut String) {
        self.last = at;
        match event {
            Event::Opened(_) => {}
            Event::Command { number, phase, text, parameters, accesses, .. } => {
                self.programs.before(event);
                self.leave(out);
                self.commands.begin(*number, at);
                self.article = Some(*number);
                self.statement(at, *number, *phase, out);
                put_statement(out, text);
                put_parameters(out, parameters);
                put_accesses(out, accesses);
            }
            Event::Decided { number, verdict, policies, approval, message, .. } => {
                self.on(at, *number, out);
                let (class, word) = match verdict {
                    Verdict::Allowed => ("allowed", "allowed"),
                    Verdict::Denied => ("denied", "refused"),
                    Verdict::Held => ("held", "held for approval"),
                    Verdict::Approved => ("allowed", "approved"),
                };
                let _ = write!(out, "<p class=\"verdict {class}\"><b>{word}</b>");
                put_policies(out, policies);
                if let Some(approval) = approval {
                    let _ = write!(out, " · approval <code>{approval}</code>");
                }
                self.moment(at, *number, out);
                if let Some(message) = message {
                    out.push_str("<span class=\"says\">");
                    put_block(out, message.as_bytes());
                    out.push_str("</span>");
                }
                out.push_str("</p>\n");
            }
            Event::Shadow { number, shadow } => {
                self.on(at, *number, out);
                out.push_str("<p class=\"notice\"><b>tried out</b> ");
                put(out, tried_out(*number, shadow).trim_start());
                out.push_str("</p>\n");
            }
            Event::Columns { number, columns } => {
                self.on(at, *number, out);
                self.settle(out);
                self.commands.columns(*number, columns);
                self.table = Some(Table::begin(columns.clone(), out));
            }
            Event::Rows { number, data, .. } => self.rows(at, *number, data, out),
            Event::Bulk { number, to_client, data } => {
                self.on(at, *number, out);
                if self.bulk != Some(*to_client) {
                    self.settle(out);
                    self.bulk = Some(*to_client);
                    let (class, what) = match to_client {
                        true => ("out", "data to the client"),
                        false => ("in", "data from the client"),
                    };
                    let _ =
                        writeln!(out, "<p class=\"what\">{what}</p><pre class=\"bulk {class}\">");
                }
                put_block(out, data);
            }
            Event::Stream { number, stream, data } => {
                if let Some(size) = self.programs.before(event) {
                    self.event(at, &size, out);
                }
                for said in self.programs.hear(*number, *stream, data) {
                    self.say(at, &said, out);
                }
            }
            // It is told when its command is known.
            Event::Terminal { number: 0, .. } => drop(self.programs.before(event)),
            Event::Terminal { number, columns, rows } => {
                self.programs.before(event);
                self.on(at, *number, out);
                self.settle(out);
                let _ = writeln!(
                    out,
                    "<p class=\"what\">a terminal of {columns} columns and {rows} rows</p>"
                );
            }
            Event::Exited { number, status, signal, streams } => {
                self.end_speech(at, *number, out);
                self.on(at, *number, out);
                self.settle(out);
                self.programs.before(event);
                let took = self.commands.end(*number).begun.map(|begun| at.since(begun));
                program::exited(*status, signal.as_deref(), streams, took, out);
            }
            Event::Moved { number, path, upload, bytes, sha256 } => {
                self.on(at, *number, out);
                self.settle(out);
                out.push_str("<p class=\"moved\">");
                put(out, &moved(path, *upload, *bytes, sha256.as_ref()));
                out.push_str("</p>\n");
            }
            Event::Cut { number } => {
                self.end_speech(at, *number, out);
                self.on(at, *number, out);
                self.settle(out);
                out.push_str(
                    "<p class=\"cut\">The rest went by without being stored: it was over the cap. \
                     The digest above covers it.</p>\n",
                );
            }
            Event::Finished { number, tag, rows, bytes } => {
                self.on(at, *number, out);
                self.settle(out);
                out.push_str("<p class=\"done\">");
                put(out, tag);
                let _ = write!(out, " · {rows} rows, {bytes} bytes");
                let took = self.commands.end(*number).begun.map(|begun| at.since(begun));
                put_took(out, took);
                out.push_str("</p>\n");
            }
            Event::Failed { number, code, message } => {
                self.on(at, *number, out);
                self.settle(out);
                out.push_str("<p class=\"failed\"><b>error ");
                put(out, code);
                out.push_str("</b> ");
                put_block(out, message.as_bytes());
                let took = self.commands.end(*number).begun.map(|begun| at.since(begun));
                put_took(out, took);
                out.push_str("</p>\n");
            }
            Event::Notice { number, message } => {
                self.end_speech(at, *number, out);
                self.on(at, *number, out);
                self.settle(out);
                out.push_str("<p class=\"notice\"><b>notice</b> ");
                put_block(out, message.as_bytes());
                out.push_str("</p>\n");
            }
            Event::Closed(ending) => {
                self.end_all_speech(at, out);
                self.leave(out);
                self.closed = true;
                let lasted = ending.at.since(self.opened).as_secs_f64();
                let _ = write!(
                    out,
                    "<p class=\"ending\" id=\"ending\"><b>The session ended</b> <time datetime=\"{}\">{}</time> after {lasted:.1} s: ",
                    ending.at,
                    clock(ending.at),
                );
                put(out, &ending.how);
                out.push_str("</p>\n");
            }
        }
    }

    pub(super) fn end(&mut self, broken: Option<&str>, out: &mut String) {
        self.end_all_speech(self.last, out);
        self.leave(out);
        if let Some(why) = broken {
            out.push_str("<p class=\"ending bad\" id=\"ending\"><b>The recording cannot be read further:</b> ");
            put(out, why);
            out.push_str("</p>\n");
        } else if !self.closed {
            out.push_str(
                "<p class=\"ending fair\" id=\"ending\">The recording does not say how the session ended.</p>\n",
            );
        }
    }

    fn statement(&self, at: Timestamp, number: u64, phase: Phase, out: &mut String) {
        let prepared = match phase {
            Phase::Prepare => " <span class=\"phase\">prepared, not run</span>",
            Phase::Run => "",
        };
        let _ = writeln!(
            out,
            "<article id=\"s{number}\">\n<h3><a href=\"#s{number}\">{number}</a> <time datetime=\"{at}\">{}</time> \
             <span class=\"since\">{}</span>{prepared}</h3>",
            clock(at),
            since(self.opened, at),
        );
    }

    /// Goes on with a command, in an article of its own when another was shown in between.
    fn on(&mut self, at: Timestamp, number: u64, out: &mut String) {
        if self.article == Some(number) {
            return;
        }
        self.leave(out);
        self.article = Some(number);
        out.push_str("<article>\n<h3>");
        if number == 0 {
            out.push_str("between statements");
        } else {
            let _ = write!(out, "<a href=\"#s{number}\">{number}</a> goes on");
        }
        let _ = writeln!(
            out,
            " <time datetime=\"{at}\">{}</time> <span class=\"since\">{}</span></h3>",
            clock(at),
            since(self.opened, at),
        );
    }

    fn rows(&mut self, at: Timestamp, number: u64, data: &[u8], out: &mut String) {
        self.on(at, number, out);
        if self.bulk.is_some() {
            self.settle(out);
        }
        let columns = || self.commands.columns_of(number);
        let mut table = self.table.take().unwrap_or_else(|| Table::begin(columns(), out));
        let mut rows = Rows::new(data);
        for row in rows.by_ref() {
            table.row(&row, out);
        }
        self.table = Some(table);
        if !rows.rest().is_empty() {
            let length = rows.rest().len();
            self.settle(out);
            let _ = writeln!(out, "<p class=\"cut\">{length} bytes that are no rows</p>");
        }
    }

    /// How long after the statement, where that says something: a human took their time.
    fn moment(&self, at: Timestamp, number: u64, out: &mut String) {
        let begun = self.commands.begun(number);
        if let Some(after) = begun.map(|begun| at.since(begun))
            && after >= Duration::from_secs(1)
        {
            let _ = write!(out, " · after {:.1} s", after.as_secs_f64());
        }
    }

    /// Ends what was being shown within an article.
    fn settle(&mut self, out: &mut String) {
        if let Some(table) = self.table.take() {
            table.end(out);
        }
        if self.bulk.take().is_some() {
            out.push_str("</pre>\n");
        }
        self.programs.settle(out);
    }

    /// Something a program was given or said.
    fn say(&mut self, at: Timestamp, said: &Said, out: &mut String) {
        self.on(at, said.number, out);
        if self.table.is_some() || self.bulk.is_some() {
            self.settle(out);
        }
        self.programs.put(said, out);
    }

    fn end_speech(&mut self, at: Timestamp, number: u64, out: &mut String) {
        for said in self.programs.end(number) {
            self.say(at, &said, out);
        }
    }

    fn end_all_speech(&mut self, at: Timestamp, out: &mut String) {
        for said in self.programs.end_all() {
            self.say(at, &said, out);
        }
    }

    fn leave(&mut self, out: &mut String) {
        self.settle(out);
        if self.article.take().is_some() {
            out.push_str("</article>\n");
        }
    }
}

fn put_statement(out: &mut String, text: &[u8]) {
    let text = text.trim_ascii_end();
    if text.len() <= LONG {
        out.push_str("<pre class=\"sql\">\n");
        put_block(out, text);
        out.push_str("</pre>\n");
        return;
    }
    out.push_str("<details class=\"sql\"><summary><code>");
    put(out, &start(text, BEGINNING));
    let _ = writeln!(out, "</code> <b>{} bytes</b></summary><pre class=\"sql\">", text.len());
    put_block(out, text);
    out.push_str("</pre></details>\n");
}

fn put_parameters(out: &mut String, parameters: &[Parameter]) {
    if parameters.is_empty() {
        return;
    }
    out.push_str("<dl class=\"parameters\">");
    for (index, parameter) in parameters.iter().enumerate() {
        let _ = write!(out, "<dt>${}</dt><dd>", index + 1);
        match parameter {
            Parameter::Null => out.push_str("<span class=\"null\">NULL</span>"),
            Parameter::Text(text) => put_value(out, text.as_bytes()),
            Parameter::Binary(hex) => {
                out.push_str("\\x");
                put_value(out, hex.as_bytes());
            }
            Parameter::Cut { start, length } => {
                put_value(out, start.as_bytes());
                let _ = write!(out, "… <b>{length} bytes in all</b>");
            }
        }
        out.push_str("</dd>");
    }
    out.push_str("</dl>\n");
}

fn put_accesses(out: &mut String, accesses: &[Access]) {
    if accesses.is_empty() {
        return;
    }
    out.push_str("<p class=\"accesses\">");
    for (index, access) in accesses.iter().enumerate() {
        out.push_str(if index == 0 { "<code>" } else { ", <code>" });
        put(out, &access.to_string());
        out.push_str("</code>");
    }
    out.push_str("</p>\n");
}

fn put_policies(out: &mut String, policies: &[PolicyId]) {
    for (index, policy) in policies.iter().enumerate() {
        out.push_str(if index == 0 { " by <code>" } else { ", <code>" });
        put(out, policy);
        out.push_str("</code>");
    }
}

fn put_took(out: &mut String, took: Option<Duration>) {
    if let Some(took) = took {
        let _ = write!(out, " · {:.3} ms", took.as_secs_f64() * 1000.0);
    }
}
