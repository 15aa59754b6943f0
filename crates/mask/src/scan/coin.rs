use ring::digest::{SHA256, digest};

use super::Scan;
use super::text::{ALNUM, alnum, has, table};

/// What Base58 is written in: letters and digits without `0`, `O`, `I` and `l`.
const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// What Bech32 is written in (BIP 173).
const BECH32: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

impl Scan<'_, '_> {
    /// An address of Bitcoin or Ethereum that begins at `start`.
    pub(super) fn coin(&self, start: usize) -> Option<(usize, usize)> {
        let text = self.text;
        let end = match text.at(start) {
            b'1' | b'3' => self.token_of(start, 26, 35)?,
            b'b' | b'B' if matches!(text.at(start + 1), b'c' | b'C') => {
                self.token_of(start, 14, 74)?
            }
            b'0' if matches!(text.at(start + 1), b'x' | b'X') => self.token_of(start, 42, 42)?,
            _ => return None,
        };
        let address = text.slice(start, end);
        let valid = match address {
            [b'0', _, rest @ ..] => rest.iter().all(u8::is_ascii_hexdigit) && varied(rest),
            [b'1' | b'3', ..] => base58_check(address),
            _ => bech32(address),
        };
        valid.then_some((start, end))
    }

    /// The end of a run of letters and digits of such a length.
    fn token_of(&self, start: usize, least: usize, most: usize) -> Option<usize> {
        const TABLE: [bool; 256] = table(&[ALNUM]);
        let run = self.text.slice(start, start + most + 1);
        let length = run.iter().take_while(|byte| has(&TABLE, **byte)).count();
        let alone = !alnum(self.text.before(start));
        (alone && (least..=most).contains(&length)).then_some(start + length)
    }
}

/// Whether it is more than zeros and ones: the null address is nobody's.
fn varied(hex: &[u8]) -> bool {
    hex.iter().any(|byte| !matches!(byte, b'0' | b'1'))
}

/// Base58Check: 25 bytes, of which the last four are the first of SHA-256 twice over the others; of a
/// public key (0) or a script (5).
fn base58_check(text: &[u8]) -> bool {
    let mut bytes = [0_u8; 25];
    for letter in text {
        let Some(value) = BASE58.iter().position(|known| known == letter) else { return false };
        let mut carry = value as u32;
        for byte in bytes.iter_mut().rev() {
            carry += u32::from(*byte) * 58;
            *byte = carry as u8;
            carry >>= 8;
        }
        if carry > 0 {
            return false;
        }
    }
    let Some((body, check)) = bytes.split_last_chunk::<4>() else { return false };
    let twice = digest(&SHA256, digest(&SHA256, body).as_ref());
    matches!(body.first(), Some(0 | 5)) && twice.as_ref().starts_with(check)
}

/// Bech32 (BIP 173) or Bech32m (BIP 350) of `bc`, in one case.
fn bech32(text: &[u8]) -> bool {
    const WITNESS: [u32; 2] = [1, 0x2bc8_30a3];
    let one_case =
        !text.iter().any(u8::is_ascii_uppercase) || !text.iter().any(u8::is_ascii_lowercase);
    let Some(data) = text.get(3..).filter(|_| one_case && text.get(2) == Some(&b'1')) else {
        return false;
    };
    // `bc`, expanded: its high bits, a zero, its low bits.
    let mut sum = [3, 3, 0, 2, 3].into_iter().fold(1, polymod);
    for letter in data {
        let lower = letter.to_ascii_lowercase();
        let Some(value) = BECH32.iter().position(|known| *known == lower) else { return false };
        sum = polymod(sum, value as u32);
    }
    data.len() >= 6 && WITNESS.contains(&sum)
}

fn polymod(sum: u32, value: u32) -> u32 {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let top = sum >> 25;
    let sum = (sum & 0x1ff_ffff) << 5 ^ value;
    let feedback = GENERATOR.iter().enumerate().filter(|(bit, _)| top >> bit & 1 == 1);
    feedback.fold(sum, |sum, (_, generator)| sum ^ generator)
}
