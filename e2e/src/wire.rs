use std::collections::BTreeMap;
use std::fmt;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

/// A client of PostgreSQL's protocol that can misbehave: it sends what it is told, byte by byte.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    /// What the server reported of its settings.
    pub parameters: BTreeMap<String, String>,
    /// The body of BackendKeyData.
    pub key: Vec<u8>,
    received: Vec<u8>,
    keep: bool,
}

/// One message of the server's.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// Its type.
    pub kind: u8,
    /// What follows its length.
    pub body: Vec<u8>,
}

/// The fields of an error or a notice by their letters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorFields(pub BTreeMap<char, String>);

impl ErrorFields {
    /// The SQLSTATE.
    #[must_use]
    pub fn code(&self) -> &str {
        self.field('C')
    }

    /// The primary message.
    #[must_use]
    pub fn message(&self) -> &str {
        self.field('M')
    }

    /// Any field; empty when it is not there.
    #[must_use]
    pub fn field(&self, letter: char) -> &str {
        self.0.get(&letter).map_or("", String::as_str)
    }
}

/// As a line of a transcript: `C SELECT 1`, `D[1|null]`, `E 42501 …`, `Z I`, else the type alone.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = char::from(self.kind);
        match self.kind {
            b'D' => {
                let fields = self.fields();
                let texts = fields.iter().map(|field| match field {
                    None => "null".to_owned(),
                    Some(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                });
                write!(f, "D[{}]", texts.collect::<Vec<_>>().join("|"))
            }
            b'C' => write!(f, "C {}", String::from_utf8_lossy(&self.body).trim_end_matches('\0')),
            b'E' | b'N' => write!(f, "{kind} {} {}", self.error().code(), self.error().message()),
            b'Z' => write!(f, "Z {}", String::from_utf8_lossy(&self.body)),
            _ => write!(f, "{kind}"),
        }
    }
}

impl Message {
    /// A DataRow's values.
    #[must_use]
    pub fn fields(&self) -> Vec<Option<Vec<u8>>> {
        assert_eq!(self.kind, b'D');
        let mut rest = &self.body[2..];
        let mut fields = Vec::new();
        while let Some((length, after)) = rest.split_first_chunk::<4>() {
            rest = after;
            fields.push(usize::try_from(i32::from_be_bytes(*length)).ok().map(|length| {
                let value = rest[..length].to_vec();
                rest = &rest[length..];
                value
            }));
        }
        assert_eq!(fields.len(), usize::from(u16::from_be_bytes([self.body[0], self.body[1]])));
        fields
    }

    /// An ErrorResponse's or NoticeResponse's fields.
    #[must_use]
    pub fn error(&self) -> ErrorFields {
        let fields = self.body.split(|byte| *byte == 0).filter(|field| !field.is_empty());
        ErrorFields(
            fields
                .map(|field| (char::from(field[0]), String::from_utf8_lossy(&field[1..]).into()))
                .collect(),
        )
    }
}

/// A startup message of protocol 3.`minor`.
#[must_use]
pub fn startup(minor: u16, parameters: &[(&str, &str)]) -> Vec<u8> {
    let mut body = vec![0, 3];
    body.extend(minor.to_be_bytes());
    for (name, value) in parameters {
        body.extend(name.as_bytes());
        body.push(0);
        body.extend(value.as_bytes());
        body.push(0);
    }
    body.push(0);
    let mut message = u32::try_from(body.len() + 4).unwrap().to_be_bytes().to_vec();
    message.extend(body);
    message
}

/// Builders of a client's messages.
pub mod ask {
    /// Any message.
    #[must_use]
    pub fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let mut message = vec![kind];
        message.extend(u32::try_from(body.len() + 4).unwrap().to_be_bytes());
        message.extend(body);
        message
    }

    fn text(texts: &[&str]) -> Vec<u8> {
        texts.iter().flat_map(|text| text.bytes().chain([0])).collect()
    }

    /// Query.
    #[must_use]
    pub fn query(sql: &str) -> Vec<u8> {
        message(b'Q', &text(&[sql]))
    }

    /// Parse without parameter types.
    #[must_use]
    pub fn parse(name: &str, sql: &str) -> Vec<u8> {
        let mut body = text(&[name, sql]);
        body.extend([0, 0]);
        message(b'P', &body)
    }

    /// Bind with parameters as text; results in one format (0 text, 1 binary).
    #[must_use]
    pub fn bind(portal: &str, name: &str, parameters: &[Option<&str>], format: u16) -> Vec<u8> {
        let mut body = text(&[portal, name]);
        body.extend([0, 0]);
        body.extend(u16::try_from(parameters.len()).unwrap().to_be_bytes());
        for parameter in parameters {
            match parameter {
                None => body.extend((-1_i32).to_be_bytes()),
                Some(value) => {
                    body.extend(u32::try_from(value.len()).unwrap().to_be_bytes());
                    body.extend(value.bytes());
                }
            }
        }
        body.extend([0, 1]);
        body.extend(format.to_be_bytes());
        message(b'B', &body)
    }

    /// Describe or, with another letter, Close: `S` a statement, `P` a portal.
    #[must_use]
    pub fn describe(what: u8, name: &str) -> Vec<u8> {
        let mut body = vec![what];
        body.extend(text(&[name]));
        message(b'D', &body)
    }

    /// Close: `S` a statement, `P` a portal.
    #[must_use]
    pub fn close(what: u8, name: &str) -> Vec<u8> {
        let mut body = vec![what];
        body.extend(text(&[name]));
        message(b'C', &body)
    }

    /// Execute, at most `rows` rows; 0 is all.
    #[must_use]
    pub fn execute(portal: &str, rows: u32) -> Vec<u8> {
        let mut body = text(&[portal]);
        body.extend(rows.to_be_bytes());
        message(b'E', &body)
    }

    /// Sync.
    #[must_use]
    pub fn sync() -> Vec<u8> {
        message(b'S', &[])
    }

    /// Flush.
    #[must_use]
    pub fn flush() -> Vec<u8> {
        message(b'H', &[])
    }

    /// The unnamed statement from Parse to Execute, without Sync.
    #[must_use]
    pub fn extended(sql: &str, parameters: &[Option<&str>], format: u16) -> Vec<u8> {
        [parse("", sql), bind("", "", parameters, format), describe(b'P', ""), execute("", 0)]
            .concat()
    }

    /// FunctionCall with parameters as text and a result as text.
    #[must_use]
    pub fn function_call(oid: u32, parameters: &[&str]) -> Vec<u8> {
        let mut body = oid.to_be_bytes().to_vec();
        body.extend([0, 0]);
        body.extend(u16::try_from(parameters.len()).unwrap().to_be_bytes());
        for parameter in parameters {
            body.extend(u32::try_from(parameter.len()).unwrap().to_be_bytes());
            body.extend(parameter.bytes());
        }
        body.extend([0, 0]);
        message(b'F', &body)
    }

    /// Terminate.
    #[must_use]
    pub fn terminate() -> Vec<u8> {
        message(b'X', &[])
    }

    /// CancelRequest with the body of a BackendKeyData.
    #[must_use]
    pub fn cancel(key: &[u8]) -> Vec<u8> {
        let mut message = u32::try_from(key.len() + 8).unwrap().to_be_bytes().to_vec();
        message.extend(80_877_102_u32.to_be_bytes());
        message.extend(key);
        message
    }
}

impl Client {
    /// A connection on which nothing was said yet.
    #[must_use]
    pub fn raw(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap_or_else(|why| panic!("{address}: {why}"));
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.set_write_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            parameters: BTreeMap::new(),
            key: Vec::new(),
            received: Vec::new(),
            keep: true,
        }
    }

    /// Signs in with a password in clear, in protocol 3.0.
    ///
    /// # Errors
    /// What the server said instead of ReadyForQuery.
    pub fn sign_in(
        address: &str,
        user: &str,
        database: &str,
        password: &str,
    ) -> Result<Self, ErrorFields> {
        Self::sign_in_with(address, 0, &[("user", user), ("database", database)], password)
    }

    /// Signs in with these startup parameters.
    ///
    /// # Errors
    /// What the server said instead of ReadyForQuery.
    pub fn sign_in_with(
        address: &str,
        minor: u16,
        parameters: &[(&str, &str)],
        password: &str,
    ) -> Result<Self, ErrorFields> {
        let mut client = Self::raw(address);
        client.send(&startup(minor, parameters));
        loop {
            let Some(message) = client.message() else {
                let mut fields = ErrorFields::default();
                fields.0.insert('M', "the connection was closed".into());
                return Err(fields);
            };
            match message.kind {
                b'R' if message.body == [0, 0, 0, 3] => {
                    client.send(&ask::message(b'p', &[password.as_bytes(), &[0]].concat()));
                }
                b'E' => return Err(message.error()),
                b'K' => client.key = message.body,
                b'S' => {
                    let mut texts = message.body.split(|byte| *byte == 0);
                    let mut text = || String::from_utf8_lossy(texts.next().unwrap()).into_owned();
                    client.parameters.insert(text(), text());
                }
                b'Z' => return Ok(client),
                _ => {}
            }
        }
    }

    /// Sends these bytes.
    pub fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the server takes our bytes");
    }

    /// Sends these bytes unless the server is gone.
    pub fn try_send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// Sends no more.
    pub fn finish(&self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// A second handle to the same connection, to read and write at once.
    #[must_use]
    pub fn writer(&self) -> TcpStream {
        self.stream.try_clone().unwrap()
    }

    /// Stops keeping a copy of all that comes in.
    pub fn forget(&mut self) {
        self.keep = false;
        self.received.clear();
    }

    /// Lets go of what was received so far.
    pub fn forget_received(&mut self) {
        self.received.clear();
    }

    /// All bytes the server sent so far.
    #[must_use]
    pub fn received(&self) -> &[u8] {
        &self.received
    }

    /// The next message; `None` when the server closed the connection.
    ///
    /// # Panics
    /// Nothing came for 30 seconds.
    pub fn message(&mut self) -> Option<Message> {
        let head = self.take(5)?;
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
        let body = self.take(usize::try_from(length).unwrap() - 4)?;
        Some(Message { kind: head[0], body })
    }

    /// `length` bytes as they come; `None` when the server closed the connection.
    pub fn take(&mut self, length: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; length];
        match self.stream.read_exact(&mut bytes) {
            Ok(()) => {}
            Err(why) if matches!(why.kind(), std::io::ErrorKind::WouldBlock) => {
                panic!("the server said nothing for 30 seconds")
            }
            Err(_) => return None,
        }
        if self.keep {
            self.received.extend(&bytes);
        }
        Some(bytes)
    }

    /// All messages up to and with ReadyForQuery, or until the server closes.
    pub fn until_ready(&mut self) -> Vec<Message> {
        self.until(|message| message.kind == b'Z')
    }

    /// All messages up to and with the first that `is_last`, or until the server closes.
    pub fn until(&mut self, is_last: impl Fn(&Message) -> bool) -> Vec<Message> {
        let mut messages = Vec::new();
        while let Some(message) = self.message() {
            let last = is_last(&message);
            messages.push(message);
            if last {
                break;
            }
        }
        messages
    }

    /// A simple query and all that answers it.
    pub fn query(&mut self, sql: &str) -> Vec<Message> {
        self.send(&ask::query(sql));
        self.until_ready()
    }

    /// The unnamed statement, bound, described, executed and synced, and all that answers it.
    pub fn extended(
        &mut self,
        sql: &str,
        parameters: &[Option<&str>],
        format: u16,
    ) -> Vec<Message> {
        self.send(&ask::extended(sql, parameters, format));
        self.send(&ask::sync());
        self.until_ready()
    }
}
