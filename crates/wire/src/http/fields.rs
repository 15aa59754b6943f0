//! The fields of a message: which go on, and which are the connection's or the gateway's own (RFC 9110, section 7.6).
//!
//! What says how a message is framed is left to the connection that carries it. What a client says of where it comes
//! from, or of who it is, is dropped: the target believes the gateway, and the gateway says it anew.

use http::header::{
    CONNECTION, CONTENT_LENGTH, COOKIE, HOST, HeaderMap, HeaderName, HeaderValue, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};

/// Why the fields of a message are not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refused {
    /// No host, two of them, or one that is none.
    #[error("the message does not say which host it is for, or says it twice")]
    Host,
    /// The target's own authority, or HTTP/2's, is another than `Host`.
    #[error("the message is for two hosts")]
    TwoHosts,
    /// A length that is none, two of them, or one beside an encoding.
    #[error("the message's length could be read in two ways")]
    Length,
    /// A transfer coding that is not `chunked`.
    #[error("the message comes in a transfer coding that is not known")]
    Coding,
    /// `Connection` names a field that is not the connection's.
    #[error("the connection claims a field that is the message's")]
    Claimed,
    /// More fields than anybody needs.
    #[error("the message has too many fields")]
    Many,
}

/// Fields of one message.
const MOST: usize = 256;

/// What is the connection's and never goes on.
const OF_THE_CONNECTION: [&str; 6] = [
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "http2-settings",
    "expect",
];

/// What only the gateway says of where a request comes from.
const OF_THE_WAY: [&str; 11] = [
    "forwarded",
    "via",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "true-client-ip",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-proto",
];

/// What asks some targets for something else than the request does: it was decided by its own method and path.
const OF_ANOTHER_REQUEST: [&str; 10] = [
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-method",
    "x-forwarded-method",
    "x-original-uri",
    "x-original-url",
    "x-override-url",
    "x-rewrite-url",
    "x-forwarded-uri",
];

/// What a connection may not claim for itself: without these the message would be another one.
const OF_THE_MESSAGE: [&str; 8] = [
    "host",
    "content-length",
    "content-type",
    "content-encoding",
    "authorization",
    "cookie",
    "range",
    "sluice-authorization",
];

/// Whether a field's name is one of these to any target: some take `_` for `-` (RFC 3875, section 4.1.18).
fn is_among(name: &HeaderName, names: &[impl AsRef<str>]) -> bool {
    let fold = |byte: u8| if byte == b'_' { b'-' } else { byte };
    let same = |other: &str| {
        name.as_str().len() == other.len()
            && name.as_str().bytes().map(fold).eq(other.bytes().map(fold))
    };
    names.iter().any(|other| same(other.as_ref()))
}

/// The host that a request is for: what it says in `Host`, which the authority of its target (HTTP/2's `:authority`, or
/// that of the absolute form) must not contradict (RFC 9112, section 3.2).
///
/// # Errors
/// It says none, two, or two different ones.
pub fn host<'m>(fields: &'m HeaderMap, authority: Option<&'m str>) -> Result<&'m str, Refused> {
    let mut said = fields.get_all(HOST).iter();
    let host = match (said.next(), said.next()) {
        (_, Some(_)) => return Err(Refused::Host),
        (Some(host), None) => Some(host.to_str().map_err(|_| Refused::Host)?),
        (None, None) => None,
    };
    match (host, authority) {
        (Some(host), Some(authority)) if !host.eq_ignore_ascii_case(authority) => {
            Err(Refused::TwoHosts)
        }
        (Some(host), _) | (None, Some(host)) if is_host(host) => Ok(host),
        _ => Err(Refused::Host),
    }
}

/// A name or an address, and maybe a port: nobody's name and password.
fn is_host(text: &str) -> bool {
    let plain = |byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b':' | b'[' | b']')
    };
    !text.is_empty() && text.len() <= 261 && text.bytes().all(plain)
}

/// Leaves of a request what the target may be told. `own` are the names of the fields in which the gateway says who it is:
/// the client's of these are dropped as well, and so are its trailers' (see [`trailers`]).
///
/// `Upgrade` and what `Expect` asks are dropped: whoever carries the message asks anew.
///
/// # Errors
/// How long the message is could be read in two ways, or the connection claims a field of it.
pub fn request(fields: &mut HeaderMap, own: &[String]) -> Result<(), Refused> {
    framed(fields)?;
    let trailers = fields.get_all(TE).iter().any(|value| lists(value, "trailers"));
    hop(fields, true)?;
    let drop: Vec<HeaderName> = fields
        .keys()
        .filter(|name| {
            is_among(name, &OF_THE_WAY)
                || is_among(name, &OF_ANOTHER_REQUEST)
                || is_among(name, own)
        })
        .cloned()
        .collect();
    for name in drop {
        fields.remove(name);
    }
    if trailers {
        // gRPC's clients say so, and its servers ask for it.
        fields.insert(TE, HeaderValue::from_static("trailers"));
    }
    one_cookie(fields);
    Ok(())
}

/// Leaves of an answer what the client may be told.
///
/// # Errors
/// As [`request`].
pub fn response(fields: &mut HeaderMap) -> Result<(), Refused> {
    framed(fields)?;
    hop(fields, false)
}

/// Leaves of trailers what may come behind a message: nothing that would have had to be known before it (RFC 9110,
/// section 6.5.1), and nothing of who or where somebody is.
pub fn trailers(fields: &mut HeaderMap, own: &[String]) {
    let before = [
        "cache-control",
        "content-range",
        "set-cookie",
        "location",
        "trailer",
        "transfer-encoding",
        "te",
        "upgrade",
        "connection",
        "expect",
        "max-forwards",
        "pragma",
        "if-match",
        "if-none-match",
    ];
    let drop: Vec<HeaderName> = fields
        .keys()
        .filter(|name| {
            is_among(name, &OF_THE_WAY)
                || is_among(name, &OF_ANOTHER_REQUEST)
                || is_among(name, &OF_THE_CONNECTION)
                || is_among(name, &OF_THE_MESSAGE)
                || is_among(name, &before)
                || is_among(name, own)
        })
        .cloned()
        .collect();
    for name in drop {
        fields.remove(name);
    }
}

/// How long the message is must be said in one way (RFC 9112, section 6.3).
fn framed(fields: &HeaderMap) -> Result<(), Refused> {
    if fields.len() > MOST {
        return Err(Refused::Many);
    }
    let digits = |value: &HeaderValue| {
        let bytes = value.as_bytes();
        !bytes.is_empty() && bytes.len() <= 19 && bytes.iter().all(u8::is_ascii_digit)
    };
    let mut lengths = fields.get_all(CONTENT_LENGTH).iter();
    let length = lengths.next();
    if lengths.next().is_some() || length.is_some_and(|length| !digits(length)) {
        return Err(Refused::Length);
    }
    let mut codings = fields.get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => Ok(()),
        (Some(_), None) if length.is_some() => Err(Refused::Length),
        (Some(coding), None) if coding.as_bytes().eq_ignore_ascii_case(b"chunked") => Ok(()),
        (Some(_), _) => Err(Refused::Coding),
    }
}

/// Drops what is the connection's, and what it says is.
fn hop(fields: &mut HeaderMap, of_request: bool) -> Result<(), Refused> {
    let mut drop = vec![CONNECTION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];
    for value in fields.get_all(CONNECTION) {
        for token in value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
            if token.is_empty() {
                continue;
            }
            // What is no name is no field's.
            let name = HeaderName::from_bytes(token).map_err(|_| Refused::Claimed)?;
            if is_among(&name, &OF_THE_MESSAGE) {
                return Err(Refused::Claimed);
            }
            drop.push(name);
        }
    }
    drop.extend(fields.keys().filter(|name| is_among(name, &OF_THE_CONNECTION)).cloned());
    for name in drop {
        // A target's `Proxy-Authenticate` is as little the client's business.
        fields.remove(name);
    }
    if of_request {
        // Whoever carries it says anew how long it is; an application is not asked to trust the client's word.
        let folded: Vec<HeaderName> = fields
            .keys()
            .filter(|name| {
                name.as_str().contains('_')
                    && (is_among(name, &OF_THE_MESSAGE) || is_among(name, &["transfer-encoding"]))
            })
            .cloned()
            .collect();
        for name in folded {
            fields.remove(name);
        }
    }
    Ok(())
}

/// HTTP/2 may part a cookie's pairs (RFC 9113, section 8.2.3); before HTTP/2 there is one field of them.
fn one_cookie(fields: &mut HeaderMap) {
    let parts: Vec<&[u8]> = fields.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if parts.len() > 1
        && let Ok(joined) = HeaderValue::from_bytes(&parts.join(&b"; "[..]))
    {
        fields.insert(COOKIE, joined);
    }
}

/// Whether a list holds this word, in front of its parameters.
fn lists(value: &HeaderValue, word: &str) -> bool {
    let name = |item: &[u8]| {
        let name = item.split(|byte| *byte == b';').next().unwrap_or_default();
        name.trim_ascii().eq_ignore_ascii_case(word.as_bytes())
    };
    value.as_bytes().split(|byte| *byte == b',').any(name)
}

#[cfg(test)]
mod tests;
