//! What a decision costs: `cargo run --release -p policy --example deciding`.

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
    Access, Action, Command, CredentialSource, DataClass, DataRule, Evidence, Facts, Identity,
    IdentityKind, Object, ObjectKind, Parent, Phase, Protocol, Resource, Timestamp, Understood,
    UpstreamTls,
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
@id("unbounded-{number}") forbid (principal in Group::"g{number}", action in Action::"write", resource in Label::"env=prod")
  when {{ context.unbounded && !(context.source.isInRange(ip("10.0.0.0/8"))) }};
"#
        );
    }
    text
}

fn command(action: Action, number: usize) -> Command {
    let parent = Parent::Is("public".to_owned());
    let object = Object::within(ObjectKind::Relation, parent, format!("customers_{number}"));
    let accesses = vec![Access::new(action, object)];
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
            ssh_key: None,
        },
        labels: BTreeMap::from([("env".to_owned(), "prod".to_owned())]),
        data: DataClass::new("email")
            .map(|class| DataRule::Detect(vec![class]))
            .into_iter()
            .collect(),
        strict_masking: false,
        evidence: Evidence::default(),
        via: None,
        settings: BTreeMap::new(),
    });
    let around = Circumstances { source: IpAddr::V4(Ipv4Addr::LOCALHOST), client: None, now };

    let authorize = || set.authorize(Arc::clone(&identity), Arc::clone(&resource), &around);
    let Ok(grant) = authorize() else { return };
    per("authorize", || drop(black_box(authorize())));
    per("slice", || drop(black_box(set.slice(&grant))));
    for (what, action) in [("no condition", Action::Select), ("one condition", Action::Insert)] {
        let commands: Vec<_> = (0..4000).map(|number| command(action, number)).collect();
        let mut each = commands.iter().cycle();
        let mut next = || each.next().expect("it never ends");
        per(&format!("first decision of a session, {what}"), || {
            drop(black_box(set.slice(&grant).decide(next(), now)));
        });
        // Fewer rounds than commands, so that each is new.
        let mut slice = set.slice(&grant);
        per(&format!("a decision never made before, {what}"), || {
            drop(black_box(slice.decide(next(), now)));
        });
        let mut slice = set.slice(&grant);
        let few = commands.get(..64).unwrap_or_default();
        let mut again = few.iter().cycle();
        per(&format!("a decision made before, {what}"), || {
            drop(black_box(again.next().map(|command| slice.decide(command, now))));
        });
    }
}

/// The best of many short rounds: what else the machine does shows in the others.
fn per(what: &str, mut run: impl FnMut()) {
    const ROUND: u32 = 20;
    let mut best = f64::MAX;
    for _ in 0..190 {
        let begun = Instant::now();
        (0..ROUND).for_each(|_| run());
        best = best.min(begun.elapsed().as_secs_f64() / f64::from(ROUND));
    }
    println!("{what}: {:.2} µs", best * 1e6);
}
