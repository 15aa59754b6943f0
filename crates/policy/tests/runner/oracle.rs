//! Cedar itself, asked naively with every policy and its own entities, against a slice.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use cedar_policy::{
    Authorizer, Context, Decision as CedarDecision, Entities, Entity, EntityUid, Request,
    RestrictedExpression as Expression, Schema,
};
use model::{
    Access, Action, DataClass, Decision, Facts, Identity, IdentityKind, Object, ObjectKind, Parent,
    Resource,
};
use policy::schema_text;
use proptest::prelude::*;

use crate::house::*;

/// One policy, drawn from what people write.
#[derive(Clone, Debug)]
struct Drawn {
    effect: &'static str,
    principal: &'static str,
    action: &'static str,
    resource: &'static str,
    condition: &'static str,
    approve: Option<&'static str>,
}

impl Drawn {
    fn write(&self, text: &mut String, id: &str) {
        let approve = match (self.effect, self.approve) {
            ("permit", Some(groups)) => format!("@approve(\"{groups}\")"),
            _ => String::new(),
        };
        let Self { effect, principal, action, resource, condition, .. } = self;
        let _ = writeln!(
            text,
            "@id(\"{id}\") {approve} {effect} ({principal}, {action}, {resource}) {condition};"
        );
    }
}

fn drawn() -> impl Strategy<Value = Drawn> {
    (
        prop::sample::select(vec!["permit", "permit", "permit", "forbid"]),
        prop::sample::select(vec![
            "principal",
            "principal in Group::\"eng\"",
            "principal in Group::\"dba\"",
            "principal is User",
            "principal is Machine in Group::\"eng\"",
            "principal == User::\"ann\"",
            "principal in Agent::\"bob\"",
        ]),
        prop::sample::select(vec![
            "action in Action::\"read\"",
            "action in Action::\"write\"",
            "action == Action::\"select\"",
            "action in [Action::\"delete\", Action::\"define\"]",
            "action in [Action::\"read\", Action::\"write\", Action::\"unknown\"]",
            "action in Action::\"run\"",
            "action in [Action::\"exec\", Action::\"env\", Action::\"select\"]",
        ]),
        prop::sample::select(vec![
            "resource",
            "resource in Label::\"env=prod\"",
            "resource in Label::\"env=dev\"",
            "resource in Resource::\"orders\"",
            "resource == Resource::\"orders\"",
            "resource is Object in Resource::\"web\"",
            "resource in Object::\"orders/public\"",
            "resource == Object::\"orders/public/a\"",
            "resource == Object::\"web/public/a\"",
            "resource is Resource in Label::\"env=prod\"",
            "resource is Object",
            "resource in Object::\"orders/public/function:a\"",
            "resource is Object in Object::\"web/public\"",
        ]),
        prop::sample::select(vec![
            "",
            "",
            "when { context.unbounded }",
            "unless { context.in_transaction }",
            "when { context.returns.contains(DataClass::\"email\") }",
            "when { context.filters.contains(DataClass::\"email\") }",
            "when { context.programs.contains(\"rm\") }",
            "unless { context.argv.containsAny([\"-f\", \"-r\"]) }",
            "when { context.paths == [\"/etc\"] || context.programs.isEmpty() }",
            "when { resource.kind == \"relation\" && resource.name == \"a\" }",
            "unless { resource.path like \"public/*\" }",
            "when { resource in Object::\"orders/app\" || principal.subject == \"ann\" }",
            "when { context.source.isInRange(ip(\"10.0.0.0/8\")) }",
            "when { context.weekday == 1 }",
            "unless { context has client && context.client == \"psql\" }",
            // Fails for everybody but ann.
            "when { (if principal.subject == \"ann\" then 0 else 9223372036854775807) + context.weekday > 0 }",
        ]),
        prop::option::weighted(0.3, prop::sample::select(vec!["group:dba", "group:lead"])),
    )
        .prop_map(|(effect, principal, action, resource, condition, approve)| Drawn {
            effect,
            principal,
            action,
            resource,
            condition,
            approve,
        })
}

fn text_of(policies: &[Drawn]) -> String {
    let mut text = OPEN.to_owned();
    for (number, policy) in policies.iter().enumerate() {
        policy.write(&mut text, &format!("p{number}"));
    }
    text
}

fn who() -> impl Strategy<Value = Arc<Identity>> {
    (
        prop::sample::select(vec![IdentityKind::User, IdentityKind::Machine, IdentityKind::Agent]),
        prop::sample::select(vec!["ann", "bob"]),
        prop::sample::subsequence(vec!["eng", "dba", "sales"], 0..=3),
    )
        .prop_map(|(kind, subject, groups)| {
            Arc::new(Identity { kind, ..Identity::clone(&identity(subject, &groups)) })
        })
}

fn what() -> impl Strategy<Value = Arc<Resource>> {
    (prop::sample::select(vec!["orders", "web"]), prop::sample::select(vec!["prod", "dev"]))
        .prop_map(|(name, env)| resource(name, &[("env", env)]))
}

fn access() -> impl Strategy<Value = Access> {
    let action = prop::sample::select(vec![
        Action::Select,
        Action::Show,
        Action::Insert,
        Action::Delete,
        Action::Drop,
        Action::Unknown,
        Action::Exec,
        Action::Env,
        Action::AgentForward,
    ]);
    let schema = || prop::sample::select(vec!["public", "app", "pg_temp"]);
    let placed = (
        prop::sample::select(vec![ObjectKind::Relation, ObjectKind::Function]),
        schema().prop_map(|schema| Parent::Is(schema.to_owned())),
        prop::sample::select(vec!["a", "b"]),
    )
        .prop_map(|(kind, parent, name)| Object::within(kind, parent, name));
    let object = prop_oneof![
        Just(Object::resource()),
        schema().prop_map(|name| Object::top(ObjectKind::Schema, name)),
        Just(Object::top(ObjectKind::Setting, "a")),
        Just(Object::top(ObjectKind::Program, "rm")),
        placed.clone(),
        placed,
    ];
    (action, object).prop_map(|(action, object)| Access::new(action, object))
}

fn facts() -> impl Strategy<Value = Facts> {
    let class = || proptest::option::of(Just(DataClass::new("email").unwrap()));
    let some = |names: [&'static str; 2]| {
        prop::sample::subsequence(names.to_vec(), 0..=2)
            .prop_map(|names| names.into_iter().map(Into::into).collect())
    };
    let line = (some(["rm", "ls"]), some(["-f", "-l"]), some(["/etc", "/srv"]));
    (any::<bool>(), class(), class(), line).prop_map(
        |(unbounded, returned, filtered, (programs, argv, paths))| Facts {
            unbounded,
            returns: returned.into_iter().collect(),
            filters: filtered.into_iter().collect(),
            programs,
            argv,
            paths,
            not_understood: None,
        },
    )
}

/// What a naive reading says: allow, hold or deny.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Deny,
    Hold,
    Allow,
}

fn verdict(decision: &Decision) -> Verdict {
    match decision {
        Decision::Allow(_) => Verdict::Allow,
        Decision::Hold(..) => Verdict::Hold,
        Decision::Deny(_) => Verdict::Deny,
    }
}

fn uid(name: &str, id: &str) -> EntityUid {
    format!("{name}::{id:?}").parse().unwrap()
}

fn text(value: &str) -> Expression {
    Expression::new_string(value.to_owned())
}

/// Asks Cedar with all policies and all entities, checked against the schema.
fn ask_naively(
    policies: &str,
    identity: &Identity,
    resource: &Resource,
    access: &Access,
    facts: &Facts,
    in_transaction: bool,
) -> Verdict {
    static SCHEMA: LazyLock<Schema> =
        LazyLock::new(|| Schema::from_cedarschema_str(&schema_text()).unwrap().0);
    let set: cedar_policy::PolicySet = policies.parse().unwrap();

    let kind = match identity.kind {
        IdentityKind::User => "User",
        IdentityKind::Machine => "Machine",
        IdentityKind::Agent => "Agent",
    };
    let principal = Entity::new(
        uid(kind, &identity.subject),
        HashMap::from([
            ("subject".into(), text(&identity.subject)),
            ("provider".into(), text(&identity.provider)),
        ]),
        identity.groups.iter().map(|group| uid("Group", group)).collect(),
    )
    .unwrap();
    let thing =
        |uid: EntityUid, kind: &str, name: &str, path: &str, parents: HashSet<EntityUid>| {
            let attributes =
                [("kind", kind), ("name", name), ("path", path), ("protocol", "postgres")];
            let attributes = attributes.map(|(key, value)| (key.to_owned(), text(value)));
            Entity::new(uid, HashMap::from(attributes), parents).unwrap()
        };
    let resource_uid = uid("Resource", &resource.name);
    let labels = resource.labels.iter().map(|(k, v)| uid("Label", &format!("{k}={v}"))).collect();
    let mut entities =
        vec![principal, thing(resource_uid.clone(), "resource", &resource.name, "", labels)];

    let object = &access.object;
    let prefix = if object.kind == ObjectKind::Relation { "" } else { "function:" };
    let object_uid = match (&object.parent, object.kind) {
        (_, ObjectKind::Resource) => resource_uid,
        (Parent::Is(schema), _) => {
            let schema_uid = uid("Object", &format!("{}/{schema}", resource.name));
            let path = format!("{schema}/{prefix}{}", object.name);
            let own = uid("Object", &format!("{}/{path}", resource.name));
            entities.push(thing(
                schema_uid.clone(),
                "schema",
                schema,
                schema,
                HashSet::from([resource_uid]),
            ));
            entities.push(thing(
                own.clone(),
                object.kind.name(),
                &object.name,
                &path,
                HashSet::from([schema_uid]),
            ));
            own
        }
        (_, kind) => {
            let path = match kind {
                ObjectKind::Schema => object.name.clone(),
                _ => format!("{}:{}", kind.name(), object.name),
            };
            let own = uid("Object", &format!("{}/{path}", resource.name));
            entities.push(thing(
                own.clone(),
                kind.name(),
                &object.name,
                &path,
                HashSet::from([resource_uid]),
            ));
            own
        }
    };
    let entities = Entities::from_entities(entities, Some(&SCHEMA)).unwrap();
    let around = circumstances();
    let classes = |classes: &model::Classes| {
        let class =
            |class: &DataClass| Expression::new_entity_uid(uid("DataClass", class.as_str()));
        Expression::new_set(classes.iter().map(class))
    };
    let words =
        |names: &BTreeSet<Box<str>>| Expression::new_set(names.iter().map(|name| text(name)));
    let context = Context::from_pairs([
        ("source".to_owned(), Expression::new_ip(IpAddr::to_string(&around.source))),
        ("client".to_owned(), text(&around.client.unwrap())),
        ("now".to_owned(), Expression::new_datetime("2026-01-05T09:30:00Z")),
        ("weekday".to_owned(), Expression::new_long(1)),
        ("unbounded".to_owned(), Expression::new_bool(facts.unbounded)),
        ("in_transaction".to_owned(), Expression::new_bool(in_transaction)),
        ("returns".to_owned(), classes(&facts.returns)),
        ("filters".to_owned(), classes(&facts.filters)),
        ("programs".to_owned(), words(&facts.programs)),
        ("argv".to_owned(), words(&facts.argv)),
        ("paths".to_owned(), words(&facts.paths)),
    ])
    .unwrap();
    let action = uid("Action", access.action.name());
    let principal = uid(kind, &identity.subject);
    let request = Request::new(principal, action, object_uid, context, Some(&SCHEMA)).unwrap();
    let response = Authorizer::new().is_authorized(&request, &set, &entities);

    // A forbid that fails forbids.
    let failed = response.diagnostics().errors().any(|error| {
        let cedar_policy::AuthorizationError::PolicyEvaluationError(error) = error;
        set.policy(error.policy_id()).unwrap().effect() == cedar_policy::Effect::Forbid
    });
    let held = |id| set.policy(id).unwrap().annotation("approve").is_some();
    match response.decision() {
        CedarDecision::Deny => Verdict::Deny,
        CedarDecision::Allow if failed => Verdict::Deny,
        CedarDecision::Allow if response.diagnostics().reason().all(held) => Verdict::Hold,
        CedarDecision::Allow => Verdict::Allow,
    }
}

/// What each schema an object may stand in makes of it.
fn wherever(object: &Object) -> Vec<Object> {
    let within = |schema: &str| {
        Object::within(object.kind, Parent::Is(schema.to_owned()), object.name.clone())
    };
    match &object.parent {
        Parent::None | Parent::Is(_) => vec![object.clone()],
        Parent::OneOf(list) => list.iter().map(|schema| within(schema)).collect(),
        Parent::Any => ["public", "app", "pg_temp", "zzz", "*"].map(within).into(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn a_slice_says_what_cedar_says_with_every_policy(
        policies in prop::collection::vec(drawn(), 0..10),
        identity in who(),
        resource in what(),
        asked in prop::collection::vec((access(), facts(), any::<bool>()), 1..6),
    ) {
        let text = text_of(&policies);
        let mut slice = slice_of(&set(&text), Arc::clone(&identity), Arc::clone(&resource));
        // Twice, so that what is remembered is asked too.
        for (access, facts, in_transaction) in asked.iter().chain(&asked) {
            let mut command = command(vec![access.clone()], facts.clone());
            command.in_transaction = *in_transaction;
            let said = slice.decide(&command, MONDAY);
            let expected = ask_naively(&text, &identity, &resource, access, facts, *in_transaction);
            prop_assert_eq!(verdict(&said), expected, "{} {:?} {:?}\n{}", access, facts, said, text);
        }
    }

    #[test]
    fn what_is_tried_out_changes_nothing_and_is_told_as_if_it_were_in_force(
        policies in prop::collection::vec((drawn(), any::<bool>()), 0..10),
        identity in who(),
        resource in what(),
        asked in prop::collection::vec((access(), facts(), any::<bool>()), 1..6),
    ) {
        let (mut marked, mut in_force, mut without) = (OPEN.to_owned(), OPEN.to_owned(), OPEN.to_owned());
        for (number, (policy, tried)) in policies.iter().enumerate() {
            let id = format!("p{number}");
            if *tried {
                marked.push_str("@shadow(\"true\") ");
            } else {
                policy.write(&mut without, &id);
            }
            policy.write(&mut marked, &id);
            policy.write(&mut in_force, &id);
        }
        let mut slice = slice_of(&set(&marked), Arc::clone(&identity), Arc::clone(&resource));
        for (access, facts, in_transaction) in asked.iter().chain(&asked) {
            let mut command = command(vec![access.clone()], facts.clone());
            command.in_transaction = *in_transaction;
            let ask = |text: &str| ask_naively(text, &identity, &resource, access, facts, *in_transaction);
            let (now, tried) = (ask(&without), ask(&in_force));
            let said = slice.decide(&command, MONDAY);
            prop_assert_eq!(verdict(&said), now, "{} {:?}\n{}", access, said, marked);
            let shadow = slice.shadow(&command, MONDAY, &said);
            let would = shadow.as_ref().map(|shadow| match shadow.verdict {
                model::Verdict::Allowed | model::Verdict::Approved => Verdict::Allow,
                model::Verdict::Held => Verdict::Hold,
                model::Verdict::Denied => Verdict::Deny,
            });
            prop_assert_eq!(would, (now != tried).then_some(tried), "{}\n{}", access, marked);
            for id in shadow.iter().flat_map(|shadow| shadow.policies.iter()) {
                let number: usize = id.strip_prefix('p').unwrap().parse().unwrap();
                prop_assert!(policies[number].1, "{} is in force\n{}", id, marked);
            }
        }
    }

    #[test]
    fn a_command_gets_no_more_than_the_strictest_of_its_parts(
        policies in prop::collection::vec(drawn(), 0..10),
        identity in who(),
        accesses in prop::collection::vec(access(), 1..5),
        facts in facts(),
    ) {
        let mut slice = slice_of(&set(&text_of(&policies)), identity, resource("orders", &[("env", "prod")]));
        let mut ask = |accesses: Vec<Access>| verdict(&slice.decide(&command(accesses, facts.clone()), MONDAY));
        let strictest = accesses.iter().map(|access| ask(vec![access.clone()])).min().unwrap();
        let whole = ask(accesses);
        // Parts that are held may be held by groups that have nobody in common.
        prop_assert!(whole == strictest || (strictest == Verdict::Hold && whole == Verdict::Deny));
    }

    #[test]
    fn an_object_whose_place_is_not_known_gets_no_more_than_it_would_anywhere(
        policies in prop::collection::vec(drawn(), 0..10),
        identity in who(),
        resource in what(),
        action in prop::sample::select(vec![Action::Select, Action::Delete]),
        name in prop::sample::select(vec!["a", "b"]),
        parent in prop_oneof![
            Just(Parent::Any),
            prop::sample::subsequence(vec!["public", "app", "pg_temp"], 1..=3)
                .prop_map(|list| Parent::OneOf(list.into_iter().map(str::to_owned).collect())),
        ],
    ) {
        let mut slice = slice_of(&set(&text_of(&policies)), identity, resource);
        let object = Object::within(ObjectKind::Relation, parent, name);
        let unplaced = verdict(&slice.decide(&does(&[Access::new(action, object.clone())]), MONDAY));
        for object in wherever(&object) {
            let placed = verdict(&slice.decide(&does(&[Access::new(action, object.clone())]), MONDAY));
            prop_assert!(unplaced <= placed, "{}: {:?} > {:?}", object, unplaced, placed);
        }
    }

    #[test]
    fn a_forbid_more_never_allows_more(
        policies in prop::collection::vec(drawn(), 0..8),
        more in drawn(),
        identity in who(),
        resource in what(),
        accesses in prop::collection::vec(access(), 0..4),
        facts in facts(),
    ) {
        let before = text_of(&policies);
        let mut after = before.clone();
        Drawn { effect: "forbid", ..more }.write(&mut after, "more");
        let command = command(accesses, facts);
        let ask = |text: &str| {
            let mut slice = slice_of(&set(text), Arc::clone(&identity), Arc::clone(&resource));
            (verdict(&slice.decide(&command, MONDAY)), slice.reveal().clone())
        };
        let ((before, shown_before), (after, shown_after)) = (ask(&before), ask(&after));
        prop_assert!(after <= before);
        prop_assert!(shown_after.is_subset(&shown_before));
    }

    #[test]
    fn an_approval_never_shows_more(
        policies in prop::collection::vec(drawn(), 0..8),
        revealed in prop::sample::subsequence(vec!["us_ssn", "credit_card", "email"], 0..=3),
        which in any::<prop::sample::Index>(),
        identity in who(),
        access in access(),
    ) {
        let mut base: BTreeMap<usize, Drawn> = policies.into_iter().enumerate().collect();
        let text = |policies: &BTreeMap<usize, Drawn>| {
            let mut text = text_of(&policies.values().cloned().collect::<Vec<_>>());
            for class in &revealed {
                let _ = writeln!(text, "@id(\"r-{class}\") permit (principal, action == Action::\"reveal\", resource == DataClass::\"{class}\");");
            }
            text
        };
        let ask = |text: &str| {
            let mut slice = slice_of(&set(text), Arc::clone(&identity), orders());
            (slice.reveal().clone(), slice.decide(&does(std::slice::from_ref(&access)), MONDAY))
        };
        let (shown, _) = ask(&text(&base));
        if !base.is_empty() {
            let at = which.index(base.len());
            if let Some(policy) = base.get_mut(&at) {
                policy.approve = Some("group:dba");
            }
        }
        let (shown_with, decision) = ask(&text(&base));
        prop_assert_eq!(&shown_with, &shown);
        if let Decision::Hold(_, terms) = decision {
            prop_assert_eq!(&terms.reveal, &shown);
        }
    }
}
