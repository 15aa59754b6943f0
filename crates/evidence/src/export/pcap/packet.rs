//! One TCP segment in one IP packet.
//!
//! Sources: RFC 9293, section 3.1 (the TCP header), and 3.2 (options); RFC 7323, section 2 (the window's scale);
//! RFC 791, section 3.1; RFC 8200, sections 3 and 8.1 (what the checksum covers); RFC 1071 (how it is counted).

use std::net::{IpAddr, SocketAddr};

/// So many bytes of data fit in a packet of 1500, whichever its addresses are.
pub(super) const MOST: usize = 1440;

pub(super) const FIN: u8 = 1;
pub(super) const SYN: u8 = 2;
pub(super) const RST: u8 = 4;
pub(super) const PSH: u8 = 8;
pub(super) const ACK: u8 = 16;

const TCP: u8 = 6;
const HOPS: u8 = 64;
/// The largest there is, at the largest scale: nobody ever waits for room.
const WINDOW: u16 = u16::MAX;
/// The largest segment, nothing, and the window's scale.
const OPTIONS: [u8; 8] = [2, 4, (MOST >> 8) as u8, (MOST & 0xff) as u8, 1, 3, 3, 14];

/// A segment. What it acknowledges counts where its flags have [`ACK`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment<'s> {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    pub(super) sequence: u32,
    pub(super) acknowledges: u32,
    pub(super) flags: u8,
    /// No more than [`MOST`].
    pub(super) data: &'s [u8],
}

impl Segment<'_> {
    /// As an IP packet.
    pub(super) fn packet(&self) -> Vec<u8> {
        let options: &[u8] = if self.flags & SYN == 0 { &[] } else { &OPTIONS };
        // Twenty bytes and the options, counted in words of four.
        let words = 5 + (options.len() / 4) as u8;
        let mut tcp = Vec::with_capacity(20 + options.len() + self.data.len());
        tcp.extend_from_slice(&self.from.port().to_be_bytes());
        tcp.extend_from_slice(&self.to.port().to_be_bytes());
        tcp.extend_from_slice(&self.sequence.to_be_bytes());
        tcp.extend_from_slice(&self.acknowledges.to_be_bytes());
        tcp.extend_from_slice(&[words << 4, self.flags]);
        tcp.extend_from_slice(&WINDOW.to_be_bytes());
        // The checksum, and nothing urgent.
        tcp.extend_from_slice(&[0; 4]);
        tcp.extend_from_slice(options);
        tcp.extend_from_slice(self.data);
        let length = tcp.len() as u16;
        let pseudo = [addresses(self.from.ip(), self.to.ip()), vec![0, TCP]].concat();
        let sum = checksum(&[&pseudo, &length.to_be_bytes(), &tcp]);
        put(&mut tcp, 16, sum);
        let mut packet = match self.from.ip() {
            IpAddr::V4(_) => self.v4(length + 20),
            IpAddr::V6(_) => self.v6(length),
        };
        packet.extend_from_slice(&tcp);
        packet
    }

    fn v4(&self, length: u16) -> Vec<u8> {
        let mut head = vec![0x45, 0];
        head.extend_from_slice(&length.to_be_bytes());
        // No number, as nothing is ever in fragments, which its flag says.
        head.extend_from_slice(&[0, 0, 0x40, 0, HOPS, TCP, 0, 0]);
        head.extend_from_slice(&addresses(self.from.ip(), self.to.ip()));
        let sum = checksum(&[&head]);
        put(&mut head, 10, sum);
        head
    }

    fn v6(&self, length: u16) -> Vec<u8> {
        let mut head = vec![0x60, 0, 0, 0];
        head.extend_from_slice(&length.to_be_bytes());
        head.extend_from_slice(&[TCP, HOPS]);
        head.extend_from_slice(&addresses(self.from.ip(), self.to.ip()));
        head
    }
}

fn addresses(from: IpAddr, to: IpAddr) -> Vec<u8> {
    let bytes = |ip| match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    [bytes(from), bytes(to)].concat()
}

fn put(bytes: &mut [u8], at: usize, sum: u16) {
    if let Some(place) = bytes.get_mut(at..at + 2) {
        place.copy_from_slice(&sum.to_be_bytes());
    }
}

/// The checksum of parts of which all but the last are of an even length.
fn checksum(parts: &[&[u8]]) -> u16 {
    let mut sum = 0_u32;
    for pair in parts.iter().flat_map(|part| part.chunks(2)) {
        let (high, low) = (pair.first(), pair.get(1));
        let byte = |byte: Option<&u8>| byte.copied().unwrap_or(0);
        sum += u32::from(u16::from_be_bytes([byte(high), byte(low)]));
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}
