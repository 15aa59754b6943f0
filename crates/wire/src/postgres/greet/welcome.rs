use bytes::Bytes;

use crate::postgres::frame::{backend, message, parameter_status, ready_for_query};
use crate::postgres::startup::CancelKey;

/// What a client is told once it is let in.
pub struct Welcome<'a> {
    /// What the target reported of its settings.
    pub parameters: &'a [(String, String)],
    /// The key with which this client cancels: ours, never the target's.
    pub key: &'a CancelKey,
    /// Whether the client may ask at once. Where the target had something to say, the session says that
    /// and ReadyForQuery after it.
    pub ready: bool,
}

/// How long the secret of a cancel key is for a client that speaks this minor version.
#[must_use]
pub const fn cancel_key_length(minor: u16) -> usize {
    if minor >= 2 { 32 } else { 4 }
}

/// AuthenticationOk, the settings, the cancel key, ReadyForQuery.
#[must_use]
pub fn welcome(welcome: &Welcome<'_>) -> Bytes {
    let mut out = Vec::with_capacity(640);
    message(&mut out, backend::AUTHENTICATION, |out| out.extend([0; 4]));
    for (name, value) in welcome.parameters {
        parameter_status(&mut out, name, value);
    }
    message(&mut out, backend::BACKEND_KEY_DATA, |out| {
        out.extend_from_slice(&welcome.key.process.to_be_bytes());
        out.extend_from_slice(&welcome.key.secret);
    });
    if welcome.ready {
        ready_for_query(&mut out, b'I');
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_let_in_with_our_key() {
        let key = CancelKey { process: 7, secret: [1; 4].into() };
        let parameters = [("TimeZone".to_owned(), "UTC".to_owned())];
        let bytes = welcome(&Welcome { parameters: &parameters, key: &key, ready: true });
        assert_eq!(
            &bytes[..],
            b"R\0\0\0\x08\0\0\0\0S\0\0\0\x11TimeZone\0UTC\0K\0\0\0\x0c\0\0\0\x07\x01\x01\x01\x01Z\0\0\0\x05I"
        );
    }
}
