//! The file around the packets: pcapng.
//!
//! Source: draft-ietf-opsawg-pcapng, sections 3.1 (blocks), 3.5 (options) and 4 (each block).

use std::net::Ipv4Addr;

use model::Timestamp;

use super::packet::Segment;

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const NAMES: u32 = 4;
const STATISTICS: u32 = 5;
const PACKET: u32 = 6;

const COMMENT: u16 = 1;
const INTERFACE_NAME: u16 = 2;
const PROGRAM: u16 = 4;
const RESOLUTION: u16 = 9;

/// Packets begin with the IP header.
const RAW_IP: u16 = 101;

/// No text in it is longer.
const LONGEST: usize = 4096;

/// Where a moment's packets go.
pub(super) struct Sink<'o> {
    pub(super) at: Timestamp,
    pub(super) out: &'o mut Vec<u8>,
}

impl Sink<'_> {
    /// The file's beginning.
    pub(super) fn begin(&mut self, program: &str, comment: &str) {
        let mut body = 0x1a2b_3c4d_u32.to_le_bytes().to_vec();
        // Version 1.0, and a length that nobody knows yet.
        body.extend_from_slice(&[1, 0, 0, 0]);
        body.extend_from_slice(&u64::MAX.to_le_bytes());
        text(PROGRAM, program, &mut body);
        text(COMMENT, comment, &mut body);
        self.block(SECTION, body, true);

        let mut body = RAW_IP.to_le_bytes().to_vec();
        body.extend_from_slice(&[0; 2]);
        body.extend_from_slice(&u32::from(u16::MAX).to_le_bytes());
        text(INTERFACE_NAME, "forwarded", &mut body);
        // Times are in microseconds.
        option(RESOLUTION, &[6], &mut body);
        self.block(INTERFACE, body, true);
    }

    /// What an address that was made up is called.
    pub(super) fn name(&mut self, address: Ipv4Addr, name: &str) {
        let record = [&address.octets(), cut(name).as_bytes(), b"\0"].concat();
        let mut body = Vec::new();
        option(1, &record, &mut body);
        self.block(NAMES, body, true);
    }

    /// One packet. An empty comment is none.
    pub(super) fn packet(&mut self, segment: &Segment<'_>, comment: &str) {
        let packet = segment.packet();
        let length = (packet.len() as u32).to_le_bytes();
        let mut body = 0_u32.to_le_bytes().to_vec();
        body.extend_from_slice(&moment(self.at));
        body.extend_from_slice(&length);
        body.extend_from_slice(&length);
        body.extend_from_slice(&packet);
        pad(&mut body);
        if !comment.is_empty() {
            text(COMMENT, comment, &mut body);
        }
        self.block(PACKET, body, !comment.is_empty());
    }

    /// A comment at the file's end.
    pub(super) fn end(&mut self, comment: &str) {
        let mut body = 0_u32.to_le_bytes().to_vec();
        body.extend_from_slice(&moment(self.at));
        text(COMMENT, comment, &mut body);
        self.block(STATISTICS, body, true);
    }

    fn block(&mut self, kind: u32, mut body: Vec<u8>, options: bool) {
        if options {
            // They have ended.
            body.extend_from_slice(&[0; 4]);
        }
        let length = (body.len() as u32 + 12).to_le_bytes();
        self.out.extend_from_slice(&kind.to_le_bytes());
        self.out.extend_from_slice(&length);
        self.out.extend_from_slice(&body);
        self.out.extend_from_slice(&length);
    }
}

/// Microseconds since the epoch: the upper half comes first.
fn moment(at: Timestamp) -> [u8; 8] {
    at.as_micros().rotate_left(32).to_le_bytes()
}

fn text(code: u16, value: &str, body: &mut Vec<u8>) {
    option(code, cut(value).as_bytes(), body);
}

/// An option, or a record of names, which looks the same. It is no longer than [`LONGEST`] and a few bytes.
fn option(code: u16, value: &[u8], body: &mut Vec<u8>) {
    body.extend_from_slice(&code.to_le_bytes());
    body.extend_from_slice(&(value.len() as u16).to_le_bytes());
    body.extend_from_slice(value);
    pad(body);
}

fn pad(body: &mut Vec<u8>) {
    body.resize(body.len().next_multiple_of(4), 0);
}

fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(LONGEST)).unwrap_or(text)
}
