//! The server, and the four ways to it.

use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::{Database, House, Process, Server, Version, free_port, run_folder, until};

use crate::Options;

/// One way to the server.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    pub(crate) name: &'static str,
    /// Where a client connects to.
    pub(crate) address: String,
    pub(crate) user: String,
    pub(crate) database: String,
    pub(crate) password: String,
    /// The process in between, if there is one.
    pub(crate) pid: Option<u32>,
}

/// Everything that runs during the measurements.
pub(crate) struct Stage {
    pub(crate) server: &'static Server,
    pub(crate) database: Database<'static>,
    /// In clear, masking rules on a column, nothing found by content in what is measured.
    pub(crate) house: House,
    /// The same with TLS on both sides.
    pub(crate) secure: House,
    copy: (Process, u16),
    bouncer: (Process, u16),
    _folder: tempfile::TempDir,
}

/// The password of the servers' accounts.
pub(crate) fn password(server: &Server) -> String {
    server.password().to_owned()
}

impl Stage {
    /// Starts everything and fills the tables.
    pub(crate) fn set(options: &Options) -> Result<Self> {
        let server: &'static Server = Box::leak(Box::new(Server::start(
            Version::V15,
            "log_statement = none\nmax_connections = 2300\nshared_buffers = 512MB\nautovacuum = off\nmax_wal_size = 4GB\n",
        )));
        let database = server.database();
        fill(server, &database, options)?;
        let folder = run_folder("bench");

        let copy_port = free_port();
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["copy-proxy", &format!("127.0.0.1:{copy_port}"), &server.address()]);
        let copy = Process::start(&command, &folder.path().join("copy.log"), "TERM", None);

        let bouncer_port = free_port();
        let config = folder.path().join("pgbouncer.ini");
        std::fs::write(
            &config,
            format!(
                "[databases]\n{name} = host=127.0.0.1 port={port} user=app password={password}\n\
                 [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {bouncer_port}\nunix_socket_dir =\n\
                 auth_type = any\npool_mode = session\nmax_client_conn = 2000\ndefault_pool_size = 1500\n\
                 ignore_startup_parameters = extra_float_digits\nlog_connections = 0\nlog_disconnections = 0\n\
                 server_lifetime = 36000\n",
                name = database.name,
                port = server.port(),
                password = password(server),
            ),
        )?;
        let mut command = unprivileged("pgbouncer");
        command.arg(&config);
        let bouncer = Process::start(&command, &folder.path().join("pgbouncer.log"), "INT", None);

        let house = House::builder()
            .policies(&policies())
            .resource("bench", &resource(server, &database, "bench", "tls: disable", COLUMN))
            .resource("plain", &resource(server, &database, "plain", "tls: disable", ""))
            .resource("content", &resource(server, &database, "content", "tls: disable", CONTENT))
            .start();
        let secure = House::builder()
            .tls()
            .policies(&policies())
            .resource("bench", &resource(server, &database, "bench", "tls: require", COLUMN))
            .start();
        let stage = Self {
            server,
            database,
            house,
            secure,
            copy: (copy, copy_port),
            bouncer: (bouncer, bouncer_port),
            _folder: folder,
        };
        for way in stage.ways("bench") {
            until(&format!("{} answers", way.name), Duration::from_secs(30), || {
                e2e::Client::sign_in(&way.address, &way.user, &way.database, &way.password).ok()
            });
        }
        Ok(stage)
    }

    /// The four ways; `resource` says which of the gateway's resources the last one opens.
    pub(crate) fn ways(&self, resource: &str) -> Vec<Way> {
        let trust = |name, port: u16, pid| Way {
            name,
            address: format!("127.0.0.1:{port}"),
            user: "with_trust".into(),
            database: self.database.name.clone(),
            password: String::new(),
            pid,
        };
        vec![
            trust("direct", self.server.port(), None),
            trust("copy proxy", self.copy.1, Some(self.copy.0.pid())),
            trust("pgbouncer", self.bouncer.1, Some(self.bouncer.0.pid())),
            self.sluice("sluice", resource),
        ]
    }

    /// The way through the gateway to one of its resources.
    pub(crate) fn sluice(&self, name: &'static str, resource: &str) -> Way {
        through(&self.house, name, resource)
    }
}

/// The way through a house to one of its resources.
pub(crate) fn through(house: &House, name: &'static str, resource: &str) -> Way {
    let person = house.person("alice");
    Way {
        name,
        address: house.address(),
        user: person.subject,
        database: resource.into(),
        password: person.token,
        pid: Some(house.process().pid()),
    }
}

/// The account servers run as, when we are root.
fn unprivileged(program: &str) -> Command {
    let root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    if !root {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups", program]);
    command
}

/// One rule on a column that the measured statements return.
const COLUMN: &str = "data:\n  - {column: public.accounts.email, class: email}\n  - {column: public.big.email, class: email}\n";
/// Every detector over every value.
const CONTENT: &str = "data:\n  - {detect: [credit_card, email, us_ssn, iban, phone]}\n";

fn resource(server: &Server, database: &Database<'_>, name: &str, tls: &str, data: &str) -> String {
    format!(
        "name: {name}\nprotocol: postgres\naddress: {}\ndatabase: {}\n{tls}\n\
         credential:\n  username: app\n  password: {{env: ORDERS_PASSWORD}}\nlabels: {{env: prod}}\n{data}",
        server.address(),
        database.name
    )
}

/// The resource the gateway's ways open, for a house of another kind.
pub(crate) fn bench_resource(stage: &Stage) -> String {
    resource_with(stage, "bench", COLUMN)
}

/// A resource with data rules of its own, for a house of another kind.
pub(crate) fn resource_with(stage: &Stage, name: &str, data: &str) -> String {
    resource(stage.server, &stage.database, name, "tls: disable", data)
}

/// Fifty policies: a few that hold here, and others like them for other groups and labels.
pub(crate) fn policies() -> String {
    let mut text = String::from(
        "@id(\"open\") permit (principal in Group::\"engineering\", action in [Action::\"connect\", Action::\"read\", Action::\"write\", Action::\"define\"], resource);\n\
         @id(\"no-drop\") forbid (principal, action in [Action::\"drop\", Action::\"truncate\"], resource in Label::\"env=prod\");\n\
         @id(\"no-unbounded\") forbid (principal, action in [Action::\"update\", Action::\"delete\"], resource in Label::\"env=prod\") when { context.unbounded };\n\
         @id(\"vault\") forbid (principal, action, resource) when { resource.name == \"vault\" };\n",
    );
    for n in 4..50 {
        text.push_str(&match n % 3 {
            0 => format!("@id(\"p{n}\") permit (principal in Group::\"team-{n}\", action in Action::\"read\", resource in Label::\"team=t{n}\");\n"),
            1 => format!("@id(\"p{n}\") @approve(\"group:dba\") permit (principal in Group::\"engineering\", action in Action::\"administer\", resource in Label::\"env=e{n}\");\n"),
            _ => format!("@id(\"p{n}\") forbid (principal in Group::\"contractors-{n}\", action in Action::\"write\", resource in Label::\"env=prod\") when {{ resource.path like \"secret{n}.*\" }};\n"),
        });
    }
    text
}

fn fill(server: &Server, database: &Database<'_>, options: &Options) -> Result<()> {
    let address = [
        ("PGHOST", "127.0.0.1".to_owned()),
        ("PGPORT", server.port().to_string()),
        ("PGUSER", "app".into()),
        ("PGPASSWORD", password(server)),
        ("PGDATABASE", database.name.clone()),
    ];
    let environment: Vec<_> = address.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let made = e2e::pgbench(&["-i", "-s", "10", "-q", "--unlogged-tables"], &environment);
    ensure!(made.ok(), "pgbench -i: {}", made.all());
    let rows = options.rows;
    let ran = server.owner(&database.name).arg("-v").arg("ON_ERROR_STOP=1").script(
        "SET ROLE app;\n\
         CREATE UNLOGGED TABLE accounts AS SELECT n AS aid, n % 100 AS bid, n * 7 AS abalance, 'user' || n || '@example.com' AS email FROM generate_series(1, 100000) n;\n\
         ALTER TABLE accounts ADD PRIMARY KEY (aid);\n\
         CREATE UNLOGGED TABLE sink (id int, a int, name text, email text, amount numeric, note text);\n\
         RESET ROLE;\nVACUUM ANALYZE accounts;\n"
    );
    ensure!(ran.ok(), "filling: {}", ran.all());
    let mut big = Command::new("psql");
    big.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", &format!(
        "CREATE UNLOGGED TABLE big AS SELECT n AS id, n % 1000 AS a, 'a person of the name ' || n AS name, 'user' || n || '@example.com' AS email, (n % 100000)::numeric / 100 AS amount, 'a note about order ' || n || ' that is neither short nor long' AS note FROM generate_series(1, {rows}) n"
    )]).envs(environment.iter().copied());
    let ran = e2e::run_within(Duration::from_secs(600), &mut big, "");
    ensure!(ran.ok(), "filling: {}", ran.all());
    // Hint bits and the visibility map are written now and not during the first measured run.
    let ran = e2e::run_within(
        Duration::from_secs(600),
        Command::new("psql").args(["-X", "-q", "-c", "VACUUM ANALYZE big"]).envs(environment),
        "",
    );
    ensure!(ran.ok(), "vacuum: {}", ran.all());
    Ok(())
}
