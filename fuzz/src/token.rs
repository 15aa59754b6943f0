use mask::{
    DataClass, MaskKeys, Masked, Masking, Operator, ValueFormat, ValueType, detokenise, mask_value,
};

/// A token is turned back into what it stood for, and nothing else is: no other text, and no token of
/// which one byte is another.
pub fn mask_token(data: &[u8]) {
    let keys = MaskKeys::derive(b"fuzz");
    assert_eq!(detokenise(data, &keys), None, "nobody told the key");
    let [at, with, value @ ..] = data else { return };
    let class = DataClass::new("us_ssn").unwrap();
    let operator = Operator::new(&Masking::Token, &class, &keys);
    let mut token = Vec::new();
    let done = mask_value(&operator, ValueType::Text, ValueFormat::Text, value, &mut token);
    assert_eq!(done, Masked::Replaced);
    assert_eq!(detokenise(&token, &keys), Some((class, value.to_vec())));
    let at = usize::from(*at) % token.len();
    token[at] ^= with;
    assert!(*with == 0 || detokenise(&token, &keys).is_none(), "byte {at}");
    token.truncate(at);
    assert_eq!(detokenise(&token, &keys), None, "without its end");
}
