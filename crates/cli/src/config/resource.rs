//! `resources/*.yaml`: what is behind the door.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use model::{
    CredentialSource, DataClass, Evidence, Protocol, Resource, SecretSource, SshKeySource,
    UpstreamTls,
};
use serde::Deserialize;
use serde_saphyr::{Location, Spanned};
use wire::ssh::hosts;

use super::classes::Class;
use super::files::{Text, beside};
use super::{FileRef, Problem, Problems, data, secret, ways, yaml};

/// The protocols of the design whose rooms are not built yet.
const LATER: [&str; 2] = ["http", "kubernetes"];

/// Enough of a resource to know whose rules it follows.
#[derive(Debug, Deserialize)]
struct Kind {
    protocol: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    name: Spanned<String>,
    protocol: String,
    address: Spanned<String>,
    via: Option<Spanned<String>>,
    database: Option<Spanned<String>>,
    tls: Option<WrittenTls>,
    ca: Option<Spanned<FileRef>>,
    host_keys: Option<Spanned<Keys>>,
    ca_keys: Option<Spanned<Vec<String>>>,
    credential: WrittenCredential,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    data: Vec<Spanned<data::Written>>,
    #[serde(default)]
    strict_masking: bool,
    evidence: Option<Evidence>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum WrittenTls {
    Disable,
    Require,
    VerifyFull,
}

/// Host keys, or what is done without any.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "write a list of keys, `first-use` or `confirmed`")]
enum Keys {
    Word(String),
    List(Vec<String>),
}

/// A private key's place, or that the gateway's own authority signs for the moment.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "write `authority`, `{file: PATH}` or `{env: NAME}`")]
enum WrittenKey {
    Word(String),
    Source(#[serde(deserialize_with = "secret::one")] SecretSource),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenCredential {
    ssh_key: Option<Spanned<WrittenKey>>,
    username: String,
    #[serde(default, deserialize_with = "secret::optional")]
    password: Option<SecretSource>,
    client_certificate: Option<WrittenCertificate>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenCertificate {
    certificate: FileRef,
    #[serde(deserialize_with = "secret::one")]
    key: SecretSource,
}

/// Reads every resource of these files; names must be unique among all of them.
pub(super) fn read(
    files: &[Text],
    evidence: Evidence,
    classes: &BTreeMap<DataClass, Class>,
    problems: &mut Problems,
) -> Vec<Arc<Resource>> {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let mut resources = Vec::new();
    for file in files {
        match read_file(file, evidence, classes) {
            Ok(found) => {
                for one in found {
                    let (resource, location) = (&one.resource, one.location);
                    let place = format!("{}:{}", file.path.display(), location.line());
                    if let Some(first) = seen.get(&resource.name) {
                        let message = format!("the name `{}` is taken: {first}", resource.name);
                        problems.0.push(Problem::at(&file.path, location, message));
                        continue;
                    }
                    seen.insert(resource.name.clone(), place);
                    resources.push((file.path.as_path(), one));
                }
            }
            Err(found) => problems.0.extend(found.0),
        }
    }
    ways::joined(resources, problems)
}

/// A resource as its file has it.
pub(super) struct Read {
    pub(super) resource: Resource,
    location: Location,
    /// The name of its jump host.
    pub(super) via: Option<Spanned<String>>,
}

fn read_file(
    file: &Text,
    evidence: Evidence,
    classes: &BTreeMap<DataClass, Class>,
) -> Result<Vec<Read>, Problems> {
    let mut problems = Problems::default();
    for kind in yaml::many::<Kind>(&file.path, &file.text)? {
        let Some(protocol) = kind.protocol else { continue };
        let message = match protocol.value.as_str() {
            "postgres" | "ssh" => continue,
            name if LATER.contains(&name) => format!("protocol {name}: {}", super::not_built(name)),
            name => format!("`{name}` is not a protocol: this version speaks `postgres` and `ssh`"),
        };
        problems.0.push(Problem::at(&file.path, protocol.referenced, message));
    }
    if !problems.0.is_empty() {
        return Err(problems);
    }
    let written = yaml::many::<Written>(&file.path, &file.text)?;
    let read: Vec<_> = written
        .into_iter()
        .map(|mut written| {
            let (location, via) = (written.name.referenced, written.via.take());
            let resource = resource(&file.path, written, evidence, classes, &mut problems);
            if let (Some(via), false) = (&via, resource.protocol.as_str() == "ssh") {
                let message = "via: belongs to a resource with `protocol: ssh`".to_owned();
                problems.0.push(Problem::at(&file.path, via.referenced, message));
            }
            Read { resource, location, via }
        })
        .collect();
    if problems.0.is_empty() { Ok(read) } else { Err(problems) }
}

fn resource(
    file: &Path,
    written: Written,
    evidence: Evidence,
    classes: &BTreeMap<DataClass, Class>,
    problems: &mut Problems,
) -> Resource {
    let data = data::read(file, &written.data, classes, problems);
    let mut complain = |location, message: String| {
        problems.0.push(Problem::at(file, location, message));
    };
    if !super::is_name(&written.name.value) {
        let message = format!(
            "`{}` cannot be a resource's name: use letters, digits, `-`, `_` and `.`",
            written.name.value
        );
        complain(written.name.referenced, message);
    }
    if let Err(why) = host_and_port(&written.address.value) {
        complain(written.address.referenced, format!("address: {why}"));
    }
    let ca = written.ca.as_ref().map(|ca| beside(file, &ca.value.file));
    let tls = match (written.tls.unwrap_or(WrittenTls::VerifyFull), ca, &written.ca) {
        (WrittenTls::VerifyFull, ca, _) => UpstreamTls::VerifyFull { ca },
        (WrittenTls::Require, None, _) => UpstreamTls::Require,
        (WrittenTls::Disable, None, _) => UpstreamTls::Disable,
        (tls, Some(_), location) => {
            let location = location.as_ref().map_or(Location::UNKNOWN, |ca| ca.referenced);
            complain(
                location,
                "ca: only `tls: verify-full` checks a certificate against it".into(),
            );
            if tls == WrittenTls::Require { UpstreamTls::Require } else { UpstreamTls::Disable }
        }
    };
    let mut settings = BTreeMap::new();
    let ssh = written.protocol == "ssh";
    let misplaced =
        |key: &str, other: &str| format!("{key}: belongs to a resource with `protocol: {other}`");
    if ssh {
        for (key, location) in [
            ("database", written.database.as_ref().map(|key| key.referenced)),
            ("ca", written.ca.as_ref().map(|key| key.referenced)),
        ] {
            if let Some(location) = location {
                complain(location, misplaced(key, "postgres"));
            }
        }
    }
    for (key, location) in [
        ("host_keys", written.host_keys.as_ref().map(|key| key.referenced)),
        ("ca_keys", written.ca_keys.as_ref().map(|key| key.referenced)),
        ("ssh_key", written.credential.ssh_key.as_ref().map(|key| key.referenced)),
    ] {
        if let Some(location) = location.filter(|_| !ssh) {
            complain(location, misplaced(key, "ssh"));
        }
    }
    if let Some(keys) = &written.host_keys {
        let value = match &keys.value {
            Keys::Word(word) if matches!(word.as_str(), hosts::FIRST_USE | hosts::CONFIRMED) => {
                word.clone()
            }
            Keys::Word(word) => {
                complain(
                    keys.referenced,
                    format!(
                        "host_keys: `{word}` is not `first-use`, `confirmed` or a list of keys"
                    ),
                );
                String::new()
            }
            Keys::List(list) => list.join("\n"),
        };
        settings.insert(hosts::HOST_KEYS.to_owned(), value);
    }
    if let Some(keys) = &written.ca_keys {
        settings.insert(hosts::CA_KEYS.to_owned(), keys.value.join("\n"));
    }
    let ssh_key = written.credential.ssh_key.as_ref().and_then(|key| match &key.value {
        WrittenKey::Word(word) if word == "authority" => Some(SshKeySource::Authority),
        WrittenKey::Word(_) => {
            complain(
                key.referenced,
                "ssh_key: write `authority`, `{file: PATH}` or `{env: NAME}`".into(),
            );
            None
        }
        WrittenKey::Source(source) => Some(SshKeySource::Key(placed(file, source.clone()))),
    });
    if let Some(database) = &written.database {
        if database.value.is_empty() || database.value.contains('\0') {
            complain(database.referenced, "database: must have a name".into());
        }
        settings.insert("database".to_owned(), database.value.clone());
    }
    let credential = written.credential;
    let resource = Resource {
        name: written.name.value,
        protocol: Protocol::new(&written.protocol),
        address: written.address.value,
        via: None,
        tls: if ssh { UpstreamTls::Disable } else { tls },
        credential: CredentialSource {
            username: credential.username,
            password: credential.password.map(|secret| placed(file, secret)),
            client_certificate: credential
                .client_certificate
                .map(|both| (beside(file, &both.certificate.file), placed(file, both.key))),
            ssh_key,
        },
        labels: written.labels,
        data,
        strict_masking: written.strict_masking,
        evidence: written.evidence.unwrap_or(evidence),
        settings,
    };
    if ssh {
        let place = written.name.referenced;
        match hosts::HostRules::of(&resource) {
            Ok(rules) if rules.is_empty() => complain(
                place,
                "host_keys: say how the target is known: a list of keys as `ssh-keyscan` prints them, `first-use`, or `confirmed`; or `ca_keys`".into(),
            ),
            Ok(_) => {}
            Err(error) => complain(place, format!("host_keys: {error}")),
        }
        let credential = &resource.credential;
        if credential.ssh_key.is_none() && credential.password.is_none() {
            complain(place, "credential: an ssh resource needs `ssh_key` or `password`".into());
        }
    }
    resource
}

/// A secret's file is relative to the file that names it.
pub(super) fn placed(file: &Path, source: SecretSource) -> SecretSource {
    match source {
        SecretSource::Env(name) => SecretSource::Env(name),
        SecretSource::File(path) => SecretSource::File(beside(file, &path)),
    }
}

fn host_and_port(text: &str) -> Result<(), String> {
    let wrong = || format!("`{text}` is not HOST:PORT, as in db.internal:5432");
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host_is_good = match bare {
        Some(v6) => v6.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && !host.contains([':', '/', '@', ' ']),
    };
    match port.parse::<u16>() {
        Ok(1..) if host_is_good => Ok(()),
        _ => Err(wrong()),
    }
}
