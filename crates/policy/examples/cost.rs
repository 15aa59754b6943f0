//! What a decision costs: `cargo run --release -p policy --example cost`.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a program that prints what it measured"
)]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Instant;

use model::{
    Access, Action, Command, CredentialSource, DataClass, DataRule, Facts, Identity, IdentityKind,
    Object, ObjectKind, Parent, Phase, Protocol, Resource, Timestamp, Understood, UpstreamTls,
};
use policy::{Circumstances, PolicySet};

/// Fifty policies, a fifth of which concern the session that is measured.
fn policies() -> String {
    let mut text = String::new();
    for number in 0..10 {
        let _ = write!(
            text,
            r#"
@id("open-{number}") permit (principal in Group::"g{number}", action == Action::"connect", resource in Label::"env=prod");
@id("read-{number}") permit (principal in Group::"g{number}", action in Action::"read", resource in Label::"env=prod");
@id("write-{number}") @approve("group:dba") permit (principal in Group::"g{number}", action in Action::"write", resource in Label::"env=prod");
@id("no-{number}") forbid (principal, action in [Action::"drop", Action::"truncate"], resource in Object::"orders-{number}/public");
@id("unbounded-{number}") forbid (principal in Group::"g{number}", action in [Action::"write", Action::"read"], resource in Label::"env=prod")
  when {{ context.unbounded && !(context.source.isInRange(ip("10.0.0.0/8"))) }};
"#
        );
    }
    text
}

fn command(number: usize) -> Command {
    let table = |action, name: String| {
        let parent = Parent::Is("public".to_owned());
        Access::new(action, Object::within(ObjectKind::Relation, parent, name))
    };
    let accesses = vec![table(Action::Select, format!("customers_{number}"))];
    Command {
        number: 1,
        text: Vec::new().into(),
        parameters: Arc::from([]),
        understood: Arc::new(Understood::new(accesses, Facts::default())),
        phase: Phase::Run,
        in_transaction: false,
    }
}

fn main() {
    let now = Timestamp::from_secs(1_767_605_400);
    let text = policies();
    let begun = Instant::now();
    let set = PolicySet::load([("cost.cedar", text.as_str())]).expect("the policies are good");
    println!("load {} policies: {:?}", set.len(), begun.elapsed());
    let set = Arc::new(set);
    let identity = Arc::new(Identity {
        subject: "engineer@example.com".to_owned(),
        groups: vec!["g1".to_owned(), "g2".to_owned()],
        kind: IdentityKind::User,
        provider: "corp".to_owned(),
        on_behalf_of: None,
        expires: None,
        token: None,
        only_resources: None,
    });
    let resource = Arc::new(Resource {
        name: "orders-1".to_owned(),
        protocol: Protocol::new("postgres"),
        address: String::new(),
        tls: UpstreamTls::Disable,
        credential: CredentialSource {
            username: String::new(),
            password: None,
            client_certificate: None,
        },
        labels: BTreeMap::from([("env".to_owned(), "prod".to_owned())]),
        data: DataClass::new("email")
            .map(|class| DataRule::Detect(vec![class]))
            .into_iter()
            .collect(),
        settings: BTreeMap::new(),
    });
    let around = Circumstances { source: IpAddr::V4(Ipv4Addr::LOCALHOST), client: None, now };

    let per = |what: &str, times: usize, mut run: Box<dyn FnMut(usize) + '_>| {
        (0..times / 10).for_each(&mut run);
        let mut best = f64::MAX;
        for _ in 0..5 {
            let begun = Instant::now();
            (0..times).for_each(&mut run);
            best = best.min(begun.elapsed().as_secs_f64() / times as f64);
        }
        println!("{what}: {:.2} µs", best * 1e6);
    };

    let authorize = || set.authorize(Arc::clone(&identity), Arc::clone(&resource), &around);
    per("authorize", 2000, Box::new(|_| drop(black_box(authorize()))));
    let grant = authorize().expect("the session may be opened");
    per("slice", 2000, Box::new(|_| drop(black_box(set.slice(&grant)))));

    let commands: Vec<_> = (0..2000).map(command).collect();
    per(
        "first decision of a session",
        500,
        Box::new(|number| {
            let mut slice = set.slice(&grant);
            drop(black_box(commands.get(number).map(|command| slice.decide(command, now))));
        }),
    );
    let mut slice = set.slice(&grant);
    let mut number = 0;
    let more: Vec<_> = (0..12_000).map(command).collect();
    per(
        "a decision never made before",
        2000,
        Box::new(|_| {
            number += 1;
            drop(black_box(
                more.get(number % more.len()).map(|command| slice.decide(command, now)),
            ));
        }),
    );
    let mut slice = set.slice(&grant);
    per(
        "a decision made before",
        200_000,
        Box::new(|number| {
            drop(black_box(commands.get(number % 64).map(|command| slice.decide(command, now))));
        }),
    );
}
