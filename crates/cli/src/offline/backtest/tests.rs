//! Recordings as the gateway makes them, decided again.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use control::Clock;
use control::recordings::{AtRest, Keep, Recordings};
use model::ports::{Ledger, OpenedSession};
use model::{
    Access, Action, CredentialSource, DataClass, DataRule, Ending, Event, Evidence, Facts,
    Identity, IdentityKind, Object, ObjectKind, Parent, Phase, Protocol, ReasonKind, Resource,
    Seen, SessionHead, SessionId, Timestamp, UpstreamTls, Verdict,
};
use policy::PolicySet;

use super::{Question, Tally, run};

/// Monday, 2026-01-05, 09:30:00 UTC.
const MONDAY: Timestamp = Timestamp::from_secs(1_767_605_400);

const OPEN: &str = "@id(\"open\") permit (principal, action == Action::\"connect\", resource);\n";
const ALL: &str =
    "@id(\"all\") permit (principal, action in [Action::\"read\", Action::\"write\"], resource);\n";
const NO_DELETES: &str =
    "@id(\"no-deletes\") forbid (principal, action == Action::\"delete\", resource);\n";

fn table(action: Action, name: &str) -> Access {
    let parent = Parent::Is("public".to_owned());
    Access::new(action, Object::within(ObjectKind::Relation, parent, name))
}

/// One recorded command.
#[derive(Clone)]
struct Recorded {
    access: Access,
    facts: Option<Facts>,
    in_transaction: bool,
    after: Duration,
    decided: Vec<(Verdict, Option<ReasonKind>)>,
}

impl Recorded {
    fn command(&self, number: u64) -> Event {
        let seen = self
            .facts
            .clone()
            .map(|facts| Seen { facts: Arc::new(facts), in_transaction: self.in_transaction });
        Event::Command {
            number,
            phase: Phase::Run,
            text: Bytes::from(format!("a statement about {}", self.access)),
            parameters: Arc::from([]),
            accesses: Arc::from([self.access.clone()]),
            seen,
        }
    }

    fn decisions(&self, number: u64) -> impl Iterator<Item = Event> {
        self.decided.iter().map(move |(verdict, cause)| Event::Decided {
            number,
            verdict: *verdict,
            policies: Arc::from(["all".into()]),
            approval: None,
            message: None,
            cause: *cause,
        })
    }
}

fn select() -> Recorded {
    Recorded {
        access: table(Action::Select, "orders"),
        facts: Some(Facts::default()),
        in_transaction: false,
        after: Duration::from_secs(1),
        decided: vec![(Verdict::Allowed, None)],
    }
}

fn delete() -> Recorded {
    Recorded { access: table(Action::Delete, "orders"), ..select() }
}

fn refused(cause: ReasonKind) -> Recorded {
    Recorded { decided: vec![(Verdict::Denied, Some(cause))], ..delete() }
}

fn head(number: u128, subject: &str, resource: &str) -> SessionHead {
    SessionHead {
        id: SessionId::new(MONDAY, number),
        opened: MONDAY,
        identity: Identity {
            subject: subject.to_owned(),
            groups: vec!["eng".to_owned()],
            kind: IdentityKind::User,
            provider: "corp".to_owned(),
            on_behalf_of: None,
            expires: None,
            token: None,
            only_resources: None,
        },
        source: "10.1.2.3:54321".to_owned(),
        client: Some("psql".to_owned()),
        resource: resource.to_owned(),
        protocol: "postgres".to_owned(),
        database: None,
        policies: vec!["open".to_owned()],
    }
}

/// A house's recordings, and what is asked of them.
struct House {
    folder: tempfile::TempDir,
    recordings: Option<Recordings>,
    question: Question,
}

impl House {
    fn new(candidate: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let recordings =
            Recordings::open(folder.path(), Keep::usual(folder.path()).unwrap(), Clock::system())
                .unwrap();
        let class = |name| DataClass::new(name).unwrap();
        let orders = Resource {
            name: "orders".to_owned(),
            protocol: Protocol::new("postgres"),
            via: None,
            address: "127.0.0.1:5432".to_owned(),
            tls: UpstreamTls::Disable,
            credential: CredentialSource {
                username: "app".to_owned(),
                password: None,
                client_certificate: None,
                ssh_key: None,
            },
            labels: [("env".to_owned(), "prod".to_owned())].into(),
            data: vec![DataRule::Detect(vec![class("email")])],
            strict_masking: false,
            evidence: Evidence::default(),
            settings: std::collections::BTreeMap::new(),
        };
        let question = Question {
            candidate: policies(candidate),
            against: None,
            configured: Some(policies(&format!("{OPEN}{ALL}"))),
            resources: vec![Arc::new(orders)],
            since: Timestamp::EPOCH,
            until: Timestamp::from_micros(u64::MAX),
            resource: None,
            subject: None,
            examples: 1,
        };
        Self { folder, recordings: Some(recordings), question }
    }

    /// Records a session as the gateway does.
    fn session(&self, head: SessionHead, commands: &[Recorded]) {
        let OpenedSession { mut recorder, .. } =
            self.recordings.as_ref().unwrap().open(head).unwrap();
        for (number, one) in (1..).zip(commands) {
            let at = MONDAY.plus(one.after);
            recorder.record(at, &one.command(number)).unwrap();
            for decided in one.decisions(number) {
                recorder.record(at, &decided).unwrap();
            }
        }
        let at = MONDAY.plus(Duration::from_secs(60));
        recorder.close(Ending { at, how: "the client left".to_owned() }).unwrap();
    }

    /// The same, where all commands are asked for before the first is decided.
    fn session_at_once(&self, head: SessionHead, commands: &[Recorded]) {
        let OpenedSession { mut recorder, .. } =
            self.recordings.as_ref().unwrap().open(head).unwrap();
        let asked = (1..).zip(commands).map(|(number, one)| one.command(number));
        let decided = (1..).zip(commands).flat_map(|(number, one)| one.decisions(number));
        for event in asked.chain(decided) {
            recorder.record(MONDAY, &event).unwrap();
        }
        let how = "the client left".to_owned();
        recorder.close(Ending { at: MONDAY, how }).unwrap();
    }

    /// Asks, after everything is on the disk; the recordings stay in use, as beside a gateway.
    fn ask(&self) -> Tally {
        self.recordings.as_ref().unwrap().settle();
        run(&AtRest::open(self.folder.path(), None).unwrap(), &self.question, &|_, _| {}).unwrap()
    }
}

fn policies(text: &str) -> Arc<PolicySet> {
    Arc::new(PolicySet::load([("test.cedar", text)]).unwrap())
}

/// `allowed→denied 2 by no-deletes`, and the totals: unchanged, changed, cannot.
fn told(tally: &Tally) -> (Vec<String>, [u64; 3]) {
    let changes = tally.changes().into_iter().map(|(change, seen)| {
        let number = seen.commands + seen.sessions;
        format!("{}→{} {number} by {}", change.from, change.to, change.policies.join(", "))
    });
    let totals = [tally.unchanged, tally.changed_commands(), tally.undecided()];
    assert_eq!(tally.commands, totals.iter().sum::<u64>());
    (changes.collect(), totals)
}

#[track_caller]
fn check(candidate: &str, commands: &[Recorded], changes: &[&str], totals: [u64; 3]) {
    let house = House::new(candidate);
    house.session(head(1, "ann", "orders"), commands);
    let tally = house.ask();
    let expected: Vec<_> = changes.iter().map(|text| (*text).to_owned()).collect();
    assert_eq!(told(&tally), (expected, totals), "{:?}", tally.cannot_be_decided());
}

#[test]
fn the_same_policies_change_nothing() {
    check(&format!("{OPEN}{ALL}"), &[select(), delete(), select()], &[], [3, 0, 0]);
}

#[test]
fn what_is_refused_now_is_told_with_whose_it_was() {
    let house = House::new(&format!("{OPEN}{ALL}{NO_DELETES}"));
    house.session(head(1, "ann", "orders"), &[select(), delete(), delete()]);
    house.session(head(2, "bob", "orders"), &[delete()]);
    let tally = house.ask();
    let changes = tally.changes();
    let of: Vec<_> =
        changes.iter().map(|(change, seen)| (&*change.subject, seen.commands)).collect();
    assert_eq!(of, [("ann", 2), ("bob", 1)]);
    let (change, seen) = changes[0];
    assert_eq!((change.from, change.to), ("allowed", "denied"));
    assert_eq!(
        (&*change.what, &*change.policies),
        (&["delete public.orders".to_owned()][..], &["no-deletes".to_owned()][..])
    );
    let id = SessionId::new(MONDAY, 1);
    let lines: Vec<_> = seen.examples.iter().map(super::tally::Example::line).collect();
    assert_eq!(lines, [format!("{id} #2: a statement about delete public.orders")]);
    assert!(tally.any(super::Direction::Tighter) && !tally.any(super::Direction::Looser));
    assert_eq!(told(&tally).1, [1, 3, 0]);
}

#[test]
fn a_hold_counts_as_one_however_it_ended() {
    let held = "@id(\"ask\") @approve(\"group:dba\") permit (principal, action == Action::\"delete\", resource);";
    let approved =
        Recorded { decided: vec![(Verdict::Held, None), (Verdict::Approved, None)], ..delete() };
    let expired = Recorded {
        decided: vec![(Verdict::Held, None), (Verdict::Denied, Some(ReasonKind::Expired))],
        ..delete()
    };
    let canceled = refused(ReasonKind::Canceled);
    let commands = [approved, expired, canceled];
    check(&format!("{OPEN}{held}"), &commands, &[], [3, 0, 0]);
    check(&format!("{OPEN}{ALL}"), &commands, &["held→allowed 3 by all"], [0, 3, 0]);
    check(OPEN, &commands, &["held→denied 3 by "], [0, 3, 0]);
    check(&format!("{OPEN}{held}"), &[delete()], &["allowed→held 1 by ask"], [0, 1, 0]);
}

#[test]
fn what_was_refused_may_be_allowed_now() {
    let was = [refused(ReasonKind::Policy), refused(ReasonKind::NotUnderstood)];
    check(&format!("{OPEN}{ALL}"), &was, &["denied→allowed 2 by all"], [0, 2, 0]);
    check(OPEN, &was, &[], [2, 0, 0]);
}

#[test]
fn what_the_gateway_refused_for_itself_is_not_policys() {
    let was = [refused(ReasonKind::Unavailable), refused(ReasonKind::Masking)];
    // The same classes are shown, so masking would refuse again what policy lets pass.
    check(&format!("{OPEN}{ALL}"), &was, &[], [1, 0, 1]);
    let reveal = "@id(\"r\") permit (principal, action == Action::\"reveal\", resource == DataClass::\"email\");";
    check(&format!("{OPEN}{ALL}{reveal}"), &was, &["masked→shown 1 by "], [0, 0, 2]);
}

#[test]
fn a_session_that_is_opened_no_more_takes_its_commands_with_it() {
    let shut = "@id(\"shut\") forbid (principal, action == Action::\"connect\", resource);";
    // One session and two commands.
    check(
        &format!("{OPEN}{ALL}{shut}"),
        &[select(), delete()],
        &["opened→refused 3 by shut"],
        [0, 2, 0],
    );
}

#[test]
fn what_a_policy_reads_of_a_command_is_what_was_recorded() {
    let unbounded = "@id(\"say-which\") forbid (principal, action == Action::\"delete\", resource) when { context.unbounded };\n";
    let outside = "@id(\"begin-first\") forbid (principal, action == Action::\"delete\", resource) unless { context.in_transaction };\n";
    let emails = "@id(\"no-emails\") forbid (principal, action == Action::\"select\", resource) when { context.returns.contains(DataClass::\"email\") };\n";
    let all_rows =
        Recorded { facts: Some(Facts { unbounded: true, ..Facts::default() }), ..delete() };
    let within = Recorded { in_transaction: true, ..delete() };
    let returns = [DataClass::new("email").unwrap()].into();
    let shows = Recorded { facts: Some(Facts { returns, ..Facts::default() }), ..select() };
    let all = [all_rows, within, shows, select()];
    let base = format!("{OPEN}{ALL}");
    check(&format!("{base}{unbounded}"), &all, &["allowed→denied 1 by say-which"], [3, 1, 0]);
    check(&format!("{base}{outside}"), &all, &["allowed→denied 1 by begin-first"], [3, 1, 0]);
    check(&format!("{base}{emails}"), &all, &["allowed→denied 1 by no-emails"], [3, 1, 0]);
}

#[test]
fn a_command_line_is_decided_by_what_was_recorded_of_it() {
    let object = Object::top(ObjectKind::Program, "rm");
    let runs = |words: &[&str]| {
        let argv = words.iter().map(|word| (*word).into()).collect();
        let facts = Facts { programs: ["rm".into()].into(), argv, ..Facts::default() };
        Recorded {
            access: Access::new(Action::Exec, object.clone()),
            facts: Some(facts),
            ..select()
        }
    };
    let run = "@id(\"run\") permit (principal, action in Action::\"run\", resource);\n";
    let forced = "@id(\"no-force\") forbid (principal, action == Action::\"exec\", resource) when { context.programs.contains(\"rm\") && context.argv.contains(\"-rf\") };\n";
    let all = [runs(&["-rf", "/srv"]), runs(&["/srv/a"])];
    check(&format!("{OPEN}{run}{forced}"), &all, &["allowed→denied 1 by no-force"], [1, 1, 0]);
}

#[test]
fn commands_that_are_asked_for_at_once_keep_their_own_verdicts() {
    let house = House::new(&format!("{OPEN}{ALL}{NO_DELETES}"));
    let all = [select(), delete(), refused(ReasonKind::Policy), select()];
    house.session_at_once(head(1, "ann", "orders"), &all);
    assert_eq!(told(&house.ask()), (vec!["allowed→denied 1 by no-deletes".to_owned()], [3, 1, 0]));
    // One whose decision nobody saw is told as such, wherever it stands.
    let house = House::new(&format!("{OPEN}{ALL}"));
    let cut = Recorded { decided: Vec::new(), ..delete() };
    house.session_at_once(head(1, "ann", "orders"), &[cut.clone(), select(), cut]);
    assert_eq!(told(&house.ask()), (Vec::new(), [1, 0, 2]));
}

#[test]
fn what_a_recording_does_not_hold_is_not_guessed() {
    let unknown = Recorded { facts: None, ..delete() };
    let unbounded = "@id(\"say-which\") forbid (principal, action == Action::\"delete\", resource) when { context.unbounded };\n";
    check(&format!("{OPEN}{ALL}{unbounded}"), std::slice::from_ref(&unknown), &[], [0, 0, 1]);
    // Policies that read nothing but the accesses can be asked all the same.
    check(&format!("{OPEN}{ALL}"), &[unknown], &[], [1, 0, 0]);
    let cut = Recorded { decided: Vec::new(), ..delete() };
    check(&format!("{OPEN}{ALL}"), &[cut.clone(), cut], &[], [0, 0, 2]);
}

#[test]
fn a_resource_that_is_gone_is_said_to_be() {
    let house = House::new(&format!("{OPEN}{ALL}"));
    house.session(head(1, "ann", "elsewhere"), &[select()]);
    let tally = house.ask();
    let why: Vec<_> = tally.cannot_be_decided().keys().cloned().collect();
    assert_eq!(why, ["the resource `elsewhere` is not in the configuration"]);
}

#[test]
fn time_is_the_time_it_was_then() {
    let monday = "@id(\"mondays\") forbid (principal, action == Action::\"delete\", resource) when { context.weekday == 1 };\n";
    let tuesday = Recorded { after: Duration::from_hours(24), ..delete() };
    let candidate = format!("{OPEN}{ALL}{monday}");
    check(&candidate, &[delete(), tuesday], &["allowed→denied 1 by mondays"], [1, 1, 0]);
}

#[test]
fn only_what_was_asked_about_is_looked_at() {
    let mut house = House::new(&format!("{OPEN}{ALL}{NO_DELETES}"));
    let late = Recorded { after: Duration::from_secs(30), ..delete() };
    house.session(head(1, "ann", "orders"), &[delete(), late]);
    house.session(head(2, "bob", "orders"), &[delete()]);
    house.question.subject = Some("ann".to_owned());
    assert_eq!(told(&house.ask()).1, [0, 2, 0]);
    house.question.since = MONDAY.plus(Duration::from_secs(10));
    assert_eq!(told(&house.ask()).1, [0, 1, 0]);
    house.question.since = Timestamp::EPOCH;
    house.question.until = MONDAY.plus(Duration::from_secs(10));
    assert_eq!(told(&house.ask()).1, [0, 1, 0]);
    house.question.resource = Some("web".to_owned());
    assert_eq!(house.ask().sessions, 0);
}

#[test]
fn other_policies_may_stand_in_for_what_was_recorded() {
    let mut house = House::new(&format!("{OPEN}{ALL}"));
    house.question.against = Some(policies(&format!("{OPEN}{ALL}{NO_DELETES}")));
    house
        .session(head(1, "ann", "orders"), &[select(), delete(), refused(ReasonKind::Unavailable)]);
    assert_eq!(told(&house.ask()), (vec!["denied→allowed 2 by all".to_owned()], [1, 2, 0]));
    house.question.against = Some(policies(ALL));
    // One session and three commands.
    assert_eq!(told(&house.ask()), (vec!["refused→opened 4 by open".to_owned()], [0, 3, 0]));
    house.question.candidate = policies(ALL);
    assert_eq!(told(&house.ask()), (Vec::new(), [3, 0, 0]));
}

#[test]
fn a_damaged_recording_is_named_and_the_rest_is_read() {
    let house = House::new(&format!("{OPEN}{ALL}{NO_DELETES}"));
    house.session(head(1, "ann", "orders"), &[delete()]);
    house.session(head(2, "bob", "orders"), &[delete()]);
    house.recordings.as_ref().unwrap().settle();
    let id = SessionId::new(MONDAY, 1);
    let path = house.recordings.as_ref().unwrap().path(id);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let tally = house.ask();
    let (unread, more) = tally.unread();
    assert_eq!((unread.len(), unread[0].0, more), (1, id, 0));
    let changes = tally.changes();
    assert!(changes.iter().any(|(change, _)| change.subject == "bob"), "{changes:?}");
}

#[test]
fn nothing_is_made_where_there_is_nothing() {
    let folder = tempfile::tempdir().unwrap();
    assert!(AtRest::open(folder.path(), None).is_err());
    assert_eq!(entries(folder.path()), 0);
}

fn entries(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}
