//! The binary packet protocol (RFC 4253, section 6): payloads in, packets out, and back.

use bytes::{Buf, Bytes, BytesMut};
use rand::Rng;
use rand::rngs::StdRng;

use super::cipher::{Forged, LENGTH, State};

/// The longest packet that is taken. RFC 4253 asks for 35,000 bytes; nobody is offered more.
pub(super) const LONGEST: usize = 36 << 10;

/// Why a packet cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unopened {
    /// Its length cannot be right.
    Length,
    /// It was changed on its way.
    Forged,
}

/// One direction of a connection: how it is hidden, and how many packets went.
pub(super) struct Direction {
    pub(super) state: State,
    sequence: u32,
    /// Since the keys were made.
    pub(super) packets: u64,
    pub(super) bytes: u64,
}

impl Default for Direction {
    fn default() -> Self {
        Self { state: State::Clear, sequence: 0, packets: 0, bytes: 0 }
    }
}

impl Direction {
    /// From the next packet on it is hidden otherwise. Under strict key exchange packets are counted
    /// anew.
    pub(super) fn rekey(&mut self, state: State, strict: bool) {
        self.state = state;
        self.packets = 0;
        self.bytes = 0;
        if strict {
            self.sequence = 0;
        }
    }

    pub(super) const fn sequence(&self) -> u32 {
        self.sequence
    }

    fn counted(&mut self, bytes: usize) -> u32 {
        let sequence = self.sequence;
        self.sequence = sequence.wrapping_add(1);
        self.packets += 1;
        self.bytes += bytes as u64;
        sequence
    }

    /// The payload of the next packet, once all of it is there.
    pub(super) fn open(&mut self, inbox: &mut BytesMut) -> Result<Option<Bytes>, Unopened> {
        let Some(head) = inbox.first_chunk::<LENGTH>() else { return Ok(None) };
        let length = self.state.length(self.sequence, *head) as usize;
        let aligned = if self.state.pads_length() { length + LENGTH } else { length };
        let block = self.state.block();
        if !(block..=LONGEST).contains(&aligned) || aligned % block != 0 {
            return Err(Unopened::Length);
        }
        let total = LENGTH + length + self.state.tag_length();
        if inbox.len() < total {
            return Ok(None);
        }
        let mut packet = inbox.split_to(total);
        let sequence = self.counted(total);
        self.state.open(sequence, &mut packet).map_err(|Forged| Unopened::Forged)?;
        let padding = packet.get(LENGTH).copied().map_or(0, usize::from);
        let payload = length.checked_sub(1 + padding).ok_or(Unopened::Length)?;
        if padding < 4 || payload == 0 {
            return Err(Unopened::Length);
        }
        packet.advance(LENGTH + 1);
        packet.truncate(payload);
        Ok(Some(packet.freeze()))
    }

    /// Appends a packet whose payload is these parts, one behind the other.
    pub(super) fn seal(
        &mut self,
        parts: &[&[u8]],
        chance: &mut StdRng,
        out: &mut BytesMut,
    ) -> Result<(), Forged> {
        let payload: usize = parts.iter().map(|part| part.len()).sum();
        let block = self.state.block();
        let counted = 1 + payload + if self.state.pads_length() { LENGTH } else { 0 };
        // At least four bytes, up to the next multiple of a block.
        let mut padding = block - counted % block;
        if padding < 4 {
            padding += block;
        }
        let length = 1 + payload + padding;
        let start = out.len();
        out.reserve(LENGTH + length + self.state.tag_length());
        out.extend_from_slice(&u32::try_from(length).map_err(|_| Forged)?.to_be_bytes());
        out.extend_from_slice(&[u8::try_from(padding).map_err(|_| Forged)?]);
        for part in parts {
            out.extend_from_slice(part);
        }
        let mut random = [0; 32];
        chance.fill_bytes(&mut random);
        out.extend_from_slice(random.get(..padding).ok_or(Forged)?);
        out.resize(out.len() + self.state.tag_length(), 0);
        let sequence = self.counted(out.len() - start);
        self.state.seal(sequence, out.get_mut(start..).ok_or(Forged)?)
    }
}
