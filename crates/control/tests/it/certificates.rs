//! Client certificates at the directory: what a refused one costs its address.

use std::net::SocketAddr;
use std::time::Duration;

use control::identity::{AuthorityConfig, Sources, SubjectName};
use model::IdentityKind;
use model::ports::{Directory as _, Unidentified};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
};

use crate::house::{House, NOW};

/// A house that believes an authority, and that authority.
fn house() -> (House, Issuer<'static, KeyPair>) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "ci");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let folder = tempfile::tempdir().unwrap();
    let client_ca = folder.path().join("ca.pem");
    std::fs::write(&client_ca, params.self_signed(&key).unwrap().pem()).unwrap();
    let authority = AuthorityConfig {
        name: "ci".into(),
        client_ca,
        crl: None,
        subject: SubjectName::CommonName,
        groups: None,
        kind: IdentityKind::Machine,
    };
    let sources = Sources { providers: Vec::new(), authorities: vec![authority] };
    (House::new(sources), Issuer::new(params, key))
}

/// A runner's certificate that is good until `end`.
fn certificate(by: &Issuer<'static, KeyPair>, end: u64) -> Vec<u8> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "runner");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + Duration::from_secs(NOW - 3600);
    params.not_after = epoch + Duration::from_secs(end);
    let key = KeyPair::generate().unwrap();
    params.signed_by(&key, by).unwrap().der().to_vec()
}

#[tokio::test]
async fn a_certificate_is_asked_for_only_where_one_would_be_believed() {
    assert!(House::new(Vec::new()).directory.client_certificates().is_none());
    assert!(house().0.directory.client_certificates().is_some());
}

#[tokio::test]
async fn refused_certificates_slow_their_address_down_as_refused_tokens_do() {
    let (house, ca) = house();
    let (good, ended) = (certificate(&ca, NOW + 60), certificate(&ca, NOW - 1));
    let here = SocketAddr::from(([192, 0, 2, 1], 5000));
    let elsewhere = SocketAddr::from(([192, 0, 2, 2], 5000));
    let show = |der: &[u8], from| house.directory.identify_certificate(&[der], from);
    let runner = show(&good, here).unwrap();
    assert_eq!((&*runner.subject, &*runner.provider), ("runner", "ci"));
    for _ in 0..10 {
        let refused = show(&ended, here);
        assert!(matches!(refused, Err(Unidentified::Certificate(_))), "{refused:?}");
    }
    assert!(matches!(show(&good, here), Err(Unidentified::Throttled(1..=5))));
    let token = house.login_from("guess", here).await;
    assert!(matches!(token, Err(Unidentified::Throttled(_))), "{token:?}");
    show(&good, elsewhere).unwrap();
    house.pass(Duration::from_secs(6));
    show(&good, here).unwrap();
    // Good once is not good for ever.
    house.pass(Duration::from_secs(60));
    show(&good, elsewhere).unwrap_err();
}
