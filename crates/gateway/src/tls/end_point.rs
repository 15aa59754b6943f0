use ring::digest;
use x509_parser::der_parser::oid::Oid;
use x509_parser::oid_registry::{
    OID_HASH_SHA1, OID_NIST_HASH_SHA256, OID_NIST_HASH_SHA384, OID_NIST_HASH_SHA512,
    OID_PKCS1_MD5WITHRSAENC, OID_PKCS1_RSASSAPSS, OID_PKCS1_SHA1WITHRSA, OID_PKCS1_SHA256WITHRSA,
    OID_PKCS1_SHA384WITHRSA, OID_PKCS1_SHA512WITHRSA, OID_SIG_ECDSA_WITH_SHA256,
    OID_SIG_ECDSA_WITH_SHA384, OID_SIG_ECDSA_WITH_SHA512,
};
use x509_parser::parse_x509_certificate;
use x509_parser::signature_algorithm::SignatureAlgorithm;

/// `tls-server-end-point` (RFC 5929): a certificate's hash, by the hash function it is signed with,
/// where MD5 and SHA-1 count as SHA-256. `None`: it is signed without a hash function of its own
/// (Ed25519), so there is nothing to bind to.
pub(crate) fn server_end_point(certificate: &[u8]) -> Option<Box<[u8]>> {
    let (_, parsed) = parse_x509_certificate(certificate).ok()?;
    let signed = &parsed.signature_algorithm;
    let function = if signed.algorithm == OID_PKCS1_RSASSAPSS {
        match SignatureAlgorithm::try_from(signed).ok()? {
            SignatureAlgorithm::RSASSA_PSS(parameters) => {
                function(parameters.hash_algorithm_oid())?
            }
            _ => return None,
        }
    } else {
        function(&signed.algorithm)?
    };
    Some(digest::digest(function, certificate).as_ref().into())
}

fn function(oid: &Oid<'_>) -> Option<&'static digest::Algorithm> {
    let sha256 = [
        OID_HASH_SHA1,
        OID_NIST_HASH_SHA256,
        OID_PKCS1_MD5WITHRSAENC,
        OID_PKCS1_SHA1WITHRSA,
        OID_PKCS1_SHA256WITHRSA,
        OID_SIG_ECDSA_WITH_SHA1,
        OID_SIG_ECDSA_WITH_SHA256,
    ];
    let sha384 = [OID_NIST_HASH_SHA384, OID_PKCS1_SHA384WITHRSA, OID_SIG_ECDSA_WITH_SHA384];
    let sha512 = [OID_NIST_HASH_SHA512, OID_PKCS1_SHA512WITHRSA, OID_SIG_ECDSA_WITH_SHA512];
    if sha256.contains(oid) {
        Some(&digest::SHA256)
    } else if sha384.contains(oid) {
        Some(&digest::SHA384)
    } else if sha512.contains(oid) {
        Some(&digest::SHA512)
    } else {
        None
    }
}

/// `ecdsa-with-SHA1`, which the registry does not name.
const OID_SIG_ECDSA_WITH_SHA1: Oid<'static> = x509_parser::der_parser::oid!(1.2.840.10045.4.1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_binds_nothing() {
        for bytes in [&b""[..], b"x", &[0x30, 0x82, 0xff, 0xff], &[0x30; 100]] {
            assert_eq!(server_end_point(bytes), None);
        }
    }

    #[test]
    fn a_certificate_is_hashed_as_it_is_signed() {
        for (algorithm, length) in [
            (&rcgen::PKCS_ECDSA_P256_SHA256, Some(32)),
            (&rcgen::PKCS_ECDSA_P384_SHA384, Some(48)),
            (&rcgen::PKCS_ED25519, None),
        ] {
            let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
            let parameters = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
            let certificate = parameters.self_signed(&key).unwrap();
            let hash = server_end_point(certificate.der());
            assert_eq!(hash.map(|hash| hash.len()), length, "{algorithm:?}");
        }
    }
}
