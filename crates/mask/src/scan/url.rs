use super::text::{ALNUM, alnum, digit, has, table};
use super::{Hit, Kind, Scan};

/// Longer names of schemes are not in use.
const LONGEST_SCHEME: usize = 24;
/// Schemes whose URLs are `url`s.
const SCHEMES: [&[u8]; 16] = [
    b"http", b"https", b"ftp", b"ftps", b"sftp", b"ssh", b"git", b"ws", b"wss", b"ldap", b"ldaps",
    b"smb", b"rtsp", b"irc", b"gopher", b"webcal",
];

impl Scan<'_, '_> {
    /// The URL whose scheme ends at `colon`, or the credentials in it.
    pub(super) fn url(&self, colon: usize) -> Option<Hit> {
        let text = self.text;
        let (whole, credentials) = (self.wants(Kind::Url), self.wants(Kind::UrlCredentials));
        if !whole && !credentials || text.at(colon + 1) != b'/' || text.at(colon + 2) != b'/' {
            return None;
        }
        let floor = colon.saturating_sub(LONGEST_SCHEME).max(self.done);
        let start = text.run_back(colon, floor, |b| alnum(b) || matches!(b, b'+' | b'-' | b'.'));
        let scheme = text.slice(start, colon);
        if !scheme.iter().any(u8::is_ascii_alphabetic) {
            return None;
        }
        let authority = colon + 3;
        let end = text.run(authority, in_authority);
        let at =
            text.slice(authority, end).iter().rposition(|b| *b == b'@').map(|at| authority + at);
        let host = at.map_or(authority, |at| at + 1);
        if whole
            && SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(scheme))
            && let Some(length) = host_of(text.slice(host, end))
        {
            let stop = host + length;
            let end = if stop == end { text.run(end, in_url) } else { stop };
            return Some(Hit { start, end: self.trimmed(start, end), kind: Kind::Url });
        }
        let at = at.filter(|_| credentials)?;
        let named = text.slice(authority, at).iter().position(|b| *b == b':')?;
        let password = text.slice(authority + named + 1, at);
        // Masked already, or no more than a place for one.
        let masked = || password.iter().all(|b| *b == b'*');
        let hit = Hit { start: authority, end: at, kind: Kind::UrlCredentials };
        (!masked() && alnum(text.at(host)) | (text.at(host) == b'[')).then_some(hit)
    }

    /// Without what ends the sentence that the URL stands in.
    fn trimmed(&self, start: usize, mut end: usize) -> usize {
        let opened = self.text.slice(start, end).contains(&b'(');
        while matches!(
            self.text.before(end),
            b'.' | b',' | b';' | b':' | b'!' | b'?' | b'\'' | b'*'
        ) || !opened && self.text.before(end) == b')'
        {
            end -= 1;
        }
        end
    }
}

/// The length of a name or an address, with a port perhaps, that begins an authority.
fn host_of(authority: &[u8]) -> Option<usize> {
    if let [b'[', rest @ ..] = authority {
        let end = rest.iter().position(|b| *b == b']')?;
        let address = std::str::from_utf8(rest.get(..end)?).ok()?;
        address.parse::<std::net::Ipv6Addr>().ok()?;
        return Some(end + 2 + port(rest.get(end + 1..)?));
    }
    let in_name = |b: &u8| alnum(*b) || matches!(b, b'-' | b'_' | b'.' | b'%') || *b >= 0x80;
    let length = authority.iter().take_while(|b| in_name(b)).count();
    let (name, behind) = authority.split_at_checked(length)?;
    let named = name.iter().any(|b| alnum(*b) || *b >= 0x80) && length <= 253 * 3;
    named.then(|| length + port(behind))
}

/// The length of `:` and at most five digits.
fn port(behind: &[u8]) -> usize {
    let [b':', behind @ ..] = behind else { return 0 };
    match behind.iter().take_while(|b| digit(**b)).count() {
        length @ 1..=5 => length + 1,
        _ => 0,
    }
}

/// What stands between `//` and the path: all that no other part begins with, and no text around a URL has.
fn in_authority(byte: u8) -> bool {
    const TABLE: [bool; 256] = table(&[ALNUM, b"-._~%!$&'()*+,;=:@[]"]);
    byte >= 0x80 || has(&TABLE, byte)
}

fn in_url(byte: u8) -> bool {
    const TABLE: [bool; 256] = table(&[ALNUM, b"-._~%!$&'()*+,;=:@[]/?#|"]);
    byte >= 0x80 || has(&TABLE, byte)
}
