//! A client comes in: it says as whom, and shows something for it.

use bytes::Bytes;
use model::Secret;

use super::shown::{Said, Shown, UsedKey};
use super::{CONNECTION, USERAUTH};
use crate::ssh::codec::{Malformed, Reader, Write, message};
use crate::ssh::numbers::{
    SERVICE_ACCEPT, SERVICE_REQUEST, USERAUTH_BANNER, USERAUTH_FAILURE, USERAUTH_INFO_REQUEST,
    USERAUTH_INFO_RESPONSE, USERAUTH_PK_OK, USERAUTH_REQUEST, USERAUTH_SUCCESS, disconnect,
};
use crate::ssh::transport::{Broken, Transport};

/// How often a client may be wrong in one connection. Keys that were only offered count too: nobody has as many.
const MOST_FAILURES: u32 = 20;

/// The longest name, password or answer.
const LONGEST: usize = 8 << 10;

/// Bytes of a client that is nobody yet: more are not taken in before those were used.
pub(crate) const ROOM: usize = 64 << 10;

/// What is asked of whoever carries this out. It is answered before anything else of the client is read.
pub enum Question {
    /// A key was offered: may it come to anything? Nothing says that the client holds it.
    Offered(Shown),
    /// A key was used.
    Used(UsedKey),
    /// A password was sent: a token.
    Password(Secret),
    /// The client would be asked something, and what is in the method's name: it takes a prompt.
    Interactive,
    /// It answered the prompt.
    Answers(Vec<Secret>),
}

/// What a client that chose keyboard-interactive is shown (RFC 4256).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
    /// In front of everything.
    pub instruction: String,
    /// Each a prompt and whether what is typed shows.
    pub prompts: Vec<(String, bool)>,
}

/// How far it is.
pub enum Greeting {
    /// Feed me.
    Wait,
    /// Somebody shows something: answer.
    Asks {
        /// The name it would come in by.
        user: String,
        /// What it shows.
        question: Question,
    },
    /// The client said goodbye.
    Gone,
}

/// The server's side of authentication.
pub struct Greet {
    transport: Transport,
    /// The client asked for this service.
    begun: bool,
    failures: u32,
    /// What waits for an answer.
    open: Option<Open>,
    /// The name of an exchange of prompts that is under way, and how many answers it takes.
    prompted: Option<(String, usize)>,
    methods: &'static str,
}

/// A question that was handed out.
enum Open {
    /// A key was offered, which is repeated in the answer.
    Key {
        algorithm: String,
        blob: Bytes,
    },
    Interactive {
        user: String,
    },
    Other,
}

/// The methods that clients are told of.
const METHODS: &str = "publickey,password,keyboard-interactive";

impl Greet {
    /// On this connection, which is new.
    #[must_use]
    pub const fn new(transport: Transport) -> Self {
        Self { transport, begun: false, failures: 0, open: None, prompted: None, methods: METHODS }
    }

    /// Takes over bytes that arrived.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.transport.feed(bytes);
    }

    /// What the client calls itself, once it has said so.
    #[must_use]
    pub fn client_version(&self) -> Option<String> {
        self.transport.peer_version()
    }

    /// Whether there is room for more bytes of somebody who is nobody yet.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.transport.backlog() < ROOM
    }

    /// What is to be written to the client.
    pub fn output(&mut self) -> Bytes {
        self.transport.output()
    }

    /// What comes next.
    ///
    /// # Errors
    /// The client broke the protocol, or was wrong too often.
    pub fn greeting(&mut self) -> Result<Greeting, Broken> {
        if self.open.is_some() {
            return Ok(Greeting::Wait);
        }
        while let Some(payload) = self.transport.payload()? {
            if let Some((user, question)) = self.received(&payload)? {
                return Ok(Greeting::Asks { user, question });
            }
        }
        Ok(if self.transport.gone().is_some() { Greeting::Gone } else { Greeting::Wait })
    }

    fn received(&mut self, payload: &[u8]) -> Result<Option<(String, Question)>, Broken> {
        let mut reader = Reader::new(payload);
        match reader.u8()? {
            SERVICE_REQUEST if !self.begun => {
                if reader.text()? != USERAUTH {
                    return Err(Broken::protocol("another service is asked for"));
                }
                self.begun = true;
                let accepted = message(SERVICE_ACCEPT, |out| out.put_string(USERAUTH));
                self.transport.send(&[&accepted]);
                Ok(None)
            }
            USERAUTH_REQUEST if self.begun => self.requested(reader),
            USERAUTH_INFO_RESPONSE if self.prompted.is_some() => self.answered(reader),
            _ => Err(Broken::protocol("a message came before its sender was known")),
        }
    }

    fn requested(&mut self, mut reader: Reader<'_>) -> Result<Option<(String, Question)>, Broken> {
        // A new request ends an exchange of prompts (RFC 4256, section 3.1).
        self.prompted = None;
        let user = reader.text()?;
        if user.len() > LONGEST || user.chars().any(char::is_control) {
            return Err(Malformed.into());
        }
        if reader.text()? != CONNECTION {
            return Err(Broken::protocol("another service is asked for"));
        }
        let question = match reader.text()? {
            "none" => None,
            "password" => self.password(reader)?,
            "publickey" => self.key(user, reader)?,
            "keyboard-interactive" => {
                self.open = Some(Open::Interactive { user: user.to_owned() });
                Some(Question::Interactive)
            }
            _ => None,
        };
        match question {
            Some(question) => Ok(Some((user.to_owned(), question))),
            None => self.refuse().map(|()| None),
        }
    }

    fn password(&mut self, mut reader: Reader<'_>) -> Result<Option<Question>, Broken> {
        // A change of password is not for us to make.
        let changes = reader.bool()?;
        let password = reader.string()?;
        if changes || password.len() > LONGEST {
            return Ok(None);
        }
        reader.end()?;
        self.open = Some(Open::Other);
        Ok(Some(Question::Password(Secret::new(password))))
    }

    fn key(&mut self, user: &str, mut reader: Reader<'_>) -> Result<Option<Question>, Broken> {
        let signed = reader.bool()?;
        let (algorithm, blob) = (reader.text()?, reader.string()?);
        let Some(shown) = Shown::read(algorithm, blob) else { return Ok(None) };
        if !signed {
            reader.end()?;
            self.open = Some(Open::Key {
                algorithm: algorithm.to_owned(),
                blob: Bytes::copy_from_slice(blob),
            });
            return Ok(Some(Question::Offered(shown)));
        }
        let signature = reader.string()?;
        reader.end()?;
        let session = self.transport.session().ok_or(Malformed)?;
        let Some(used) = shown.used(&Said { session, user, algorithm, blob }, signature) else {
            return Ok(None);
        };
        self.open = Some(Open::Other);
        Ok(Some(Question::Used(used)))
    }

    fn answered(&mut self, mut reader: Reader<'_>) -> Result<Option<(String, Question)>, Broken> {
        let Some((user, expected)) = self.prompted.take() else { return Ok(None) };
        let count = reader.u32()?;
        if usize::try_from(count) != Ok(expected) {
            return self.refuse().map(|()| None);
        }
        let mut answers = Vec::with_capacity(expected);
        for _ in 0..expected {
            let answer = reader.string()?;
            if answer.len() > LONGEST {
                return Err(Malformed.into());
            }
            answers.push(Secret::new(answer));
        }
        reader.end()?;
        self.open = Some(Open::Interactive { user: user.clone() });
        Ok(Some((user, Question::Answers(answers))))
    }

    /// It is not good. The client may try something else.
    ///
    /// # Errors
    /// It was wrong too often.
    pub fn refuse(&mut self) -> Result<(), Broken> {
        self.open = None;
        self.failures += 1;
        if self.failures > MOST_FAILURES {
            let mut broken = Broken::protocol("too many failed logins");
            broken.code_is(disconnect::NO_MORE_AUTH_METHODS);
            return Err(broken);
        }
        let failure = message(USERAUTH_FAILURE, |out| {
            out.put_string(self.methods);
            out.put_bool(false);
        });
        self.transport.send(&[&failure]);
        Ok(())
    }

    /// A key that was offered may be used.
    pub fn welcome_key(&mut self) {
        if let Some(Open::Key { algorithm, blob }) = self.open.take() {
            let answer = message(USERAUTH_PK_OK, |out| {
                out.put_string(&algorithm);
                out.put_string(&blob);
            });
            self.transport.send(&[&answer]);
        }
    }

    /// The client is shown this, and answers.
    pub fn prompt(&mut self, prompt: &Prompt) {
        let Some(Open::Interactive { user }) = self.open.take() else { return };
        let asked = message(USERAUTH_INFO_REQUEST, |out| {
            out.put_string("");
            out.put_string(&prompt.instruction);
            out.put_string("");
            out.put_u32(u32::try_from(prompt.prompts.len()).unwrap_or(0));
            for (text, echo) in &prompt.prompts {
                out.put_string(text);
                out.put_bool(*echo);
            }
        });
        self.prompted = Some((user, prompt.prompts.len()));
        self.transport.send(&[&asked]);
    }

    /// Says something to the client before it is let in (RFC 4252, section 5.4).
    pub fn banner(&mut self, text: &str) {
        let banner = message(USERAUTH_BANNER, |out| {
            out.put_string(text);
            out.put_string("");
        });
        self.transport.send(&[&banner]);
    }

    /// Ends the connection: the client is told why.
    pub fn leave(&mut self, words: &str) {
        self.transport.leave(words);
    }

    /// Ends the connection because of this.
    pub fn disconnect(&mut self, broken: &Broken) {
        self.transport.disconnect(broken);
    }

    /// It is somebody, and is let in. What the client sends next is of the connection.
    #[must_use]
    pub fn let_in(mut self) -> Transport {
        let success = message(USERAUTH_SUCCESS, |_| {});
        self.transport.send(&[&success]);
        self.transport
    }
}
