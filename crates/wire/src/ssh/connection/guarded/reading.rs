//! What a client says to a guarded shell while no program has it: keys, or lines.

use bytes::Bytes;
use model::Peer;

use super::Doing;
use super::editor::Event;
use super::line::{self, Line, Word};
use super::running::{Purpose, Run};
use crate::shell;
use crate::ssh::connection::Session;
use crate::ssh::connection::asked::Asked;
use crate::ssh::connection::channel::Gate;
use crate::ssh::connection::flow::Item;
use crate::ssh::connection::message::Message;
use crate::ssh::connection::ruling::{INTERRUPTED, NOT_PERMITTED, What};
use crate::ssh::transport::Broken;

/// The longest line that comes without a terminal.
const LONGEST: usize = 64 << 10;

const HELP: &str = "\
This shell runs each line by itself once it is allowed: what a line sets is gone with it, but for the folder.\n\
  cd FOLDER   go there          history   the lines of before\n\
  exit [N]    leave             help      this text\n\
Everything else runs on the target: A=b command, command | command, for … do …; done.";

impl Session {
    /// Reads what the client says while no program has it. `true`: there may be more.
    pub(in crate::ssh::connection) fn read_keys(&mut self, id: u32) -> Result<bool, Broken> {
        let Some(found) = self.channels.get_mut(&id) else { return Ok(false) };
        let Some(guard) = &found.guard else { return Ok(false) };
        if found.closed_client {
            // A program that is of no use any more.
            let told = std::mem::replace(&mut found.closed_upstream, true);
            if let Some(channel) = found.upstream.filter(|_| !told) {
                self.say(Peer::Upstream, &Message::Close { channel });
            }
            return Ok(false);
        }
        // Nor is it while what was shown is not taken: each key shows something.
        if !matches!(guard.doing, Doing::Reading) || found.down.is_full() {
            return Ok(false);
        }
        if let Some(line) = self.typed_line(id, b"") {
            self.take_line(id, &line);
            return Ok(true);
        }
        let Some(found) = self.channels.get_mut(&id) else { return Ok(false) };
        match found.up.look() {
            Some(Item::Data(data)) => self.keys(id, data),
            Some(Item::Request { name, wants_reply, rest }) => {
                self.requested(id, name, wants_reply, rest)?;
            }
            Some(Item::Eof) => {
                if let Some(guard) = self.guard(id) {
                    guard.ended = true;
                }
                self.finish_typed(id);
            }
            Some(Item::Extended(..) | Item::Close) => {}
            None => return Ok(false),
        }
        Ok(true)
    }

    fn keys(&mut self, id: u32, data: Bytes) {
        let Some(found) = self.channels.get_mut(&id) else { return };
        let Some(guard) = &mut found.guard else { return };
        let Some(editor) = &mut guard.editor else {
            if let Some(line) = self.typed_line(id, &data) {
                self.take_line(id, &line);
            }
            return;
        };
        let mut out = Vec::new();
        let (taken, event) = editor.keys(&data, &|text| !shell::goes_on(text), &mut out);
        found.up.put_back(data.slice(taken.min(data.len())..));
        self.show_guarded(id, out);
        match event {
            None => {}
            Some(Event::Line(line)) => {
                if let Some(guard) = self.guard(id) {
                    guard.at_margin = true;
                }
                self.take_line(id, &line);
            }
            Some(Event::Interrupt) => {
                if let Some(guard) = self.guard(id) {
                    guard.status = INTERRUPTED;
                }
            }
            Some(Event::End) => self.leave_guarded(id, None),
            Some(Event::Complete { line, cursor }) => self.complete(id, &line, cursor),
        }
    }

    /// Without a terminal: a whole command of what was said, if there is one.
    fn typed_line(&mut self, id: u32, data: &[u8]) -> Option<String> {
        let guard = self.guard(id)?;
        if guard.editor.is_some() {
            return None;
        }
        guard.typed.extend_from_slice(data);
        let mut end = 0;
        while let Some(length) = guard.typed.get(end..)?.iter().position(|&byte| byte == b'\n') {
            end += length + 1;
            let text = String::from_utf8_lossy(guard.typed.get(..end)?).into_owned();
            if !shell::goes_on(text.trim_end_matches('\n')) {
                guard.typed.drain(..end);
                return Some(text);
            }
        }
        if guard.typed.len() > LONGEST {
            guard.typed.clear();
            self.tell(id, "a line is longer than 65536 bytes");
            self.leave_guarded(id, Some(NOT_PERMITTED));
        } else if guard.ended {
            self.finish_typed(id);
        }
        None
    }

    /// Nothing more comes: what there is is the last line.
    fn finish_typed(&mut self, id: u32) {
        let Some(guard) = self.guard(id) else { return };
        let last = String::from_utf8_lossy(&std::mem::take(&mut guard.typed)).into_owned();
        if last.trim().is_empty() {
            self.leave_guarded(id, None);
        } else {
            self.take_line(id, &last);
        }
    }

    fn take_line(&mut self, id: u32, line: &str) {
        let Some(guard) = self.guard(id) else { return };
        let place = guard.place.clone();
        let (purpose, text, command) = match Line::read(line) {
            Line::Empty => return self.prompt(id),
            Line::Exit(status) => return self.leave_guarded(id, status),
            Line::Help => {
                let shown = guard.lines(HELP);
                self.show_guarded(id, shown);
                return self.prompt(id);
            }
            Line::History => {
                let lines: Vec<_> =
                    guard.editor.iter().flat_map(|e| e.history().map(str::to_owned)).collect();
                let shown = guard.lines(&lines.join("\n"));
                self.show_guarded(id, shown);
                return self.prompt(id);
            }
            Line::Place(text) => (Purpose::Place, text, line::to_place(place.as_deref(), text)),
            Line::Run(text) => (Purpose::Line, text, line::in_place(place.as_deref(), text)),
        };
        let run = Run { purpose, command, said: Vec::new() };
        self.ask_line(id, text, place.as_deref(), run);
    }

    fn complete(&mut self, id: u32, line: &str, cursor: usize) {
        let Some(guard) = self.guard(id) else { return };
        let place = guard.place.clone();
        let Some(word) = Word::at(line, cursor) else { return };
        let text = word.listing();
        let command = line::in_place(place.as_deref(), &text);
        let run = Run { purpose: Purpose::Listing(word), command, said: Vec::new() };
        self.ask_line(id, &text, place.as_deref(), run);
    }

    fn ask_line(&mut self, id: u32, text: &str, place: Option<&str>, run: Run) {
        let ticket = self.ask(Asked::line(text, place), What::Line { id, run });
        if let Some(found) = self.channels.get_mut(&id) {
            found.gate = Gate::Deciding(ticket);
        }
    }
}
