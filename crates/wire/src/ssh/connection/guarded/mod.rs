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
mod reading;
mod running;

use std::sync::Arc;

use bytes::Bytes;
use mask::Detectors;
use model::{Peer, Reason, ReasonKind, Stream};

use self::editor::Editor;
use self::running::Purpose;
pub(super) use self::running::Run;
use super::Session;
use super::channel::{Channel, Gate, Owed};
use super::flow::Item;
use super::message::Message;
use super::ruling::{INTERRUPTED, NOT_PERMITTED};
use super::story::Story;

/// What a request for such a shell is called among the others. No client asks for it by name.
pub(super) const GUARDED: &str = "guarded-shell";

/// Requests that are kept to be repeated for each program, and their bytes.
const MOST_SETTINGS: usize = 128;
const LONGEST_SETTING: usize = 64 << 10;

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
