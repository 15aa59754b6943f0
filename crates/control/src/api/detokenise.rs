//! What tokens of a resource stand for, shown to whoever may see their class in clear.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mask::{Detectors, MaskKeys, Treatments, class_of_token, detokenise};
use model::{Classes, DataClass, DataRule, Resource};
use policy::Circumstances;
use serde::{Deserialize, Serialize};

use super::extract::{Body, Id};
use super::{Api, Caller, Problem};
use crate::audit::{Act, Event, short};

/// The most tokens of a call.
const MOST: usize = 100;
/// A reason is a sentence or two; in bytes.
const LONGEST_REASON: usize = 2000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    tokens: Vec<String>,
    reason: String,
}

impl Asked {
    fn check(&mut self) -> Result<(), Problem> {
        if self.tokens.is_empty() || self.tokens.len() > MOST {
            return Err(Problem::invalid(format!("`tokens` must hold 1 to {MOST} tokens")));
        }
        let reason = self.reason.trim();
        if reason.is_empty()
            || reason.len() > LONGEST_REASON
            || reason.chars().any(char::is_control)
        {
            return Err(Problem::invalid(format!(
                "`reason` must have 1 to {LONGEST_REASON} bytes and no control characters"
            )));
        }
        self.reason = reason.to_owned();
        Ok(())
    }
}

/// What one token stands for. It has no `Debug`.
#[derive(Serialize)]
pub(super) struct Turned {
    token: String,
    class: DataClass,
    /// What it stands for, where that is text.
    value: Option<String>,
    /// What it stands for in base64, where it is not.
    value_base64: Option<String>,
}

/// Why nothing is shown.
struct Refused {
    problem: Problem,
    /// The tokens' classes, as far as the resource's rules know them.
    classes: Classes,
}

/// All of the tokens, or none. What is answered is in the audit log before.
pub(super) async fn turn_back(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Id(name): Id<String>,
    Body(mut asked): Body<Asked>,
) -> Result<Json<Vec<Turned>>, Problem> {
    asked.check()?;
    let Asked { tokens, reason } = asked;
    let name = name.unwrap_or_default();
    let count = tokens.len() as u64;
    let (provider, source) = (caller.identity.provider.clone(), caller.from.to_string());
    let (actor, object) = (caller.identity.subject.clone(), short(&name));
    let asking = Arc::clone(&api);
    let found = tokio::task::spawn_blocking(move || open(&asking, caller, &name, tokens)).await;
    let found = found.map_err(|error| Problem::internal(&error))?;
    let names = |classes: &Classes| classes.iter().map(ToString::to_string).collect();
    let event = match &found {
        Ok(turned) => {
            let classes = turned.iter().map(|one| one.class.clone()).collect();
            Event::Detokenised { classes: names(&classes), count, reason, provider, source }
        }
        Err(Refused { problem, classes }) => Event::DetokeniseRefused {
            classes: names(classes),
            count,
            reason,
            provider,
            source,
            why: problem.detail().to_owned(),
        },
    };
    api.store.record(Act::new(api.clock.now(), actor, object, event)).await?;
    found.map(Json).map_err(|refused| refused.problem)
}

/// Asks policy first: nobody learns by trying which tokens are true of a class they may not see.
fn open(
    api: &Api,
    caller: Caller,
    name: &str,
    tokens: Vec<String>,
) -> Result<Vec<Turned>, Refused> {
    let refused = |problem| Refused { problem, classes: Classes::new() };
    let resource = (api.resources)().into_iter().find(|one| one.name == name);
    let resource = resource.ok_or_else(|| refused(Problem::hidden("resource")))?;
    let policies = api.policies.load_full();
    let circumstances =
        Circumstances { source: caller.from.ip(), client: None, now: api.clock.now() };
    let grant = policies
        .authorize(Arc::new(caller.identity), Arc::clone(&resource), &circumstances)
        .map_err(|_| refused(Problem::hidden("resource")))?;
    let slice = policies.slice(&grant);
    let reveal = slice.reveal();
    let keys = api.masks.as_ref().map(|masks| masks.of_resource(&resource.name));

    let claimed: Vec<_> = tokens.iter().map(|token| class_of_token(token.as_bytes())).collect();
    let ruled = ruled(&resource);
    let classes: Classes =
        claimed.iter().flatten().filter(|class| ruled.contains(*class)).cloned().collect();
    let refused = |problem| Refused { problem, classes: classes.clone() };
    let foreign = |index: usize| {
        refused(Problem::invalid(format!(
            "number {} of the tokens is not a token of this resource",
            index + 1
        )))
    };
    for (index, class) in claimed.iter().enumerate() {
        // A class that no rule knows was never masked here.
        let class = class.as_ref().filter(|class| ruled.contains(*class));
        let class = class.ok_or_else(|| foreign(index))?;
        if !reveal.contains(class) {
            return Err(refused(Problem::forbidden(format!(
                "policy does not let you see `{class}` of {} in clear",
                resource.name
            ))));
        }
    }
    let keys = keys.ok_or_else(|| foreign(0))?;
    let hidden = hidden(&resource, reveal, &keys);
    let turned = tokens.into_iter().enumerate();
    turned.map(|(i, token)| turn(token, &keys, &hidden).ok_or_else(|| foreign(i))).collect()
}

fn turn(token: String, keys: &MaskKeys, hidden: &Detectors) -> Option<Turned> {
    let (class, value) = detokenise(token.as_bytes(), keys)?;
    // As a SELECT of one's own would show it.
    let mut masked = Vec::new();
    let value = if hidden.mask_text(&value, &mut masked) { masked } else { value };
    let (value, value_base64) = match String::from_utf8(value) {
        Ok(text) => (Some(text), None),
        Err(error) => (None, Some(STANDARD.encode(error.as_bytes()))),
    };
    Some(Turned { token, class, value, value_base64 })
}

/// The classes that this resource's rules give to data.
fn ruled(resource: &Resource) -> Classes {
    let classes = resource.data.iter().flat_map(|rule| match rule {
        DataRule::Column { class, .. } | DataRule::Json { class, .. } => vec![class.clone()],
        DataRule::Detect(classes) => classes.clone(),
        DataRule::Class { .. } | DataRule::Define(_) => Vec::new(),
    });
    classes.collect()
}

/// What finds in a value what this person may not see. Where it cannot be made, everything is found.
fn hidden(resource: &Resource, reveal: &Classes, keys: &MaskKeys) -> Detectors {
    let mut detected = Classes::new();
    let mut treated = BTreeMap::new();
    let mut definitions = Vec::new();
    for rule in &resource.data {
        match rule {
            DataRule::Detect(classes) => detected.extend(classes.iter().cloned()),
            DataRule::Define(definition) => definitions.push(Arc::clone(definition)),
            DataRule::Class { class, masking: Some(masking), .. } => {
                treated.insert(class.clone(), masking.clone());
            }
            DataRule::Class { masking: None, .. }
            | DataRule::Column { .. }
            | DataRule::Json { .. } => {}
        }
    }
    let wanted = detected.difference(reveal).cloned().collect();
    let found = Detectors::with_definitions(&wanted, &definitions);
    found.unwrap_or_else(|_| Detectors::all()).treated(Treatments::new(&treated, keys))
}
