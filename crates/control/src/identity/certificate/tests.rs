use std::path::Path;

use model::IdentityKind;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, RevokedCertParams,
    SanType, SerialNumber,
};

use super::*;

const NOW: u64 = 1_800_000_000;

struct Ca {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    der: Vec<u8>,
}

fn authority(name: &str) -> Ca {
    let key = KeyPair::generate().unwrap();
    let params = of_an_authority(name);
    let certificate = params.self_signed(&key).unwrap();
    let (pem, der) = (certificate.pem(), certificate.der().to_vec());
    Ca { issuer: Issuer::new(params, key), pem, der }
}

fn of_an_authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

fn lasts(params: &mut CertificateParams, from: u64, to: u64) {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + Duration::from_secs(from);
    params.not_after = epoch + Duration::from_secs(to);
}

/// A certificate for clients, made out to `ann`, from a minute ago for ten minutes; and changed.
fn issue(by: &Ca, change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
    let mut params = CertificateParams::default();
    params.distinguished_name = named("ann");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    lasts(&mut params, NOW - 60, NOW + 540);
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    params.signed_by(&key, &by.issuer).unwrap().der().to_vec()
}

/// The lists of what `by` took back, as a file has them.
fn list(by: &Ca, serials: &[u64], next_update: u64) -> String {
    let at = |seconds| rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds);
    let taken_back = |serial: &u64| RevokedCertParams {
        serial_number: SerialNumber::from(*serial),
        revocation_time: at(NOW - 30),
        reason_code: None,
        invalidity_date: None,
    };
    let params = CertificateRevocationListParams {
        this_update: at(NOW - 60),
        next_update: at(next_update),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: serials.iter().map(taken_back).collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    params.signed_by(&by.issuer).unwrap().pem().unwrap()
}

fn entry(folder: &Path, name: &str, pem: &str) -> AuthorityConfig {
    let client_ca = folder.join(format!("{name}.pem"));
    std::fs::write(&client_ca, pem).unwrap();
    AuthorityConfig {
        name: name.to_owned(),
        client_ca,
        crl: None,
        subject: SubjectName::CommonName,
        groups: None,
        kind: IdentityKind::User,
    }
}

/// The entries of these names, each with these authorities.
fn load(entries: &[(&str, &str)]) -> Result<Authorities, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let configs: Vec<_> =
        entries.iter().map(|(name, pem)| entry(folder.path(), name, pem)).collect();
    Authorities::load(&configs)
}

fn who(authorities: &Authorities, chain: &[&[u8]]) -> Result<Identity, String> {
    authorities.identify(chain, Timestamp::from_secs(NOW))
}

/// What a certificate comes to where its entry is `config`.
fn read(
    config: impl FnOnce(&mut AuthorityConfig),
    change: impl FnOnce(&mut CertificateParams),
) -> Result<Identity, String> {
    let ca = authority("ci");
    let folder = tempfile::tempdir().unwrap();
    let mut entry = entry(folder.path(), "ci", &ca.pem);
    config(&mut entry);
    who(&Authorities::load(&[entry]).unwrap(), &[&issue(&ca, change)])
}

/// As [`DnType::OrganizationName`], of which a name can have only one here.
fn another_organization() -> DnType {
    DnType::CustomDnType(vec![2, 5, 4, 10])
}

#[test]
fn a_certificate_is_who_it_names() {
    let identity = read(
        |entry| {
            entry.groups = Some(GroupsName::Organization);
            entry.kind = IdentityKind::Machine;
        },
        |params| {
            params.distinguished_name.push(DnType::OrganizationName, "engineering");
            params.distinguished_name.push(another_organization(), "dba");
            params.distinguished_name.push(DnType::OrganizationalUnitName, "cellar");
        },
    );
    let expected = Identity {
        subject: "ann".into(),
        groups: vec!["engineering".into(), "dba".into()],
        kind: IdentityKind::Machine,
        provider: "ci".into(),
        on_behalf_of: None,
        expires: Some(Timestamp::from_secs(NOW + 540)),
        token: None,
        only_resources: None,
    };
    assert_eq!(identity, Ok(expected));
}

#[test]
fn groups_are_not_read_where_nobody_said_where_they_stand() {
    let with_groups = |params: &mut CertificateParams| {
        params.distinguished_name.push(DnType::OrganizationName, "admins");
    };
    assert!(read(|_| {}, with_groups).unwrap().groups.is_empty());
}

fn alternative() -> Vec<SanType> {
    vec![
        SanType::Rfc822Name("ann@example.com".try_into().unwrap()),
        SanType::URI("spiffe://example.com/ci".try_into().unwrap()),
        SanType::DnsName("runner.example.com".try_into().unwrap()),
    ]
}

#[test]
fn the_subject_is_the_one_name_of_its_kind() {
    for (kind, expected) in [
        (SubjectName::CommonName, "ann"),
        (SubjectName::Email, "ann@example.com"),
        (SubjectName::Uri, "spiffe://example.com/ci"),
        (SubjectName::Dns, "runner.example.com"),
    ] {
        let one = read(|entry| entry.subject = kind, |it| it.subject_alt_names = alternative());
        assert_eq!(one.map(|identity| identity.subject).as_deref(), Ok(expected), "{kind:?}");
        let none = read(|entry| entry.subject = kind, |it| it.distinguished_name = named_not());
        assert!(none.unwrap_err().starts_with("it has no "), "{kind:?}");
        let two = read(
            |entry| entry.subject = kind,
            |it| {
                it.distinguished_name.push(DnType::CustomDnType(vec![2, 5, 4, 3]), "ben");
                it.subject_alt_names = [alternative(), alternative()].concat();
            },
        );
        assert!(two.unwrap_err().starts_with("it has more than one "), "{kind:?}");
    }
}

fn named_not() -> DistinguishedName {
    DistinguishedName::new()
}

#[test]
fn what_is_no_name_names_nobody() {
    let long = "a".repeat(257);
    for name in ["", "ann\u{1b}[2J", "ann\0", "ann\nben", &long] {
        let subject = read(|_| {}, |params| params.distinguished_name = named(name));
        assert_eq!(subject, Err("its common name is not a name".to_owned()), "{name:?}");
        let groups = read(
            |entry| entry.groups = Some(GroupsName::Organization),
            |params| params.distinguished_name.push(DnType::OrganizationName, name),
        );
        assert_eq!(groups, Err("its organizations are not names".to_owned()), "{name:?}");
    }
}

#[test]
fn a_service_account_is_no_person() {
    let name = "system:serviceaccount:ci:runner";
    let identity = read(|_| {}, |params| params.distinguished_name = named(name)).unwrap();
    assert_eq!(identity.kind, IdentityKind::Machine);
}

#[test]
fn what_is_not_good_now_and_for_clients_is_refused() {
    let usages = |usages: Vec<ExtendedKeyUsagePurpose>| {
        read(|_| {}, |params| params.extended_key_usages = usages)
    };
    let time = |from: u64, to: u64| read(|_| {}, |params| lasts(params, from, to));
    for (what, answer, why) in [
        ("ended", time(NOW - 60, NOW - 1), "expired"),
        ("not begun", time(NOW + 1, NOW + 60), "not valid yet"),
        ("a server's", usages(vec![ExtendedKeyUsagePurpose::ServerAuth]), "client"),
        ("for anything", usages(vec![ExtendedKeyUsagePurpose::Any]), "client"),
        ("for nothing that it says", usages(vec![]), "InvalidPurpose"),
    ] {
        let said = answer.expect_err(what);
        assert!(said.contains(why), "{what}: {said}");
    }
    assert!(time(NOW - 60, NOW).is_ok());
}

#[test]
fn the_authority_that_signed_it_says_of_which_entry_it_is() {
    let (ours, theirs, stranger) = (authority("one"), authority("two"), authority("three"));
    let authorities = load(&[("ours", &ours.pem), ("theirs", &theirs.pem)]).unwrap();
    let provider = |by: &Ca| who(&authorities, &[&issue(by, |_| {})]).map(|it| it.provider);
    assert_eq!(provider(&ours).as_deref(), Ok("ours"));
    assert_eq!(provider(&theirs).as_deref(), Ok("theirs"));
    // A name is nothing without the key.
    for by in [&stranger, &authority("one"), &authority("two")] {
        provider(by).unwrap_err();
    }
    assert_eq!(who(&authorities, &[]), Err("there is none".to_owned()));
    assert!(who(&authorities, &[b"0"]).is_err());
}

#[test]
fn an_authority_between_vouches_and_a_client_does_not() {
    let root = authority("root");
    let authorities = load(&[("ci", &root.pem)]).unwrap();
    for (is_ca, good) in [
        (IsCa::Ca(BasicConstraints::Constrained(0)), true),
        (IsCa::ExplicitNoCa, false),
        (IsCa::NoCa, false),
    ] {
        let key = KeyPair::generate().unwrap();
        let mut params = of_an_authority("between");
        params.is_ca = is_ca;
        let certificate = params.signed_by(&key, &root.issuer).unwrap();
        let (pem, der) = (certificate.pem(), certificate.der().to_vec());
        let between = Ca { issuer: Issuer::new(params, key), pem, der };
        let own = issue(&between, |_| {});
        assert_eq!(who(&authorities, &[&own, &between.der]).is_ok(), good);
        who(&authorities, &[&own]).unwrap_err();
    }
}

#[test]
fn who_two_entries_vouch_for_is_nobody() {
    let (ours, theirs) = (authority("one"), authority("two"));
    let authorities = load(&[("ours", &ours.pem), ("theirs", &theirs.pem)]).unwrap();
    // The second authority signs the first one's key too.
    let crossed = of_an_authority("one");
    let crossed = crossed.signed_by(ours.issuer.key(), &theirs.issuer).unwrap().der().to_vec();
    let own = issue(&ours, |_| {});
    assert_eq!(who(&authorities, &[&own]).unwrap().provider, "ours");
    let said = who(&authorities, &[&own, &crossed]).unwrap_err();
    assert!(said.contains("the authorities of two entries vouch for it"), "{said}");
}

#[test]
fn what_was_taken_back_is_refused_as_soon_as_the_list_says_so() {
    let ca = authority("ci");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ci.crl");
    std::fs::write(&file, list(&ca, &[], NOW + 3600)).unwrap();
    let mut entry = entry(folder.path(), "ci", &ca.pem);
    entry.crl = Some(file.clone());
    let authorities = Authorities::load(&[entry]).unwrap();
    let numbered =
        |serial: u64| issue(&ca, |params| params.serial_number = Some(SerialNumber::from(serial)));
    let (first, second) = (numbered(7), numbered(8));
    let good = || [&first, &second].map(|own| who(&authorities, &[own]).is_ok());
    assert_eq!(good(), [true, true]);

    std::fs::write(&file, list(&ca, &[7], NOW + 3600)).unwrap();
    authorities.refresh();
    assert_eq!(good(), [false, true]);
    assert!(who(&authorities, &[&first]).unwrap_err().to_lowercase().contains("revoked"));

    // What cannot be read changes nothing.
    for broken in ["", "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", &ca.pem] {
        std::fs::write(&file, broken).unwrap();
        authorities.refresh();
        assert_eq!(good(), [false, true], "{broken:?}");
    }
    std::fs::remove_file(&file).unwrap();
    authorities.refresh();
    assert_eq!(good(), [false, true]);

    // A list that has ended says nothing of today, and another authority's says nothing at all.
    for useless in [list(&ca, &[7, 9], NOW - 1), list(&authority("other"), &[], NOW + 3600)] {
        std::fs::write(&file, useless).unwrap();
        authorities.refresh();
        assert_eq!(good(), [false, false]);
    }
}

#[test]
fn an_entry_that_could_make_identities_it_should_not_is_refused_at_load() {
    let ca = authority("ci");
    let own = KeyPair::generate().unwrap();
    let client = CertificateParams::default().self_signed(&own).unwrap().pem();
    let both = format!("{}{}", authority("other").pem, ca.pem);
    for (entries, why) in [
        (vec![("ci", "")], "`client_ca`: "),
        (vec![("ci", &*client)], "is no authority's certificate"),
        (
            vec![("ci", &*ca.pem), ("more", &*both)],
            "`client_ca` holds an authority that `ci` holds",
        ),
    ] {
        let error = load(&entries).unwrap_err();
        assert!(error.why.contains(why), "{error}");
    }
    let folder = tempfile::tempdir().unwrap();
    for (text, why) in [("", "there is no PEM revocation list"), (&*ca.pem, "`crl`: ")] {
        let mut entry = entry(folder.path(), "ci", &ca.pem);
        let file = folder.path().join("ci.crl");
        std::fs::write(&file, text).unwrap();
        entry.crl = Some(file);
        let error = Authorities::load(&[entry]).unwrap_err();
        assert!(error.why.contains(why), "{error}");
    }
    let mut missing = entry(folder.path(), "ci", &ca.pem);
    missing.client_ca = folder.path().join("nowhere.pem");
    assert!(Authorities::load(&[missing]).unwrap_err().why.starts_with("`client_ca`: "));
}
