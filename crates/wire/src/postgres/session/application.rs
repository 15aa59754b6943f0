//! Who is at work stays in front of the name that a session gives itself at the target.

use bytes::Bytes;
use model::SessionId;
use sql::Effect;

use super::Session;
use super::client::body_of;
use crate::postgres::frame::{self, frontend};
use crate::postgres::library::Reading;
use crate::postgres::startup::application_name;

/// What the target is told of a session beside the client's own name for it.
#[derive(Clone, Debug)]
pub struct Application {
    /// The identity's subject.
    pub subject: String,
    /// The session.
    pub session: SessionId,
}

impl Application {
    /// The SET in the place of the client's.
    fn set(&self, own: &str, local: bool) -> String {
        let name = application_name(&self.subject, self.session, Some(own));
        // A backslash could mean more than itself, as the server may be set.
        let name = name.replace('\\', "/").replace('\'', "''");
        let scope = if local { "LOCAL" } else { "SESSION" };
        format!("SET {scope} application_name = '{name}'")
    }
}

impl Session {
    /// A Query or a Parse (of the statement `name`) as it is sent: one that only sets the application's
    /// name sets it with the session in front.
    pub(super) fn with_application(&self, message: Bytes, name: &[u8], reading: &Reading) -> Bytes {
        let Some(statement) = reading.only() else { return message };
        let Effect::Set { name: setting, value: Some(value), local } = &statement.effect else {
            return message;
        };
        let ([own], "application_name") = (value.as_slice(), setting.as_str()) else {
            return message;
        };
        let text = self.application.set(own, *local);
        let mut out = Vec::with_capacity(text.len() + 32);
        if message.first() == Some(&frontend::PARSE) {
            // No parameter can stand in a SET: the types that were declared are of no use.
            debug_assert!(body_of(&message).starts_with(name));
            frame::message(&mut out, frontend::PARSE, |out| {
                frame::put_cstr(out, name);
                frame::put_cstr(out, text);
                out.extend_from_slice(&[0, 0]);
            });
        } else {
            frame::query(&mut out, text);
        }
        out.into()
    }
}
