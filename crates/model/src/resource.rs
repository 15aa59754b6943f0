use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::{ClassDefinition, DataClass, Derived, Masking};

/// The name of a protocol as `wire` lists it: `postgres`, …
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Protocol(Arc<str>);

impl Protocol {
    /// A protocol by name; whether it is spoken here is `wire`'s to say.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Protocol({})", self.0)
    }
}

/// What is behind the door: where it is, where its credential is kept, how sensitive its data is.
///
/// It never holds the credential itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// What people type: `orders-prod`. Letters, digits, `-`, `_` and `.`; unique in the house.
    pub name: String,
    /// Which protocol is spoken.
    pub protocol: Protocol,
    /// `host:port`, or a URL for protocols that have one.
    pub address: String,
    /// The jump host that makes the connection, itself a resource; `None`: the gateway does.
    pub via: Option<Arc<Resource>>,
    /// How the connection to the target is protected.
    pub tls: UpstreamTls,
    /// The credential of the target, or where it is found.
    pub credential: CredentialSource,
    /// `key=value` pairs that policies speak of as `Label::"key=value"`.
    pub labels: BTreeMap<String, String>,
    /// Which data is sensitive.
    pub data: Vec<DataRule>,
    /// Whether a statement is refused whose result cannot be masked for sure.
    pub strict_masking: bool,
    /// When a command's record must be on the disk.
    pub evidence: Evidence,
    /// Keys that only this protocol knows (`database` for postgres); checked by `wire` at load.
    pub settings: BTreeMap<String, String>,
}

/// When a command's record must be on the disk. The later of two is the stricter.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// At most a second after the command was sent.
    #[default]
    Buffered,
    /// Before the command is sent.
    Strict,
}

/// How the gateway protects its own connection to a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UpstreamTls {
    /// In clear, because the configuration says so in as many words.
    Disable,
    /// TLS or nothing, whoever's certificate it is.
    Require,
    /// TLS with a certificate of a known authority, made out to the host's name.
    VerifyFull {
        /// A PEM file of authorities to trust; the system's when absent.
        ca: Option<PathBuf>,
    },
}

/// Where a resource's credential is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialSource {
    /// The account on the target.
    pub username: String,
    /// The password, when the target asks for one.
    pub password: Option<SecretSource>,
    /// A client certificate (PEM) and its private key (PEM), when the target asks for one.
    pub client_certificate: Option<(PathBuf, SecretSource)>,
    /// How an SSH target is shown who comes, when it is a key.
    pub ssh_key: Option<SshKeySource>,
}

/// Where the key is that opens an SSH target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SshKeySource {
    /// A private key in OpenSSH's format.
    Key(SecretSource),
    /// A key of the moment, with a certificate for it by the gateway's own authority.
    Authority,
}

/// Where one secret is found at the moment it is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// `{env: NAME}`: an environment variable of the gateway's process.
    Env(String),
    /// `{file: PATH}`: a file's content, without its last line break.
    File(PathBuf),
}

/// One line of a resource's `data:` list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataRule {
    /// `{column: public.customers.ssn, class: us_ssn}`; `*` stands for any schema, table or column.
    Column {
        /// Schema, table and column, each a name or `*`.
        path: [String; 3],
        /// What the column holds.
        class: DataClass,
    },
    /// `{detect: [credit_card, email]}`: found by content, wherever it stands.
    Detect(Vec<DataClass>),
    /// `{column: public.orders.payload, json: "$.customer.ssn", class: us_ssn}`: a part of a JSON
    /// document.
    Json {
        /// Schema, table and column, each a name or `*`.
        path: [String; 3],
        /// Where in the document, as a JSON path of members, `[n]` and `[*]`.
        json: String,
        /// What stands there.
        class: DataClass,
    },
    /// `{class: us_ssn, mask: keep_last(4), derived: clear}`: how a class is treated on this resource.
    Class {
        /// Which.
        class: DataClass,
        /// How its values are masked; `None`: as the catalogue says.
        masking: Option<Masking>,
        /// Whether facts about its values may show.
        derived: Derived,
    },
    /// A class of the house's own that `detect` may name.
    Define(Arc<ClassDefinition>),
}
