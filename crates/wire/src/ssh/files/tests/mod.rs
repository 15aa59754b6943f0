//! A channel to be told what two ends say, and real programs as its two ends.

mod live;
mod moving;
mod recorded;
mod refusing;

use bytes::Bytes;
use model::Peer;

use super::{Breach, FileCommand, FileStep, Moved, Passage, Refusal, Scp, ScpCall, Sftp};

/// Either of the two.
pub(in crate::ssh::files) type Channel = Box<dyn Passage>;

pub(in crate::ssh::files) fn sftp() -> Channel {
    Box::new(Sftp::new(0))
}

pub(in crate::ssh::files) fn scp(words: &str, home: Option<&str>) -> Channel {
    let words: Vec<&str> = words.split(' ').collect();
    Box::new(Scp::new(ScpCall::read(&words).unwrap(), home, 0))
}

pub(in crate::ssh::files) type Rule<'r> = &'r dyn Fn(&FileCommand) -> Result<(), Refusal>;

pub(in crate::ssh::files) fn allow(_: &FileCommand) -> Result<(), Refusal> {
    Ok(())
}

pub(in crate::ssh::files) fn no() -> Result<(), Refusal> {
    Err(Refusal { message: "not today".to_owned() })
}

/// What came of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::ssh::files) struct Told {
    pub(in crate::ssh::files) client: Vec<u8>,
    pub(in crate::ssh::files) upstream: Vec<u8>,
    pub(in crate::ssh::files) asked: Vec<String>,
    pub(in crate::ssh::files) moved: Vec<Moved>,
    pub(in crate::ssh::files) breach: Option<Breach>,
}

impl Told {
    /// Takes all steps there are; gives back what is to be sent.
    pub(in crate::ssh::files) fn pump(
        &mut self,
        channel: &mut Channel,
        rule: Rule<'_>,
    ) -> Vec<(Peer, Bytes)> {
        let mut sent = Vec::new();
        loop {
            match channel.next() {
                Ok(None) => return sent,
                Ok(Some(FileStep::Send(to, bytes))) => {
                    match to {
                        Peer::Client => self.client.extend_from_slice(&bytes),
                        Peer::Upstream => self.upstream.extend_from_slice(&bytes),
                    }
                    sent.push((to, bytes));
                }
                Ok(Some(FileStep::Ask { ticket, what })) => {
                    self.asked.push(String::from_utf8(what.text.to_vec()).unwrap());
                    channel.decided(ticket, rule(&what));
                }
                Ok(Some(FileStep::Moved(moved))) => self.moved.push(moved),
                Ok(Some(FileStep::Content(_))) => {}
                Err(breach) => {
                    self.breach = Some(breach);
                    return sent;
                }
            }
        }
    }

    pub(in crate::ssh::files) fn end(&mut self, channel: &mut Channel) {
        channel.end();
        let breach = self.breach.take();
        self.pump(channel, &allow);
        self.breach = breach;
    }
}

/// What each end says, in order.
pub(in crate::ssh::files) type Said = Vec<(Peer, Vec<u8>)>;

/// Tells a channel what each end says, in the pieces that `cut` makes of it.
pub(in crate::ssh::files) fn tell<'s>(
    mut channel: Channel,
    said: &'s Said,
    cut: &mut dyn FnMut(&'s [u8]) -> Vec<&'s [u8]>,
    rule: Rule<'_>,
) -> Told {
    let mut told = Told::default();
    for (from, bytes) in said {
        for piece in cut(bytes) {
            channel.feed(*from, Bytes::copy_from_slice(piece));
            told.pump(&mut channel, rule);
        }
    }
    told.end(&mut channel);
    told
}

/// In one piece, byte by byte, and cut at every position when that is not too much: it is always the same.
pub(in crate::ssh::files) fn play(open: &dyn Fn() -> Channel, said: &Said, rule: Rule<'_>) -> Told {
    play_behind(0, open, said, rule)
}

/// The same; the first bytes stay whole.
pub(in crate::ssh::files) fn play_behind(
    whole: usize,
    open: &dyn Fn() -> Channel,
    said: &Said,
    rule: Rule<'_>,
) -> Told {
    let told = tell(open(), said, &mut |bytes| vec![bytes], rule);
    let bytewise = tell(open(), said, &mut |bytes| bytes.chunks(1).collect(), rule);
    assert_eq!(bytewise, told, "byte by byte");
    let length: usize = said.iter().map(|(_, bytes)| bytes.len()).sum();
    let step = (length / 2000).max(1);
    for position in (whole + 1..length).step_by(step) {
        let mut before = 0;
        let mut cut = |bytes: &'_ [u8]| {
            let at = position.saturating_sub(before).min(bytes.len());
            before += bytes.len();
            at
        };
        let again = tell(
            open(),
            said,
            &mut |bytes| <[_; 2]>::from(bytes.split_at(cut(bytes))).to_vec(),
            rule,
        );
        assert_eq!(again, told, "cut at {position}");
    }
    told
}

pub(in crate::ssh::files) fn sha256(data: &[u8]) -> [u8; 32] {
    ring::digest::digest(&ring::digest::SHA256, data).as_ref().try_into().unwrap()
}
