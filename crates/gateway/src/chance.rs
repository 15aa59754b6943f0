//! Chance, which the pure rooms may not have by themselves.

use ring::rand::{SecureRandom, SystemRandom};

/// The machine has no randomness to give; nothing that needs some can go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the machine's random number generator failed")]
pub struct NoRandomness;

/// Bytes that nobody can foretell.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    fill(&mut bytes)?;
    Ok(bytes)
}

/// The same, as many as there is room for.
pub(crate) fn fill(bytes: &mut [u8]) -> Result<(), NoRandomness> {
    SystemRandom::new().fill(bytes).map_err(|_| NoRandomness)
}
