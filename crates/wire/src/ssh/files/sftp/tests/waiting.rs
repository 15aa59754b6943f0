//! What waits for what.

use bytes::Bytes;
use model::{Peer, Ticket};

use super::super::numbers::{OPENDIR, REMOVE, STAT};
use super::{client, close, data, greeted, handle, named, names, open, read, went};
use crate::ssh::files::FileStep;
use crate::ssh::files::tests::{Channel, Told, allow, no, sftp};

/// A channel that was told this; what it asks stays open.
fn channel(rest: impl IntoIterator<Item = (Peer, Vec<u8>)>) -> Channel {
    let mut channel = sftp();
    for (from, bytes) in greeted(rest) {
        channel.feed(from, bytes.into());
        let _ = steps(&mut channel);
    }
    channel
}

fn steps(channel: &mut Channel) -> Vec<FileStep> {
    std::iter::from_fn(|| channel.next().unwrap()).collect()
}

#[test]
fn everything_behind_an_undecided_request_waits_and_answers_flow_on() {
    let mut channel = channel([client(&[open(1, "a", 1)])]);
    channel.decided(Ticket(1), Ok(()));
    assert_eq!(steps(&mut channel), [FileStep::Send(Peer::Upstream, open(1, "a", 1).into())]);
    channel.feed(Peer::Upstream, handle(1, "h").into());
    steps(&mut channel);
    channel.feed(Peer::Client, read(2, "h", 0, 5).into());
    steps(&mut channel);
    channel.feed(Peer::Client, named(REMOVE, 3, "b").into());
    channel.feed(Peer::Client, read(4, "h", 5, 5).into());
    let asked = steps(&mut channel);
    assert!(matches!(asked[..], [FileStep::Ask { ticket: Ticket(2), .. }]), "{asked:?}");
    channel.decided(Ticket(1), Ok(()));
    assert_eq!(steps(&mut channel), []);
    channel.feed(Peer::Upstream, data(2, b"12345").into());
    assert_eq!(steps(&mut channel), [FileStep::Send(Peer::Client, data(2, b"12345").into())]);
    channel.decided(Ticket(2), Ok(()));
    let sent: Vec<u8> = [named(REMOVE, 3, "b"), read(4, "h", 5, 5)].concat();
    let sent_now: Vec<u8> = steps(&mut channel)
        .into_iter()
        .flat_map(|step| match step {
            FileStep::Send(Peer::Upstream, bytes) => bytes,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(sent_now, sent);
}

#[test]
fn a_refusal_waits_until_the_server_is_between_two_messages() {
    let mut channel = channel([client(&[open(1, "a", 1)])]);
    channel.decided(Ticket(1), Ok(()));
    steps(&mut channel);
    channel.feed(Peer::Upstream, handle(1, "h").into());
    steps(&mut channel);
    channel.feed(Peer::Client, read(2, "h", 0, 5).into());
    steps(&mut channel);
    let answer = data(2, b"12345");
    channel.feed(Peer::Upstream, Bytes::copy_from_slice(&answer[..15]));
    assert_eq!(
        steps(&mut channel),
        [FileStep::Send(Peer::Client, Bytes::copy_from_slice(&answer[..15]))]
    );
    channel.feed(Peer::Client, [read(3, "x", 0, 5), read(4, "h", 5, 5)].concat().into());
    assert_eq!(steps(&mut channel), []);
    channel.feed(Peer::Upstream, Bytes::copy_from_slice(&answer[15..]));
    let rest = steps(&mut channel);
    let [
        FileStep::Send(Peer::Client, end),
        FileStep::Send(Peer::Client, refusal),
        FileStep::Send(Peer::Upstream, next),
    ] = &rest[..]
    else {
        panic!("{rest:?}")
    };
    assert_eq!(end, &answer[15..]);
    assert_eq!(super::statuses(refusal)[0].0, 3);
    assert_eq!(next, &read(4, "h", 5, 5));
}

#[test]
fn requests_wait_for_the_greetings() {
    let mut channel = sftp();
    channel.feed(Peer::Client, [super::init(3), named(STAT, 1, "a")].concat().into());
    let init: Bytes = super::init(3).into();
    assert_eq!(steps(&mut channel), [FileStep::Send(Peer::Upstream, init)]);
    channel.feed(Peer::Upstream, super::version(3, &[("shell@example.com", "1")]).into());
    let home: Bytes = named(super::super::numbers::REALPATH, 0, ".").into();
    let greeting: Bytes = super::version(3, &[]).into();
    let sent = [FileStep::Send(Peer::Client, greeting), FileStep::Send(Peer::Upstream, home)];
    assert_eq!(steps(&mut channel), sent);
    channel.feed(Peer::Upstream, names(0, "/home/ann").into());
    let asked = steps(&mut channel);
    let [FileStep::Ask { what, .. }] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!(what.text, "stat /home/ann/a");
}

#[test]
fn a_server_that_does_not_answer_gets_only_so_many_requests() {
    let mut channel = channel([]);
    let mut told = Told::default();
    for id in 0..5000 {
        channel.feed(Peer::Client, named(STAT, id, "a").into());
        told.pump(&mut channel, &allow);
    }
    assert_eq!(told.asked.len(), 4096);
    channel.feed(Peer::Upstream, went(77, 2).into());
    told.pump(&mut channel, &allow);
    assert_eq!(told.asked.len(), 4097);
}

#[test]
fn only_so_much_is_open_at_a_time() {
    let mut channel = channel([]);
    let mut told = Told::default();
    for id in 0..1030 {
        channel.feed(Peer::Client, named(OPENDIR, id, "a").into());
        told.pump(&mut channel, &allow);
        if id % 2 == 0 && id < 1024 {
            channel.feed(Peer::Upstream, handle(id, &id.to_string()).into());
            told.pump(&mut channel, &allow);
        }
    }
    assert_eq!(told.asked.len(), 1024);
    channel.feed(Peer::Client, close(2000, "0").into());
    channel.feed(Peer::Client, named(OPENDIR, 2001, "a").into());
    told.pump(&mut channel, &allow);
    assert_eq!(told.asked.len(), 1025);
}

#[test]
fn a_decision_that_nobody_asked_for_changes_nothing() {
    let mut channel = channel([]);
    channel.decided(Ticket(1), Ok(()));
    channel.decided(Ticket(0), no());
    assert_eq!(steps(&mut channel), []);
    channel.feed(Peer::Client, named(REMOVE, 3, "b").into());
    steps(&mut channel);
    channel.decided(Ticket(2), Ok(()));
    assert_eq!(steps(&mut channel), []);
}
