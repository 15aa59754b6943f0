use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use aho_corasick::AhoCorasick;

use crate::postgres::CANARY;
use crate::{
    Client, Database, ErrorFields, Idp, Process, Psql, Ran, free_port, psql, request, run,
    run_folder, sluice, until,
};

/// Somebody with a token.
#[derive(Clone, Debug)]
pub struct Person {
    /// The subject the provider vouches for.
    pub subject: String,
    /// What is given as the password.
    pub token: String,
}

/// A running `sluice serve` with a configuration of a test's own.
#[derive(Debug)]
pub struct House {
    process: Option<Process>,
    folder: Arc<tempfile::TempDir>,
    idp: &'static Idp,
    ports: Ports,
    environment: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy)]
struct Ports {
    web: u16,
    postgres: u16,
    ssh: u16,
    metrics: u16,
}

/// What a house is made of.
#[derive(Debug, Clone)]
pub struct HouseBuilder {
    policies: String,
    resources: Vec<(String, String)>,
    tls: bool,
    idp: Option<&'static Idp>,
    identity: String,
    more: String,
    environment: Vec<(String, String)>,
    folder: Option<Arc<tempfile::TempDir>>,
}

/// Engineers may do everything but see data classes in clear.
const OPEN: &str = r#"
@id("engineers")
permit (
    principal in Group::"engineering",
    action in [Action::"connect", Action::"read", Action::"write", Action::"define", Action::"administer"],
    resource
);
"#;

/// The classes of the fixture's columns, and every detector.
const DATA: &str = r#"
data:
  - {column: public.customers.ssn, class: us_ssn}
  - {column: public.customers.tax_number, class: us_ssn}
  - {column: public.customers.card, class: credit_card}
  - {column: public.customers.photo, class: us_ssn}
  - {column: "public.customers.born", class: birth_date}
  - {column: "*.*.email", class: email}
  - {column: "*.*.ssn", class: us_ssn}
  - {detect: [credit_card, email, us_ssn, iban, phone]}
"#;

impl HouseBuilder {
    /// Policies in place of the open one.
    #[must_use]
    pub fn policies(mut self, cedar: &str) -> Self {
        self.policies = cedar.to_owned();
        self
    }

    /// TLS on all listeners, with the authority the house makes itself.
    #[must_use]
    pub const fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// A provider of the test's own.
    #[must_use]
    pub const fn idp(mut self, idp: &'static Idp) -> Self {
        self.idp = Some(idp);
        self
    }

    /// More lines under `identity:`.
    #[must_use]
    pub fn identity(mut self, yaml: &str) -> Self {
        self.identity.push_str(yaml);
        self
    }

    /// More lines at the top level of `sluice.yaml`.
    #[must_use]
    pub fn setting(mut self, yaml: &str) -> Self {
        self.more.push_str(yaml);
        self.more.push('\n');
        self
    }

    /// A resource `orders`: this database, signed in to as `app`, with the fixture's data classes.
    #[must_use]
    pub fn orders(self, database: &Database<'_>) -> Self {
        let text = resource("orders", database, "tls: require", DATA);
        self.resource("orders", &text)
    }

    /// The same, with `strict_masking`.
    #[must_use]
    pub fn strict(self, database: &Database<'_>) -> Self {
        let text = resource("orders", database, "tls: require\nstrict_masking: true", DATA);
        self.resource("orders", &text)
    }

    /// A resource with these rules, each a line of its `data:` list.
    #[must_use]
    pub fn ruled(self, name: &str, database: &Database<'_>, rules: &[&str]) -> Self {
        let rules: String = rules.iter().map(|rule| format!("  - {rule}\n")).collect();
        let text = resource(name, database, "tls: require", &format!("data:\n{rules}"));
        self.resource(name, &text)
    }

    /// A resource without data classes.
    #[must_use]
    pub fn plain(self, name: &str, database: &Database<'_>) -> Self {
        let text = resource(name, database, "tls: require", "");
        self.resource(name, &text)
    }

    /// A resource as its file says.
    #[must_use]
    pub fn resource(mut self, name: &str, yaml: &str) -> Self {
        self.resources.push((name.to_owned(), yaml.to_owned()));
        self
    }

    /// The folder the house is to stand in, where something is prepared in it.
    #[must_use]
    pub fn folder(mut self, folder: tempfile::TempDir) -> Self {
        self.folder = Some(Arc::new(folder));
        self
    }

    /// An environment variable of the gateway's process.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Writes the files and starts `sluice serve`; returns once it is ready.
    #[must_use]
    pub fn start(self) -> House {
        let folder = self.folder.unwrap_or_else(|| Arc::new(run_folder("house")));
        let at = |name: &str| folder.path().join(name);
        let idp = self.idp.unwrap_or_else(Idp::shared);
        let [web, postgres, ssh, metrics] = [(); 4].map(|()| free_port());
        let ports = Ports { web, postgres, ssh, metrics };
        for name in ["resources", "policies"] {
            std::fs::create_dir(at(name)).unwrap();
        }
        for (name, text) in &self.resources {
            std::fs::write(at(&format!("resources/{name}.yaml")), text).unwrap();
        }
        std::fs::write(at("policies/house.cedar"), &self.policies).unwrap();
        let tls = if self.tls { "" } else { "tls: off\n" };
        let configuration = format!(
            "data_dir: {data}\n\
             listen:\n  web: 127.0.0.1:{}\n  postgres: 127.0.0.1:{}\n  ssh: 127.0.0.1:{}\n  metrics: 127.0.0.1:{}\n{tls}\
             identity:\n  - name: corp\n    issuer: {}\n    audience: sluice\n    subject_claim: email\n    \
             groups_claim: groups\n    client_id: sluice\n{}\
             admins: [admins]\nresources: [resources/*.yaml]\npolicies: [policies/*.cedar]\n{}",
            ports.web,
            ports.postgres,
            ports.ssh,
            ports.metrics,
            idp.issuer(),
            self.identity,
            self.more,
            data = at("data").display(),
        );
        std::fs::write(at("sluice.yaml"), configuration).unwrap();
        let mut environment = self.environment;
        environment.push(("ORDERS_PASSWORD".into(), CANARY.into()));
        let mut house = House { process: None, folder, idp, ports, environment };
        house.restart();
        house
    }
}

/// A resource's file: a database of the test server, signed in to as `app`.
fn resource(name: &str, database: &Database<'_>, tls: &str, data: &str) -> String {
    format!(
        "name: {name}\nprotocol: postgres\naddress: {}\ndatabase: {}\n{tls}\n\
         credential:\n  username: app\n  password: {{env: ORDERS_PASSWORD}}\n\
         labels: {{env: prod}}\n{data}",
        database.server.address(),
        database.name,
    )
}

impl House {
    /// An open house without resources, to be furnished.
    #[must_use]
    pub fn builder() -> HouseBuilder {
        HouseBuilder {
            policies: OPEN.to_owned(),
            resources: Vec::new(),
            tls: false,
            idp: None,
            identity: String::new(),
            more: String::new(),
            environment: Vec::new(),
            folder: None,
        }
    }

    /// An open house with the resource `orders`.
    #[must_use]
    pub fn open(database: &Database<'_>) -> Self {
        Self::builder().orders(database).start()
    }

    /// Ends `sluice serve` if it runs, and starts it on the same files.
    pub fn restart(&mut self) {
        self.process = None;
        let mut command = Command::new(sluice());
        command.arg("serve").arg("--config").arg(self.file("sluice.yaml"));
        command.current_dir(self.folder.path()).env_remove("SLUICE_TOKEN").env_remove("SLUICE_URL");
        command.env("HOME", self.folder.path());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let process = Process::start(&command, &self.file("log"), "TERM", None);
        let health = format!("http://127.0.0.1:{}/readyz", self.ports.metrics);
        until("the house is ready", Duration::from_secs(60), || {
            assert!(process.alive(), "sluice serve ended:\n{}", self.log());
            std::net::TcpStream::connect(("127.0.0.1", self.ports.metrics)).ok()?;
            (request("GET", &health, &[], "").status == 200).then_some(())
        });
        self.process = Some(process);
    }

    /// Ends `sluice serve` with a signal's default meaning for it: `KILL`, `TERM`.
    pub fn end(&mut self, signal: &str) {
        let process = self.process.take().expect("it runs");
        process.signal(signal);
        until("sluice serve ends", Duration::from_secs(60), || (!process.alive()).then_some(()));
    }

    /// The process.
    #[must_use]
    pub const fn process(&self) -> &Process {
        self.process.as_ref().expect("it runs")
    }

    /// A file of the house by its name in its folder.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where the gateway speaks PostgreSQL.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.ports.postgres)
    }

    /// The port of [`Self::address`].
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.ports.postgres
    }

    /// The port where the gateway speaks SSH.
    #[must_use]
    pub const fn ssh_port(&self) -> u16 {
        self.ports.ssh
    }

    /// The URL of the pages and the API.
    #[must_use]
    pub fn url(&self) -> String {
        let tls = std::fs::read_to_string(self.file("sluice.yaml")).unwrap().contains("tls: off");
        format!("{}://127.0.0.1:{}", if tls { "http" } else { "https" }, self.ports.web)
    }

    /// The provider its people sign in with.
    #[must_use]
    pub const fn idp(&self) -> &'static Idp {
        self.idp
    }

    /// What the operator's log says.
    #[must_use]
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.file("log")).unwrap_or_default()).into_owned()
    }

    /// What a scrape of its metrics says.
    #[must_use]
    pub fn metrics(&self) -> String {
        request("GET", &format!("http://127.0.0.1:{}/metrics", self.ports.metrics), &[], "").body
    }

    /// A person of the provider's, with a token: `alice` (engineering), `bob` (engineering, dba),
    /// `carol` (dba), `dave` (no group), `erin` (engineering, fraud), `root` (admins).
    #[must_use]
    pub fn person(&self, name: &str) -> Person {
        let subject = format!("{name}@example.com");
        Person { token: self.idp.token(&subject), subject }
    }

    /// A raw client of `orders`, signed in.
    #[must_use]
    pub fn client(&self, name: &str) -> Client {
        self.try_client(name, "orders").unwrap_or_else(|why| panic!("{why:?}\n{}", self.log()))
    }

    /// A raw client, signed in, or why not.
    ///
    /// # Errors
    /// What the gateway said instead.
    pub fn try_client(&self, name: &str, resource: &str) -> Result<Client, ErrorFields> {
        let person = self.person(name);
        Client::sign_in(&self.address(), &person.subject, resource, &person.token)
    }

    /// A `psql` of somebody's, on `orders`.
    #[must_use]
    pub fn psql(&self, name: &str) -> Psql {
        self.psql_on(name, "orders")
    }

    /// A `psql` of somebody's.
    #[must_use]
    pub fn psql_on(&self, name: &str, resource: &str) -> Psql {
        let person = self.person(name);
        psql(&format!(
            "host=127.0.0.1 port={} user={} dbname={resource} sslmode=disable",
            self.ports.postgres, person.subject
        ))
        .env("PGPASSWORD", &person.token)
    }

    /// What a driver's environment needs to sign in as somebody.
    #[must_use]
    pub fn environment(&self, name: &str) -> Vec<(String, String)> {
        let person = self.person(name);
        [
            ("PGHOST", "127.0.0.1"),
            ("PGPORT", &self.ports.postgres.to_string()),
            ("PGUSER", &person.subject),
            ("PGDATABASE", "orders"),
            ("PGPASSWORD", &person.token),
            ("PGSSLMODE", "disable"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// Runs `sluice` as somebody, against this house.
    #[must_use]
    pub fn cli(&self, name: &str, words: &[&str]) -> Ran {
        let token = self.person(name).token;
        self.cli_with(&[("SLUICE_TOKEN", &token)], words)
    }

    /// Runs `sluice` with these environment variables, against this house.
    #[must_use]
    pub fn cli_with(&self, environment: &[(&str, &str)], words: &[&str]) -> Ran {
        run(&mut self.cli_command(environment, words), "")
    }

    /// `sluice`, to be run against this house.
    #[must_use]
    pub fn cli_command(&self, environment: &[(&str, &str)], words: &[&str]) -> Command {
        let mut command = Command::new(sluice());
        command.args(words).current_dir(self.folder.path());
        command.env_remove("SLUICE_TOKEN").env("HOME", self.folder.path());
        command.env("XDG_CONFIG_HOME", self.file("config")).env("SLUICE_URL", self.url());
        command.envs(environment.iter().copied());
        command
    }

    /// Runs `sluice` as somebody and reads the JSON it prints.
    #[must_use]
    pub fn cli_json(&self, name: &str, words: &[&str]) -> serde_json::Value {
        let ran = self.cli(name, words);
        assert!(ran.ok(), "{words:?}: {}", ran.all());
        serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{words:?}: {}", ran.stdout))
    }

    /// The one request that waits for approval, as somebody who may see it lists it.
    #[must_use]
    pub fn waiting(&self, name: &str) -> serde_json::Value {
        until("a request waits for approval", Duration::from_secs(20), || {
            let list = self.cli_json(name, &["approvals", "ls", "--json"]);
            list.as_array().expect("an array").first().cloned()
        })
    }

    /// Takes `text` for the house's policies and waits until the house has read them.
    pub fn policies(&self, text: &str) {
        let before = self.reloads();
        // In one step: a file that is half written may be read.
        let (fresh, file) = ("policies/house.cedar.new", self.file("policies/house.cedar"));
        std::fs::write(self.file(fresh), text).unwrap();
        std::fs::rename(self.file(fresh), file).unwrap();
        until("the house looks at its policies again", Duration::from_secs(20), || {
            (self.reloads() > before).then_some(())
        });
    }

    /// How often the operator's log speaks of a reload, good or bad.
    fn reloads(&self) -> usize {
        self.log().matches("reload").count()
    }

    /// The certificate of the authority that the house made for itself, if it did.
    #[must_use]
    pub fn authority(&self) -> Option<PathBuf> {
        let found = self.files().into_iter().find(|(path, bytes)| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.contains("ca") && bytes.starts_with(b"-----BEGIN CERTIFICATE")
        });
        found.map(|(path, _)| path)
    }

    fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = vec![(self.file("log"), self.log().into_bytes())];
        gather(&self.file("data"), &mut files);
        gather(&self.file("config"), &mut files);
        files
    }

    /// Everything the house wrote: its data, its log, and what is in its recordings.
    #[must_use]
    pub fn written(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = self.files();
        // On the disk recordings are sealed: while somebody is there to ask, what is in them is looked
        // at too.
        if !self.process.as_ref().is_some_and(Process::alive) {
            return files;
        }
        let token = self.person("root").token;
        let authority = self.authority().map(|path| path.display().to_string());
        let mut environment = vec![("SLUICE_TOKEN", token.as_str())];
        environment.extend(authority.as_deref().map(|path| ("SLUICE_CA", path)));
        let listed = self.cli_with(&environment, &["sessions", "ls", "--json", "--limit", "200"]);
        let listed: serde_json::Value =
            serde_json::from_str(&listed.stdout).unwrap_or_else(|_| panic!("{}", listed.all()));
        for session in listed.as_array().expect("a list") {
            let id = session["id"].as_str().expect("an id");
            let replay = self.cli_with(&environment, &["sessions", "replay", id, "--json"]);
            // What is sealed to others alone nobody reads here.
            let sealed = replay.all().contains("no key of this gateway");
            assert!(replay.ok() || sealed, "{}", replay.all());
            files.push((format!("recording of {id}").into(), replay.stdout.into_bytes()));
        }
        files
    }

    /// No credential of a target and no token of a person is in anything the house wrote.
    pub fn assert_no_secret_was_written(&self) {
        let mut secrets = vec![CANARY.to_owned()];
        secrets.extend(self.idp.handed_out());
        let forms: Vec<String> = secrets.iter().flat_map(|secret| forms(secret)).collect();
        let forms = AhoCorasick::new(&forms).expect("a few secrets");
        for (path, bytes) in self.written() {
            // `sluice login` keeps a person's own token in a file of theirs; the reserve holds nothing.
            if path.starts_with(self.file("config")) || path.ends_with("data/reserve") {
                continue;
            }
            assert!(!forms.is_match(&bytes), "a secret stands in {}", path.display());
        }
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if std::thread::panicking() {
            if let Ok(text) = std::fs::read_to_string(self.file("log")) {
                let tail: Vec<_> = text.lines().rev().take(40).collect();
                let tail: Vec<_> = tail.into_iter().rev().collect();
                use std::io::Write as _;
                let _ = writeln!(std::io::stderr(), "the house said last:\n{}", tail.join("\n"));
            }
            return;
        }
        self.process = None;
        self.assert_no_secret_was_written();
    }
}

fn gather(folder: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => gather(&path, files),
            false => files.push((path.clone(), std::fs::read(&path).unwrap_or_default())),
        }
    }
}

/// A secret as it is, in hexadecimal, and in base 64 wherever it may start.
fn forms(secret: &str) -> Vec<String> {
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut forms = vec![secret.to_owned(), hex];
    // From any of three offsets, the middle of the encoding is the same whatever stands around it.
    for skip in 0..3 {
        let whole = &secret.as_bytes()[skip..];
        forms.push(base64(&whole[..whole.len() - whole.len() % 3]));
    }
    forms
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks_exact(3) {
        let bits = three.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        for shift in [18, 12, 6, 0] {
            text.push(char::from(LETTERS[bits >> shift & 63]));
        }
    }
    text
}
