//! Lines made by hand.

use model::Peer::{Client, Upstream};
use model::{Peer, Ticket};

use super::super::tests::{Rule, Told, allow, no, play, scp, sha256};
use super::super::{FileCommand, FileStep, Passage, Refusal, Undigested};
use super::{Scp, ScpCall};

const UP: &str = "scp -r -t /in/";
const DOWN: &str = "scp -r -f /out/*";

fn told(words: &str, said: &[(Peer, &str)], rule: Rule<'_>) -> Told {
    let said = said.iter().map(|(peer, text)| (*peer, text.as_bytes().to_vec())).collect();
    play(&|| scp(words, Some("/home/ann")), &said, rule)
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn no_b(command: &FileCommand) -> Result<(), Refusal> {
    if String::from_utf8_lossy(&command.text).contains("/b ") { no() } else { Ok(()) }
}

#[test]
fn a_tree_goes_up_and_every_part_of_it_is_asked_for() {
    let said = [
        (Upstream, "\0"),
        (Client, "T1 0 1 0\n"),
        (Upstream, "\0"),
        (Client, "D0755 0 d\n"),
        (Upstream, "\0"),
        (Client, "C0644 4 a\n"),
        (Upstream, "\0"),
        (Client, "1234\0"),
        (Upstream, "\0"),
        (Client, "C0600 0 c\n"),
        (Upstream, "\0"),
        (Client, "\0"),
        (Upstream, "\0"),
        (Client, "E\n"),
        (Upstream, "\0"),
    ];
    let told = told(UP, &said, &allow);
    let all = |from| {
        said.iter().filter(|(peer, _)| *peer == from).map(|(_, text)| *text).collect::<String>()
    };
    assert_eq!((text(&told.client), text(&told.upstream)), (&*all(Upstream), &*all(Client)));
    assert_eq!(
        told.asked,
        [
            "mkdir /in/d mode=0755",
            "upload /in/d/a mode=0644 size=4",
            "upload /in/d/c mode=0600 size=0"
        ]
    );
    let [a, c] = &told.moved[..] else { panic!("{told:?}") };
    assert_eq!(
        (&*a.path, a.upload, a.bytes, a.sha256, a.complete),
        ("/in/d/a", true, 4, Ok(sha256(b"1234")), true)
    );
    assert_eq!(
        (&*c.path, c.ticket, c.sha256, c.complete),
        ("/in/d/c", Ticket(3), Ok(sha256(b"")), true)
    );
}

#[test]
fn a_refused_file_goes_no_further_up_and_the_next_one_does() {
    let said = [
        (Upstream, "\0"),
        (Client, "C0644 4 b\n"),
        (Client, "C0644 2 c\n"),
        (Upstream, "\0"),
        (Client, "12\0"),
        (Upstream, "\0"),
    ];
    let told = told(UP, &said, &no_b);
    assert_eq!(text(&told.upstream), "C0644 2 c\n12\0");
    assert_eq!(text(&told.client), "\0\x01scp: b: not today\n\0\0");
    assert_eq!(told.moved.len(), 1);
}

#[test]
fn a_refused_file_does_not_come_down_and_the_next_one_does() {
    let said = [
        (Client, "\0"),
        (Upstream, "C0644 4 b\n"),
        (Upstream, "C0644 2 c\n"),
        (Client, "\0"),
        (Upstream, "12\0"),
        (Client, "\0"),
    ];
    let told = told(DOWN, &said, &no_b);
    assert_eq!(text(&told.client), "\x01scp: b: not today\nC0644 2 c\n12\0");
    assert_eq!(text(&told.upstream), "\0\x01scp: refused\n\0\0");
    assert_eq!(
        told.asked,
        ["download /out/b mode=0644 size=4", "download /out/c mode=0644 size=2"]
    );
    let [moved] = &told.moved[..] else { panic!("{told:?}") };
    assert_eq!((&*moved.path, moved.upload, moved.complete), ("/out/c", false, true));
}

#[test]
fn everything_behind_an_undecided_line_waits() {
    let words: Vec<&str> = UP.split(' ').collect();
    let mut scp = Scp::new(ScpCall::read(&words).unwrap(), None, 2);
    let steps =
        |scp: &mut Scp| -> Vec<FileStep> { std::iter::from_fn(|| scp.next().unwrap()).collect() };
    scp.feed(Upstream, (&b"\0"[..]).into());
    scp.feed(Client, (&b"C0644 4 a\n1234\0"[..]).into());
    let [FileStep::Send(Client, _), FileStep::Ask { ticket, .. }] = &steps(&mut scp)[..] else {
        panic!()
    };
    assert_eq!((scp.undecided(), scp.backlog(Client)), (Some(*ticket), 15));
    scp.decided(Ticket(7), Ok(()));
    assert_eq!(steps(&mut scp), []);
    scp.decided(*ticket, Ok(()));
    let line = FileStep::Send(Upstream, (&b"C0644 4 a\n"[..]).into());
    assert_eq!(steps(&mut scp), [line]);
    // The content waits for its answer; as much of it as was asked for is handed out before it goes on.
    scp.feed(Upstream, (&b"\0"[..]).into());
    let after = steps(&mut scp);
    let [
        FileStep::Send(Client, _),
        FileStep::Content(content),
        FileStep::Send(Upstream, data),
        FileStep::Send(Upstream, end),
    ] = &after[..]
    else {
        panic!("{after:?}")
    };
    assert_eq!((&content.data[..], &*content.path), (&b"12"[..], "/in/a"));
    assert_eq!((&data[..], &end[..]), (&b"1234"[..], &b"\0"[..]));
    scp.end();
    let [FileStep::Moved(moved)] = &steps(&mut scp)[..] else { panic!() };
    assert_eq!(
        (moved.bytes, moved.sha256, moved.complete),
        (4, Err(Undigested::Unconfirmed), false)
    );
}

#[test]
fn what_goes_wrong_at_an_end_is_told() {
    for (end, expected) in [
        ([(Client, "\0"), (Upstream, "\0")], (true, Ok(sha256(b"1234")))),
        ([(Client, "\x01read error\n"), (Upstream, "\0")], (false, Ok(sha256(b"1234")))),
        ([(Client, "\0"), (Upstream, "\x01disk full\n")], (false, Err(Undigested::Unconfirmed))),
        ([(Upstream, "\x01disk full\n"), (Client, "\0")], (false, Err(Undigested::Unconfirmed))),
        ([(Upstream, "\x02gone\n"), (Client, "\0")], (false, Err(Undigested::Unconfirmed))),
    ] {
        let start = [(Upstream, "\0"), (Client, "C0644 4 a\n"), (Upstream, "\0"), (Client, "1234")];
        let told = told(UP, &[&start[..], &end].concat(), &allow);
        let [moved] = &told.moved[..] else { panic!("{told:?}") };
        assert_eq!((moved.complete, moved.sha256), expected, "{end:?}");
        assert_eq!(told.breach, None);
    }
}

#[test]
fn a_file_that_the_receiving_end_does_not_want_is_not_sent() {
    let said = [
        (Upstream, "\0"),
        (Client, "C0644 4 a\n"),
        (Upstream, "\x01permission denied\n"),
        (Client, "D0755 0 d\n"),
        (Upstream, "\x01permission denied\n"),
        (Client, "C0644 4 c\n"),
    ];
    let told = told(UP, &said, &allow);
    assert_eq!(told.asked.last().unwrap(), "upload /in/c mode=0644 size=4");
    assert!(told.moved.is_empty());
}

#[test]
fn a_name_that_leads_elsewhere_goes_no_further() {
    for name in ["..", ".", "", "a/b", "/etc/passwd"] {
        for kind in ["C0644 4", "D0755 0"] {
            let line = format!("{kind} {name}\n");
            let up = told(UP, &[(Upstream, "\0"), (Client, &line)], &allow);
            assert_eq!((text(&up.upstream), up.breach), ("", None));
            assert!(up.client.ends_with(b"that name is not taken\n"));
            let down = told(DOWN, &[(Client, "\0"), (Upstream, &line)], &allow);
            assert_eq!((text(&down.upstream), down.breach), ("\0\x01scp: refused\n", None));
            assert_eq!(text(&down.client), format!("\x01scp: {name}: that name is not taken\n"));
            assert!(down.asked.is_empty() && up.asked.is_empty());
        }
    }
}

#[test]
fn lines_that_are_none_end_the_channel() {
    for line in ["X\n", "\n", "E\n", "C0644 x a\n", "hello\n", "C0644 -4 a\n"] {
        let by = |words, from, other| {
            let told = told(words, &[(other, "\0"), (from, line)], &allow);
            assert!(
                !told.client.ends_with(line.as_bytes())
                    && !told.upstream.ends_with(line.as_bytes())
            );
            told.breach.map(|breach| breach.by)
        };
        assert_eq!(by(UP, Client, Upstream), Some(Client), "{line}");
        assert_eq!(by(DOWN, Upstream, Client), Some(Upstream), "{line}");
    }
    // A line without an end, and a file that goes on behind its own.
    let long = "C".repeat(70_000);
    let words: Vec<&str> = UP.split(' ').collect();
    for (first, second) in [(long.as_str(), ""), ("C0644 1 a\n", "12")] {
        let mut scp = Scp::new(ScpCall::read(&words).unwrap(), None, 0);
        let mut breach = None;
        for (from, said) in [(Upstream, "\0"), (Client, first), (Upstream, "\0"), (Client, second)]
        {
            scp.feed(from, said.to_owned().into());
            loop {
                match scp.next() {
                    Ok(Some(FileStep::Ask { ticket, .. })) => scp.decided(ticket, Ok(())),
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                    Err(found) => {
                        breach = Some(found.by);
                        break;
                    }
                }
            }
        }
        assert_eq!(breach, Some(Client));
    }
}

#[test]
fn an_answer_to_nothing_ends_the_channel() {
    let said = [(Upstream, "\0"), (Upstream, "\0")];
    assert_eq!(told(UP, &said, &allow).breach.unwrap().by, Upstream);
    assert_eq!(told(UP, &[(Upstream, "Welcome!\n")], &allow).breach.unwrap().by, Upstream);
    let said = [(Client, "\0"), (Upstream, "C0644 4 a\n"), (Client, "\0"), (Client, "\0")];
    assert_eq!(told(DOWN, &said, &allow).breach.unwrap().by, Client);
}

#[test]
fn a_target_that_does_not_say_what_it_was_asked_for_is_not_understood() {
    let said = [(Client, "\0"), (Upstream, "C0644 4 other\n")];
    let told = told("scp -f /out/a", &said, &|command| {
        let unknown = command.understood.facts().not_understood.is_some();
        if unknown { no() } else { Ok(()) }
    });
    assert_eq!(text(&told.client), "\x01scp: other: not today\n");
}

#[test]
fn where_a_file_lands_is_asked_for_both_ways() {
    let told = told(
        "scp -t /in/x",
        &[(Upstream, "\0"), (Client, "C0644 0 a\n"), (Upstream, "\0"), (Client, "\0")],
        &|command| {
            assert_eq!(command.understood.accesses().len(), 2);
            Ok(())
        },
    );
    assert_eq!(told.asked, ["upload /in/x or /in/x/a mode=0644 size=0"]);
    assert_eq!(told.moved[0].or.as_deref(), Some("/in/x/a"));
}

#[test]
fn a_receiving_end_that_leaves_while_a_line_is_decided_is_told_of() {
    for ruling in [Ok(()), no()] {
        let words: Vec<&str> = UP.split(' ').collect();
        let mut scp = Scp::new(ScpCall::read(&words).unwrap(), None, 0);
        scp.feed(Upstream, (&b"\0"[..]).into());
        scp.feed(Client, (&b"C0644 4 a\n"[..]).into());
        let mut told = Vec::new();
        let mut ask = None;
        while let Some(step) = scp.next().unwrap() {
            match step {
                FileStep::Ask { ticket, .. } => ask = Some(ticket),
                other => told.push(other),
            }
        }
        scp.feed(Upstream, (&b"\x02gone\n"[..]).into());
        told.extend(std::iter::from_fn(|| scp.next().unwrap()));
        scp.decided(ask.unwrap(), ruling);
        told.extend(std::iter::from_fn(|| scp.next().unwrap()));
        let sent = |bytes: &'static [u8]| FileStep::Send(Client, bytes.into());
        assert_eq!(told, [sent(b"\0"), sent(b"\x02gone\n")]);
        assert_eq!(scp.backlog(Client), 0);
    }
}
