use model::Peer;
use wire::postgres::error::Report;
use wire::postgres::frame::{HEADER, header};

/// A frame's header is read the same whatever follows it, and promises no less than itself; an error's
/// fields are read or refused.
pub fn frames(data: &[u8]) {
    for peer in [Peer::Client, Peer::Upstream] {
        if let Ok(Some(whole)) = header(peer, data) {
            assert!(whole.total() >= HEADER);
            assert_eq!(header(peer, &data[..HEADER]), Ok(Some(whole)));
            for end in 0..HEADER {
                assert!(matches!(header(peer, &data[..end]), Ok(None) | Err(_)));
            }
        }
    }
    for tag in [b'E', b'N'] {
        let _ = Report::parse(tag, data);
    }
}
