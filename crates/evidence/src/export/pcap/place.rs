//! Where connections lead, and addresses for what has none.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::export::start;

/// The port of what has none: a socket of a file system, or a port that the target chose.
const NO_PORT: u16 = 65_000;
/// Where the ports of callers begin: those that nobody listens on (RFC 6335).
const FIRST_PORT: u16 = 49_152;
const PORTS: u64 = 16_384;
/// Names get addresses of 198.18.0.0/15, which is for tests (RFC 2544).
const NAMED: u32 = 0xc612_0000;
const MOST_NAMES: u32 = 0x1_ffff;
/// A name is no longer, in letters.
const LONGEST: usize = 255;

/// Where a connection leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Where the recording says so itself.
    ip: Option<IpAddr>,
    port: u16,
    /// The host's name, or the socket's path. Nothing in it acts on a terminal.
    name: String,
}

impl Place {
    /// From `host:port`, `[address]:port` or a path.
    pub(super) fn read(text: &str) -> Self {
        let split = text.rsplit_once(':').filter(|(host, _)| !host.contains('/'));
        let parsed = split.and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
        let (host, port) = parsed.unwrap_or((text, 0));
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let ip = parsed.and_then(|_| bare.unwrap_or(host).parse().ok()).filter(is_of_one);
        let name = match start(host.as_bytes(), LONGEST) {
            name if name.is_empty() => "every-address".to_owned(),
            name => name,
        };
        Self { ip, port: if port == 0 { NO_PORT } else { port }, name }
    }
}

/// Whether an address is that of one machine.
fn is_of_one(ip: &IpAddr) -> bool {
    let broadcast = matches!(ip, IpAddr::V4(ip) if ip.is_broadcast());
    !(ip.is_unspecified() || ip.is_multicast() || broadcast)
}

/// The addresses that were made up.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    names: BTreeMap<String, Ipv4Addr>,
    /// How many connections there are.
    callers: u64,
}

impl Addresses {
    /// The address of a place, and its name when it was made up just now.
    pub(super) fn of<'p>(&mut self, place: &'p Place) -> (SocketAddr, Option<(Ipv4Addr, &'p str)>) {
        if let Some(ip) = place.ip {
            return (SocketAddr::new(ip, place.port), None);
        }
        if let Some(ip) = self.names.get(&place.name) {
            return (SocketAddr::new((*ip).into(), place.port), None);
        }
        // There are no more names than addresses; then they begin anew.
        if self.names.len() >= MOST_NAMES as usize {
            self.names.clear();
        }
        let ip = Ipv4Addr::from(NAMED + 1 + self.names.len() as u32);
        self.names.insert(place.name.clone(), ip);
        (SocketAddr::new(ip.into(), place.port), Some((ip, &place.name)))
    }

    /// An address for whoever calls another, of those that stand in books: 192.0.2.0/24 (RFC 5737) and
    /// 2001:db8::/32 (RFC 3849).
    pub(super) fn caller(&mut self, called: SocketAddr) -> SocketAddr {
        let (turn, port) = (self.callers / PORTS, self.callers % PORTS);
        self.callers += 1;
        let of = |host: u8| match called.ip() {
            IpAddr::V4(_) => IpAddr::from(Ipv4Addr::new(192, 0, 2, host)),
            IpAddr::V6(_) => Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, host.into()).into(),
        };
        let host = (turn % 250) as u8 + 1;
        let ip = if of(host) == called.ip() { of(254) } else { of(host) };
        SocketAddr::new(ip, FIRST_PORT + port as u16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_an_address_where_the_recording_says_one() {
        for (text, ip, port, name) in [
            ("10.1.2.3:5432", Some("10.1.2.3"), 5432, "10.1.2.3"),
            ("[2001:db8::7]:443", Some("2001:db8::7"), 443, "[2001:db8::7]"),
            ("db.internal:5432", None, 5432, "db.internal"),
            ("localhost:0", None, NO_PORT, "localhost"),
            (":8080", None, 8080, "every-address"),
            ("0.0.0.0:80", None, 80, "0.0.0.0"),
            ("[::]:80", None, 80, "[::]"),
            ("224.0.0.1:80", None, 80, "224.0.0.1"),
            ("255.255.255.255:80", None, 80, "255.255.255.255"),
            ("/run/a:80", None, NO_PORT, "/run/a:80"),
            ("10.1.2.3", None, NO_PORT, "10.1.2.3"),
            ("host:99999", None, NO_PORT, "host:99999"),
            ("", None, NO_PORT, "every-address"),
            ("a\x1b]0;x\x07\0:1", None, 1, "a\\x1b]0;x\\x07\\x00"),
        ] {
            let ip = ip.map(|ip| ip.parse().unwrap());
            assert_eq!(Place::read(text), Place { ip, port, name: name.to_owned() }, "{text}");
        }
        assert!(Place::read(&"x".repeat(1 << 20)).name.chars().count() <= LONGEST + 1);
    }

    #[test]
    fn a_name_keeps_its_address_and_no_two_callers_are_the_same() {
        let mut addresses = Addresses::default();
        let (one, other) = (Place::read("one:1"), Place::read("other:1"));
        assert_eq!(
            addresses.of(&one),
            ("198.18.0.1:1".parse().unwrap(), Some((Ipv4Addr::new(198, 18, 0, 1), "one")))
        );
        assert_eq!(addresses.of(&other).0, "198.18.0.2:1".parse().unwrap());
        assert_eq!(addresses.of(&one), ("198.18.0.1:1".parse().unwrap(), None));
        let called = "192.0.2.1:49152".parse().unwrap();
        let mut callers: Vec<_> = (0..40_000).map(|_| addresses.caller(called)).collect();
        assert_eq!(callers[0], "192.0.2.254:49152".parse().unwrap());
        assert_eq!(callers[20_000], "192.0.2.2:52768".parse().unwrap());
        callers.sort_unstable();
        callers.dedup();
        assert_eq!(callers.len(), 40_000);
        assert_eq!(
            addresses.caller("[::1]:80".parse().unwrap()),
            "[2001:db8::3]:56384".parse().unwrap()
        );
    }
}
