use evidence::{Keyring, MasterKey};
use zeroize::Zeroizing;

/// A keyring's file says what its master key has sealed, or nothing: what is read is what can be sealed
/// again, and no other master key reads it.
pub fn evidence_keyring(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let master = MasterKey::new(Zeroizing::new([1; 32]));
    let Ok(ring) = Keyring::read(&text, &master) else { return };
    assert!(!ring.is_empty());
    let sealed = ring.seal::<()>(&master, || Ok([5; 12])).unwrap();
    let again = Keyring::read(&sealed, &master).unwrap();
    assert_eq!(ring.ids().collect::<Vec<_>>(), again.ids().collect::<Vec<_>>());
    let other = MasterKey::new(Zeroizing::new([2; 32]));
    assert!(Keyring::read(&text, &other).is_err() && Keyring::read(&sealed, &other).is_err());
}
