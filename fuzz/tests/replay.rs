//! Every seed and every finding of the past, on a stable toolchain.

use std::path::Path;

use fuzz::TARGETS;

fn replay(name: &str, target: fn(&[u8])) -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let mut inputs: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|why| panic!("{}: {why}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    inputs.sort();
    for input in &inputs {
        let bytes = std::fs::read(input).unwrap();
        eprintln!("{}", input.display());
        target(&bytes);
        // What a fuzzer does first to a seed: cut it, and turn a byte.
        for at in 0..bytes.len().min(40) {
            target(&bytes[..at]);
            let mut other = bytes.clone();
            other[at] ^= 0x41;
            target(&other);
        }
    }
    inputs.len()
}

#[test]
fn every_corpus_holds_its_targets_promise() {
    for (name, target) in TARGETS {
        assert!(replay(name, *target) > 0, "{name} has no seeds");
    }
}

#[test]
fn every_target_has_a_fuzzer() {
    for (name, _) in TARGETS {
        let file = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fuzz_targets")
            .join(name)
            .with_extension("rs");
        assert!(file.exists(), "{}", file.display());
    }
}
