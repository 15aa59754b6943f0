//! How packets are sealed and opened: the ciphers, one state for each direction.
//!
//! All of them but none authenticate what they hide before anything of it is looked at:
//! `aes…-gcm@openssh.com` (RFC 5647 as OpenSSH has it), `chacha20-poly1305@openssh.com`, and
//! `aes…-ctr` under a MAC over what is encrypted (`…-etm@openssh.com`).

use aes::cipher::{KeyIvInit, StreamCipher};
use aes::{Aes128, Aes256};
use ctr::Ctr128BE;
use ring::aead::{self, LessSafeKey, Nonce, UnboundKey, chacha20_poly1305_openssh as chacha};
use ring::hmac;
use zeroize::Zeroizing;

/// The length in front of each packet.
pub(super) const LENGTH: usize = 4;

/// What a packet that was changed on its way, or made by somebody else, says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Forged;

/// A cipher by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cipher {
    Aes128Gcm,
    Aes256Gcm,
    ChaCha20Poly1305,
    Aes128Ctr,
    Aes256Ctr,
}

impl Cipher {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "aes128-gcm@openssh.com" => Self::Aes128Gcm,
            "aes256-gcm@openssh.com" => Self::Aes256Gcm,
            "chacha20-poly1305@openssh.com" => Self::ChaCha20Poly1305,
            "aes128-ctr" => Self::Aes128Ctr,
            "aes256-ctr" => Self::Aes256Ctr,
            _ => return None,
        })
    }

    /// Whether it needs a MAC beside it.
    pub(super) const fn needs_mac(self) -> bool {
        match self {
            Self::Aes128Gcm | Self::Aes256Gcm | Self::ChaCha20Poly1305 => false,
            Self::Aes128Ctr | Self::Aes256Ctr => true,
        }
    }

    pub(super) const fn key_length(self) -> usize {
        match self {
            Self::Aes128Gcm | Self::Aes128Ctr => 16,
            Self::Aes256Gcm | Self::Aes256Ctr => 32,
            Self::ChaCha20Poly1305 => chacha::KEY_LEN,
        }
    }

    pub(super) const fn iv_length(self) -> usize {
        match self {
            Self::Aes128Gcm | Self::Aes256Gcm => aead::NONCE_LEN,
            Self::ChaCha20Poly1305 => 0,
            Self::Aes128Ctr | Self::Aes256Ctr => 16,
        }
    }
}

/// A MAC by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mac {
    Sha256,
    Sha512,
}

impl Mac {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "hmac-sha2-256-etm@openssh.com" => Self::Sha256,
            "hmac-sha2-512-etm@openssh.com" => Self::Sha512,
            _ => return None,
        })
    }

    pub(super) const fn key_length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    fn key(self, bytes: &[u8]) -> hmac::Key {
        hmac::Key::new(
            match self {
                Self::Sha256 => hmac::HMAC_SHA256,
                Self::Sha512 => hmac::HMAC_SHA512,
            },
            bytes,
        )
    }
}

/// What one direction is hidden with, as it was agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Suite {
    pub(super) cipher: Cipher,
    /// Only where the cipher needs one.
    pub(super) mac: Option<Mac>,
}

/// The keys of one direction, as the exchange made them (RFC 4253, section 7.2).
pub(super) struct Keys {
    pub(super) key: Zeroizing<Vec<u8>>,
    pub(super) iv: Zeroizing<Vec<u8>>,
    pub(super) mac: Zeroizing<Vec<u8>>,
}

/// The state of one direction. The same for both ends but for ChaCha's two keys.
pub(super) enum State {
    /// Before the first exchange of keys.
    Clear,
    Gcm {
        key: Box<LessSafeKey>,
        fixed: [u8; 4],
        counter: u64,
    },
    Sealing(Box<chacha::SealingKey>),
    Opening(Box<chacha::OpeningKey>),
    Ctr {
        cipher: Box<Ctr>,
        mac: hmac::Key,
    },
}

#[expect(clippy::large_enum_variant, reason = "one of them stands in a box of its own")]
pub(super) enum Ctr {
    Aes128(Ctr128BE<Aes128>),
    Aes256(Ctr128BE<Aes256>),
}

/// Which way a direction goes, as this end sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    In,
    Out,
}

impl State {
    /// `None`: the keys are not as long as the suite says.
    pub(super) fn new(suite: Suite, keys: &Keys, way: Way) -> Option<Self> {
        Some(match suite.cipher {
            Cipher::Aes128Gcm => Self::gcm(&aead::AES_128_GCM, keys)?,
            Cipher::Aes256Gcm => Self::gcm(&aead::AES_256_GCM, keys)?,
            Cipher::ChaCha20Poly1305 => {
                let key: &[u8; chacha::KEY_LEN] = keys.key.as_slice().try_into().ok()?;
                match way {
                    Way::In => Self::Opening(Box::new(chacha::OpeningKey::new(key))),
                    Way::Out => Self::Sealing(Box::new(chacha::SealingKey::new(key))),
                }
            }
            Cipher::Aes128Ctr => {
                let cipher = Ctr128BE::<Aes128>::new_from_slices(&keys.key, &keys.iv).ok()?;
                Self::Ctr { cipher: Box::new(Ctr::Aes128(cipher)), mac: suite.mac?.key(&keys.mac) }
            }
            Cipher::Aes256Ctr => {
                let cipher = Ctr128BE::<Aes256>::new_from_slices(&keys.key, &keys.iv).ok()?;
                Self::Ctr { cipher: Box::new(Ctr::Aes256(cipher)), mac: suite.mac?.key(&keys.mac) }
            }
        })
    }

    fn gcm(algorithm: &'static aead::Algorithm, keys: &Keys) -> Option<Self> {
        let key = LessSafeKey::new(UnboundKey::new(algorithm, &keys.key).ok()?);
        let (fixed, counter) = keys.iv.split_first_chunk::<4>()?;
        let counter = u64::from_be_bytes(counter.try_into().ok()?);
        Some(Self::Gcm { key: Box::new(key), fixed: *fixed, counter })
    }

    /// What lengths are multiples of.
    pub(super) const fn block(&self) -> usize {
        match self {
            Self::Clear | Self::Sealing(_) | Self::Opening(_) => 8,
            Self::Gcm { .. } | Self::Ctr { .. } => 16,
        }
    }

    /// Whether the length in front counts among what is a multiple of a block.
    pub(super) const fn pads_length(&self) -> bool {
        matches!(self, Self::Clear)
    }

    /// How long what stands behind a packet is that says it is real.
    pub(super) fn tag_length(&self) -> usize {
        match self {
            Self::Clear => 0,
            Self::Gcm { .. } => aead::MAX_TAG_LEN,
            Self::Sealing(_) | Self::Opening(_) => chacha::TAG_LEN,
            Self::Ctr { mac, .. } => mac.algorithm().digest_algorithm().output_len(),
        }
    }

    /// The length of the packet that begins with these bytes. Nothing vouches for it yet.
    pub(super) fn length(&self, sequence: u32, head: [u8; LENGTH]) -> u32 {
        u32::from_be_bytes(match self {
            Self::Opening(key) => key.decrypt_packet_length(sequence, head),
            Self::Clear | Self::Gcm { .. } | Self::Sealing(_) | Self::Ctr { .. } => head,
        })
    }

    /// Opens a whole packet where it stands: its length, what is hidden, its tag.
    pub(super) fn open(&mut self, sequence: u32, packet: &mut [u8]) -> Result<(), Forged> {
        let tag_length = self.tag_length();
        let body = packet.len().checked_sub(tag_length).ok_or(Forged)?;
        match self {
            Self::Clear => Ok(()),
            Self::Gcm { key, fixed, counter } => {
                let (length, hidden) = packet.split_at_mut_checked(LENGTH).ok_or(Forged)?;
                let nonce = nonce(*fixed, counter);
                key.open_in_place(nonce, aead::Aad::from(&*length), hidden)
                    .map_err(|_| Forged)
                    .map(drop)
            }
            Self::Opening(key) => {
                let (packet, tag) = packet.split_at_mut_checked(body).ok_or(Forged)?;
                let tag = (&*tag).try_into().map_err(|_| Forged)?;
                key.open_in_place(sequence, packet, tag).map_err(|_| Forged).map(drop)
            }
            Self::Ctr { cipher, mac } => {
                let (packet, tag) = packet.split_at_mut_checked(body).ok_or(Forged)?;
                let mut sum = hmac::Context::with_key(mac);
                sum.update(&sequence.to_be_bytes());
                sum.update(packet);
                // `verify` is for whole messages: compared as it does, in constant time.
                let good: bool = subtle::ConstantTimeEq::ct_eq(sum.sign().as_ref(), &*tag).into();
                if !good {
                    return Err(Forged);
                }
                cipher.apply(packet.get_mut(LENGTH..).ok_or(Forged)?);
                Ok(())
            }
            // This end's own way out.
            Self::Sealing(_) => Err(Forged),
        }
    }

    /// Seals a whole packet where it stands: its length, what is to be hidden, room for its tag.
    pub(super) fn seal(&mut self, sequence: u32, packet: &mut [u8]) -> Result<(), Forged> {
        let body = packet.len().checked_sub(self.tag_length()).ok_or(Forged)?;
        let (packet, tag) = packet.split_at_mut_checked(body).ok_or(Forged)?;
        match self {
            Self::Clear => Ok(()),
            Self::Gcm { key, fixed, counter } => {
                let (length, hidden) = packet.split_at_mut_checked(LENGTH).ok_or(Forged)?;
                let nonce = nonce(*fixed, counter);
                let sealed = key
                    .seal_in_place_separate_tag(nonce, aead::Aad::from(&*length), hidden)
                    .map_err(|_| Forged)?;
                tag.copy_from_slice(sealed.as_ref());
                Ok(())
            }
            Self::Sealing(key) => {
                let tag = tag.try_into().map_err(|_| Forged)?;
                key.seal_in_place(sequence, packet, tag);
                Ok(())
            }
            Self::Ctr { cipher, mac } => {
                cipher.apply(packet.get_mut(LENGTH..).ok_or(Forged)?);
                let mut sum = hmac::Context::with_key(mac);
                sum.update(&sequence.to_be_bytes());
                sum.update(packet);
                tag.copy_from_slice(sum.sign().as_ref());
                Ok(())
            }
            Self::Opening(_) => Err(Forged),
        }
    }
}

impl Ctr {
    fn apply(&mut self, bytes: &mut [u8]) {
        match self {
            Self::Aes128(cipher) => cipher.apply_keystream(bytes),
            Self::Aes256(cipher) => cipher.apply_keystream(bytes),
        }
    }
}

/// The next nonce. Keys are exchanged anew long before the counter could come round.
fn nonce(fixed: [u8; 4], counter: &mut u64) -> Nonce {
    let [a, b, c, d] = fixed;
    let [e, f, g, h, i, j, k, l] = counter.to_be_bytes();
    *counter = counter.wrapping_add(1);
    Nonce::assume_unique_for_key([a, b, c, d, e, f, g, h, i, j, k, l])
}
