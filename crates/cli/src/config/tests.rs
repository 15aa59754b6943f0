use std::fs;
use std::path::Path;

use control::identity::{GroupsName, SubjectName};
use model::{DataClass, DataRule, Derived, Masking};

use super::*;

/// Writes files into a fresh folder, loads its `sluice.yaml`, and says what came of it with the
/// folder's name taken out.
fn check(files: &[(&str, &str)]) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    load(&folder.path().join("sluice.yaml")).map_err(|problems| {
        problems.to_string().replace(&format!("{}/", folder.path().display()), "")
    })
}

fn complaint(files: &[(&str, &str)]) -> String {
    check(files).expect_err("it should have been refused")
}

const RESOURCE: &str = "name: orders
protocol: postgres
address: 10.0.0.5:5432
credential:
  username: app
  password: {env: ORDERS_PASSWORD}
";

#[test]
fn the_example_of_the_design_is_understood() {
    let config = check(&[
        (
            "sluice.yaml",
            "data_dir: ./data
listen: {web: 127.0.0.1:8443, postgres: 127.0.0.1:5433, metrics: 127.0.0.1:9464}
identity:
  - {name: corp, issuer: https://idp.example.com, audience: sluice, subject_claim: email, groups_claim: groups, client_id: sluice-cli}
resources: [resources/*.yaml]
policies: [policies/*.cedar]
",
        ),
        (
            "resources/orders.yaml",
            "name: orders-prod
protocol: postgres
address: 10.0.0.5:5432
database: orders
tls: verify-full
credential: {username: app, password: {file: secret}}
labels: {env: prod, tier: 1}
data:
  - {column: public.customers.ssn, class: us_ssn}
  - {column: \"*.*.email\", class: email}
  - {detect: [credit_card, email]}
---
name: other
protocol: postgres
address: \"[::1]:5432\"
tls: disable
credential: {username: app}
strict_masking: true
",
        ),
        ("policies/a.cedar", "permit (principal, action, resource);"),
        ("policies/a.test.yaml", "[]"),
    ])
    .unwrap();
    assert_eq!(config.resources.len(), 2);
    let orders = &config.resources[0];
    assert_eq!(orders.settings["database"], "orders");
    assert_eq!(orders.labels["tier"], "1");
    assert_eq!(orders.data.len(), 3);
    assert!(!orders.strict_masking && config.resources[1].strict_masking);
    assert_eq!(orders.tls, model::UpstreamTls::VerifyFull { ca: None });
    let Some(model::SecretSource::File(secret)) = &orders.credential.password else { panic!() };
    assert!(secret.ends_with("resources/secret"), "{secret:?}");
    assert_eq!(config.resources[1].tls, model::UpstreamTls::Disable);
    assert_eq!(config.tls, Tls::Own);
    assert_eq!((config.policies.len(), config.tests.len(), config.files.len()), (1, 1, 3));
}

#[test]
fn a_mistake_is_told_with_its_place_and_what_would_be_right() {
    let house = |text: &'static str| complaint(&[("sluice.yaml", text)]);
    for (text, expected) in [
        ("data_dri: x\n", "sluice.yaml:1:1: unknown field `data_dri`"),
        ("listen:\n  postgress: 127.0.0.1:1\n", "sluice.yaml:2:3: unknown field `postgress`"),
        ("listen:\n  postgres: localhost\n", "sluice.yaml:2:13: `localhost` is not IP:PORT"),
        ("listen:\n  ssh: localhost\n", "sluice.yaml:2:8: `localhost` is not IP:PORT"),
        (
            "listen:\n  metrics: 0.0.0.0:9464\n",
            "sluice.yaml:2:12: listen.metrics: 0.0.0.0:9464 can be reached from outside",
        ),
        (
            "listen: {postgres: 0.0.0.0:5433}\ntls: off\n",
            "sluice.yaml:2:6: tls: off is refused because 0.0.0.0:5433",
        ),
        ("tls: on\n", "sluice.yaml:1:6: tls: write `off`"),
        ("tls: {certificate: a, key: b}\n", "sluice.yaml:1:6: tls: there is no file a"),
        ("resources: [orders.yaml]\n", "sluice.yaml:1:13: there is no file orders.yaml"),
        (
            "identity:\n  - name: corp\n    issuer: http://idp.example.com\n    audience: sluice\n",
            "sluice.yaml:3:13: identity provider `corp`: `issuer` must be https",
        ),
        (
            "identity:\n  - {name: a, issuer: https://i, audience: s}\n  - {name: b, issuer: https://i, audience: s}\n",
            "sluice.yaml:3:23: identity provider `b`: another provider has the same `issuer`",
        ),
        ("data_dir: x\ndata_dir: y\n", "sluice.yaml:2:1: "),
        ("listen: [\n", "sluice.yaml:"),
    ] {
        let found = house(text);
        assert!(found.starts_with(expected), "{text:?} gave {found:?}, not {expected:?}");
    }
}

#[test]
fn a_resource_that_cannot_be_served_is_told_with_its_place() {
    let resource =
        |text: &str| complaint(&[("sluice.yaml", "resources: [r.yaml]\n"), ("r.yaml", text)]);
    for (from, to, expected) in [
        ("postgres", "ssh", "r.yaml:1:7: host_keys: say how the target is known"),
        ("postgres", "gopher", "r.yaml:2:11: `gopher` is not a protocol"),
        ("orders", "o/r", "r.yaml:1:7: `o/r` cannot be a resource's name"),
        ("10.0.0.5:5432", "10.0.0.5", "r.yaml:3:10: address: `10.0.0.5` is not HOST:PORT"),
        ("{env: ORDERS_PASSWORD}", "hunter2", "r.yaml:6:13: "),
        ("username", "user", "r.yaml:5:3: unknown field `user`"),
    ] {
        let found = resource(&RESOURCE.replace(from, to));
        assert!(found.starts_with(expected), "{to:?} gave {found:?}, not {expected:?}");
    }
    for (added, expected) in [
        ("data: [{column: ssn, class: us_ssn}]\n", "r.yaml:7:8: `ssn` is not schema.table.column"),
        ("data: [{detect: [SSN]}]\n", "r.yaml:7:8: `SSN` is no data class"),
        ("data: [{detect: [IBAN_CODE]}]\n", "r.yaml:7:8: `IBAN_CODE` is called `iban` here"),
        (
            "data: [{detect: [iban_code]}]\n",
            "r.yaml:7:8: nothing detects `iban_code` by content: it is called `iban` here",
        ),
        (
            "data: [{column: a.b.c, class: US_SSN}]\n",
            "r.yaml:7:8: `US_SSN` is called `us_ssn` here",
        ),
        ("data: [{column: a.b.c}]\n", "r.yaml:7:8: a data rule names a column and its class"),
        ("data: [{class: us_ssn}]\n", "r.yaml:7:8: a rule for the class `us_ssn` says how"),
        ("data: [{class: us_ssn, mask: blur}]\n", "r.yaml:7:8: mask: `blur` is no way of masking"),
        ("data: [{class: us_ssn, masks: tag}]\n", "r.yaml:7:24: unknown field `masks`"),
        ("data: [{detect: [email], mask: tag}]\n", "r.yaml:7:8: a data rule names a column"),
        ("data: [{class: email, json: $.a}]\n", "r.yaml:7:8: a data rule names a column"),
        (
            "data: [{column: a.b.c, class: email, json: a.b}]\n",
            "r.yaml:7:8: json: `a.b` is no path: write `$.customer.ssn`",
        ),
        (
            "data:\n- {column: a.b.c, class: us_ssn, mask: tag}\n- {class: us_ssn, mask: redact}\n",
            "r.yaml:9:3: a class is treated in one way on one resource: `mask` of `us_ssn` is another at r.yaml:8:3",
        ),
        (
            "data:\n- {class: us_ssn, derived: clear}\n- {class: us_ssn, derived: mask}\n",
            "r.yaml:9:3: a class is treated in one way on one resource: `derived` of `us_ssn` is another at r.yaml:8:3",
        ),
        ("tls: require\nca: {file: x}\n", "r.yaml:8:5: ca: only `tls: verify-full`"),
        (
            "---\nname: orders\nprotocol: postgres\naddress: a:1\ncredential: {username: a}\n",
            "r.yaml:8:7: the name `orders` is taken: r.yaml:1",
        ),
    ] {
        let found = resource(&format!("{RESOURCE}{added}"));
        assert!(found.starts_with(expected), "{added:?} gave {found:?}, not {expected:?}");
    }
}

#[test]
fn the_operator_null_needs_no_quotes() {
    let text = format!("{RESOURCE}data: [{{column: a.b.c, class: us_ssn, mask: null}}]\n");
    let files = [("sluice.yaml", "resources: [r.yaml]\n"), ("r.yaml", &*text)];
    let data = check(&files).unwrap().resources[0].data.clone();
    let class = DataRule::Class {
        class: DataClass::new("us_ssn").unwrap(),
        masking: Some(Masking::Null),
        derived: Derived::Mask,
    };
    assert_eq!(data.last(), Some(&class));
    let own = "name: employee_id\nwhat: Staff\npattern: \"E-[0-9]{6}\"\nmask: null\n";
    let files = [("sluice.yaml", "classes: [c.yaml]\n"), ("c.yaml", own)];
    assert_eq!(check(&files).unwrap().classes[0].mask, Some(Masking::Null));
}

#[test]
fn how_a_class_is_treated_is_said_once_for_a_resource() {
    let data = |rules: &str| {
        let text = format!("{RESOURCE}data:\n{rules}");
        let files = [("sluice.yaml", "resources: [r.yaml]\n"), ("r.yaml", &*text)];
        check(&files).unwrap().resources[0].data.clone()
    };
    let class = |name: &str| DataClass::new(name).unwrap();
    let path = |column: &str| ["public", "customers", column].map(str::to_owned);
    let rules = data(
        "- {column: public.customers.ssn, class: us_ssn, mask: keep_last(4)}
- {column: public.customers.old_ssn, class: us_ssn}
- {column: public.customers.about, json: '$.papers[*].ssn', class: us_ssn, derived: clear}
- {class: us_ssn, mask: keep_last(4)}
- {detect: [email]}
",
    );
    let expected = [
        DataRule::Column { path: path("ssn"), class: class("us_ssn") },
        DataRule::Column { path: path("old_ssn"), class: class("us_ssn") },
        DataRule::Json {
            path: path("about"),
            json: "$.papers[*].ssn".into(),
            class: class("us_ssn"),
        },
        DataRule::Detect(vec![class("email")]),
        DataRule::Class {
            class: class("us_ssn"),
            masking: Some(Masking::KeepLast(4)),
            derived: Derived::Clear,
        },
    ];
    assert_eq!(rules, expected);
}

const STAFF: &str = "name: employee_id
what: Our own staff number
pattern: \"E-[0-9]{6}\"
context: [employee, staff]
mask: keep_last(2)
matches: [\"staff E-123456\"]
ignores: [\"staff E-12345\"]
";

#[test]
fn a_class_of_the_house_is_defined_where_a_resource_names_it() {
    let resources = format!(
        "{RESOURCE}data: [{{detect: [employee_id, email]}}]\n---\n{}data: [{{detect: [email]}}]\n---\n{}data:\n- {{detect: [employee_id]}}\n- {{class: employee_id, mask: tag}}\n",
        RESOURCE.replace("orders", "other"),
        RESOURCE.replace("orders", "third"),
    );
    let files = [
        ("sluice.yaml", "classes: [classes/*.yaml]\nresources: [r.yaml]\n"),
        ("classes/staff.yaml", STAFF),
        ("classes/towns.yaml", "name: town\nwhat: Where we are\ndictionary_file: towns.txt\n"),
        ("classes/towns.txt", "Ghent\n\n New York \n"),
        ("r.yaml", &*resources),
    ];
    let config = check(&files).unwrap();
    let [staff, town] = &config.classes[..] else { panic!("{:?}", config.classes) };
    assert_eq!((staff.matches.len(), staff.ignores.len()), (1, 1));
    assert_eq!(town.definition.dictionary, ["Ghent", "New York"]);
    let treated = |masking| DataRule::Class {
        class: staff.name().clone(),
        masking: Some(masking),
        derived: Derived::Mask,
    };
    let define = DataRule::Define(staff.definition.clone());
    let [orders, other, third] = &config.resources[..] else { panic!() };
    assert_eq!(orders.data[1..], [treated(Masking::KeepLast(2)), define.clone()]);
    assert_eq!(other.data.len(), 1);
    assert_eq!(third.data[1..], [treated(Masking::Tag), define]);
    let read = |name: &str| config.files.iter().any(|file| file.ends_with(name));
    assert!(read("staff.yaml") && read("towns.txt") && read("r.yaml"), "{:?}", config.files);
}

#[test]
fn a_mistake_in_a_class_is_told_with_its_place() {
    for (from, to, expected) in [
        ("employee_id", "Staff", "c.yaml:1:7: `Staff` is no data class"),
        ("employee_id", "us_ssn", "c.yaml:1:7: `us_ssn` is a class of Sluice's own"),
        ("pattern", "patern", "c.yaml:3:1: unknown field `patern`"),
        ("pattern: \"E-[0-9]{6}\"\n", "", "c.yaml:1:7: a class needs a `pattern`"),
        ("E-[0-9]{6}", "E-[0-9", "c.yaml:3:10: "),
        ("E-[0-9]{6}", "E-(?=9)", "c.yaml:3:10: "),
        ("keep_last(2)", "keep", "c.yaml:5:7: mask: `keep` is no way of masking"),
        ("mask: ", "checksum: crc7\nmask: ", "c.yaml:5:11: "),
        ("mask: ", "dictionary_file: none.txt\nmask: ", "c.yaml:5:18: dictionary_file: none.txt"),
        ("mask: ", "dictionary: [\"\"]\nmask: ", "c.yaml:5:14: dictionary: an empty word"),
    ] {
        let text = STAFF.replace(from, to);
        let found = complaint(&[("sluice.yaml", "classes: [c.yaml]\n"), ("c.yaml", &text)]);
        assert!(found.starts_with(expected), "{to:?} gave {found:?}, not {expected:?}");
    }
    let twice = format!("{STAFF}---\n{STAFF}");
    let found = complaint(&[("sluice.yaml", "classes: [c.yaml]\n"), ("c.yaml", &twice)]);
    assert!(
        found.starts_with("c.yaml:9:7: the class `employee_id` is defined already: c.yaml:1"),
        "{found}"
    );
}

/// The certificate of an authority, as a file has it.
fn authority(name: &str) -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.self_signed(&key).unwrap().pem()
}

#[test]
fn an_authority_of_client_certificates_stands_beside_providers() {
    let ca = authority("ci");
    let text = "identity:
  - {name: corp, issuer: https://idp.example.com, audience: sluice, groups_claim: null}
  - {name: plain, client_ca: {file: ci-ca.pem}}
";
    let identity = check(&[("sluice.yaml", text), ("ci-ca.pem", &ca)]).unwrap().identity;
    assert_eq!(identity.providers.len(), 1);
    assert_eq!(identity.providers[0].groups_claim, None);
    let [plain] = &identity.authorities[..] else { panic!() };
    assert!(plain.client_ca.is_absolute() && plain.crl.is_none());
    assert_eq!((plain.subject, plain.groups), (SubjectName::CommonName, None));
    assert_eq!(plain.kind, model::IdentityKind::User);
    let all = "identity:
  - {name: ci, client_ca: {file: ci-ca.pem}, subject: email, groups: organization, kind: machine}
";
    let identity = check(&[("sluice.yaml", all), ("ci-ca.pem", &ca)]).unwrap().identity;
    let ci = &identity.authorities[0];
    assert_eq!((ci.subject, ci.groups), (SubjectName::Email, Some(GroupsName::Organization)));
    assert_eq!(ci.kind, model::IdentityKind::Machine);
}

#[test]
fn a_mistake_in_an_authority_is_told_with_its_place() {
    let (ca, other) = (authority("ci"), authority("other"));
    for (entries, expected) in [
        (
            "- name: ci\n  client_ca: {file: ci-ca.pem}\n  issuer: https://i\n",
            "sluice.yaml:4:11: identity provider `ci`: `issuer` is a token provider's and does not go with `client_ca`",
        ),
        (
            "- name: ci\n  client_ca: {file: ci-ca.pem}\n  groups_claim: x\n",
            "sluice.yaml:4:17: identity provider `ci`: `groups_claim` is a token provider's",
        ),
        (
            "- name: ci\n  issuer: https://i\n  audience: s\n  crl: {file: x}\n",
            "sluice.yaml:5:8: identity provider `ci`: `crl` goes with `client_ca` only",
        ),
        (
            "- name: ci\n  audience: s\n",
            "sluice.yaml:2:9: identity provider `ci`: `issuer` is missing; an authority of client certificates has `client_ca`",
        ),
        (
            "- name: ci\n  client_ca: {file: nowhere.pem}\n",
            "sluice.yaml:3:14: identity provider `ci`: `client_ca`: nowhere.pem: ",
        ),
        (
            "- name: ci\n  client_ca: {file: ci-ca.pem}\n  crl: {file: ci-ca.pem}\n",
            "sluice.yaml:4:8: identity provider `ci`: `crl`: ci-ca.pem: there is no PEM revocation list",
        ),
        ("- name: ci\n  client_ca: {file: ci-ca.pem}\n  subject: nickname\n", "sluice.yaml:4:12: "),
        ("- name: ci\n  client_ca: ci-ca.pem\n", "sluice.yaml:3:14: "),
        (
            "- {name: a, client_ca: {file: ci-ca.pem}}\n- {name: b, client_ca: {file: ci-ca.pem}}\n",
            "sluice.yaml:3:24: identity provider `b`: `client_ca` holds an authority that `a` holds too",
        ),
        (
            "- {name: a, client_ca: {file: ci-ca.pem}}\n- {name: a, client_ca: {file: other.pem}}\n",
            "sluice.yaml:3:10: identity provider `a`: another provider has the same `name`",
        ),
    ] {
        let text = format!("identity:\n{entries}");
        let files = [("sluice.yaml", &*text), ("ci-ca.pem", &*ca), ("other.pem", &*other)];
        let found = complaint(&files);
        assert!(found.starts_with(expected), "{entries:?} gave {found:?}, not {expected:?}");
    }
    let clear = "tls: off\nidentity:\n- {name: ci, client_ca: {file: ci-ca.pem}}\n";
    let found = complaint(&[("sluice.yaml", clear), ("ci-ca.pem", &ca)]);
    assert!(found.contains("3:25: identity provider `ci`: `client_ca` means nothing"), "{found}");
}

#[test]
fn every_way_over_jump_hosts_must_end() {
    let host = |name: &str, via: &str| {
        format!(
            "name: {name}\nprotocol: ssh\naddress: {name}:22\nhost_keys: first-use\n\
             credential: {{username: u, password: {{env: P}}}}\n{via}---\n"
        )
    };
    let read = |hosts: &[(&str, &str)]| {
        let text: String = hosts.iter().map(|(name, via)| host(name, via)).collect();
        format!("{text}{RESOURCE}")
    };
    let files = |text: &str| {
        [("sluice.yaml", "resources: [r.yaml]\n".to_owned()), ("r.yaml", text.to_owned())]
    };
    let good = files(&read(&[("a", "via: b\n"), ("b", "via: c\n"), ("c", "")]));
    let config = check(&good.each_ref().map(|(name, text)| (*name, text.as_str()))).unwrap();
    let a = config.resources.iter().find(|resource| resource.name == "a").unwrap();
    let b = a.via.as_deref().unwrap();
    assert_eq!((&*b.name, &*b.via.as_deref().unwrap().name), ("b", "c"));
    for (hosts, expected) in [
        (&[("a", "via: x\n")][..], "r.yaml:6:6: via: there is no resource `x`"),
        (&[("a", "via: a\n")], "r.yaml:6:6: via: `a` lies behind 4 other jump hosts, or on a way"),
        (&[("a", "via: b\n"), ("b", "via: a\n")], "r.yaml:6:6: via: `b` lies behind"),
        (&[("a", "via: orders\n")], "r.yaml:6:6: via: `orders` is no jump host"),
    ] {
        let files = files(&read(hosts));
        let found = complaint(&files.each_ref().map(|(name, text)| (*name, text.as_str())));
        assert!(found.starts_with(expected), "{hosts:?} gave {found:?}, not {expected:?}");
    }
    let found = complaint(&[
        ("sluice.yaml", "resources: [r.yaml]\n"),
        ("r.yaml", &format!("{RESOURCE}via: b\n")),
    ]);
    assert!(found.contains("via: belongs to a resource with `protocol: ssh`"), "{found}");
}

#[test]
fn a_password_in_the_file_is_refused_and_not_repeated() {
    let found = complaint(&[
        ("sluice.yaml", "resources: [r.yaml]\n"),
        ("r.yaml", &RESOURCE.replace("{env: ORDERS_PASSWORD}", "hunter2")),
    ]);
    assert!(!found.contains("hunter2"), "{found}");
}

#[test]
fn a_touched_file_shows_in_the_stamp() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a");
    let stamp = || Stamp::of([file.clone()]);
    let absent = stamp();
    fs::write(&file, "1").unwrap();
    let first = stamp();
    assert_ne!(absent, first);
    assert_eq!(first, stamp());
    fs::write(&file, "22").unwrap();
    assert_ne!(first, stamp());
}

#[test]
fn paths_are_relative_to_the_file_they_stand_in() {
    for (config, path, expected) in [
        ("sluice.yaml", "data", "data"),
        ("/etc/sluice/sluice.yaml", "./data", "/etc/sluice/data"),
        ("/etc/sluice/sluice.yaml", "/var/lib/x", "/var/lib/x"),
    ] {
        assert_eq!(files::beside(Path::new(config), Path::new(path)), Path::new(expected));
    }
}

#[test]
fn who_is_told_what_happens_is_understood() {
    use control::export::{Format, From, Text, To, Transport};
    let config = check(&[(
        "sluice.yaml",
        "listen: {web: 127.0.0.1:8443}
export:
  - name: lines
    file: {path: out/events.jsonl, rotate: 5MB, keep: 3}
    format: ocsf
    events: [audit, commands]
    text: shape
    parameters: true
    from: beginning
  - {name: log, syslog: {address: 'tls://[::1]', facility: local3, ca: {file: ca.pem}}}
  - {name: siem, http: {url: 'https://siem.example.com/in', secret: {env: S}, headers: {x-a: {file: t}}}}
  - {name: otel, otlp: {url: 'http://127.0.0.1:4318'}}
",
    )])
    .unwrap();
    let [lines, log, siem, otel] = &config.export[..] else { panic!("{:?}", config.export) };
    let To::File(file) = &lines.to else { panic!() };
    assert!(file.path.ends_with("out/events.jsonl") && file.path.is_absolute());
    assert_eq!((file.rotate, file.keep), (5 << 20, 3));
    assert_eq!((lines.format, lines.from), (Format::Ocsf, From::Beginning));
    assert!(lines.choice.audit && lines.choice.commands && !lines.choice.sessions);
    assert!(lines.choice.parameters && matches!(lines.choice.text, Text::Shape(_)));
    let To::Syslog(syslog) = &log.to else { panic!() };
    assert_eq!((syslog.transport, syslog.host.as_str()), (Transport::Tls, "::1"));
    assert_eq!((syslog.port, syslog.facility), (6514, 19));
    let To::Http(http) = &siem.to else { panic!() };
    assert_eq!(http.batch, 500);
    let model::SecretSource::File(token) = &http.headers[0].1 else { panic!() };
    assert!(token.is_absolute());
    let To::Otlp(otlp) = &otel.to else { panic!() };
    assert_eq!(otlp.url.as_str(), "http://127.0.0.1:4318/v1/logs");
}

#[test]
fn what_cannot_be_told_has_its_place() {
    for (entry, expected) in [
        ("{name: a}", "export `a`: needs one of `file`, `syslog`, `http`, `otlp`"),
        ("{name: a, file: {path: x}, otlp: {url: 'https://x'}}", "and no more"),
        ("{name: ../a, file: {path: x}}", "cannot be a name"),
        ("{name: a, file: {path: x}, events: []}", "`events` is empty"),
        ("{name: a, file: {path: x}, events: [everything]}", "everything"),
        ("{name: a, file: {path: x, rotate: 5TB}}", "is no size"),
        ("{name: a, file: {path: x, rotate: 1KB}}", "at least 64KB"),
        ("{name: a, file: {path: x}, spool: 1}", "spool"),
        ("{name: a, syslog: {address: 'log.example.com:514'}}", "`address` must be"),
        ("{name: a, syslog: {address: 'tcp://log.example.com'}}", "`address` must be"),
        ("{name: a, syslog: {address: 'udp://x', facility: nobody}}", "`nobody` is none"),
        ("{name: a, syslog: {address: 'udp://x', ca: {file: x}}}", "`ca` means nothing"),
        ("{name: a, http: {url: 'http://siem.example.com'}}", "must be https"),
        ("{name: a, http: {url: 'https://x', secret: hunter2}}", "a secret does not stand"),
        (
            "{name: a, http: {url: 'https://x', headers: {authorization: hunter2}}}",
            "a secret does not",
        ),
        ("{name: a, http: {url: 'https://x', batch: 0}}", "`batch` must be"),
    ] {
        let text = format!("listen: {{web: 127.0.0.1:8443}}\nexport:\n  - {entry}\n");
        let said = complaint(&[("sluice.yaml", &text)]);
        assert!(said.contains(expected), "{entry}: {said}");
        assert!(said.starts_with("sluice.yaml:3:"), "{entry}: {said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
    let twice = "listen: {web: 127.0.0.1:8443}
export:
  - {name: a, file: {path: x}}
  - {name: b, file: {path: ./x}}
  - {name: a, file: {path: y}}
";
    let said = complaint(&[("sluice.yaml", twice)]);
    assert!(said.contains("sluice.yaml:4:") && said.contains("the file that `a` writes"), "{said}");
    assert!(said.contains("sluice.yaml:5:") && said.contains("stands there twice"), "{said}");
}
