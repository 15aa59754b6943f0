//! The numbers of messages (RFC 4250, section 4.1), and of why a connection or a channel is refused.

pub(crate) const DISCONNECT: u8 = 1;
pub(crate) const IGNORE: u8 = 2;
pub(crate) const UNIMPLEMENTED: u8 = 3;
pub(crate) const DEBUG: u8 = 4;
pub(crate) const SERVICE_REQUEST: u8 = 5;
pub(crate) const SERVICE_ACCEPT: u8 = 6;
/// RFC 8308.
pub(crate) const EXT_INFO: u8 = 7;
pub(crate) const KEXINIT: u8 = 20;
pub(crate) const NEWKEYS: u8 = 21;
/// The first message of a key exchange in two (RFC 5656, RFC 8731).
pub(crate) const KEX_INIT: u8 = 30;
pub(crate) const KEX_REPLY: u8 = 31;

pub(crate) const USERAUTH_REQUEST: u8 = 50;
pub(crate) const USERAUTH_FAILURE: u8 = 51;
pub(crate) const USERAUTH_SUCCESS: u8 = 52;
pub(crate) const USERAUTH_BANNER: u8 = 53;
/// To a key that was offered: it would be looked at (RFC 4252, section 7).
pub(crate) const USERAUTH_PK_OK: u8 = 60;
/// Of keyboard-interactive (RFC 4256): the same number.
pub(crate) const USERAUTH_INFO_REQUEST: u8 = 60;
pub(crate) const USERAUTH_INFO_RESPONSE: u8 = 61;

pub(crate) const GLOBAL_REQUEST: u8 = 80;
pub(crate) const REQUEST_SUCCESS: u8 = 81;
pub(crate) const REQUEST_FAILURE: u8 = 82;
pub(crate) const CHANNEL_OPEN: u8 = 90;
pub(crate) const CHANNEL_OPEN_CONFIRMATION: u8 = 91;
pub(crate) const CHANNEL_OPEN_FAILURE: u8 = 92;
pub(crate) const CHANNEL_WINDOW_ADJUST: u8 = 93;
pub(crate) const CHANNEL_DATA: u8 = 94;
pub(crate) const CHANNEL_EXTENDED_DATA: u8 = 95;
pub(crate) const CHANNEL_EOF: u8 = 96;
pub(crate) const CHANNEL_CLOSE: u8 = 97;
pub(crate) const CHANNEL_REQUEST: u8 = 98;
pub(crate) const CHANNEL_SUCCESS: u8 = 99;
pub(crate) const CHANNEL_FAILURE: u8 = 100;

/// Why a connection ends (RFC 4253, section 11.1).
pub(crate) mod disconnect {
    pub(crate) const PROTOCOL_ERROR: u32 = 2;
    pub(crate) const KEY_EXCHANGE_FAILED: u32 = 3;
    pub(crate) const MAC_ERROR: u32 = 5;
    pub(crate) const BY_APPLICATION: u32 = 11;
    pub(crate) const NO_MORE_AUTH_METHODS: u32 = 14;
}

/// Why a channel is not opened (RFC 4254, section 5.1).
pub(crate) mod open_failure {
    pub(crate) const ADMINISTRATIVELY_PROHIBITED: u32 = 1;
    pub(crate) const UNKNOWN_CHANNEL_TYPE: u32 = 3;
    pub(crate) const RESOURCE_SHORTAGE: u32 = 4;
}
