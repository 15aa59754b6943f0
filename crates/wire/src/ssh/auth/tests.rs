use std::sync::Arc;

use ssh_key::private::Ed25519Keypair;
use ssh_key::{PrivateKey, PublicKey};

use super::*;
use crate::ssh::transport::Transport;

fn key(seed: u8) -> Arc<PrivateKey> {
    Arc::new(PrivateKey::from(Ed25519Keypair::from_seed(&[seed; 32])))
}

fn credential(key: Option<Arc<PrivateKey>>, password: Option<&str>) -> Credential {
    Credential {
        username: "web-1".to_owned(),
        key: key.map(|key| (key, None)),
        password: password.map(|text| model::Secret::from(text.to_owned())),
    }
}

/// Plays a login against a server that takes this key and this password; what it was asked, and how it ended.
fn play(
    credential: Credential,
    takes: Option<&PublicKey>,
    password: &str,
) -> (Vec<&'static str>, Result<(), Refused>) {
    let mut login = Login::new(Transport::client([1; 32]), credential);
    let mut greet = Some(Greet::new(Transport::server(&host(), [2; 32])));
    let mut let_in: Option<Transport> = None;
    let mut asked = Vec::new();
    for _ in 0..50 {
        let bytes = login.output();
        if let Some(server) = &mut greet {
            server.feed(&bytes);
            let Ok(Greeting::Asks { question, user }) = server.greeting() else {
                login.feed(&server.output());
                match login.step() {
                    Ok(LoginStep::Check(_)) => login.host_is_right(),
                    Ok(_) => {}
                    Err(refused) => return (asked, Err(refused)),
                }
                continue;
            };
            assert_eq!(user, "web-1");
            let good = match question {
                Question::Offered(_) => unreachable!("we sign at once"),
                Question::Used(used) => {
                    asked.push("key");
                    takes.is_some_and(|takes| takes.key_data() == used.shown().key())
                }
                Question::Password(secret) => {
                    asked.push("password");
                    secret.expose_str() == Some(password)
                }
                Question::Interactive => {
                    asked.push("interactive");
                    server.prompt(&Prompt {
                        instruction: "hello".to_owned(),
                        prompts: vec![
                            ("Name: ".to_owned(), true),
                            ("Password: ".to_owned(), false),
                        ],
                    });
                    continue;
                }
                Question::Answers(answers) => {
                    asked.push("answers");
                    assert_eq!(answers[0].expose(), b"");
                    answers[1].expose_str() == Some(password)
                }
            };
            if good {
                let_in = greet.take().map(Greet::let_in);
            } else {
                server.refuse().unwrap();
            }
        }
        if let Some(transport) = &mut let_in {
            login.feed(&transport.output());
        } else if let Some(server) = &mut greet {
            login.feed(&server.output());
        }
        match login.step() {
            Ok(LoginStep::In) => return (asked, Ok(())),
            Ok(_) => {}
            Err(refused) => return (asked, Err(refused)),
        }
    }
    panic!("no end: {asked:?}")
}

#[test]
fn a_key_a_password_and_prompts_open_a_door() {
    let ours = key(7);
    let (asked, ended) = play(credential(Some(ours.clone()), None), Some(ours.public_key()), "");
    assert_eq!((asked, ended), (vec!["key"], Ok(())));
    let (asked, ended) = play(credential(Some(ours.clone()), Some("secret")), None, "secret");
    assert_eq!((asked, ended), (vec!["key", "password"], Ok(())));
    let (asked, ended) = play(credential(None, Some("wrong")), None, "secret");
    assert_eq!(asked, ["password", "interactive", "answers"]);
    assert!(matches!(ended, Err(Refused::Credential(_))), "{ended:?}");
}

#[test]
fn a_signature_of_another_key_connection_user_or_kind_is_no_use_of_a_key() {
    let (ours, other) = (key(7), key(8));
    let blob = ours.public_key().to_bytes().unwrap();
    let said =
        shown::Said { session: &[1; 32], user: "web-1", algorithm: "ssh-ed25519", blob: &blob };
    let sign = |key: &PrivateKey, said: &shown::Said<'_>| {
        let signature = signature::Signer::try_sign(key, &said.signed()).unwrap();
        Vec::<u8>::try_from(signature).unwrap()
    };
    let used = |signature: &[u8]| {
        Shown::read("ssh-ed25519", &blob).unwrap().used(&said, signature).is_some()
    };
    assert!(used(&sign(&ours, &said)));
    assert!(!used(&sign(&other, &said)));
    assert!(!used(&sign(&ours, &shown::Said { session: &[2; 32], ..said })));
    assert!(!used(&sign(&ours, &shown::Said { user: "web-2", ..said })));
    assert!(!used(b""));
    assert!(Shown::read("ssh-rsa", &blob).is_none());
    assert!(Shown::read("rsa-sha2-256", &blob).is_none());
    assert!(Shown::read("ssh-ed25519-cert-v01@openssh.com", &blob).is_none());
}

fn host() -> crate::ssh::transport::HostKeyPair {
    PrivateKey::from(Ed25519Keypair::from_seed(&[3; 32])).into()
}
