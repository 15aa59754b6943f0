//! Who gets in with a client certificate, and who does not.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use e2e::{Database, House, Psql, Ran, psql, run_folder, until};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, RevokedCertParams, SerialNumber,
};

use crate::v15;

/// An authority with a folder for what it makes.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    folder: tempfile::TempDir,
}

/// The number of the certificate that [`Authority::revoke`] takes back.
const REVOKED: u64 = 4711;

const POLICIES: &str = r#"
@id("deployers")
permit (principal in Group::"deployers", action in [Action::"connect", Action::"read"], resource);
@id("engineers")
permit (principal in Group::"engineering", action in [Action::"connect", Action::"read"], resource);
"#;

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

impl Authority {
    fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let folder = run_folder("authority");
        let pem = params.self_signed(&key).unwrap().pem();
        std::fs::write(folder.path().join("ca.pem"), pem).unwrap();
        let authority = Self { issuer: Issuer::new(params, key), folder };
        authority.list(&[]);
        authority
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A machine's certificate, good for ten minutes and of the group `deployers`; and changed.
    fn certify(&self, subject: &str, change: impl FnOnce(&mut CertificateParams)) -> Pass {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, subject);
        params.distinguished_name.push(DnType::OrganizationName, "deployers");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        lasts(&mut params, now() - 60, now() + 600);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        let pass = Pass { folder: run_folder("pass"), subject: subject.to_owned() };
        pass.write("own.pem", &certificate);
        pass.write("own.key", &key.serialize_pem());
        pass
    }

    fn revoke(&self) {
        self.list(&[REVOKED]);
    }

    /// Publishes what it took back.
    fn list(&self, serials: &[u64]) {
        let at = |seconds| rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds);
        let params = CertificateRevocationListParams {
            this_update: at(now() - 60),
            next_update: at(now() + 600),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: serials
                .iter()
                .map(|serial| RevokedCertParams {
                    serial_number: SerialNumber::from(*serial),
                    revocation_time: at(now() - 30),
                    reason_code: None,
                    invalidity_date: None,
                })
                .collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let pem = params.signed_by(&self.issuer).unwrap().pem().unwrap();
        std::fs::write(self.file("ca.crl"), pem).unwrap();
    }

    /// A house that believes this authority, beside its provider of tokens.
    fn house(&self, database: &Database<'_>) -> House {
        let entry = format!(
            "  - name: ci\n    client_ca: {{file: {}}}\n    crl: {{file: {}}}\n    groups: organization\n    kind: machine\n",
            self.file("ca.pem").display(),
            self.file("ca.crl").display(),
        );
        House::builder().tls().identity(&entry).policies(POLICIES).orders(database).start()
    }
}

fn lasts(params: &mut CertificateParams, from: u64, to: u64) {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + Duration::from_secs(from);
    params.not_after = epoch + Duration::from_secs(to);
}

/// A certificate and its key in the files of somebody.
struct Pass {
    folder: tempfile::TempDir,
    subject: String,
}

impl Pass {
    /// `psql` wants a key that nobody else can read.
    fn write(&self, name: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let file = self.folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// `psql` with this certificate and no password.
    fn psql(&self, house: &House) -> Psql {
        self.psql_as(house, &self.subject)
    }

    fn psql_as(&self, house: &House, user: &str) -> Psql {
        let at = |name: &str| self.folder.path().join(name).display().to_string();
        psql(&format!(
            "host=127.0.0.1 port={} user={user} dbname=orders sslmode=require sslcert={} sslkey={}",
            house.port(),
            at("own.pem"),
            at("own.key"),
        ))
        .arg("--no-password")
    }

    fn select(&self, house: &House) -> Ran {
        self.psql(house).ran("SELECT count(*) FROM orders")
    }
}

#[test]
fn a_certificate_lets_its_subject_in_without_a_password_and_policy_sees_its_groups() {
    let database = v15().database();
    let authority = Authority::new("ci");
    let house = authority.house(&database);
    let runner = authority.certify("deploy-bot", |_| {});
    let ran = runner.select(&house);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("50\n", ""), "{}", house.log());
    assert!(database.log().contains("deploy-bot"), "{}", database.log());
    let denied = runner.psql(&house).ran("DELETE FROM orders");
    assert!(denied.stderr.contains("42501"), "{}", denied.stderr);

    let outsider = authority.certify("deploy-bot", |params| {
        params.distinguished_name.push(DnType::OrganizationName, "interns");
    });
    let refused = outsider.select(&house);
    assert!(
        refused.stderr.contains("no resource `orders` that you may open"),
        "{}",
        refused.stderr
    );

    let token = house.person("root").token;
    let ca = house.file("data/tls/ca.pem").display().to_string();
    let listed = house
        .cli_with(&[("SLUICE_TOKEN", &token), ("SLUICE_CA", &ca)], &["sessions", "ls", "--json"]);
    let sessions: serde_json::Value = serde_json::from_str(&listed.stdout).expect(&listed.stderr);
    let ours = &sessions[0];
    assert_eq!(
        (&ours["subject"], &ours["kind"], &ours["provider"]),
        (&"deploy-bot".into(), &"machine".into(), &"ci".into()),
        "{sessions}"
    );
}

#[test]
fn a_certificate_is_good_for_its_own_name_only() {
    let database = v15().database();
    let authority = Authority::new("ci");
    let house = authority.house(&database);
    let runner = authority.certify("deploy-bot", |_| {});
    let ran = runner.psql_as(&house, "alice@example.com").ran("SELECT 1");
    let told = "user \"alice@example.com\" does not match the identity \"deploy-bot\": connect with user=deploy-bot";
    assert!(ran.stderr.contains(told), "{}", ran.stderr);
    assert_eq!(database.log(), "");
}

#[test]
fn a_certificate_that_is_not_good_reaches_nothing_and_counts_as_a_failed_login() {
    let database = v15().database();
    let authority = Authority::new("ci");
    let house = authority.house(&database);
    let stranger = Authority::new("stranger");
    let server = vec![ExtendedKeyUsagePurpose::ServerAuth];
    for (pass, alert) in [
        (stranger.certify("deploy-bot", |_| {}), "unknown ca"),
        (Authority::new("ci").certify("deploy-bot", |_| {}), "alert"),
        (
            authority.certify("deploy-bot", |params| lasts(params, now() - 60, now() - 1)),
            "certificate expired",
        ),
        (
            authority.certify("deploy-bot", |params| lasts(params, now() + 60, now() + 90)),
            "certificate expired",
        ),
        (
            authority.certify("deploy-bot", |params| params.extended_key_usages = server),
            "unsupported certificate",
        ),
    ] {
        let ran = pass.select(&house);
        assert!(!ran.ok() && ran.stderr.contains(alert), "{alert}: {}", ran.all());
    }
    assert_eq!(database.log(), "");
    let expected = [
        "sluice_logins_refused_total 5\n",
        "sluice_logins_total{protocol=\"postgres\",outcome=\"failed\"} 5\n",
    ];
    // The client may have read the alert before the gateway goes on.
    until("five failed logins are counted", Duration::from_secs(20), || {
        let metrics = house.metrics();
        expected.iter().all(|line| metrics.contains(line)).then_some(())
    });
    assert!(house.log().contains("no configured authority signed it"), "{}", house.log());
}

#[test]
fn a_revoked_certificate_is_refused_once_the_list_says_so() {
    let database = v15().database();
    let authority = Authority::new("ci");
    let house = authority.house(&database);
    let numbered = |serial: u64| {
        authority.certify("deploy-bot", |params| params.serial_number = Some(serial.into()))
    };
    let (lost, other) = (numbered(REVOKED), numbered(REVOKED + 1));
    assert!(lost.select(&house).ok(), "{}", house.log());
    authority.revoke();
    until("the list is read", Duration::from_secs(20), || {
        house.log().contains("a new revocation list is in force").then_some(())
    });
    let length = v15().log_length();
    let ran = lost.select(&house);
    assert!(ran.stderr.contains("certificate revoked"), "{}", ran.all());
    assert_eq!(database.log_since(length), "");
    assert!(other.select(&house).ok(), "{}", house.log());
}

#[test]
fn without_a_certificate_a_token_is_asked_for_as_ever() {
    let database = v15().database();
    let authority = Authority::new("ci");
    let house = authority.house(&database);
    let person = house.person("alice");
    let ran = psql(&format!(
        "host=127.0.0.1 port={} user={} dbname=orders sslmode=require",
        house.port(),
        person.subject
    ))
    .env("PGPASSWORD", &person.token)
    .ran("SELECT count(*) FROM orders");
    assert_eq!(ran.stdout, "50\n", "{}", ran.stderr);
}

#[test]
fn a_session_ends_with_the_certificate_that_opened_it() {
    let database = v15().database();
    let authority = Authority::new("ci");
    let house = authority.house(&database);
    let end = now() + 8;
    let runner = authority.certify("deploy-bot", |params| lasts(params, now() - 60, end));
    let mut typing = runner.psql(&house).start();
    typing.line("SELECT 'still ' || 'good';");
    typing.says("still good");
    let ended = until("the session ends", Duration::from_secs(30), || {
        house.log().lines().find(|line| line.contains("a session ended")).map(str::to_owned)
    });
    assert!(now() >= end, "too early: {ended}");
    assert!(ended.contains("has expired"), "{ended}");
    typing.line("SELECT 1;");
    typing.says("the credential it was opened with has expired");
}
