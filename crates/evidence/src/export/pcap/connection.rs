//! One TCP connection, as its two ends would have had it.

use std::cmp::Ordering;
use std::net::SocketAddr;

use super::file::Sink;
use super::packet::{ACK, FIN, MOST, PSH, RST, SYN, Segment};

/// The furthest that sequence numbers jump at once. From half of their range on a jump looks like one back.
const JUMP: u64 = 1 << 30;
/// So many jumps for one gap at most: what is beyond no machine has carried.
const MOST_JUMPS: u64 = 1024;

/// Who says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// Whoever opened the connection.
    Caller,
    /// Whoever listened.
    Called,
}

/// A connection.
#[derive(Debug)]
pub(super) struct Connection {
    caller: End,
    called: End,
    opened: bool,
    /// How many connections it was, as far as their ends are known.
    ends: u64,
}

#[derive(Debug)]
struct End {
    address: SocketAddr,
    /// The next sequence number, were they to go on for ever: the first byte has 1.
    next: u64,
    /// From somewhere on what it said is not recorded.
    cut: bool,
    /// How much it said, by the digests.
    all: u64,
}

impl End {
    const fn new(address: SocketAddr) -> Self {
        Self { address, next: 0, cut: false, all: 0 }
    }

    /// How many bytes it said, as far as its sequence numbers tell.
    const fn said(&self) -> u64 {
        self.next.saturating_sub(1)
    }
}

impl Connection {
    /// Nobody has called yet.
    pub(super) const fn new(caller: SocketAddr, called: SocketAddr) -> Self {
        Self { caller: End::new(caller), called: End::new(called), opened: false, ends: 0 }
    }

    /// Whether it is known to have come about.
    pub(super) const fn is_open(&self) -> bool {
        self.opened
    }

    /// The caller calls.
    pub(super) fn call(&mut self, comment: &str, sink: &mut Sink<'_>) {
        self.send(Who::Caller, SYN, &[], comment, sink);
    }

    /// The call is answered.
    pub(super) fn open(&mut self, sink: &mut Sink<'_>) {
        if !std::mem::replace(&mut self.opened, true) {
            self.send(Who::Called, SYN | ACK, &[], "", sink);
            self.send(Who::Caller, ACK, &[], "", sink);
        }
    }

    /// The call comes to nothing, as far as anybody knows.
    pub(super) fn refuse(&mut self, sink: &mut Sink<'_>) {
        let comment = "closed without a byte: whether it was ever open is not recorded";
        self.send(Who::Called, RST | ACK, &[], comment, sink);
    }

    /// An end says something, and the other has heard it.
    pub(super) fn say(&mut self, who: Who, data: &[u8], sink: &mut Sink<'_>) {
        let mut rest = data.chunks(MOST).peekable();
        while let Some(data) = rest.next() {
            let flags = if rest.peek().is_none() { PSH | ACK } else { ACK };
            self.send(who, flags, data, "", sink);
        }
        self.send(who.other(), ACK, &[], "", sink);
    }

    /// From here on what one end says is not recorded: at least one byte is missing already. It is the end that
    /// has said more, as both may say as much; where they have said the same only its end tells.
    pub(super) fn cut(&mut self, sink: &mut Sink<'_>) {
        let said = |end: &End| if end.cut { None } else { Some(end.said()) };
        let who = match said(&self.caller).cmp(&said(&self.called)) {
            Ordering::Greater => Who::Caller,
            Ordering::Less => Who::Called,
            Ordering::Equal => return,
        };
        let (end, _) = self.ends_of(who);
        end.cut = true;
        end.next += 1;
        let comment = "from here on what this end says is not recorded: it was over the cap";
        self.send(who, ACK, &[], comment, sink);
    }

    /// One of the connections that it was has ended, in which the ends had said so much. `true`: none goes on.
    pub(super) fn end(&mut self, caller: u64, called: u64) -> bool {
        self.ends += 1;
        for (end, bytes) in [(&mut self.caller, caller), (&mut self.called, called)] {
            end.all = end.all.saturating_add(bytes);
        }
        [&self.caller, &self.called].iter().all(|end| end.said() <= end.all)
    }

    /// Both ends hang up.
    pub(super) fn close(&mut self, sink: &mut Sink<'_>) {
        for who in [Who::Caller, Who::Called] {
            let missing = self.jump(who, sink);
            let mut comment = match missing {
                0 => String::new(),
                1 => "1 byte before this is not recorded".to_owned(),
                bytes => format!("{bytes} bytes before this are not recorded"),
            };
            if self.ends > 1 && who == Who::Called {
                comment = format!(
                    "{comment}{}{} connections that went on at the same time are one here",
                    if missing == 0 { "" } else { "; " },
                    self.ends
                );
            }
            self.send(who, FIN | ACK, &[], &comment, sink);
        }
        self.send(Who::Caller, ACK, &[], "", sink);
    }

    /// Sequence numbers go on where they would be had everything been recorded. How many bytes are missing.
    fn jump(&mut self, who: Who, sink: &mut Sink<'_>) -> u64 {
        let (end, _) = self.ends_of(who);
        let mut left = end.all.saturating_sub(end.said());
        let missing = left + u64::from(end.cut);
        for _ in 0..MOST_JUMPS {
            if left <= JUMP {
                break;
            }
            left -= JUMP;
            self.ends_of(who).0.next += JUMP;
            self.send(who, ACK, &[], "", sink);
        }
        let (end, _) = self.ends_of(who);
        end.next = end.next.saturating_add(left);
        missing
    }

    fn send(&mut self, who: Who, flags: u8, data: &[u8], comment: &str, sink: &mut Sink<'_>) {
        let (end, other) = self.ends_of(who);
        let segment = Segment {
            from: end.address,
            to: other.address,
            // They go round.
            sequence: end.next as u32,
            acknowledges: if flags & ACK == 0 { 0 } else { other.next as u32 },
            flags,
            data,
        };
        sink.packet(&segment, comment);
        // Its beginning and its end count as a byte each.
        let more = data.len() as u64 + u64::from(flags & (SYN | FIN) != 0);
        end.next = end.next.saturating_add(more);
    }

    const fn ends_of(&mut self, who: Who) -> (&mut End, &mut End) {
        match who {
            Who::Caller => (&mut self.caller, &mut self.called),
            Who::Called => (&mut self.called, &mut self.caller),
        }
    }
}

impl Who {
    const fn other(self) -> Self {
        match self {
            Self::Caller => Self::Called,
            Self::Called => Self::Caller,
        }
    }
}
