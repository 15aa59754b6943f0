//! `*.test.yaml`: what policy is expected to say, kept beside the policies.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use model::{IdentityKind, Resource, Verdict};
use policy::{Explanation, PolicySet};
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::Asker;
use crate::config::{Problem, Problems, Text, yaml};

/// One expectation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Test {
    name: Spanned<String>,
    #[serde(rename = "as")]
    subject: String,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default = "user")]
    kind: IdentityKind,
    source: Option<Spanned<String>>,
    client: Option<String>,
    #[serde(default)]
    in_transaction: bool,
    search_path: Option<Vec<String>>,
    on: Spanned<String>,
    run: Option<String>,
    expect: Spanned<Expected>,
    policy: Option<String>,
    approvers: Option<Vec<String>>,
    reveals: Option<Vec<String>>,
    /// What it would be if the policies that are only tried out were in force.
    shadow: Option<Expected>,
    shadow_policy: Option<String>,
}

const fn user() -> IdentityKind {
    IdentityKind::User
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Expected {
    Allow,
    Deny,
    Hold,
}

impl Expected {
    const fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Allowed | Verdict::Approved => Self::Allow,
            Verdict::Denied => Self::Deny,
            Verdict::Held => Self::Hold,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Hold => "hold",
        }
    }
}

/// Runs every test of these files; answers how many there are.
pub(crate) fn run(
    files: &[Text],
    policies: &Arc<PolicySet>,
    resources: &[Arc<Resource>],
    problems: &mut Problems,
) -> usize {
    let mut count = 0;
    for file in files {
        match yaml::one::<Vec<Test>>(&file.path, &file.text) {
            Ok(tests) => {
                count += tests.len();
                for test in &tests {
                    problems.0.extend(check(&file.path, test, policies, resources));
                }
            }
            Err(found) => problems.0.extend(found.0),
        }
    }
    count
}

fn check(
    file: &Path,
    test: &Test,
    policies: &Arc<PolicySet>,
    resources: &[Arc<Resource>],
) -> Option<Problem> {
    let name = &test.name.value;
    let Some(resource) = resources.iter().find(|one| one.name == test.on.value) else {
        let message = format!("test `{name}`: there is no resource `{}`", test.on.value);
        return Some(Problem::at(file, test.on.referenced, message));
    };
    let source = match test.source.as_ref().map(|source| (source, source.value.parse::<IpAddr>())) {
        None => None,
        Some((_, Ok(address))) => Some(address),
        Some((source, Err(_))) => {
            let message = format!("test `{name}`: `{}` is not an IP address", source.value);
            return Some(Problem::at(file, source.referenced, message));
        }
    };
    let asker = Asker {
        subject: test.subject.clone(),
        groups: test.groups.clone(),
        kind: test.kind,
        source,
        client: test.client.clone(),
        in_transaction: test.in_transaction,
    };
    let found = asker.explain(policies, resource, test.run.as_deref(), test.search_path.clone());
    let why = complaint(test, &found)?;
    Some(Problem::at(file, test.expect.referenced, format!("test `{name}`: {why}")))
}

/// How what policy says differs from what was expected.
fn complaint(test: &Test, found: &Explanation) -> Option<String> {
    let verdict = Expected::of(found.verdict);
    let expected = test.expect.value;
    if verdict != expected {
        let by =
            if found.policies.is_empty() { "no policy".into() } else { found.policies.join(", ") };
        let says = found.message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
        return Some(format!(
            "expected {}, policy says {} ({by}){says}",
            expected.name(),
            verdict.name()
        ));
    }
    if let Some(expected) = &test.policy
        && !found.policies.contains(expected)
    {
        return Some(format!("expected the policy {expected}, found {}", list(&found.policies)));
    }
    // Where they would change nothing, what they say is what is said.
    let would = found.shadow.as_ref().map_or(verdict, |would| Expected::of(would.verdict));
    if let Some(expected) = test.shadow
        && would != expected
    {
        return Some(format!(
            "shadow: expected {}, with the policies in shadow it would be {}",
            expected.name(),
            would.name()
        ));
    }
    if let Some(expected) = &test.shadow_policy {
        let behind = found.shadow.as_ref().map(|would| would.policies.clone()).unwrap_or_default();
        if !behind.contains(expected) {
            let found = list(&behind);
            return Some(format!("shadow: expected the policy {expected}, found {found}"));
        }
    }
    let approvers = found.ask.as_ref().map(|ask| ask.approvers.clone()).unwrap_or_default();
    let reveals: Vec<String> = found.reveal.iter().map(ToString::to_string).collect();
    for (what, expected, found) in
        [("approvers", &test.approvers, approvers), ("reveals", &test.reveals, reveals)]
    {
        if let Some(expected) = expected
            && sorted(expected) != sorted(&found)
        {
            return Some(format!("{what}: expected {}, found {}", list(expected), list(&found)));
        }
    }
    None
}

fn sorted(names: &[String]) -> Vec<&str> {
    let mut names: Vec<&str> =
        names.iter().map(|name| name.strip_prefix("group:").unwrap_or(name)).collect();
    names.sort_unstable();
    names
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "nothing".into() } else { sorted(names).join(", ") }
}
