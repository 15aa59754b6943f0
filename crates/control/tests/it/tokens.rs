use std::sync::{Arc, Mutex};
use std::time::Duration;

use control::tokens::{NewToken, TokenError};
use futures::FutureExt as _;
use model::ports::Unidentified;
use model::{Timestamp, TokenId};

use crate::house::{House, NOW, new_token};

#[tokio::test]
async fn a_token_is_who_it_was_made_for() {
    let house = House::new(vec![]);
    let new = NewToken { only_resources: Some(vec!["orders".into()]), ..new_token("export-job") };
    let (secret, token) = house.tokens.create(new).await.unwrap();
    let identity = house.login(secret.expose_str().unwrap()).await.unwrap();
    assert_eq!(identity.subject, "export-job");
    assert_eq!(identity.groups, ["robots"]);
    assert_eq!(identity.provider, "sluice");
    assert_eq!(identity.token, Some(token.id));
    assert_eq!(identity.only_resources, Some(vec!["orders".into()]));
    assert_eq!(identity.expires, Some(Timestamp::from_secs(NOW + 3600)));
}

#[tokio::test]
async fn a_token_that_is_not_one_of_ours_is_refused() {
    let house = House::new(vec![]);
    let (secret, _) = house.tokens.create(new_token("job")).await.unwrap();
    let other = House::new(vec![]);
    let (foreign, _) = other.tokens.create(new_token("job")).await.unwrap();
    let (ours, foreign) = (secret.expose_str().unwrap(), foreign.expose_str().unwrap());
    for wrong in [foreign, &ours[..52], &format!("{ours} "), &ours.to_uppercase(), "slc_"] {
        let answer = house.login(wrong).await;
        assert!(matches!(answer, Err(Unidentified::Unknown(_))), "{wrong}: {answer:?}");
    }
}

#[tokio::test]
async fn a_token_ends_with_its_time() {
    let house = House::new(vec![]);
    let (secret, _) = house.tokens.create(new_token("job")).await.unwrap();
    let secret = secret.expose_str().unwrap();
    house.pass(Duration::from_secs(3599));
    house.login(secret).await.unwrap();
    house.pass(Duration::from_secs(1));
    assert_eq!(house.login(secret).await, Err(Unidentified::Expired));
}

#[tokio::test]
async fn a_revoked_token_is_refused_at_once_and_whoever_listens_is_told() {
    let house = House::new(vec![]);
    let told: Arc<Mutex<Vec<TokenId>>> = Arc::default();
    let listener = Arc::clone(&told);
    house.tokens.on_revoked(move |id| listener.lock().unwrap().push(id));
    let (secret, token) = house.tokens.create(new_token("job")).await.unwrap();
    let (other, _) = house.tokens.create(new_token("other job")).await.unwrap();
    house.tokens.revoke(token.id, "adm@example.com").await.unwrap();
    assert_eq!(*told.lock().unwrap(), [token.id]);
    assert_eq!(house.login(secret.expose_str().unwrap()).await, Err(Unidentified::Revoked));
    house.login(other.expose_str().unwrap()).await.unwrap();

    house.tokens.revoke(token.id, "somebody else").await.unwrap();
    let row = house.tokens.get(token.id).await.unwrap().unwrap();
    assert_eq!(row.revoked_by.as_deref(), Some("adm@example.com"), "the first one counts");
    assert_eq!(house.acts("token.revoke").await.len(), 1);
    let nobody = TokenId::new(Timestamp::EPOCH, 0);
    assert!(matches!(house.tokens.revoke(nobody, "x").await, Err(TokenError::NotFound)));
}

#[tokio::test]
async fn whoever_listens_is_told_of_a_revoked_token_though_its_revoker_hung_up() {
    let house = House::new(vec![]);
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    house.tokens.on_revoked(move |id| tell.send(id).unwrap());
    let (_, token) = house.tokens.create(new_token("job")).await.unwrap();
    let revoking = house.tokens.revoke(token.id, "adm@example.com");
    assert!(revoking.now_or_never().is_none(), "it waits for the disk");
    assert_eq!(told.recv().await, Some(token.id));
}

#[tokio::test]
async fn the_secret_is_stored_nowhere() {
    let house = House::new(vec![]);
    let (secret, _) = house.tokens.create(new_token("job")).await.unwrap();
    house.login(secret.expose_str().unwrap()).await.unwrap();
    let canary = &secret.expose()[4..30];
    let folders = [house.dir.path().to_owned(), house.dir.path().join("keys")];
    let entries = folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap());
    for path in entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
        let bytes = std::fs::read(&path).unwrap();
        let found = bytes.windows(canary.len()).any(|window| window == canary);
        assert!(!found, "{}", path.display());
    }
}

#[tokio::test]
async fn the_last_use_is_written_after_the_login_and_not_during_it() {
    let house = House::new(vec![]);
    let (secret, token) = house.tokens.create(new_token("job")).await.unwrap();
    house.pass(Duration::from_secs(60));
    house.login(secret.expose_str().unwrap()).await.unwrap();
    assert_eq!(house.tokens.get(token.id).await.unwrap().unwrap().last_used, None);
    tokio::time::pause();
    let mut used = None;
    while used.is_none() {
        tokio::time::sleep(Duration::from_secs(1)).await;
        used = house.tokens.get(token.id).await.unwrap().unwrap().last_used;
    }
    assert_eq!(used, Some(Timestamp::from_secs(NOW + 60)));
}

#[tokio::test]
async fn what_makes_no_token_is_named() {
    let house = House::new(vec![]);
    type Spoil = fn(&mut NewToken);
    let cases: [(&str, Spoil); 8] = [
        ("name", |new| new.name.clear()),
        ("name", |new| new.name = "a\nb".into()),
        ("subject", |new| new.subject = "x".repeat(257)),
        ("groups", |new| new.groups = vec![String::new()]),
        ("only_resources", |new| new.only_resources = Some(vec![])),
        ("lifetime", |new| new.lifetime = Duration::from_secs(59)),
        ("lifetime", |new| new.lifetime = Duration::from_secs(367 * 24 * 3600)),
        ("lifetime", |new| new.lifetime = Duration::MAX),
    ];
    for (wanted, spoil) in cases {
        let mut new = new_token("job");
        spoil(&mut new);
        match house.tokens.create(new).await.map(|(_, token)| token) {
            Err(TokenError::Invalid { field, .. }) => assert_eq!(field, wanted),
            other => panic!("{wanted}: {other:?}"),
        }
    }
    assert!(house.tokens.list().await.unwrap().is_empty());
}
