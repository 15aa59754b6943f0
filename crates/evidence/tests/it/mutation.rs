use evidence::{Fault, Found, Keyring, PREAMBLE_LENGTH, PublicKey, Recovery, Report, State};

use crate::story::{START, key, keyring, public, recording};

/// With the public key alone; what opens the recording as well finds no less.
fn verify(recording: &[u8], key: &PublicKey) -> Report {
    let report = evidence::verify(recording, key, None);
    let opened = evidence::verify(recording, key, Some(&keyring()));
    assert_eq!(opened.state, report.state, "{report:?} {opened:?}");
    report
}

/// How long the preamble is.
fn preamble(recording: &[u8]) -> usize {
    let slots = recording[PREAMBLE_LENGTH - 4..PREAMBLE_LENGTH].try_into().unwrap();
    PREAMBLE_LENGTH + u32::from_be_bytes(slots) as usize
}

/// A small generator, so that every run makes the same edits.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

/// Where each block begins and ends.
fn blocks(recording: &[u8]) -> Vec<(usize, usize)> {
    let mut at = preamble(recording);
    let mut blocks = Vec::new();
    while at < recording.len() {
        let length = u32::from_be_bytes(recording[at..at + 4].try_into().unwrap()) as usize;
        blocks.push((at, at + 9 + length + 32));
        at += 9 + length + 32;
    }
    blocks
}

#[test]
fn a_flipped_bit_in_any_byte_is_found() {
    let clean = recording(1);
    for index in 0..clean.len() {
        let mut edited = clean.clone();
        edited[index] ^= 1 << (index % 8);
        let report = verify(&edited, &public());
        assert_ne!(report.state, State::Closed, "byte {index}");
        assert!(report.intact.bytes <= index as u64, "byte {index}: {report:?}");
    }
}

#[test]
fn every_cut_is_found() {
    let clean = recording(1);
    let ends: Vec<_> = blocks(&clean).iter().map(|(_, end)| *end).collect();
    for length in 0..clean.len() {
        let report = verify(&clean[..length], &public());
        let expected = match ends.iter().position(|end| *end == length) {
            // Before the first signature there is nothing to believe.
            Some(0) => State::Tampered,
            Some(_) => State::Unfinished,
            None if length == preamble(&clean) => State::Tampered,
            None => State::Cut,
        };
        assert_eq!(report.state, expected, "cut to {length}: {report:?}");
    }
}

#[test]
fn thousands_of_random_edits_are_all_found() {
    let clean = recording(1);
    let other = recording(2);
    let (parts, other_parts) = (blocks(&clean), blocks(&other));
    let mut dice = Dice(1);
    let mut edits = 0;
    for round in 0..8_000 {
        let mut edited = clean.clone();
        let (at, length) = (dice.roll(clean.len()), 1 + dice.roll(40));
        let end = (at + length).min(clean.len());
        let (start, stop) = parts[dice.roll(parts.len())];
        match round % 8 {
            0 => edited[at] = u8::try_from(dice.roll(256)).unwrap(),
            1 => drop(edited.drain(at..end)),
            2 => drop(edited.splice(at..at, clean[at..end].to_vec())),
            3 => {
                let to = dice.roll(clean.len() - (end - at));
                let piece: Vec<_> = edited.drain(at..end).collect();
                drop(edited.splice(to..to, piece));
            }
            4 => drop(edited.drain(start..stop)),
            5 => {
                let (first, last) = parts[dice.roll(parts.len())];
                drop(edited.splice(start..start, clean[first..last].to_vec()));
            }
            6 => {
                let (first, last) = other_parts[dice.roll(other_parts.len())];
                drop(edited.splice(start..stop, other[first..last].to_vec()));
            }
            _ => {
                let (one, two) = (dice.roll(parts.len()), dice.roll(parts.len()));
                let (one, two) = (parts[one.min(two)], parts[one.max(two)]);
                edited = [
                    &clean[..one.0],
                    &clean[two.0..two.1],
                    clean.get(one.1..two.0).unwrap_or_default(),
                    &clean[one.0..one.1],
                    &clean[two.1..],
                ]
                .concat();
            }
        }
        if edited == clean {
            continue;
        }
        edits += 1;
        let report = verify(&edited, &public());
        assert_ne!(report.state, State::Closed, "round {round}: {report:?}");
    }
    assert!(edits > 6_000, "{edits}");
}

#[test]
fn a_chain_made_anew_without_the_key_is_found() {
    let clean = recording(1);
    let mut forged = clean.clone();
    forged[blocks(&clean)[2].0 + 20] ^= 1;
    chain_anew(&mut forged);
    let report = evidence::verify(&forged, &public(), None);
    assert_eq!(report.state, State::Tampered);
    assert!(report.damage.unwrap().contains("signature"));
    let report = verify(&forged, &public());
    assert_eq!(report.state, State::Tampered);
    assert!(report.damage.is_some());
}

/// Makes every hash that of what it stands behind, as anybody can.
fn chain_anew(forged: &mut [u8]) {
    let mut chain = blake3::hash(&forged[..preamble(forged)]);
    for (start, end) in blocks(forged) {
        chain = blake3::hash(&[&chain.as_bytes()[..], &forged[start..end - 32]].concat());
        forged[end - 32..end].copy_from_slice(chain.as_bytes());
    }
}

/// What is made of a recording that nobody closed.
fn found(recording: &[u8], keyring: &Keyring) -> Found {
    let mut recovery = Recovery::new(keyring);
    recovery.feed(recording);
    recovery.finish(&key(), START)
}

#[test]
fn whatever_a_crash_leaves_is_ended_and_verifies_as_interrupted() {
    let clean = recording(1);
    let first = blocks(&clean)[0].1;
    for length in 0..clean.len() {
        match found(&clean[..length], &keyring()) {
            Found::Interrupted { length: whole, end } => {
                let whole = &clean[..usize::try_from(whole).unwrap()];
                let ended = [whole, &end[..]].concat();
                let report = verify(&ended, &public());
                assert_eq!(report.state, State::Interrupted, "cut to {length}: {report:?}");
            }
            other => assert!(length < first, "cut to {length}: {other:?}"),
        }
    }
}

#[test]
fn what_others_chained_is_not_signed_because_it_has_no_end() {
    let clean = recording(1);
    let parts = blocks(&clean);
    // Nobody who could open it looks: the signatures alone say it.
    let sealed = Keyring::default();
    let mut changed = clean[..parts[parts.len() - 1].0].to_vec();
    assert!(matches!(found(&changed, &sealed), Found::Interrupted { .. }));
    changed[parts[2].0 + 20] ^= 1;
    chain_anew(&mut changed);
    let Found::Damaged(damage) = found(&changed, &sealed) else { panic!("it was signed") };
    assert_eq!(damage.fault, Fault::Signature);

    let mut unsigned = clean[..preamble(&clean)].to_vec();
    for (start, end) in parts {
        if clean[start + 4] == 1 {
            unsigned.extend_from_slice(&clean[start..end]);
        }
    }
    chain_anew(&mut unsigned);
    let Found::Damaged(damage) = found(&unsigned, &sealed) else { panic!("it was signed") };
    assert_eq!(damage.fault, Fault::Unsigned);
}

#[test]
fn another_key_vouches_for_nothing() {
    let other = evidence::SigningKey::from_seed(&[1; 32]);
    let report = verify(&recording(1), &other.public());
    assert_eq!((report.state, report.signed.bytes), (State::Tampered, 0));
    assert!(report.damage.unwrap().contains("signed by the key"));
}

#[test]
fn a_length_that_is_not_there_reserves_nothing() {
    let clean = recording(1);
    let mut hostile = clean[..preamble(&clean)].to_vec();
    hostile.extend_from_slice(&[0xff; 400]);
    let report = verify(&hostile, &public());
    assert_eq!(report.state, State::Tampered);
    assert!(report.damage.unwrap().contains("claims"));
}
