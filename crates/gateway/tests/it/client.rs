//! Clients: the real `psql`, and one that sends what it likes.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Output};
use std::time::Duration;

use wire::postgres::error::{Report, field};
use wire::postgres::frame::{HEADER, message, put_cstr};
use wire::postgres::startup::startup_message;

use crate::server::program;

/// What a run of `psql` printed: its output, or its last error.
pub(crate) fn psql(port: u16, conninfo: &str, password: &str, sql: &str) -> Result<String, String> {
    let output = psql_command(port, conninfo, password).args(["-c", sql]).output().unwrap();
    said(&output)
}

pub(crate) fn said(output: &Output) -> Result<String, String> {
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
}

pub(crate) fn psql_command(port: u16, conninfo: &str, password: &str) -> Command {
    let mut command = Command::new(program("psql"));
    let host = format!("host=127.0.0.1 port={port} connect_timeout=20 {conninfo}");
    command.args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-d", &host]).env("PGPASSWORD", password);
    command
}

/// A connection that says what it is told to say.
pub(crate) struct Raw(pub(crate) TcpStream);

impl Raw {
    pub(crate) fn connect(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(stream)
    }

    /// Sends; that the other end has closed already is no concern.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> &mut Self {
        let _ = self.0.write_all(bytes);
        self
    }

    /// Everything up to the end of the connection.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        match self.0.read_to_end(&mut bytes) {
            Ok(_) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => bytes,
            Err(error) => panic!("{error}"),
        }
    }

    /// The error the connection ends with, or nothing.
    pub(crate) fn farewell(&mut self) -> String {
        let bytes = self.rest();
        let Some(at) = bytes.iter().position(|byte| *byte == b'E') else { return String::new() };
        let report = Report::parse(b'E', &bytes[at + HEADER..]).unwrap();
        assert!(report.is_fatal());
        format!("{} {}", report.text(field::CODE), report.text(field::MESSAGE))
    }

    /// One whole message.
    pub(crate) fn message(&mut self) -> (u8, Vec<u8>) {
        let mut head = [0; HEADER];
        self.0.read_exact(&mut head).unwrap();
        let [tag, a, b, c, d] = head;
        let mut body = vec![0; u32::from_be_bytes([a, b, c, d]) as usize - 4];
        self.0.read_exact(&mut body).unwrap();
        (tag, body)
    }

    /// Messages up to ReadyForQuery.
    pub(crate) fn until_ready(&mut self) -> Vec<(u8, Vec<u8>)> {
        let mut messages = Vec::new();
        loop {
            let message = self.message();
            let ready = message.0 == b'Z';
            messages.push(message);
            if ready {
                return messages;
            }
        }
    }

    /// Logs in, and returns what it was told.
    pub(crate) fn login(&mut self, user: &str, database: &str) -> Vec<(u8, Vec<u8>)> {
        self.send(&startup_message([("user", user), ("database", database)]));
        assert_eq!(self.message(), (b'R', vec![0, 0, 0, 3]));
        self.send(&password(&format!("token-of-{user}")));
        self.until_ready()
    }
}

pub(crate) fn password(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    message(&mut out, b'p', |out| put_cstr(out, text));
    out
}
