//! Policy text → a checked set of rules, or every mistake with its place.

use std::sync::Arc;

use cedar_policy::{
    ActionConstraint, Policy, PolicyId, PolicySet as CedarSet, ValidationError, ValidationMode,
    Validator,
};
use miette::Diagnostic;
use rustc_hash::FxHashMap;

use crate::annotation;
use crate::rule::Rule;
use crate::schema::validator;

/// A mistake in a policy file. Nothing of a set with a mistake in it is used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}")]
pub struct LoadError {
    /// The file, as it was named to the loader.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in letters, from 1.
    pub column: usize,
    /// What is wrong, and what helps.
    pub message: String,
}

/// One file being read.
struct Source<'a> {
    file: &'a str,
    text: &'a str,
}

impl Source<'_> {
    fn error(&self, offset: usize, message: impl Into<String>) -> LoadError {
        let (line, column) = place(self.text, offset);
        LoadError { file: self.file.to_owned(), line, column, message: message.into() }
    }

    fn diagnostic(&self, fallback: usize, diagnostic: &dyn Diagnostic) -> LoadError {
        let label = diagnostic.labels().and_then(|mut labels| labels.next());
        let offset = label.as_ref().map_or(fallback, |label| label.offset());
        let mut message = diagnostic.to_string();
        if let Some(said) = label.as_ref().and_then(|label| label.label()) {
            message = format!("{message}: {said}");
        }
        if let Some(help) = diagnostic.help() {
            message = format!("{message} ({help})");
        }
        self.error(offset, message)
    }
}

/// Reads every file; all rules or all mistakes.
pub(crate) fn load<'a>(
    sources: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<Vec<Arc<Rule>>, Vec<LoadError>> {
    let mut rules: Vec<Arc<Rule>> = Vec::new();
    let mut errors = Vec::new();
    let mut seen: FxHashMap<String, String> = FxHashMap::default();
    let Some(validator) = validator() else {
        return Err(vec![LoadError {
            file: String::new(),
            line: 1,
            column: 1,
            message: "the schema of policies is broken: no policy can be checked".to_owned(),
        }]);
    };
    for (file, text) in sources {
        let source = Source { file, text };
        let set = match text.parse::<CedarSet>() {
            Ok(set) => set,
            Err(parse) => {
                errors.extend(parse.iter().map(|error| source.diagnostic(0, error)));
                continue;
            }
        };
        for template in set.templates() {
            let offset = template.as_ref().loc().map_or(0, |loc| loc.start());
            errors
                .push(source.error(offset, "templates (?principal, ?resource) are not supported"));
        }
        let mut policies: Vec<_> =
            set.policies().map(|policy| (offset_of(policy), policy)).collect();
        policies.sort_by_key(|(offset, _)| *offset);

        let mut named = CedarSet::new();
        for (offset, policy) in policies {
            let annotations = match annotation::read(policy) {
                Ok(annotations) => annotations,
                Err(wrong) => {
                    errors.extend(wrong.into_iter().map(|(key, message)| {
                        source.error(offset_of_annotation(policy, &key).unwrap_or(offset), message)
                    }));
                    continue;
                }
            };
            let at = source.error(offset, "");
            if let Some(first) = seen.insert(annotations.id.clone(), format!("{file}:{}", at.line))
            {
                let message =
                    format!("`{}` is the name of another policy, at {first}", annotations.id);
                errors.push(source.error(offset, message));
                continue;
            }
            let policy = policy.new_id(PolicyId::new(&annotations.id));
            if let Err(error) = named.add(policy.clone()) {
                errors.push(source.error(offset, error.to_string()));
                continue;
            }
            match Rule::new(policy, annotations) {
                Ok(rule) => rules.push(Arc::new(rule)),
                Err(wrong) => {
                    errors.extend(wrong.into_iter().map(|message| source.error(offset, message)));
                }
            }
        }

        errors.extend(invalid(validator, &source, &named));
    }

    if errors.is_empty() {
        Ok(rules)
    } else {
        errors.sort();
        errors.dedup();
        Err(errors)
    }
}

/// What the schema says of the policies of one file.
fn invalid(validator: &Validator, source: &Source<'_>, policies: &CedarSet) -> Vec<LoadError> {
    let result = validator.validate(policies, ValidationMode::Strict);
    let start = |id: &PolicyId| policies.policy(id).map_or(0, offset_of);
    let mut errors = Vec::new();
    let mut wrong = Vec::new();
    for error in result.validation_errors() {
        let mut told = source.diagnostic(start(error.policy_id()), error);
        let any_action = policies
            .policy(error.policy_id())
            .is_some_and(|policy| policy.action_constraint() == ActionConstraint::Any);
        if any_action && matches!(error, ValidationError::UnsafeAttributeAccess(_)) {
            told.message.push_str(
                " (it is there for some actions only, and this policy is for all of them, `connect` and \
                 `reveal` too: name the actions it is for)",
            );
        }
        errors.push(told);
        wrong.push(error.policy_id());
    }
    // A warning tells of a policy that can never apply, or of letters that look like others: either
    // way it does not say what it seems to say. What is wrong anyway needs no warning.
    for warning in result.validation_warnings() {
        if !wrong.contains(&warning.policy_id()) {
            errors.push(source.diagnostic(start(warning.policy_id()), warning));
        }
    }
    errors
}

fn offset_of(policy: &Policy) -> usize {
    policy.as_ref().loc().map_or(0, |loc| loc.start())
}

fn offset_of_annotation(policy: &Policy, key: &str) -> Option<usize> {
    let (_, annotation) = policy.as_ref().annotations().find(|(name, _)| name.as_ref() == key)?;
    annotation.loc.as_ref().map(|loc| loc.start())
}

/// Line and column, from 1, of a byte offset.
fn place(text: &str, offset: usize) -> (usize, usize) {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = text.get(..offset).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}
