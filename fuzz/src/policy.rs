use policy::PolicySet;

/// Any text is a set of policies or a list of mistakes with their places, the same twice.
pub fn policy_load(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if text.len() > 4 << 10 {
        return;
    }
    let load = || PolicySet::load([("fuzz.cedar", text)]);
    match (load(), load()) {
        (Ok(one), Ok(two)) => {
            assert_eq!(one.version(), two.version());
            assert!(one.len() <= text.matches(';').count());
        }
        (Err(one), Err(two)) => {
            assert_eq!(one.len(), two.len());
            assert!(!one.is_empty());
            let lines = u32::try_from(text.lines().count().max(1)).unwrap();
            for error in &one {
                assert!(error.line <= lines as _, "{error:?}");
            }
        }
        _ => panic!("two answers to one text"),
    }
}
