//! Verified claims → an [`Identity`], as the provider's configuration says. Pure.

use std::time::Duration;

use model::{Identity, IdentityKind, Timestamp};
use serde_json::{Map, Value};

use super::config::ProviderConfig;

/// How far clocks may differ.
pub(super) const LEEWAY: Duration = Duration::from_secs(60);
pub(super) const MOST_GROUPS: usize = 2048;
const LONGEST_NAME: usize = 256;

/// Why well-signed claims make no identity.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// They were good once.
    Expired,
    /// They are not good here, and why.
    Unfit(String),
}

/// Checks everything a signature does not: for whom, until when, who.
pub(super) fn identity(
    config: &ProviderConfig,
    claims: &Map<String, Value>,
    now: Timestamp,
) -> Result<Identity, Refusal> {
    let unfit = |why: &str| Refusal::Unfit(why.to_owned());
    if claims.get("iss").and_then(Value::as_str) != Some(&config.issuer) {
        return Err(unfit("it is from another issuer"));
    }
    if !is_for(claims, &config.audience) {
        return Err(unfit("it was made for another audience"));
    }
    let expires =
        moment(claims.get("exp")).ok_or_else(|| unfit("it does not say when it expires"))?;
    let expires = expires.plus(LEEWAY);
    if now >= expires {
        return Err(Refusal::Expired);
    }
    if let Some(not_before) = claims.get("nbf") {
        let not_before =
            moment(Some(not_before)).ok_or_else(|| unfit("its not-before is unreadable"))?;
        if not_before > now.plus(LEEWAY) {
            return Err(unfit("it is not valid yet"));
        }
    }

    let subject = name(claims, &config.subject_claim)?
        .ok_or_else(|| Refusal::Unfit(format!("it has no claim `{}`", config.subject_claim)))?;
    if config.subject_claim == "email" {
        let unverified = match claims.get("email_verified") {
            None | Some(Value::Bool(true)) => false,
            Some(Value::String(text)) => text != "true",
            Some(_) => true,
        };
        if unverified {
            return Err(unfit("its email address is not verified"));
        }
    }
    let on_behalf_of = match &config.on_behalf_of_claim {
        Some(path) => name(claims, path)?,
        None => None,
    };
    Ok(Identity {
        kind: kind(config, claims, &subject)?,
        groups: groups(config, claims)?,
        subject,
        provider: config.name.clone(),
        on_behalf_of,
        expires: Some(expires),
        token: None,
        only_resources: None,
    })
}

/// Whether `aud`, one name or a list of them, holds this one.
pub(super) fn is_for(claims: &Map<String, Value>, audience: &str) -> bool {
    match claims.get("aud") {
        Some(Value::String(only)) => only == audience,
        Some(Value::Array(several)) => several.iter().any(|one| one.as_str() == Some(audience)),
        _ => false,
    }
}

fn kind(
    config: &ProviderConfig,
    claims: &Map<String, Value>,
    subject: &str,
) -> Result<IdentityKind, Refusal> {
    if let Some(path) = &config.kind_claim {
        return match find(claims, path).and_then(Value::as_str) {
            Some("user") => Ok(IdentityKind::User),
            Some("machine") => Ok(IdentityKind::Machine),
            Some("agent") => Ok(IdentityKind::Agent),
            _ => Err(Refusal::Unfit(format!("its claim `{path}` is not user, machine or agent"))),
        };
    }
    Ok(unless_service_account(config.kind, subject))
}

/// Whatever its entry was configured as, a Kubernetes service account is no person.
pub(super) fn unless_service_account(kind: IdentityKind, subject: &str) -> IdentityKind {
    if subject.starts_with("system:serviceaccount:") && kind == IdentityKind::User {
        return IdentityKind::Machine;
    }
    kind
}

fn groups(config: &ProviderConfig, claims: &Map<String, Value>) -> Result<Vec<String>, Refusal> {
    let Some(path) = &config.groups_claim else { return Ok(Vec::new()) };
    let unreadable = || Refusal::Unfit(format!("its claim `{path}` is not a list of names"));
    let list = match find(claims, path) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) if list.len() <= MOST_GROUPS => list,
        Some(_) => return Err(unreadable()),
    };
    list.iter()
        .map(|group| {
            group.as_str().filter(|name| is_name(name)).map(str::to_owned).ok_or_else(unreadable)
        })
        .collect()
}

fn name(claims: &Map<String, Value>, path: &str) -> Result<Option<String>, Refusal> {
    match find(claims, path) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if is_name(text) => Ok(Some(text.clone())),
        Some(_) => Err(Refusal::Unfit(format!("its claim `{path}` is not a name"))),
    }
}

/// A claim by its own name first (names may hold dots: `https://example.com/groups`), then by a
/// path of names.
fn find<'a>(claims: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    if let Some(claim) = claims.get(path) {
        return Some(claim);
    }
    let (first, rest) = path.split_once('.')?;
    rest.split('.').try_fold(claims.get(first)?, |value, name| value.as_object()?.get(name))
}

/// Names end up in policies, logs and terminals: nothing invisible in them.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST_NAME && !text.chars().any(char::is_control)
}

fn moment(value: Option<&Value>) -> Option<Timestamp> {
    let value = value?;
    let seconds = value.as_u64().or_else(|| {
        // NumericDate may have a fraction; rounding down is the strict side for `exp`.
        let seconds = value.as_f64().filter(|seconds| (0.0..1e12).contains(seconds))?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
        Some(seconds as u64)
    })?;
    Some(Timestamp::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn check(change: impl Fn(&mut ProviderConfig, &mut Value)) -> Result<Identity, Refusal> {
        let mut config = ProviderConfig::of_people("corp", "https://idp.example.com", "sluice");
        let mut claims = json!({
            "iss": "https://idp.example.com", "aud": "sluice", "exp": NOW + 600,
            "email": "ana@example.com", "groups": ["engineering", "dba"],
        });
        change(&mut config, &mut claims);
        identity(&config, claims.as_object().unwrap(), Timestamp::from_secs(NOW))
    }

    #[test]
    fn a_good_token_is_who_it_says() {
        let identity = check(|_, _| {}).unwrap();
        assert_eq!(identity.subject, "ana@example.com");
        assert_eq!(identity.groups, ["engineering", "dba"]);
        assert_eq!(identity.kind, IdentityKind::User);
        assert_eq!(identity.expires, Some(Timestamp::from_secs(NOW + 660)));
    }

    #[test]
    fn claims_that_do_not_fit_are_refused() {
        for (claim, value) in [
            ("iss", json!("https://idp.example.com/")),
            ("iss", json!(["https://idp.example.com"])),
            ("aud", json!("other")),
            ("aud", json!(["other", "sluice2"])),
            ("aud", json!([])),
            ("aud", json!(null)),
            ("aud", json!({"sluice": true})),
            ("exp", json!("1900000000")),
            ("exp", json!(null)),
            ("exp", json!(-1)),
            ("nbf", json!(NOW + 61)),
            ("nbf", json!("soon")),
            ("email", json!("")),
            ("email", json!(["ana@example.com"])),
            ("email", json!("ana@example.com\u{1b}[2J")),
            ("email", json!("a".repeat(257))),
            ("email_verified", json!(false)),
            ("email_verified", json!("false")),
            ("email_verified", json!(0)),
            ("groups", json!("dba")),
            ("groups", json!(["dba", 1])),
            ("groups", json!(["dba", ""])),
            ("groups", json!({"dba": true})),
        ] {
            let answer = check(|_, claims| claims[claim] = value.clone());
            assert!(matches!(answer, Err(Refusal::Unfit(_))), "{claim}: {value}: {answer:?}");
        }
    }

    #[test]
    fn clocks_may_differ_by_a_minute_and_no_more() {
        for (claim, value, good) in [
            ("exp", NOW - 59, true),
            ("exp", NOW - 60, false),
            ("nbf", NOW + 60, true),
            ("nbf", NOW + 61, false),
        ] {
            let answer = check(|_, claims| claims[claim] = json!(value));
            assert_eq!(answer.is_ok(), good, "{claim}: {value}");
        }
        assert_eq!(check(|_, claims| claims["exp"] = json!(1)), Err(Refusal::Expired));
    }

    #[test]
    fn claims_are_found_by_name_before_path() {
        let groups = |path: &'static str, claims: Value| {
            check(move |config, all| {
                config.groups_claim = Some(path.into());
                all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
            })
            .unwrap()
            .groups
        };
        assert_eq!(groups("realm.roles", json!({"realm": {"roles": ["a"]}})), ["a"]);
        assert_eq!(groups("realm.roles", json!({"realm.roles": ["b"]})), ["b"]);
        assert_eq!(groups("https://x.test/g", json!({"https://x.test/g": ["c"]})), ["c"]);
        assert!(groups("nothing.here", json!({"nothing": "else"})).is_empty());
    }

    #[test]
    fn a_machine_is_known_as_one() {
        let kind = |change: fn(&mut ProviderConfig, &mut Value)| check(change).map(|id| id.kind);
        let service_account = |_: &mut ProviderConfig, claims: &mut Value| {
            claims["email"] = json!("system:serviceaccount:ci:runner");
        };
        assert_eq!(kind(service_account), Ok(IdentityKind::Machine));
        assert_eq!(kind(|config, _| config.kind = IdentityKind::Agent), Ok(IdentityKind::Agent));
        let by_claim = |config: &mut ProviderConfig, claims: &mut Value| {
            config.kind_claim = Some("what".into());
            claims["what"] = json!("machine");
        };
        assert_eq!(kind(by_claim), Ok(IdentityKind::Machine));
        assert!(kind(|config, _| config.kind_claim = Some("what".into())).is_err());
    }

    #[test]
    fn an_agent_names_the_person_it_acts_for() {
        let identity = check(|config, claims| {
            config.on_behalf_of_claim = Some("act.sub".into());
            claims["act"] = json!({"sub": "ben@example.com"});
        });
        assert_eq!(identity.unwrap().on_behalf_of.as_deref(), Some("ben@example.com"));
    }
}
