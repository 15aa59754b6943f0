//! Counts the connections that are nobody yet, so that they cannot crowd out those who are somebody.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// Where connections wait until they are authenticated.
#[derive(Clone)]
pub(crate) struct Lobby(Arc<Inner>);

struct Inner {
    per_address: u32,
    total: u32,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    total: u32,
    by_address: HashMap<IpAddr, u32>,
}

/// Why somebody has to stay outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// Too many from this address.
    Address,
    /// Too many altogether.
    House,
}

impl Full {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Address => "too_many_of_address",
            Self::House => "too_many",
        }
    }
}

/// One place in the lobby, free again when it is dropped.
pub(crate) struct Place {
    lobby: Lobby,
    address: IpAddr,
}

impl Lobby {
    pub(crate) fn new(per_address: u32, total: u32) -> Self {
        Self(Arc::new(Inner { per_address, total, waiting: Mutex::default() }))
    }

    pub(crate) fn enter(&self, from: IpAddr) -> Result<Place, Full> {
        let address = household(from);
        let mut waiting = self.waiting();
        if waiting.total >= self.0.total {
            return Err(Full::House);
        }
        let here = waiting.by_address.entry(address).or_default();
        if *here >= self.0.per_address {
            return Err(Full::Address);
        }
        *here += 1;
        waiting.total += 1;
        drop(waiting);
        Ok(Place { lobby: self.clone(), address })
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut waiting = self.lobby.waiting();
        waiting.total = waiting.total.saturating_sub(1);
        if let Some(here) = waiting.by_address.get_mut(&self.address) {
            *here = here.saturating_sub(1);
            if *here == 0 {
                waiting.by_address.remove(&self.address);
            }
        }
    }
}

/// Whoever has one address of IPv6 has the 2⁶⁴ around it too.
fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_lobby_lets_nobody_in_until_somebody_leaves() {
        let lobby = Lobby::new(2, 3);
        let enter = |text: &str| lobby.enter(text.parse().unwrap());
        let first = enter("10.0.0.1").ok().unwrap();
        let _second = enter("::ffff:10.0.0.1");
        assert_eq!(enter("10.0.0.1").err(), Some(Full::Address));
        let third = enter("2001:db8::1");
        assert_eq!(enter("10.0.0.9").err(), Some(Full::House));
        drop(first);
        let _fourth = enter("2001:db8::ffff:1:2");
        assert_eq!(enter("10.0.0.1").err(), Some(Full::House));
        drop(third);
        assert!(enter("2001:db8::3").is_ok());
        assert!(enter("10.0.0.1").is_ok());
    }

    #[test]
    fn an_empty_lobby_remembers_nobody() {
        let lobby = Lobby::new(2, 3);
        drop(lobby.enter(IpAddr::from([127, 0, 0, 1])));
        assert!(lobby.waiting().by_address.is_empty());
        assert_eq!(lobby.waiting().total, 0);
    }
}
