use wire::postgres::greet::{BOUND, Greeting, Rules, Shown, Step};

const BEHIND_TLS: &str = "bytes behind the request for TLS";

/// How the bytes of a handshake are cut changes nothing about what is answered, and nobody gets in who
/// was not asked for a password and showed no certificate.
pub fn greet(data: &[u8]) {
    let Some((&how, bytes)) = data.split_first() else { return };
    let rules = Rules { offers_tls: how & 1 != 0, allows_clear: how & 2 != 0 };
    let shown = if how & 8 == 0 { Shown::Nothing } else { Shown::Certificate };
    let inside = (how & 4 != 0).then_some(shown);
    let whole = told(rules, inside, bytes, usize::MAX);
    for size in [1, 2, 3, 7] {
        assert_eq!(told(rules, inside, bytes, size), whole, "in pieces of {size}");
    }
    let asked = whole.iter().position(|step| step.starts_with("send [82"));
    let login = whole.iter().position(|step| step.starts_with("login"));
    let certified = inside == Some(Shown::Certificate);
    assert!(login.is_none() || certified || asked < login, "{whole:?}");
    assert!(!certified || asked.is_none(), "{whole:?}");
    if inside.is_none() && !rules.allows_clear && !rules.offers_tls {
        assert!(login.is_none(), "{whole:?}");
    }
}

/// The steps in words. TLS is not begun: bytes behind the request for it close the connection where they
/// had come by then (they would have been read in the clear), and would be a handshake's where they had not.
fn told(rules: Rules, inside: Option<Shown>, bytes: &[u8], size: usize) -> Vec<String> {
    let mut greeting = match inside {
        None => Greeting::new(rules),
        Some(shown) => Greeting::inside_tls(rules, shown),
    };
    let mut steps = Vec::new();
    let mut given = 0;
    for piece in bytes.chunks(size.min(bytes.len().max(1))) {
        // The reader asks how much may be read, as the gateway does.
        let mut rest = piece;
        loop {
            let room = greeting.room();
            assert!(room <= BOUND, "{room}");
            let (now, later) = rest.split_at(room.min(rest.len()));
            greeting.feed(now);
            given += now.len();
            rest = later;
            let before = steps.len();
            while let Some(step) = greeting.step() {
                let (line, over) = match step {
                    Step::Send(bytes) => (format!("send {:?}", &bytes[..]), false),
                    Step::StartTls if given < bytes.len() => (BEHIND_TLS.to_owned(), true),
                    Step::StartTls => ("tls".to_owned(), true),
                    Step::Cancel(_) => ("cancel".to_owned(), true),
                    // What is behind the password is as much as had come by then.
                    Step::Login(login) => (format!("login {}", login.startup.user), true),
                    Step::Close(told, _) if told.windows(11).any(|it| it == b"unencrypted") => {
                        (BEHIND_TLS.to_owned(), true)
                    }
                    Step::Close(bytes, why) => (format!("close {why:?} {:?}", &bytes[..]), true),
                };
                steps.push(line);
                if over {
                    return steps;
                }
            }
            if rest.is_empty() || (now.is_empty() && steps.len() == before) {
                break;
            }
        }
    }
    steps
}
