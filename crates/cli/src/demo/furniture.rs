//! What stands in the demo's house: a database with people in it, and the files `sluice serve` reads.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use control::devissuer::Person;

use super::Postgres;
use super::postgres::free_port;

/// The public client that signs people in.
pub(super) const CLIENT: &str = "sluice-cli";
/// What tokens are made out to.
pub(super) const AUDIENCE: &str = "sluice";
/// Who works with orders.
pub(super) const ENGINEER: &str = "engineer@example.com";
/// Who agrees to changes.
pub(super) const DBA: &str = "dba@example.com";

const DATA: &str = include_str!("data.sql");
const POLICIES: &str = include_str!("policies.cedar");
const TESTS: &str = include_str!("policies.test.yaml");

/// The house's files.
pub(super) struct Furniture {
    folder: PathBuf,
    web: u16,
    postgres: u16,
    /// The target's password: what nobody may ever see.
    pub(super) password: String,
}

/// Whom the issuer vouches for.
pub(super) fn people() -> Vec<Person> {
    let person = |subject: &str, name: &str, groups: &[&str]| Person {
        subject: subject.to_owned(),
        name: name.to_owned(),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
    };
    vec![
        person(ENGINEER, "Erin, an engineer", &["engineering"]),
        person(DBA, "Dana, a DBA", &["dba"]),
        person("fraud@example.com", "Fay, of the fraud team", &["engineering", "fraud"]),
        person("admin@example.com", "Ada, an administrator", &["admins"]),
    ]
}

impl Furniture {
    /// Starts the database and fills it.
    pub(super) fn place(folder: &Path) -> Result<(Self, Arc<Postgres>)> {
        let house = folder.join("house");
        for name in ["", "resources", "policies"] {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(house.join(name))?;
        }
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let certified = rcgen::generate_simple_self_signed(names)
            .context("making the database's certificate")?;
        let certificate = certified.cert.pem();
        let (root, password) = (random(), random());
        let key = certified.signing_key.serialize_pem();
        let postgres = Postgres::start(&folder.join("postgres"), &certificate, &key, &root)?;
        postgres
            .direct("postgres", &format!("CREATE ROLE orders_app LOGIN PASSWORD '{password}'"))?;
        postgres.direct("postgres", "CREATE DATABASE orders OWNER orders_app")?;
        // Made by the very account the gateway uses: it could drop its own tables.
        postgres.direct("orders", &format!("SET ROLE orders_app; {DATA}"))?;

        let furniture = Self { folder: house, web: free_port()?, postgres: free_port()?, password };
        furniture.write("database-ca.pem", &certificate)?;
        furniture.write("orders.password", &format!("{}\n", furniture.password))?;
        furniture.write("resources/orders.yaml", &resource(postgres.port))?;
        furniture.write("policies/house.cedar", POLICIES)?;
        furniture.write("policies/house.test.yaml", TESTS)?;
        Ok((furniture, Arc::new(postgres)))
    }

    /// Writes the configuration.
    pub(super) fn configure(&self, issuer: &str) -> Result<()> {
        self.write(
            "sluice.yaml",
            &format!(
                "data_dir: ./data
listen:
  web: 127.0.0.1:{}
  postgres: 127.0.0.1:{}
identity:
  - name: demo
    issuer: {issuer}
    audience: {AUDIENCE}
    client_id: {CLIENT}
admins: [admins]
resources: [resources/*.yaml]
policies: [policies/*.cedar]
",
                self.web, self.postgres
            ),
        )
    }

    /// The configuration.
    pub(super) fn file(&self) -> PathBuf {
        self.folder.join("sluice.yaml")
    }

    /// Where the API will be.
    pub(super) fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.web)
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.folder.join(name);
        let mut file =
            fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        std::io::Write::write_all(&mut file, text.as_bytes())
            .with_context(|| format!("writing {}", path.display()))
    }
}

fn resource(port: u16) -> String {
    format!(
        "name: orders-prod
protocol: postgres
address: localhost:{port}
database: orders
tls: verify-full
ca: {{file: ../database-ca.pem}}
credential:
  username: orders_app
  password: {{file: ../orders.password}}
labels: {{env: prod}}
data:
  - {{column: public.customers.ssn, class: us_ssn, mask: keep_last(4)}}
  - {{column: public.customers.card, class: credit_card}}
  - {{column: \"*.*.email\", class: email}}
  - {{detect: [credit_card, email, us_ssn]}}
"
    )
}

fn random() -> String {
    let bytes: [u8; 20] = rand::random();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
