use super::nest::{DEEPEST, Kind};
use super::number::Number;
use super::text::{Inside, Read};
use super::{Document, MOST, NotJson, Way};

/// What may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// A document, when white space or nothing stands in front.
    Between { divided: bool },
    /// A value.
    Value,
    /// An array's first element or its end.
    Element,
    /// An object's first member or its end.
    Member,
    /// A member's name.
    Name,
    /// The colon behind a name.
    Colon,
    /// A comma, or the end of what is open.
    Behind,
    /// The rest of a string.
    Text { name: bool },
    /// The rest of a number.
    Number(Number),
    /// The rest of `true`, `false` or `null`.
    Word(&'static [u8]),
}

/// A piece while it is read.
pub(super) struct Piece<'p, 'o> {
    pub(super) bytes: &'p [u8],
    pub(super) at: usize,
    /// What is in front of this went its way.
    pub(super) from: usize,
    /// From here on it is in front of what follows, behind what stood there before.
    pub(super) since: usize,
    /// Where the token began that is looked at when it ends.
    pub(super) token: Option<usize>,
    pub(super) out: &'o mut Vec<u8>,
}

impl<'p, 'o> Piece<'p, 'o> {
    pub(super) const fn new(bytes: &'p [u8], out: &'o mut Vec<u8>) -> Self {
        Self { bytes, at: 0, from: 0, since: 0, token: None, out }
    }

    pub(super) fn slice(&self, from: usize, to: usize) -> &'p [u8] {
        self.bytes.get(from..to).unwrap_or_default()
    }
}

impl Kind {
    const fn behind_comma(self) -> State {
        match self {
            Self::Object => State::Name,
            Self::Array => State::Value,
        }
    }
}

impl Document {
    /// Reads a piece to its end.
    pub(super) fn walk(&mut self, piece: &mut Piece<'_, '_>) -> Result<(), NotJson> {
        while let Some(&byte) = piece.bytes.get(piece.at) {
            match self.state {
                State::Text { name } => self.text(name, piece)?,
                State::Number(number) => self.number(number, piece)?,
                State::Word(rest) => match rest.split_first() {
                    Some((wanted, rest)) if *wanted == byte => {
                        piece.at += 1;
                        self.state = State::Word(rest);
                        if rest.is_empty() {
                            self.behind_value(piece);
                        }
                    }
                    _ => return Err(self.fault(NotJson::Unexpected, piece.at, piece)),
                },
                state if matches!(byte, b' ' | b'\n' | b'\r' | b'\t') => {
                    if let State::Between { .. } = state {
                        self.state = State::Between { divided: true };
                    }
                    piece.at += 1;
                }
                state => self.structure(state, byte, piece)?,
            }
        }
        Ok(())
    }

    fn structure(
        &mut self,
        state: State,
        byte: u8,
        piece: &mut Piece<'_, '_>,
    ) -> Result<(), NotJson> {
        let kind = self.nest.kind();
        match (state, byte, kind) {
            (State::Between { divided: true }, ..) => {
                self.nest.at_root(&self.rules);
                self.before.clear();
                self.told.clear();
                piece.since = piece.at;
                return self.value(byte, piece);
            }
            (State::Element | State::Behind, b']', Some(Kind::Array))
            | (State::Member | State::Behind, b'}', Some(Kind::Object)) => {
                self.nest.leave();
                piece.at += 1;
                self.behind_value(piece);
                return Ok(());
            }
            (State::Value | State::Element, _, Some(kind)) => {
                if kind == Kind::Array {
                    self.nest.at_element(&self.rules);
                }
                return self.value(byte, piece);
            }
            (State::Member | State::Name, b'"', _) => {
                let wanted = self.rules.searched || self.rules.wants_names();
                self.begin(wanted, piece);
                self.inside = Inside::default();
                self.state = State::Text { name: true };
            }
            (State::Colon, b':', _) => self.state = State::Value,
            (State::Behind, b',', Some(kind)) => self.state = kind.behind_comma(),
            _ => return Err(self.fault(NotJson::Unexpected, piece.at, piece)),
        }
        piece.at += 1;
        Ok(())
    }

    /// A value begins.
    fn value(&mut self, byte: u8, piece: &mut Piece<'_, '_>) -> Result<(), NotJson> {
        let (state, entered) = match byte {
            b'{' => (State::Member, Some(Kind::Object)),
            b'[' => (State::Element, Some(Kind::Array)),
            b'"' => (State::Text { name: false }, None),
            b't' => (State::Word(b"rue"), None),
            b'f' => (State::Word(b"alse"), None),
            b'n' => (State::Word(b"ull"), None),
            _ => match Number::begun_by(byte) {
                Some(number) => (State::Number(number), None),
                None => return Err(self.fault(NotJson::Unexpected, piece.at, piece)),
            },
        };
        if entered.is_some() && self.nest.depth() == DEEPEST {
            return Err(self.fault(NotJson::TooDeep, piece.at, piece));
        }
        if self.ruled.is_none() && self.rules.wants_names() {
            self.begin_ruled(byte, piece);
        }
        match entered {
            Some(kind) => self.nest.enter(kind, &self.rules, self.ruled.is_some()),
            None => {
                let searched = !matches!(state, State::Word(_)) && self.rules.searched;
                self.begin(searched, piece);
                self.inside = Inside::default();
            }
        }
        self.state = state;
        piece.at += 1;
        Ok(())
    }

    fn text(&mut self, name: bool, piece: &mut Piece<'_, '_>) -> Result<(), NotJson> {
        match self.inside.read(piece.bytes, piece.at) {
            Read::GoesOn => piece.at = piece.bytes.len(),
            Read::Unexpected(at) => return Err(self.fault(NotJson::Unexpected, at, piece)),
            Read::NotUtf8(at) => return Err(self.fault(NotJson::NotUtf8, at, piece)),
            Read::Ended(at) => {
                piece.at = at;
                if name {
                    self.name(piece)?;
                    // What nearly always comes next needs no turn of its own.
                    self.state = match piece.bytes.get(piece.at) {
                        Some(b':') => {
                            piece.at += 1;
                            State::Value
                        }
                        _ => State::Colon,
                    };
                } else {
                    self.searched(piece);
                    self.behind_value(piece);
                }
            }
        }
        Ok(())
    }

    fn number(&mut self, mut number: Number, piece: &mut Piece<'_, '_>) -> Result<(), NotJson> {
        while let Some(&byte) = piece.bytes.get(piece.at) {
            let Some(longer) = number.with(byte) else {
                return self.behind_number(number, piece);
            };
            number = longer;
            piece.at += 1;
        }
        self.state = State::Number(number);
        Ok(())
    }

    fn behind_number(&mut self, number: Number, piece: &mut Piece<'_, '_>) -> Result<(), NotJson> {
        if !number.is_whole() {
            return Err(self.fault(NotJson::Unexpected, piece.at, piece));
        }
        self.searched(piece);
        self.behind_value(piece);
        Ok(())
    }

    fn behind_value(&mut self, piece: &mut Piece<'_, '_>) {
        if self.ruled.is_some() {
            self.end_ruled(piece);
        }
        self.state = match (self.nest.kind(), piece.bytes.get(piece.at)) {
            (None, _) => State::Between { divided: false },
            (Some(kind), Some(b',')) => {
                piece.at += 1;
                kind.behind_comma()
            }
            (Some(_), _) => State::Behind,
        };
    }

    /// Everything came.
    pub(super) fn close(&mut self, piece: &mut Piece<'_, '_>) -> Result<(), NotJson> {
        if let State::Number(number) = self.state
            && number.is_whole()
        {
            self.behind_number(number, piece)?;
        }
        match self.state {
            State::Between { .. } => Ok(()),
            _ => Err(NotJson::Unended(self.read)),
        }
    }

    /// What was read up to `at` goes its way.
    pub(super) fn settle(&mut self, at: usize, piece: &mut Piece<'_, '_>) {
        let read = piece.slice(piece.from, at);
        match self.way {
            Way::On => piece.out.extend_from_slice(read),
            Way::Held => self.held.extend_from_slice(read),
            Way::Out => {}
        }
        piece.from = at;
    }

    /// The piece is read: what it ends with is held, when its end has to be seen.
    pub(super) fn pause(&mut self, piece: &mut Piece<'_, '_>) -> Result<(), NotJson> {
        let length = piece.bytes.len();
        if let Some(start) = piece.token.take() {
            self.settle(start, piece);
            self.remember(start, piece);
            self.way = Way::Held;
            self.began = self.read + start as u64;
        } else if self.way == Way::On || self.ruled.is_some() {
            self.remember(length, piece);
        }
        self.settle(length, piece);
        if self.held.len() > MOST {
            if self.ruled.is_none() && self.state == (State::Text { name: true }) {
                return Err(NotJson::LongName(self.began));
            }
            self.held.clear();
            self.way = Way::Out;
        }
        self.read += length as u64;
        Ok(())
    }

    /// What stands in front of a fault went on, but not the token that it stands in.
    pub(super) fn fault(
        &mut self,
        why: impl Fn(u64) -> NotJson,
        at: usize,
        piece: &mut Piece<'_, '_>,
    ) -> NotJson {
        // A name that is too long is one whatever stands behind.
        let in_name = self.state == (State::Text { name: true });
        let long = self.long_name(at, piece).filter(|_| in_name);
        self.settle(piece.token.unwrap_or(at), piece);
        long.unwrap_or_else(|| why(self.read + at as u64))
    }
}
