//! ErrorResponse and NoticeResponse: a list of fields, each a code byte and a text.

use std::borrow::Cow;

use bytes::Bytes;

use super::frame::{Body, Malformed, backend, message, put_cstr};

/// The codes of fields.
pub mod field {
    #![expect(missing_docs, reason = "the names are the protocol's")]
    /// The severity in the server's language.
    pub const SEVERITY: u8 = b'S';
    /// The severity in English.
    pub const SEVERITY_PLAIN: u8 = b'V';
    pub const CODE: u8 = b'C';
    pub const MESSAGE: u8 = b'M';
    pub const DETAIL: u8 = b'D';
    pub const HINT: u8 = b'H';
    /// Where in the statement, in characters from 1.
    pub const POSITION: u8 = b'P';
    pub const INTERNAL_POSITION: u8 = b'p';
    pub const INTERNAL_QUERY: u8 = b'q';
    /// The context: a call stack with statements in it.
    pub const WHERE: u8 = b'W';
    pub const SCHEMA: u8 = b's';
    pub const TABLE: u8 = b't';
    pub const COLUMN: u8 = b'c';
    pub const DATA_TYPE: u8 = b'd';
    pub const CONSTRAINT: u8 = b'n';
    pub const FILE: u8 = b'F';
    pub const LINE: u8 = b'L';
    pub const ROUTINE: u8 = b'R';
}

/// SQLSTATEs that we send or look for.
pub mod sqlstate {
    #![expect(missing_docs, reason = "the names are the server's (errcodes.txt)")]
    pub const SUCCESSFUL_COMPLETION: &str = "00000";
    pub const SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION: &str = "08001";
    pub const CONNECTION_FAILURE: &str = "08006";
    pub const PROTOCOL_VIOLATION: &str = "08P01";
    pub const FEATURE_NOT_SUPPORTED: &str = "0A000";
    pub const INVALID_SQL_STATEMENT_NAME: &str = "26000";
    pub const INVALID_CURSOR_NAME: &str = "34000";
    pub const INVALID_PARAMETER_VALUE: &str = "22023";
    pub const ACTIVE_SQL_TRANSACTION: &str = "25001";
    pub const IN_FAILED_SQL_TRANSACTION: &str = "25P02";
    pub const INVALID_AUTHORIZATION_SPECIFICATION: &str = "28000";
    pub const INVALID_PASSWORD: &str = "28P01";
    pub const INVALID_CATALOG_NAME: &str = "3D000";
    pub const INSUFFICIENT_PRIVILEGE: &str = "42501";
    pub const SYNTAX_ERROR: &str = "42601";
    pub const TOO_MANY_CONNECTIONS: &str = "53300";
    pub const PROGRAM_LIMIT_EXCEEDED: &str = "54000";
    pub const STATEMENT_TOO_COMPLEX: &str = "54001";
    pub const OBJECT_NOT_IN_PREREQUISITE_STATE: &str = "55000";
    pub const QUERY_CANCELED: &str = "57014";
    pub const ADMIN_SHUTDOWN: &str = "57P01";
    pub const CANNOT_CONNECT_NOW: &str = "57P03";
    pub const SYSTEM_ERROR: &str = "58000";
    pub const INTERNAL_ERROR: &str = "XX000";
}

/// An error or a notice: one that is read from the target, or one of ours on its way to the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report<'a> {
    tag: u8,
    fields: Vec<(u8, Cow<'a, [u8]>)>,
}

impl<'a> Report<'a> {
    /// An error after which the session goes on.
    #[must_use]
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::ours(backend::ERROR_RESPONSE, "ERROR", code, message.into())
    }

    /// An error that ends the session.
    #[must_use]
    pub fn fatal(code: &'static str, message: impl Into<String>) -> Self {
        Self::ours(backend::ERROR_RESPONSE, "FATAL", code, message.into())
    }

    /// Something the user should know.
    #[must_use]
    pub fn notice(message: impl Into<String>) -> Self {
        let code = sqlstate::SUCCESSFUL_COMPLETION;
        Self::ours(backend::NOTICE_RESPONSE, "NOTICE", code, message.into())
    }

    fn ours(tag: u8, severity: &'static str, code: &'static str, message: String) -> Self {
        let text = |text: &'static str| Cow::Borrowed(text.as_bytes());
        Self {
            tag,
            fields: vec![
                (field::SEVERITY, text(severity)),
                (field::SEVERITY_PLAIN, text(severity)),
                (field::CODE, text(code)),
                (field::MESSAGE, Cow::Owned(message.into_bytes())),
            ],
        }
    }

    /// Reads the body of a message of type `tag` (ErrorResponse or NoticeResponse).
    ///
    /// # Errors
    /// The list does not end where the body ends, or it has no end.
    pub fn parse(tag: u8, body: &'a [u8]) -> Result<Self, Malformed> {
        let mut body = Body::new(body);
        let mut fields = Vec::with_capacity(8);
        loop {
            match body.u8()? {
                0 => break,
                // The protocol has eighteen; more than this is no server's error.
                _ if fields.len() == 64 => return Err(Malformed),
                code => fields.push((code, Cow::Borrowed(body.cstr()?))),
            }
        }
        body.end()?;
        Ok(Self { tag, fields })
    }

    /// With more about it.
    #[must_use]
    pub fn detail(self, detail: impl Into<String>) -> Self {
        self.with(field::DETAIL, detail.into().into_bytes())
    }

    /// With what to do next.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        self.with(field::HINT, hint.into().into_bytes())
    }

    /// With this field, in place of one of the same code.
    #[must_use]
    pub fn with(mut self, code: u8, value: impl Into<Cow<'a, [u8]>>) -> Self {
        let value = value.into();
        match self.fields.iter_mut().find(|(known, _)| *known == code) {
            Some((_, old)) => *old = value,
            None => self.fields.push((code, value)),
        }
        self
    }

    /// Without this field.
    pub fn remove(&mut self, code: u8) {
        self.fields.retain(|(known, _)| *known != code);
    }

    /// A field's value.
    #[must_use]
    pub fn get(&self, code: u8) -> Option<&[u8]> {
        self.fields.iter().find(|(known, _)| *known == code).map(|(_, value)| &**value)
    }

    /// A field's value as text, whatever its encoding.
    #[must_use]
    pub fn text(&self, code: u8) -> Cow<'_, str> {
        self.get(code).map_or(Cow::Borrowed(""), String::from_utf8_lossy)
    }

    /// All fields in order, to look at and to change.
    pub fn fields_mut(&mut self) -> impl Iterator<Item = (u8, &mut Cow<'a, [u8]>)> {
        self.fields.iter_mut().map(|(code, value)| (*code, value))
    }

    /// Whether it ends the session.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        let severity = self.get(field::SEVERITY_PLAIN).or_else(|| self.get(field::SEVERITY));
        matches!(severity, Some(b"FATAL" | b"PANIC"))
    }

    /// Appends the message.
    pub fn write(&self, out: &mut Vec<u8>) {
        message(out, self.tag, |out| {
            // A field of code 0 would end the list for the reader.
            for (code, value) in self.fields.iter().filter(|(code, _)| *code != 0) {
                out.push(*code);
                put_cstr(out, value);
            }
            out.push(0);
        });
    }

    /// The message.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        let size: usize = self.fields.iter().map(|(_, value)| value.len() + 2).sum();
        let mut out = Vec::with_capacity(size + 6);
        self.write(&mut out);
        out.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postgres::frame::{HEADER, header};
    use model::Peer;

    #[test]
    fn an_error_with_every_field_survives_the_way_through() {
        let mut body = Vec::new();
        for code in *b"SVCMDHPpqWstcdnFLR" {
            body.push(code);
            put_cstr(&mut body, [b'<', code, b'>']);
        }
        body.push(0);
        let report = Report::parse(backend::ERROR_RESPONSE, &body).unwrap();
        assert_eq!(report.get(field::CONSTRAINT), Some(&b"<n>"[..]));
        let wire = report.to_bytes();
        assert_eq!(&wire[HEADER..], body);
        assert_eq!(header(Peer::Upstream, &wire).unwrap().unwrap().total(), wire.len());
    }

    #[test]
    fn a_list_without_an_end_or_with_a_tail_is_malformed() {
        for body in [&b""[..], b"M", b"Mx", b"Mx\0", b"Mx\0\0y", &[b'M', b'x', 0].repeat(65)] {
            assert_eq!(Report::parse(backend::ERROR_RESPONSE, body), Err(Malformed), "{body:?}");
        }
    }

    #[test]
    fn a_fatal_error_says_so_in_both_severities() {
        let report = Report::fatal(sqlstate::PROTOCOL_VIOLATION, "no").hint("yes").hint("maybe");
        assert!(report.is_fatal());
        assert_eq!(report.text(field::HINT), "maybe");
        assert_eq!(&report.to_bytes()[HEADER..], b"SFATAL\0VFATAL\0C08P01\0Mno\0Hmaybe\0\0");
    }

    #[test]
    fn a_replaced_field_stays_in_its_place() {
        let mut report = Report::parse(backend::NOTICE_RESPONSE, b"Ma\0Db\0\0").unwrap();
        for (code, value) in report.fields_mut() {
            if code == field::MESSAGE {
                *value = Cow::Borrowed(b"masked");
            }
        }
        assert_eq!(&report.to_bytes()[HEADER..], b"Mmasked\0Db\0\0");
    }
}
