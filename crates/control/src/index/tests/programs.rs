//! What runs on a machine, and which files are named.

use model::{Facts, Seen, Stream};

use super::*;

impl Talk {
    /// A command line, as it is read: its programs, and the paths it names.
    fn line(&mut self, text: &str, programs: &[&str], paths: &[&str]) -> u64 {
        let names = |names: &[&str]| names.iter().map(|name| (*name).into()).collect();
        let facts = Facts { programs: names(programs), paths: names(paths), ..Facts::default() };
        let accesses = programs
            .iter()
            .map(|name| Access::new(Action::Exec, Object::top(ObjectKind::Program, *name)));
        let accesses = accesses.collect();
        self.asks(text, accesses, Some(facts))
    }

    /// What is asked of a file, by its name alone.
    fn file(&mut self, text: &str, action: Action, path: &str) -> u64 {
        let access = Access::new(action, Object::top(ObjectKind::File, path));
        self.asks(text, [access].into(), None)
    }

    fn asks(&mut self, text: &str, accesses: Arc<[Access]>, facts: Option<Facts>) -> u64 {
        self.number += 1;
        let seen = facts.map(|facts| Seen { facts: Arc::new(facts), in_transaction: false });
        self.say(&Event::Command {
            number: self.number,
            phase: Phase::Run,
            text: Bytes::copy_from_slice(text.as_bytes()),
            parameters: Arc::new([]),
            accesses,
            seen,
        });
        self.number
    }

    fn exited(&mut self, number: u64) {
        let streams = Vec::new();
        self.say(&Event::Exited { number, status: Some(0), signal: None, streams });
    }
}

#[test]
fn command_lines_are_found_by_their_words_programs_and_paths() {
    let house = house();
    let mut talk = house.session("ana", "web-1");
    let (tar, remove) = ("tar cf - /etc/ssh | gzip", "/bin/rm -rf Build/");
    let (get, shell) = ("download hosts", "shell");
    // The shell goes on while the others come and go.
    let number = talk.line(shell, &[], &[]);
    talk.decided(number, Verdict::Allowed, None);
    let number = talk.line(tar, &["tar", "gzip"], &["/etc/ssh"]);
    talk.decided(number, Verdict::Allowed, None);
    let data = Bytes::from_static(b"secret words");
    talk.say(&Event::Stream { number, stream: Stream::Output, data });
    talk.exited(number);
    let number = talk.line(remove, &["/bin/rm"], &["Build/"]);
    talk.decided(number, Verdict::Denied, None);
    let number = talk.file(get, Action::Download, "/etc/hosts");
    talk.decided(number, Verdict::Allowed, None);
    let path = "/private/etc/hosts".to_owned();
    talk.say(&Event::Moved { number, path, upload: false, bytes: 5, sha256: None });
    house.settled();
    let none = Question::default;
    let text = |text: &str| Some(text.to_owned());
    for (question, expected) in [
        (Question { program: text("tar"), ..none() }, vec![tar]),
        (Question { program: text("/usr/bin/gzip"), ..none() }, vec![tar]),
        (Question { program: text("rm"), ..none() }, vec![remove]),
        (Question { program: text("RM"), ..none() }, vec![]),
        (Question { program: text("ssh"), ..none() }, vec![]),
        (Question { path: text("/etc/ssh"), ..none() }, vec![tar]),
        (Question { path: text("ssh"), ..none() }, vec![tar]),
        (Question { path: text("/etc"), ..none() }, vec![]),
        (Question { path: text("Build"), ..none() }, vec![remove]),
        (Question { path: text("build"), ..none() }, vec![]),
        (Question { path: text("/etc/hosts"), ..none() }, vec![get]),
        (Question { path: text("/private/etc/hosts"), ..none() }, vec![get]),
        (Question { path: text("hosts"), program: text("tar"), ..none() }, vec![]),
        // A table is not a program, nor a path.
        (Question { table: text("tar"), ..none() }, vec![]),
        (Question { table: text("hosts"), ..none() }, vec![]),
        (Question { resource: text("web-1"), ..none() }, vec![get, remove, tar, shell]),
    ] {
        assert!(question.is_about_statements() || question.resource.is_some());
        let said = format!("{question:?}");
        assert_eq!(texts(&house.asked(question)), expected, "{said}");
    }
    assert_eq!(house.found("gzip etc"), [tar]);
    assert!(house.found("secret").is_empty(), "what programs said is not in the index");
    talk.end();
    house.settled();
    assert_eq!(house.found("shell"), [shell]);
}

#[test]
fn what_people_decide_of_a_file_is_found_though_programs_end_before() {
    let house = house();
    let mut talk = house.session("ana", "web-1");
    let approval = ApprovalId::new(NOON, 5);
    let file = talk.file("upload app.tar", Action::Upload, "/srv/app.tar");
    talk.decided(file, Verdict::Held, None);
    for _ in 0..3 {
        let number = talk.line("uptime", &["uptime"], &[]);
        talk.decided(number, Verdict::Allowed, None);
        talk.exited(number);
    }
    talk.decided(file, Verdict::Approved, Some(approval));
    talk.end();
    house.settled();
    let hits = house.asked(Question { approval: Some(approval), ..Question::default() });
    assert_eq!(texts(&hits), ["upload app.tar"]);
    assert_eq!(hits[0].found.verdicts.names(), ["held", "approved"]);
}
