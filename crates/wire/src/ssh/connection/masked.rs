//! What a program says is masked on its way: line by line, or as a terminal shows it. What is held back goes on when
//! nothing more comes for a while.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mask::{Detectors, Running, Terminal};
use model::{Classes, Step};

use super::Session;
use super::channel::Channel;
use super::flow::Item;
use super::message::STDERR;

/// What is held back goes on when nothing has come for one to two of these.
const PAUSE: Duration = Duration::from_millis(15);

/// What masks what a program says.
pub(super) struct Masks {
    seen: Seen,
    /// Something came since the last look.
    came: bool,
}

enum Seen {
    /// Two streams of text.
    Streams { output: Running, error: Running },
    /// A screen.
    Terminal(Box<Terminal>),
}

impl Masks {
    fn new(detectors: &Arc<Detectors>, terminal: Option<(u32, u32)>) -> Self {
        let running = || Running::new(Arc::clone(detectors));
        let seen = match terminal {
            None => Seen::Streams { output: running(), error: running() },
            Some((columns, rows)) => {
                Seen::Terminal(Box::new(Terminal::new(Arc::clone(detectors), columns, rows)))
            }
        };
        Self { seen, came: false }
    }

    fn held(&self) -> usize {
        match &self.seen {
            Seen::Streams { output, error } => output.held() + error.held(),
            Seen::Terminal(terminal) => terminal.held(),
        }
    }

    /// Takes what the program says; what may go on of it comes out.
    fn feed(&mut self, stderr: bool, bytes: &[u8]) -> Vec<u8> {
        self.came = true;
        let mut out = Vec::new();
        match &mut self.seen {
            Seen::Streams { error, .. } if stderr => error.feed(bytes, &mut out),
            Seen::Streams { output, .. } => output.feed(bytes, &mut out),
            Seen::Terminal(terminal) => terminal.feed(bytes, &mut out),
        }
        out
    }

    /// What is held back comes out: all there is at the end, or in a pause as far as it may.
    fn let_go(&mut self, pause: Option<Strictness>) -> [(bool, Vec<u8>); 2] {
        let (mut said, mut wrong) = (Vec::new(), Vec::new());
        match (&mut self.seen, pause) {
            (Seen::Streams { output, error }, None) => {
                output.end(&mut said);
                error.end(&mut wrong);
            }
            (Seen::Streams { output, error }, Some(Strictness(strict))) => {
                output.hurry(strict, &mut said);
                error.hurry(strict, &mut wrong);
            }
            (Seen::Terminal(terminal), None) => terminal.end(&mut said),
            (Seen::Terminal(terminal), Some(Strictness(strict))) => {
                terminal.hurry(strict, &mut said);
            }
        }
        [(false, said), (true, wrong)]
    }
}

/// Whether a word waits for its end, however long that takes.
#[derive(Clone, Copy)]
struct Strictness(bool);

/// Something that goes on, if there is anything.
fn data(stderr: bool, bytes: Vec<u8>) -> Option<Item> {
    let bytes = Bytes::from(bytes);
    let item = if stderr { Item::Extended(STDERR, bytes) } else { Item::Data(bytes) };
    match &item {
        Item::Data(bytes) | Item::Extended(_, bytes) if bytes.is_empty() => None,
        _ => Some(item),
    }
}

impl Channel {
    /// From now on what the target says in it is masked.
    pub(super) fn mask(&mut self, detectors: &Arc<Detectors>) {
        if !detectors.is_none() {
            self.masks = Some(Box::new(Masks::new(detectors, self.terminal)));
            self.down.read_along();
        }
    }

    /// From now on nothing is masked: what ran is over.
    pub(super) fn unmask(&mut self) {
        self.masks = None;
    }

    /// The person types this.
    pub(super) fn typed(&mut self, bytes: &[u8]) {
        if let Some(Seen::Terminal(terminal)) = self.masks.as_mut().map(|masks| &mut masks.seen) {
            terminal.typed(bytes);
        }
    }

    /// The terminal has this size from now on, in letters.
    pub(super) fn resized(&mut self, columns: u32, rows: u32) {
        self.terminal = Some((columns, rows));
        if let Some(Seen::Terminal(terminal)) = self.masks.as_mut().map(|masks| &mut masks.seen) {
            terminal.resize(columns, rows);
        }
        self.resize_editor(columns, rows);
    }

    /// Lets go of what is held back.
    fn let_go(&mut self, pause: Option<Strictness>) {
        let Some(masks) = &mut self.masks else { return };
        for (stderr, out) in masks.let_go(pause) {
            self.down.looked_at_some(data(stderr, out));
        }
    }
}

impl Session {
    /// The detectors for who may see these classes in clear.
    pub(super) fn detectors(&mut self, reveal: &Arc<Classes>) -> Arc<Detectors> {
        match &self.detectors {
            Some((seen, detectors)) if seen == reveal => Arc::clone(detectors),
            _ => {
                let detectors = Arc::new(self.content.detectors(reveal));
                self.detectors = Some((Arc::clone(reveal), Arc::clone(&detectors)));
                detectors
            }
        }
    }

    /// Masks what waits in a channel. `true`: something went on.
    pub(super) fn read_masked(&mut self, id: u32) -> bool {
        let Some(found) = self.channels.get_mut(&id) else { return false };
        let mut moved = false;
        while found.masks.is_some()
            && let Some(item) = found.down.look()
        {
            moved = true;
            let stderr = matches!(item, Item::Extended(..));
            match item {
                Item::Data(bytes) | Item::Extended(_, bytes) => {
                    let out = found.masks.as_mut().map(|masks| masks.feed(stderr, &bytes));
                    found.down.looked_at_some(data(stderr, out.unwrap_or_default()));
                }
                Item::Eof | Item::Close => {
                    found.let_go(None);
                    found.down.looked_at(item);
                }
                // How a program ended may be said before all that it said has come.
                Item::Request { .. } => found.down.looked_at(item),
            }
        }
        if found.masks.as_ref().is_some_and(|masks| masks.held() > 0 && masks.came) {
            self.wake_soon();
        }
        moved
    }

    fn wake_soon(&mut self) {
        if !std::mem::replace(&mut self.wakes, true) {
            self.steps.push_back(Step::Wake(PAUSE));
        }
    }

    /// A pause has passed: what is held back goes on where nothing more came.
    pub(super) fn paused(&mut self) {
        self.wakes = false;
        let (strict, mut again) = (Strictness(self.strict), false);
        let mut stirred = Vec::new();
        for (id, channel) in &mut self.channels {
            let Some(masks) = channel.masks.as_mut().filter(|masks| masks.held() > 0) else {
                continue;
            };
            if std::mem::replace(&mut masks.came, false) {
                again = true;
            } else {
                channel.let_go(Some(strict));
                stirred.push(*id);
            }
        }
        stirred.into_iter().for_each(|id| self.stir(id));
        if again {
            self.wake_soon();
        }
    }
}
