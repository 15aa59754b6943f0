use std::borrow::Cow;

use rustls::CertificateError;

/// What the operator reads of a client certificate that TLS refused; the client gets an alert.
pub(crate) fn certificate_refused(error: &CertificateError) -> Cow<'static, str> {
    match error {
        CertificateError::UnknownIssuer => "no configured authority signed it".into(),
        CertificateError::Revoked => "it was revoked".into(),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "it does not say that it is for clients (extended key usage clientAuth)".into()
        }
        CertificateError::UnknownRevocationStatus => {
            "no revocation list speaks of its issuer".into()
        }
        CertificateError::BadSignature => {
            "it is not signed with its issuer's key, or not shown by its owner".into()
        }
        CertificateError::Other(why) => why.to_string().into(),
        // The library's own words for the others are sentences, or as good as one.
        other => other.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operator_reads_sentences() {
        for (error, words) in [
            (CertificateError::UnknownIssuer, "no configured authority signed it"),
            (CertificateError::Revoked, "it was revoked"),
            (CertificateError::Expired, "Expired"),
        ] {
            assert_eq!(certificate_refused(&error), words);
        }
    }
}
