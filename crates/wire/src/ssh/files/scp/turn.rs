//! One turn after the other.

use bytes::Bytes;
use model::{Action, Ticket};

use super::super::LONGEST_NAME;
use super::super::command;
use super::super::content::Course;
use super::line::{Line, is_plain};
use super::{Asked, Asking, File, Said, Scp, Turn, Way};
use crate::ssh::files::{Breach, Content, FileStep};

/// The longest line there may be: a name and what stands before it.
const LONGEST_LINE: usize = LONGEST_NAME + 64;

impl Scp {
    /// Reads on. `false`: there is nothing that can be read now.
    pub(super) fn hear(&mut self) -> Result<bool, Breach> {
        if self.asking.is_some() {
            return self.sink_message();
        }
        let heard = match self.turn {
            Turn::Answer(_) => return self.answer(),
            Turn::Nobody => return Ok(self.drop_all()),
            Turn::Line => self.line()?,
            Turn::Content(left) => self.content(left),
            Turn::Sent => self.sent()?,
        };
        // What the sending end has said stands before what the other says to it.
        if heard { Ok(true) } else { self.sink_message() }
    }

    fn breach(&self, by_sender: bool, message: &'static str) -> Breach {
        let by = if by_sender { self.sender() } else { self.receiver() };
        Breach { by, message }
    }

    /// The receiving end answers.
    fn answer(&mut self) -> Result<bool, Breach> {
        let Some([first]) = self.sink.head::<1>() else { return Ok(false) };
        let length = match first {
            0 => 1,
            1 | 2 => match self.message_of_sink()? {
                Some(length) => length,
                None => return Ok(false),
            },
            _ => return Err(self.breach(false, "an answer is none")),
        };
        let Turn::Answer(said) = std::mem::replace(&mut self.turn, Turn::Line) else {
            return Ok(false);
        };
        self.answered(said, first == 0);
        if first == 2 {
            self.turn = Turn::Nobody;
        }
        self.sink.pass(length);
        Ok(true)
    }

    /// A message of the receiving end, out of turn.
    fn sink_message(&mut self) -> Result<bool, Breach> {
        let Some([first]) = self.sink.head::<1>() else { return Ok(false) };
        if !matches!(first, 1 | 2) || self.early {
            return Err(self.breach(false, "it answers what was not said"));
        }
        let Some(length) = self.message_of_sink()? else { return Ok(false) };
        self.sink.pass(length);
        self.early = true;
        if first == 2 {
            self.turn = Turn::Nobody;
        }
        Ok(true)
    }

    fn message_of_sink(&mut self) -> Result<Option<usize>, Breach> {
        let length = self.sink.line();
        if length.unwrap_or(self.sink.unread()) > LONGEST_LINE {
            return Err(self.breach(false, "a line is too long"));
        }
        Ok(length)
    }

    fn line_of_source(&mut self) -> Result<Option<usize>, Breach> {
        let length = self.source.line();
        if length.unwrap_or(self.source.unread()) > LONGEST_LINE {
            return Err(self.breach(true, "a line is too long"));
        }
        Ok(length)
    }

    /// The receiving end is to answer, or has already.
    pub(super) fn answers(&mut self, said: Said) {
        if std::mem::take(&mut self.early) {
            self.turn = Turn::Line;
            self.answered(said, false);
        } else {
            self.turn = Turn::Answer(said);
        }
    }

    /// The receiving end takes what was said, or does not.
    fn answered(&mut self, said: Said, taken: bool) {
        match said {
            Said::Other => {}
            Said::Folder(places) => {
                if taken {
                    self.places.enter(places);
                }
            }
            Said::File(asked) => {
                if taken {
                    let size = asked.size;
                    let course = Course::new();
                    self.file = Some(File { asked, course, bytes: 0, told: 0, sent: false });
                    self.turn = if size == 0 { Turn::Sent } else { Turn::Content(size) };
                }
            }
            Said::Content => self.finish(taken),
        }
    }

    /// The sending end says its next line.
    fn line(&mut self) -> Result<bool, Breach> {
        let Some([first]) = self.source.head::<1>() else { return Ok(false) };
        let Some(length) = self.line_of_source()? else { return Ok(false) };
        if matches!(first, 1 | 2) {
            // A message that nobody answers.
            self.source.pass(length);
            if first == 2 {
                self.turn = Turn::Nobody;
            }
            return Ok(true);
        }
        let Some(text) = self.source.peek(length) else { return Ok(false) };
        let text = text.strip_suffix(b"\n").unwrap_or(&text);
        let (verb, action, mode, size, name) = match Line::read(text) {
            Ok(Line::Times) => {
                self.source.pass(length);
                self.answers(Said::Other);
                return Ok(true);
            }
            Ok(Line::End) => {
                if !self.places.leave() {
                    return Err(self.breach(true, "a folder ends that did not begin"));
                }
                self.source.pass(length);
                self.answers(Said::Other);
                return Ok(true);
            }
            Ok(Line::File { mode, size, name }) => match self.places.way() {
                Way::Upload => ("upload", Action::Upload, mode, Some(size), name),
                Way::Download => ("download", Action::Download, mode, Some(size), name),
            },
            Ok(Line::Folder { mode, name }) => match self.places.way() {
                Way::Upload => ("mkdir", Action::Create, mode, None, name),
                Way::Download => ("list", Action::List, mode, None, name),
            },
            Err(_) => return Err(self.breach(true, "a line is none that is known")),
        };
        let shown = String::from_utf8_lossy(name).into_owned();
        let places = if is_plain(name) { self.places.find(name).ok() } else { None };
        let Some(places) = places.filter(|places| !places.is_empty()) else {
            self.refuse(length, &shown, "that name is not taken");
            return Ok(true);
        };
        let mut asked = command::Asked::new(verb);
        for (number, place) in places.iter().enumerate() {
            asked = match number {
                0 => asked.path(place, &[action]),
                _ => asked.word("or").path(place, &[action]),
            };
        }
        asked = asked.word(&format!("mode={mode}"));
        if let Some(size) = size {
            asked = asked.word(&format!("size={size}"));
        }
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        let said = match size {
            Some(size) => Said::File(Asked { ticket, places, size }),
            None => Said::Folder(places),
        };
        self.asking = Some(Asking { ticket, length, name: shown, said });
        self.steps.push_back(FileStep::Ask { ticket, what: Box::new(asked.command()) });
        Ok(true)
    }

    /// More of a file's content goes by.
    fn content(&mut self, left: u64) -> bool {
        let most = usize::try_from(left).unwrap_or(usize::MAX);
        let count = self.source.unread().min(most);
        let Some(file) = self.file.as_mut().filter(|_| count > 0) else { return false };
        for data in self.source.pieces(count) {
            let offset = file.bytes;
            file.course.take(offset, data, &mut self.room);
            file.bytes += data.len() as u64;
            let keep = usize::try_from(self.keep.saturating_sub(file.told)).unwrap_or(usize::MAX);
            let told = data.get(..keep).unwrap_or(data);
            if told.is_empty() {
                continue;
            }
            file.told += told.len() as u64;
            for place in file.asked.places.iter().take(1) {
                self.steps.push_back(FileStep::Content(Content {
                    ticket: file.asked.ticket,
                    path: place.path.clone(),
                    upload: self.places.way() == Way::Upload,
                    offset,
                    data: Bytes::copy_from_slice(told),
                }));
            }
        }
        self.source.pass(count);
        let left = left - count as u64;
        self.turn = if left == 0 { Turn::Sent } else { Turn::Content(left) };
        true
    }

    /// The sending end says how sending a content went.
    fn sent(&mut self) -> Result<bool, Breach> {
        let Some([first]) = self.source.head::<1>() else { return Ok(false) };
        let length = match first {
            0 => 1,
            1 | 2 => match self.line_of_source()? {
                Some(length) => length,
                None => return Ok(false),
            },
            _ => return Err(self.breach(true, "a file is longer than it was said to be")),
        };
        if let Some(file) = &mut self.file {
            file.sent = first == 0;
        }
        self.source.pass(length);
        self.answers(Said::Content);
        Ok(true)
    }

    /// Nobody reads any more.
    fn drop_all(&mut self) -> bool {
        let any = self.source.unread() + self.sink.unread() > 0;
        self.source.skip(usize::MAX);
        self.sink.skip(usize::MAX);
        any
    }
}
