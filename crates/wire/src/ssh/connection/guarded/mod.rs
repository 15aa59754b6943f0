//! A shell of the gateway's own: each line is a command that is decided before the target sees it, and runs in a channel
//! of its own.
//!
//! ```text
//!   keys ─► editor ─► line ─► Decide ─► a new channel at the target: exec ─► its output ─► the client
//!             ▲                                      │ closes
//!             └──────────────── prompt ◄─────────────┘
//! ```
//!
//! The client sees one channel from beginning to end. What a line leaves behind in a shell (variables, functions) is gone
//! with it; the folder stays.

mod editor;
mod line;

use std::sync::Arc;

use bytes::Bytes;
use mask::Detectors;
use model::{Peer, Reason, ReasonKind, Stream};

use self::editor::{Editor, Event};
use self::line::{Line, Word};
use super::Session;
use super::asked::Asked;
use super::channel::{Channel, Gate, Owed};
use super::flow::{FIRST_WINDOW, Item, PACKET};
use super::message::Message;
use super::ruling::{INTERRUPTED, NOT_PERMITTED, What};
use super::story::Story;
use crate::shell;
use crate::ssh::codec::Write as _;
use crate::ssh::transport::Broken;

/// What a request for such a shell is called among the others. No client asks for it by name.
pub(super) const GUARDED: &str = "guarded-shell";

/// What a program says that is not shown but read: a folder's name, a listing.
const MOST_READ: usize = 256 << 10;

/// The longest line that comes without a terminal.
const LONGEST: usize = 64 << 10;

/// Requests that are kept to be repeated for each program, and their bytes.
const MOST_SETTINGS: usize = 128;
const LONGEST_SETTING: usize = 64 << 10;

const HELP: &str = "\
This shell runs each line by itself once it is allowed: what a line sets is gone with it, but for the folder.\n\
  cd FOLDER   go there          history   the lines of before\n\
  exit [N]    leave             help      this text\n\
Everything else runs on the target: A=b command, command | command, for … do …; done.";

/// The state of such a shell.
pub(super) struct Guard {
    /// With a terminal, what is typed on it; else what is no whole line yet.
    editor: Option<Editor>,
    typed: Vec<u8>,
    doing: Doing,
    /// Where the next line runs.
    place: Option<String>,
    /// The recording of what stands between the programs.
    story: Story,
    detectors: Arc<Detectors>,
    /// What the last program ended with.
    status: u32,
    /// The last that was shown ends a line.
    at_margin: bool,
    /// The client says no more.
    ended: bool,
}

enum Doing {
    /// A line is being typed, or decided.
    Reading,
    /// A channel for a program is asked for.
    Opening(Run),
    /// It runs.
    Running(Run),
}

/// A program of such a shell.
pub(super) struct Run {
    purpose: Purpose,
    /// What is sent to the target.
    command: String,
    /// What it said, where that is read and not shown.
    said: Vec<u8>,
}

enum Purpose {
    /// A person's command.
    Line,
    /// A person goes elsewhere, or is to know where they are.
    Place,
    /// A word is to be completed.
    Listing(Word),
}

impl Run {
    /// Whether it is no command of the person's own.
    pub(super) const fn is_help(&self) -> bool {
        matches!(self.purpose, Purpose::Listing(_))
    }

    const fn is_read(&self) -> bool {
        !matches!(self.purpose, Purpose::Line)
    }
}

impl Guard {
    /// Whether what the client says is for a program.
    pub(super) const fn passes_on(&self) -> bool {
        matches!(&self.doing, Doing::Running(run) if !run.is_read()) && self.editor.is_some()
    }

    const fn reads(&self) -> bool {
        matches!(&self.doing, Doing::Running(run) if run.is_read())
    }

    /// Lines of the gateway's own, without what a terminal would obey.
    fn lines(&mut self, text: &str) -> Vec<u8> {
        if self.editor.is_some() {
            return self.draw(|editor, out| editor.say(text, out));
        }
        let plain = |line: &str| line.chars().filter(|c| !c.is_control()).collect::<String>();
        text.lines().map(|line| plain(line) + "\n").collect::<String>().into_bytes()
    }

    fn draw(&mut self, draw: impl FnOnce(&mut Editor, &mut Vec<u8>)) -> Vec<u8> {
        let mut out = Vec::new();
        if let Some(editor) = &mut self.editor {
            draw(editor, &mut out);
        }
        out
    }
}

impl Channel {
    /// The target may say that it is open.
    pub(super) fn may_be_opened(&self) -> bool {
        self.guard.is_none() || self.is_opening()
    }

    pub(super) fn is_opening(&self) -> bool {
        self.guard.as_ref().is_some_and(|guard| matches!(guard.doing, Doing::Opening(_)))
    }

    /// Keeps a request that each program of a guarded shell is to have.
    pub(super) fn remember(&mut self, name: &str, rest: &Bytes) {
        let kept = matches!(name, "pty-req" | "env" | "auth-agent-req@openssh.com" | "x11-req");
        let room = self.settings.len() < MOST_SETTINGS
            && self.settings.iter().map(|(_, rest)| rest.len()).sum::<usize>() < LONGEST_SETTING;
        if kept && room && self.gate == Gate::Idle {
            self.settings.push((name.into(), rest.clone()));
        }
    }

    pub(super) fn resize_editor(&mut self, columns: u32, rows: u32) {
        let Some(guard) = &mut self.guard else { return };
        let is_reading = matches!(guard.doing, Doing::Reading);
        let out = guard.draw(|editor, out| editor.resize(letters(columns), letters(rows), out));
        if is_reading && !out.is_empty() && !self.closed_client {
            self.down.looked_at(Item::Data(out.into()));
        }
    }
}

fn letters(count: u32) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX).max(1)
}

impl Session {
    /// A guarded shell was let through.
    pub(super) fn begin_guarded(
        &mut self,
        id: u32,
        number: u64,
        wants_reply: bool,
        detectors: &Arc<Detectors>,
    ) {
        let cap = self.cap;
        let Some(found) = self.channels.get_mut(&id) else { return };
        let editor =
            found.terminal.map(|(columns, rows)| Editor::new(letters(columns), letters(rows)));
        let guard = Guard {
            editor,
            typed: Vec::new(),
            doing: Doing::Reading,
            place: None,
            story: Story::default(),
            detectors: Arc::clone(detectors),
            status: 0,
            at_margin: true,
            ended: false,
        };
        found.guard = Some(Box::new(guard));
        found.gate = Gate::Open;
        found.story.begin(number, cap);
        found.down.read_along();
        if wants_reply {
            found.owed.push_back(Owed::Ours(true));
            self.answer(id);
        }
        if self.channels.get(&id).is_some_and(|found| found.terminal.is_some()) {
            self.tell(id, "a guarded shell: each line is decided before it runs (help says more)");
        }
        // Where one is to begin with: the channel that is open already serves for that.
        let run = Run { purpose: Purpose::Place, command: "pwd".to_owned(), said: Vec::new() };
        self.run_guarded(id, None, run, detectors);
    }

    /// Begins a program that was let through, under this number where it is a command.
    pub(super) fn run_guarded(
        &mut self,
        id: u32,
        number: Option<u64>,
        run: Run,
        detectors: &Arc<Detectors>,
    ) {
        let cap = self.cap;
        let Some(found) = self.channels.get_mut(&id) else { return };
        let Some(guard) = &mut found.guard else { return };
        guard.detectors = Arc::clone(detectors);
        std::mem::swap(&mut guard.story, &mut found.story);
        if let Some(number) = number {
            found.story.begin(number, cap);
        }
        let is_read = run.is_read();
        guard.doing = Doing::Opening(run);
        found.gate = Gate::Open;
        if !is_read {
            found.mask(detectors);
        }
        if found.upstream.is_some() {
            self.guarded_opened(id);
        } else {
            let open = Message::Open {
                kind: "session".into(),
                sender: id,
                window: FIRST_WINDOW,
                packet: PACKET,
                rest: Bytes::new(),
            };
            self.say(Peer::Upstream, &open);
        }
    }

    /// There is a channel for a program.
    pub(super) fn guarded_opened(&mut self, id: u32) {
        let Some(found) = self.channels.get_mut(&id) else { return };
        let Some(channel) = found.upstream else { return };
        if found.closed_client {
            found.closed_upstream = true;
            self.say(Peer::Upstream, &Message::Close { channel });
            return;
        }
        let Some(guard) = &mut found.guard else { return };
        let run = match std::mem::replace(&mut guard.doing, Doing::Reading) {
            Doing::Opening(run) => run,
            other => {
                guard.doing = other;
                return;
            }
        };
        let mut requests: Vec<(Box<str>, Bytes)> = Vec::new();
        // What is read is read as it is said, and needs no terminal.
        if !run.is_read() {
            requests.extend(found.settings.iter().cloned());
            if let Some((columns, rows)) = found.terminal {
                let size = [columns, rows, 0, 0].map(u32::to_be_bytes).concat();
                requests.push(("window-change".into(), size.into()));
            }
        }
        let mut command = Vec::with_capacity(run.command.len() + 4);
        command.put_string(run.command.as_bytes());
        let eof = run.is_read() || guard.editor.is_none();
        guard.doing = Doing::Running(run);
        found.owed.push_back(Owed::Nobody);
        let say = |session: &mut Self, name, wants_reply, rest| {
            session.say(Peer::Upstream, &Message::Request { channel, name, wants_reply, rest });
        };
        for (name, rest) in requests {
            say(self, name, false, rest);
        }
        say(self, "exec".into(), true, command.into());
        if eof {
            self.say(Peer::Upstream, &Message::Eof { channel });
        }
        self.stir(id);
    }

    /// The target opens no channel for a program.
    pub(super) fn guarded_not_opened(&mut self, id: u32, words: &str) {
        self.tell(id, &format!("the target opens no channel: {words}"));
        self.guarded_ended(id);
    }

    /// The target does not run a program.
    pub(super) fn guarded_refused(&mut self, id: u32) {
        self.tell(id, "the target does not run it");
        let Some(found) = self.channels.get_mut(&id) else { return };
        let told = std::mem::replace(&mut found.closed_upstream, true);
        if let Some(channel) = found.upstream.filter(|_| !told) {
            self.say(Peer::Upstream, &Message::Close { channel });
        }
    }

    /// A line may not be run.
    pub(super) fn refuse_guarded(&mut self, id: u32, run: &Run, reason: &Reason) {
        let canceled = reason.kind == ReasonKind::Canceled;
        if let Some(found) = self.channels.get_mut(&id) {
            found.gate = Gate::Open;
            if let Some(guard) = &mut found.guard {
                guard.status = if canceled { INTERRUPTED } else { NOT_PERMITTED };
            }
            // What was typed to withdraw it is no key of the next line.
            if canceled {
                found.up.clear_keys();
            }
        }
        if run.is_help() {
            // The person goes on typing.
            self.stir(id);
            return;
        }
        let mut words = reason.message.clone();
        if let Some(hint) = &reason.hint {
            words.push('\n');
            words.push_str(hint);
        }
        self.tell(id, &words);
        self.prompt(id);
    }

    /// Passes on what a program says, where nothing masks it. `true`: something went on.
    pub(super) fn read_guarded(&mut self, id: u32) -> bool {
        let Some(found) = self.channels.get_mut(&id) else { return false };
        if found.guard.is_none() || found.masks.is_some() {
            return false;
        }
        let mut moved = false;
        while let Some(item) = found.down.look() {
            found.down.looked_at(item);
            moved = true;
        }
        moved
    }

    /// What a program says comes by. What is to be shown of it comes back.
    pub(super) fn guarded_says(&mut self, id: u32, item: Item) -> Option<Item> {
        let found = self.channels.get_mut(&id)?;
        let guard = found.guard.as_mut()?;
        match item {
            Item::Data(data) | Item::Extended(_, data) => {
                if found.closed_client {
                    return None;
                }
                if guard.reads() {
                    // Nobody's window was filled with it.
                    found.down.allow(u32::try_from(data.len()).unwrap_or(0));
                    if let Doing::Running(run) = &mut guard.doing {
                        let room = MOST_READ.saturating_sub(run.said.len()).min(data.len());
                        run.said.extend_from_slice(data.get(..room)?);
                    }
                    return None;
                }
                guard.at_margin = data.ends_with(b"\n");
                Some(Item::Data(data))
            }
            Item::Request { name, rest, .. } => {
                let mut reader = crate::ssh::codec::Reader::new(&rest);
                match &*name {
                    "exit-status" => reader.u32().into_iter().for_each(|n| found.story.exited(n)),
                    "exit-signal" => {
                        reader.text().into_iter().for_each(|name| found.story.killed(name));
                    }
                    _ => {}
                }
                None
            }
            Item::Eof => None,
            Item::Close => {
                self.guarded_ended(id);
                None
            }
        }
    }

    /// A program is over.
    fn guarded_ended(&mut self, id: u32) {
        let Some(found) = self.channels.get_mut(&id) else { return };
        let Some(guard) = &mut found.guard else { return };
        if found.closed_client {
            guard.doing = Doing::Reading;
            return;
        }
        let event = found.story.end();
        let status = found.story.status();
        std::mem::swap(&mut guard.story, &mut found.story);
        let doing = std::mem::replace(&mut guard.doing, Doing::Reading);
        found.upstream = None;
        found.closed_upstream = false;
        found.up.forget_receiver();
        found.down.begun_again();
        found.owed.retain(|owed| *owed != Owed::Nobody);
        found.unmask();
        if let Some(event) = event {
            self.record(event);
        }
        let (Doing::Running(run) | Doing::Opening(run)) = doing else { return };
        self.answer(id);
        let Some(guard) = self.guard(id) else { return };
        match run.purpose {
            Purpose::Line => guard.status = status.unwrap_or(255),
            Purpose::Place => {
                guard.status = status.unwrap_or(255);
                let place = line::place_said(&run.said).filter(|_| status == Some(0));
                if place.is_some() {
                    guard.place = place;
                } else if !run.said.is_empty() {
                    let shown = guard.lines(&String::from_utf8_lossy(&run.said));
                    self.show_guarded(id, shown);
                }
            }
            Purpose::Listing(word) => {
                let detectors = Arc::clone(&guard.detectors);
                let mut names = word.candidates(&run.said);
                // What would be masked is not offered.
                names.retain(|name| !detectors.mask_text(name.as_bytes(), &mut Vec::new()));
                let out = guard.draw(|editor, out| editor.completions(word.from, &names, out));
                self.show_guarded(id, out);
                return;
            }
        }
        self.prompt(id);
    }

    fn guard(&mut self, id: u32) -> Option<&mut Guard> {
        self.channels.get_mut(&id)?.guard.as_deref_mut()
    }

    /// Shows something of the gateway's own.
    pub(super) fn show_guarded(&mut self, id: u32, bytes: Vec<u8>) {
        let Some(found) = self.channels.get_mut(&id) else { return };
        if bytes.is_empty() || found.closed_client {
            return;
        }
        if let Some(guard) = &mut found.guard {
            guard.at_margin = bytes.ends_with(b"\n");
        }
        found.down.looked_at(Item::Data(bytes.into()));
        self.stir(id);
    }

    /// Asks for the next line.
    fn prompt(&mut self, id: u32) {
        let Some(found) = self.channels.get_mut(&id) else { return };
        let has_ended = found.up.has_ended();
        let Some(guard) = &mut found.guard else { return };
        if has_ended && guard.editor.is_some() {
            return self.leave_guarded(id, None);
        }
        let place = guard.place.clone().unwrap_or_default();
        let mut masked = Vec::new();
        let place = match guard.detectors.mask_text(place.as_bytes(), &mut masked) {
            true => String::from_utf8_lossy(&masked).into_owned(),
            false => place,
        };
        let margin = if guard.at_margin { "" } else { "\r\n" };
        let out = guard.draw(|editor, out| {
            out.extend_from_slice(margin.as_bytes());
            editor.prompt(&format!("guarded {place} $ "), out);
        });
        self.show_guarded(id, out);
        self.stir(id);
    }

    /// Reads what the client says while no program has it. `true`: there may be more.
    pub(super) fn read_keys(&mut self, id: u32) -> Result<bool, Broken> {
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

    /// The shell ends.
    fn leave_guarded(&mut self, id: u32, status: Option<u32>) {
        let Some(guard) = self.guard(id) else { return };
        let status = status.unwrap_or(guard.status);
        let Some(found) = self.channels.get_mut(&id) else { return };
        found.story.exited(status);
        // What was shown last goes first.
        while let Some(found) = self.channels.get_mut(&id)
            && let Some(channel) = found.client
            && let Some(item) = found.down.pop()
        {
            if let Item::Data(data) = item {
                let data = self.shown(id, Stream::Output, data);
                self.say(Peer::Client, &Message::Data { channel, data });
            }
        }
        let event = self.channels.get_mut(&id).and_then(|found| found.story.end());
        if let Some(event) = event {
            self.record(event);
        }
        self.end_channel(id, "", status);
    }
}
