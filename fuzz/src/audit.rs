use evidence::SigningKey;
use evidence::audit::{Census, Export, Line};

/// Any bytes are read as an exported log as far as they hold; how they are cut changes nothing; a line
/// that is read is written as it was; nothing that this key did not sign holds.
pub fn audit_export(data: &[u8]) {
    let key = SigningKey::from_seed(&[3; 32]).public();
    let read = |size: usize| {
        let (mut export, mut census, mut entries) = (Export::new(&key), Census::default(), 0_u64);
        for piece in data.chunks(size.min(data.len()).max(1)) {
            let mut each = |entry: &evidence::audit::Entry| {
                census.note(entry);
                entries += 1;
            };
            if export.feed(piece, &mut each).is_err() {
                break;
            }
        }
        (export.finish(), export.extent(), census.len(), entries)
    };
    let whole = read(usize::MAX);
    for size in [1, 7] {
        assert_eq!(read(size), whole, "in pieces of {size}");
    }
    assert!(whole.0.is_err() || whole.3 == 0, "nothing in it is signed by this key");
    for line in data.split(|byte| *byte == b'\n') {
        let Ok(text) = std::str::from_utf8(line) else { continue };
        if let Some(line) = Line::read(text) {
            assert_eq!(line.to_string(), text);
            assert_eq!(Line::read(&line.to_string()), Some(line));
        }
    }
}
