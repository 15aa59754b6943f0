use super::*;

fn data(length: usize) -> Item {
    Item::Data(Bytes::from(vec![7; length]))
}

#[test]
fn data_waits_until_its_receiver_takes_it_and_leaves_in_its_packets() {
    let mut flow = Flow::new();
    flow.push(data(10)).unwrap();
    flow.push(Item::Eof).unwrap();
    assert_eq!(flow.pop(), None);
    flow.opened(4, 3);
    assert_eq!(flow.pop(), Some(data(3)));
    assert_eq!(flow.pop(), Some(data(1)));
    assert_eq!(flow.pop(), None);
    flow.allow(100);
    let rest: Vec<Item> = std::iter::from_fn(|| flow.pop()).collect();
    assert_eq!(rest, [data(3), data(3), Item::Eof]);
    assert_eq!((flow.waiting, flow.items.is_empty()), (0, true));
}

#[test]
fn a_window_is_given_back_when_data_has_gone_on_and_grows_for_who_empties_it() {
    let mut flow = Flow::new();
    flow.opened(u32::MAX, u32::MAX);
    let mut given = 0_u64;
    for _ in 0..FIRST_WINDOW / PACKET {
        flow.push(data(PACKET as usize)).unwrap();
    }
    assert_eq!(flow.push(data(1)), Err(TooMuch));
    assert_eq!(flow.give_back(1), None);
    for _ in 0..200 {
        while flow.pop().is_some() {}
        given += u64::from(flow.give_back(1).unwrap_or(0));
        while flow.granted >= PACKET {
            flow.push(data(PACKET as usize)).unwrap();
        }
        assert!(flow.waiting <= LARGEST_WINDOW as usize);
    }
    assert!(given > 100 << 20, "{given}");
    assert_eq!(flow.window, LARGEST_WINDOW);
}

#[test]
fn what_is_looked_at_waits_for_its_receiver_and_more_is_not_looked_at() {
    let mut flow = Flow::new();
    flow.read_along();
    flow.opened(5, 3);
    flow.push(data(10)).unwrap();
    assert_eq!(flow.pop(), None);
    assert_eq!(flow.look(), Some(data(10)));
    flow.looked_at(data(4));
    flow.looked_at(Item::Eof);
    assert_eq!(
        [flow.pop(), flow.pop(), flow.pop()],
        [Some(data(3)), Some(data(1)), Some(Item::Eof)]
    );
    flow.looked_at(data(MOST_LOOKED));
    assert_eq!(flow.pop(), Some(data(1)));
    flow.push(data(1)).unwrap();
    assert_eq!(flow.look(), Some(data(1)));
    flow.looked_at(data(1));
    flow.push(data(1)).unwrap();
    assert_eq!(flow.look(), None);
    assert_eq!((flow.waiting, flow.looked_at, flow.used), (1, MOST_LOOKED, 11));
}

#[test]
fn a_window_is_no_larger_than_its_share_of_a_sessions() {
    for (channels, largest) in [(1, 2 << 20), (16, 2 << 20), (17, 1 << 20), (256, 256 << 10)] {
        let mut flow = Flow::new();
        flow.opened(u32::MAX, u32::MAX);
        for _ in 0..1000 {
            while flow.granted >= PACKET {
                flow.push(data(PACKET as usize)).unwrap();
            }
            while flow.pop().is_some() {}
            flow.give_back(channels);
            flow.allow(u32::MAX);
        }
        assert_eq!(flow.window, largest, "{channels}");
    }
}

#[test]
fn short_pieces_that_wait_are_kept_as_one() {
    let mut flow = Flow::new();
    for n in 0..FIRST_WINDOW {
        flow.push(Item::Data(Bytes::from(vec![n as u8]))).unwrap();
    }
    assert_eq!(flow.push(data(1)), Err(TooMuch));
    assert_eq!(flow.items.len(), (FIRST_WINDOW / PACKET) as usize);
    flow.opened(u32::MAX, 1000);
    let mut all = Vec::new();
    while let Some(Item::Data(data)) = flow.pop() {
        all.extend_from_slice(&data);
    }
    assert!(all.iter().enumerate().all(|(n, byte)| *byte == n as u8));
    assert_eq!(all.len(), FIRST_WINDOW as usize);
}

#[test]
fn two_kinds_said_in_turn_are_kept_as_few_pieces_and_nothing_passes_a_word() {
    let mut flow = Flow::new();
    flow.push(data(1)).unwrap();
    flow.push(Item::Eof).unwrap();
    assert_eq!(flow.push(data(1)), Err(TooMuch));
    let request = || Item::Request { name: "x".into(), wants_reply: false, rest: Bytes::new() };
    let mut flow = Flow::new();
    for _ in 0..FIRST_WINDOW / 4 {
        flow.push(data(1)).unwrap();
        flow.push(Item::Extended(1, Bytes::from_static(b"e"))).unwrap();
    }
    assert!(flow.items.len() < MOST_PIECES + 100, "{}", flow.items.len());
    assert_eq!(flow.waiting, FIRST_WINDOW as usize / 2);
    flow.push(request()).unwrap();
    let before = flow.items.len();
    flow.push(data(1)).unwrap();
    flow.push(data(1)).unwrap();
    assert_eq!(flow.items.len(), before + 1);
}

#[test]
fn words_that_were_looked_at_wait_in_bounds_too() {
    let request = || Item::Request { name: "x".into(), wants_reply: false, rest: Bytes::new() };
    let mut flow = Flow::new();
    flow.read_along();
    flow.looked_at(data(1));
    let mut taken = 0_usize;
    while flow.push(request()).is_ok() {
        taken += 1;
        if let Some(item) = flow.look() {
            flow.looked_at(item);
        }
    }
    assert!(taken < MOST_PIECES + MOST_WORDS, "{taken}");
    // And they are no longer than what may wait of data.
    let mut flow = Flow::new();
    let long = || Item::Request {
        name: "x".into(),
        wants_reply: false,
        rest: Bytes::from(vec![7; 30 << 10]),
    };
    let taken = (0..1000).take_while(|_| flow.push(long()).is_ok()).count();
    assert_eq!(taken, LONGEST_WORDS / (30 << 10));
}

#[test]
fn what_is_passed_over_is_given_back_and_counts_against_the_window() {
    let mut flow = Flow::new();
    for _ in 0..FIRST_WINDOW / PACKET {
        flow.pass_over(PACKET as usize).unwrap();
    }
    assert_eq!(flow.pass_over(1), Err(TooMuch));
    assert!(flow.give_back(1).is_some());
    flow.pass_over(1).unwrap();
    flow.push(Item::Eof).unwrap();
    assert_eq!(flow.pass_over(1), Err(TooMuch));
}

#[test]
fn nothing_comes_behind_the_end() {
    let mut flow = Flow::new();
    flow.push(Item::Eof).unwrap();
    assert_eq!(flow.push(data(1)), Err(TooMuch));
    flow.push(Item::Close).unwrap();
    assert_eq!(flow.push(Item::Close), Err(TooMuch));
    let request = || Item::Request { name: "env".into(), wants_reply: false, rest: Bytes::new() };
    let mut flow = Flow::new();
    let taken = (0..10_000).take_while(|_| flow.push(request()).is_ok()).count();
    assert_eq!(taken, MOST_WORDS);
}
