//! What each end offers and what is agreed on (RFC 4253, section 7.1).

use bytes::Bytes;
use rand::Rng;
use rand::rngs::StdRng;

use super::cipher::{Cipher, Mac, Suite};
use super::exchange::Method;
use crate::ssh::codec::{Malformed, Names, Reader, Write, message};
use crate::ssh::numbers::KEXINIT;

/// Which end of a connection this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The end that connected.
    Client,
    /// The end that was connected to.
    Server,
}

/// Key exchanges, the best first: only such as are agreed to be sound, one of them also against a
/// quantum computer.
const EXCHANGES: &[&str] =
    &["mlkem768x25519-sha256", "curve25519-sha256", "curve25519-sha256@libssh.org"];

/// What a target may sign with to say who it is. RSA with SHA-1 is not among them.
const HOST_KEYS: &[&str] = &[
    "ssh-ed25519-cert-v01@openssh.com",
    "ecdsa-sha2-nistp256-cert-v01@openssh.com",
    "ecdsa-sha2-nistp384-cert-v01@openssh.com",
    "rsa-sha2-512-cert-v01@openssh.com",
    "rsa-sha2-256-cert-v01@openssh.com",
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "rsa-sha2-512",
    "rsa-sha2-256",
];

/// Ciphers. The first is what processors do best.
const CIPHERS: &[&str] = &[
    "aes128-gcm@openssh.com",
    "chacha20-poly1305@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-ctr",
    "aes256-ctr",
];

const MACS: &[&str] = &["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com"];

/// Says that packets are counted anew with each key, and that nothing stands between the messages of the first
/// exchange (OpenSSH's answer to CVE-2023-48795).
const STRICT: [(Role, &str); 2] = [
    (Role::Client, "kex-strict-c-v00@openssh.com"),
    (Role::Server, "kex-strict-s-v00@openssh.com"),
];

/// Says that this client understands EXT_INFO (RFC 8308).
const EXTENDED: &str = "ext-info-c";

fn strict_of(role: Role) -> &'static str {
    STRICT.iter().find(|(whose, _)| *whose == role).map_or("", |(_, name)| name)
}

/// The KEXINIT of this end. `host_keys` is what a server can sign with.
pub(super) fn ours(role: Role, host_keys: &[&str], first: bool, chance: &mut StdRng) -> Bytes {
    let mut cookie = [0; 16];
    chance.fill_bytes(&mut cookie);
    let mut exchanges = EXCHANGES.to_vec();
    // Only the first exchange of a connection says so.
    if first {
        if role == Role::Client {
            exchanges.push(EXTENDED);
        }
        exchanges.push(strict_of(role));
    }
    let host_keys = match role {
        Role::Client => HOST_KEYS,
        Role::Server => host_keys,
    };
    message(KEXINIT, |out| {
        out.put(&cookie);
        out.put_names(exchanges);
        out.put_names(host_keys.iter().copied());
        for _ in 0..2 {
            out.put_names(CIPHERS.iter().copied());
        }
        for _ in 0..2 {
            out.put_names(MACS.iter().copied());
        }
        for _ in 0..2 {
            out.put_names(["none"]);
        }
        for _ in 0..2 {
            out.put_names([]);
        }
        out.put_bool(false);
        out.put_u32(0);
    })
}

/// What one end offers.
pub(super) struct Offer<'m> {
    exchanges: Names<'m>,
    host_keys: Names<'m>,
    /// From the client to the server, and back.
    ways: [Hiding<'m>; 2],
    /// Its first message of the exchange comes at once, on a guess.
    guesses: bool,
}

/// What one end offers for one direction.
#[derive(Clone, Copy)]
struct Hiding<'m> {
    ciphers: Names<'m>,
    macs: Names<'m>,
    compressions: Names<'m>,
}

impl<'m> Offer<'m> {
    /// Reads a KEXINIT, its number included.
    pub(super) fn read(payload: &'m [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(payload);
        if reader.u8()? != KEXINIT {
            return Err(Malformed);
        }
        reader.bytes(16)?;
        let mut names = || reader.names();
        let [exchanges, host_keys] = [names()?, names()?];
        let ciphers = [names()?, names()?];
        let macs = [names()?, names()?];
        let compressions = [names()?, names()?];
        // Languages.
        names()?;
        names()?;
        let guesses = reader.bool()?;
        reader.u32()?;
        reader.end()?;
        let ([a, b], [c, d], [e, f]) = (ciphers, macs, compressions);
        let ways = [
            Hiding { ciphers: a, macs: c, compressions: e },
            Hiding { ciphers: b, macs: d, compressions: f },
        ];
        Ok(Self { exchanges, host_keys, ways, guesses })
    }

    pub(super) fn is_strict(&self, role: Role) -> bool {
        self.exchanges.has(strict_of(role))
    }

    pub(super) fn takes_extensions(&self) -> bool {
        self.exchanges.has(EXTENDED)
    }
}

/// What both ends agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Agreed {
    pub(super) method: Method,
    /// What the server signs with.
    pub(super) host_key: String,
    pub(super) to_server: Suite,
    pub(super) to_client: Suite,
    /// The peer's next message is a guess that was wrong.
    pub(super) skip_guess: bool,
}

/// What they do not agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Disagree(pub(super) &'static str);

/// What comes of two offers. `role` is ours.
pub(super) fn agree(role: Role, ours: &Offer<'_>, theirs: &Offer<'_>) -> Result<Agreed, Disagree> {
    let (client, server) = match role {
        Role::Client => (ours, theirs),
        Role::Server => (theirs, ours),
    };
    let exchange = first(client.exchanges, server.exchanges);
    let method = exchange.and_then(Method::named).ok_or(Disagree("a key exchange"))?;
    let host_key =
        first(client.host_keys, server.host_keys).ok_or(Disagree("a kind of host key"))?;
    let [to_server, to_client] = &client.ways;
    let [at_server, from_server] = &server.ways;
    // RFC 4253, section 7: a guess is right if both favour the same.
    let favours = |offer: &Offer<'_>| {
        (
            offer.exchanges.iter().next().map(str::to_owned),
            offer.host_keys.iter().next().map(str::to_owned),
        )
    };
    Ok(Agreed {
        method,
        host_key: host_key.to_owned(),
        to_server: suite(to_server, at_server)?,
        to_client: suite(to_client, from_server)?,
        skip_guess: theirs.guesses && favours(ours) != favours(theirs),
    })
}

/// The first of the client's names that the server has too.
fn first<'m>(client: Names<'m>, server: Names<'_>) -> Option<&'m str> {
    client.iter().find(|name| server.has(name))
}

fn suite(client: &Hiding<'_>, server: &Hiding<'_>) -> Result<Suite, Disagree> {
    let cipher = first(client.ciphers, server.ciphers).and_then(Cipher::named);
    let cipher = cipher.ok_or(Disagree("a cipher"))?;
    first(client.compressions, server.compressions).ok_or(Disagree("no compression"))?;
    let mac = match cipher.needs_mac() {
        true => {
            let mac = first(client.macs, server.macs).and_then(Mac::named);
            Some(mac.ok_or(Disagree("a MAC"))?)
        }
        false => None,
    };
    Ok(Suite { cipher, mac })
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn offered(role: Role, change: impl Fn(String) -> String) -> Vec<u8> {
        let payload = ours(role, &["ssh-ed25519"], true, &mut StdRng::from_seed([7; 32]));
        // Names are changed to others of the same length.
        let text = payload.iter().map(|byte| char::from(*byte)).collect::<String>();
        change(text).chars().map(|letter| letter as u8).collect()
    }

    #[test]
    fn two_of_us_agree_on_what_is_best() {
        let (client, server) =
            (offered(Role::Client, |same| same), offered(Role::Server, |same| same));
        let (client, server) = (Offer::read(&client).unwrap(), Offer::read(&server).unwrap());
        let agreed = agree(Role::Server, &server, &client).unwrap();
        assert_eq!(agreed, agree(Role::Client, &client, &server).unwrap());
        assert_eq!(agreed.method, Method::MlKem768X25519);
        assert_eq!(agreed.host_key, "ssh-ed25519");
        assert_eq!(agreed.to_client, Suite { cipher: Cipher::Aes128Gcm, mac: None });
        assert!(client.is_strict(Role::Client) && server.is_strict(Role::Server));
        assert!(client.takes_extensions() && !server.takes_extensions());
    }

    #[test]
    fn what_the_other_does_not_know_is_passed_over_and_what_is_missing_is_named() {
        let server = offered(Role::Server, |same| same);
        let server = Offer::read(&server).unwrap();
        for (from, to, expected) in [
            ("mlkem768x25519-sha256", "mlkem768x25519-sha257", Ok(Method::Curve25519)),
            ("-sha256", "-sha257", Err("a key exchange")),
            ("ssh-ed25519,", "ssh-ed25518,", Err("a kind of host key")),
            ("aes128-gcm", "aes129-gcm", Ok(Method::MlKem768X25519)),
            ("none", "zlib", Err("no compression")),
        ] {
            let changed = |text: String| match from {
                "-sha256" => text
                    .replace("x25519-sha256", "x25519-sha257")
                    .replace("curve25519-sha256", "curve25519-sha257"),
                _ => text.replace(from, to),
            };
            let client = offered(Role::Client, changed);
            let client = Offer::read(&client).unwrap();
            let agreed = agree(Role::Server, &server, &client);
            assert_eq!(agreed.map(|agreed| agreed.method), expected.map_err(Disagree), "{from}");
        }
    }

    #[test]
    fn a_cipher_without_a_mac_of_its_own_needs_one() {
        let hiding = |ciphers: &'static str, macs: &'static str| Hiding {
            ciphers: Names(ciphers),
            macs: Names(macs),
            compressions: Names("none"),
        };
        let ours = hiding("aes128-ctr,aes128-gcm@openssh.com", "hmac-sha2-256-etm@openssh.com");
        let plain = hiding("aes128-ctr", "hmac-sha2-256");
        assert_eq!(suite(&plain, &ours), Err(Disagree("a MAC")));
        let etm = hiding("aes128-ctr", "hmac-sha2-256,hmac-sha2-256-etm@openssh.com");
        let agreed = Suite { cipher: Cipher::Aes128Ctr, mac: Some(Mac::Sha256) };
        assert_eq!(suite(&etm, &ours), Ok(agreed));
    }
}
