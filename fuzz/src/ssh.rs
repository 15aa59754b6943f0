//! Two ends of an SSH connection that say anything, before keys are exchanged and after a login.

use std::collections::VecDeque;
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use model::{
    Action, Conversation, DataClass, DataRule, Peer, Reason, ReasonKind, Secret, Step, Terms,
};
use wire::content::Content;
use wire::ssh::auth::{Greet, Greeting};
use wire::ssh::connection::tunnel::{self, Tunnel};
use wire::ssh::connection::{Opening, Session};
use wire::ssh::transport::{HostKeyPair, Transport};
use wire::ssh::user::Door;

/// A key that opens nothing.
const KEY: &str = include_str!("ssh_host_key");

static HOST: LazyLock<HostKeyPair> =
    LazyLock::new(|| HostKeyPair::from_openssh(&Secret::from(KEY.to_owned())).unwrap());

/// Bytes of somebody who is nobody yet: first as they are, then inside the encryption of keys that were exchanged.
pub fn ssh_greet(data: &[u8]) {
    let mut greet = Greet::new(Transport::server(&HOST, [2; 32]));
    for piece in data.chunks(1 + usize::from(data.first().copied().unwrap_or(0))) {
        greet.feed(piece);
        if !hear(&mut greet) {
            break;
        }
    }
    let mut client = Transport::client([1; 32]);
    let mut greet = Greet::new(Transport::server(&HOST, [2; 32]));
    for payload in payloads(data) {
        client.send(&[payload]);
        greet.feed(&client.output());
        let goes_on = hear(&mut greet);
        client.feed(&greet.output());
        while let Ok(Some(_)) = client.payload() {}
        if !goes_on {
            break;
        }
    }
}

/// Takes what there is. `false`: it is over. Nobody is let in here, so nothing but a question may come.
fn hear(greet: &mut Greet) -> bool {
    for _ in 0..1000 {
        match greet.greeting() {
            Ok(Greeting::Wait) => return true,
            Ok(Greeting::Asks { user, .. }) => {
                if let Some(door) = Door::parse(&user) {
                    assert!(
                        !door.resource.is_empty() && user.ends_with(&*door.resource),
                        "{user:?}"
                    );
                }
                if greet.refuse().is_err() {
                    return false;
                }
            }
            Ok(Greeting::Gone) | Err(_) => return false,
        }
    }
    panic!("a client that is always asking");
}

/// What a jump host says to whom it let in. It is given no more than it takes, and is done nothing for.
pub fn ssh_tunnel(data: &[u8]) {
    let (mut client, mut host) = (Transport::client([3; 32]), Transport::server(&HOST, [4; 32]));
    settle(&mut client, &mut host);
    let mut tunnel = Tunnel::new(client, "db.internal", 22);
    let mut open = false;
    for payload in payloads(data) {
        host.send(&[payload]);
        tunnel.feed(&host.output());
        if tunnel.hear().is_err() {
            return;
        }
        loop {
            match tunnel.step() {
                tunnel::Step::Wait => break,
                tunnel::Step::Open => {
                    assert!(!open, "it is opened twice");
                    open = true;
                }
                tunnel::Step::Said(bytes) => assert!(open && !bytes.is_empty()),
                tunnel::Step::Over => return,
            }
        }
        let room = tunnel.room();
        assert!(room <= 32 << 10 && (open || room == 0));
        assert_eq!(tunnel.say(&[7; 40 << 10]), room);
        host.feed(&tunnel.output());
        while let Ok(Some(payload)) = host.payload() {
            // The one channel is asked for, written to, given room; and all else is answered with no.
            assert!(matches!(payload.first(), Some(3 | 82 | 90 | 92..=94 | 100)), "{payload:?}");
        }
    }
}

/// What both ends say in channels, after a login, in one that is a shell of the gateway's own too. Of what a policy refuses nothing reaches the target, and what is masked
/// does not reach the client in clear.
pub fn ssh_session(data: &[u8]) {
    let mut client = Transport::client([1; 32]);
    let mut door = Transport::server(&HOST, [2; 32]);
    let mut dialled = Transport::client([3; 32]);
    let mut target = Transport::server(&HOST, [4; 32]);
    settle(&mut client, &mut door);
    settle(&mut dialled, &mut target);
    let class = DataClass::new("credit_card").unwrap();
    let content = Content::new(&[DataRule::Detect(vec![class])], None);
    let mut session =
        Session::new(Opening { client: door, upstream: dialled, cap: 1024, content, strict: true });
    let mut waiting = VecDeque::new();
    // Whether a shell is refused, so that one of the gateway's own is asked for.
    let guarded = data.get(1).is_some_and(|control| control & 4 != 0);
    for (at, payload) in payloads(data).enumerate() {
        let control = payload.first().copied().unwrap_or(0);
        let payload = payload.get(1..).unwrap_or_default();
        let (from, end) = match control & 1 {
            0 => (Peer::Client, &mut client),
            _ => (Peer::Upstream, &mut target),
        };
        end.send(&[payload]);
        session.feed(from, end.output());
        let mut ends = Ends { client: &mut client, target: &mut target, guarded };
        if !pump(&mut session, &mut ends, &mut waiting) {
            return;
        }
        // Rulings come late, and pauses are where they are.
        if control & 2 != 0 {
            while let Some((ticket, ruling)) = waiting.pop_front() {
                session.decided(ticket, ruling);
            }
        }
        if at % 7 == 0 {
            session.woken();
        }
        if !pump(&mut session, &mut ends, &mut waiting) {
            return;
        }
        assert!(session.backlog(Peer::Client) <= 1 << 20);
    }
}

struct Ends<'e> {
    client: &'e mut Transport,
    target: &'e mut Transport,
    guarded: bool,
}

type Waiting = VecDeque<(model::Ticket, model::Ruling)>;

fn pump(session: &mut Session, ends: &mut Ends<'_>, waiting: &mut Waiting) -> bool {
    for _ in 0..100_000 {
        match session.next() {
            Ok(None) => return true,
            Ok(Some(Step::Decide(ticket, command))) => {
                let accesses = command.understood.accesses();
                let shell = accesses.iter().any(|access| access.action == Action::Shell);
                let refused =
                    command.text.windows(2).any(|text| text == b"no") || (shell && ends.guarded);
                let ruling = if refused { Err(no()) } else { Ok(Terms::default()) };
                waiting.push_back((ticket, ruling));
            }
            Ok(Some(Step::Send(Peer::Upstream, bytes))) => {
                ends.target.feed(&bytes);
                while let Ok(Some(payload)) = ends.target.payload() {
                    assert!(!is_refused(&payload), "{payload:?}");
                }
            }
            Ok(Some(Step::Send(Peer::Client, bytes))) => {
                ends.client.feed(&bytes);
                while let Ok(Some(_)) = ends.client.payload() {}
            }
            Ok(Some(Step::Shown(bytes))) => {
                assert!(!bytes.windows(CARD.len()).any(|text| text == CARD), "{bytes:?}");
            }
            Ok(Some(_)) => {}
            Err(_) => return false,
        }
    }
    panic!("a session that does not come to rest");
}

const CARD: &[u8] = b" 4242424242424242 ";

/// Whether a message starts what is refused.
fn is_refused(payload: &Bytes) -> bool {
    let starts =
        |name: &[u8]| payload.first() == Some(&98) && payload.get(9..9 + name.len()) == Some(name);
    let text = payload.get(18..).unwrap_or_default();
    starts(b"exec") && text.windows(2).any(|text| text == b"no")
}

fn no() -> Reason {
    Reason { kind: ReasonKind::Policy, message: "refused".into(), policies: Vec::new(), hint: None }
}

/// Pieces of a script: a length, and so many bytes.
fn payloads(mut data: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = data.split_first()?;
        let (payload, rest) = rest.split_at(usize::from(*length).min(rest.len()));
        data = rest;
        Some(payload)
    })
}

/// Keys are exchanged.
fn settle(one: &mut Transport, other: &mut Transport) {
    for _ in 0..20 {
        for (from, to) in [(0, 1), (1, 0)] {
            let bytes = if from == 0 { one.output() } else { other.output() };
            let end = if to == 1 { &mut *other } else { &mut *one };
            end.feed(&bytes);
            while let Some(payload) = end.payload().unwrap() {
                assert!(!payload.is_empty());
            }
        }
    }
    assert!(one.is_keyed() && other.is_keyed() && one.session() == other.session());
}

/// A command line: what is understood of it names what it runs, and no program is run that it does not name.
pub fn shell_line(data: &[u8]) {
    let Ok(line) = std::str::from_utf8(data) else { return };
    let understood = wire::shell::understand(line);
    let again = wire::shell::understand(line);
    assert_eq!(understood.accesses(), again.accesses());
    if let Some(transfer) = wire::shell::transfer(line) {
        // A transfer is one program, and nothing of it is left to the target's shell.
        assert!(
            !line.contains(['`', ';', '|', '&', '\n']) || line.contains(['\'', '"', '\\']),
            "{transfer:?}"
        );
        assert!(
            understood.facts().not_understood.is_none() || line.contains('*'),
            "{line:?}: {transfer:?}"
        );
    }
    let _ = Arc::new(understood);
}
