use model::Secret;
use wire::postgres::greet::Protection;
use wire::postgres::login::{Login, Request, Step};
use wire::postgres::scram::KeyCache;
use wire::postgres::startup::Settings;

const PASSWORD: &str = "fuzz-canary-password";

/// A hostile target gets no password in clear outside TLS, and how its bytes are cut changes nothing.
pub fn login(data: &[u8]) {
    let Some((&how, bytes)) = data.split_first() else { return };
    let protection = if how & 1 == 0 { Protection::Clear } else { Protection::Tls };
    let whole = told(protection, bytes, usize::MAX);
    for size in [1, 3] {
        assert_eq!(told(protection, bytes, size), whole, "in pieces of {size}");
    }
    if protection == Protection::Clear {
        assert!(!whole.iter().any(|step| step.contains(PASSWORD)), "{whole:?}");
    }
}

fn told(protection: Protection, bytes: &[u8], size: usize) -> Vec<String> {
    let cache = KeyCache::default();
    let request = Request {
        user: "app".into(),
        password: Some(Secret::from(PASSWORD.to_owned())),
        database: "orders".into(),
        application_name: "sluice".into(),
        settings: Settings::default(),
        protection,
        server_end_point: None,
        nonce: [7; 24],
    };
    let mut login = Login::new(request, &cache);
    let mut steps = Vec::new();
    let mut pump = |login: &mut Login<'_>| {
        loop {
            match login.step() {
                Ok(None) => return true,
                Ok(Some(Step::Send(bytes))) => {
                    steps.push(String::from_utf8_lossy(&bytes).into_owned())
                }
                Ok(Some(Step::Derive(_))) => {
                    // Millions of iterations are the target's to ask for and the gateway's to bound.
                    steps.push("derive".into());
                    return false;
                }
                Ok(Some(Step::Done(_))) => {
                    steps.push("done".into());
                    return false;
                }
                Err(error) => {
                    let words = error.to_string();
                    assert!(!words.contains(PASSWORD), "{words}");
                    steps.push(words);
                    return false;
                }
            }
        }
    };
    if !pump(&mut login) {
        return steps;
    }
    for piece in bytes.chunks(size.min(bytes.len().max(1))) {
        login.feed(piece);
        if !pump(&mut login) {
            break;
        }
    }
    steps
}
