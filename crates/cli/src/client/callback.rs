//! The loopback port a browser comes back to with an authorization code (RFC 8252).

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use url::Url;

use crate::error::{Exit, Failure};

/// How long a person has to sign in.
const PATIENCE: Duration = Duration::from_secs(300);

/// A port that waits for one browser.
pub(crate) struct Callback {
    listener: TcpListener,
    port: u16,
}

impl Callback {
    /// Opens a free port on loopback.
    pub(crate) fn open() -> Result<Self> {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("opening a loopback port")?;
        let port = listener.local_addr()?.port();
        listener.set_nonblocking(true)?;
        Ok(Self { listener, port })
    }

    /// Where the provider sends the browser.
    pub(crate) fn uri(&self) -> String {
        format!("http://127.0.0.1:{}/callback", self.port)
    }

    /// Waits for the code that belongs to `state`. A request that carries another state is turned
    /// away and does not end the wait, so that no other page can spoil it.
    pub(crate) fn wait(&self, state: &str) -> Result<String> {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            match self.listener.accept() {
                Ok((socket, _)) => {
                    if let Some(answer) = serve(socket, state) {
                        return answer.map_err(Into::into);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(error) => return Err(error).context("waiting for the browser"),
            }
        }
        Err(Failure::new(Exit::SignIn, "nobody signed in within five minutes")
            .hint("run `sluice login` again")
            .into())
    }
}

/// Answers one request; `None` when it was not the one waited for.
fn serve(mut socket: TcpStream, state: &str) -> Option<Result<String, Failure>> {
    let target = request_target(&mut socket)?;
    let url = Url::parse("http://127.0.0.1").and_then(|base| base.join(&target)).ok()?;
    if url.path() != "/callback" {
        respond(
            &mut socket,
            "404 Not Found",
            "Nothing here",
            "Only a sign-in comes back to this address.",
        );
        return None;
    }
    let value = |name: &str| {
        url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    if value("state").as_deref() != Some(state) {
        respond(
            &mut socket,
            "400 Bad Request",
            "Another sign-in",
            "This is not the sign-in that was started. Run <code>sluice login</code> again.",
        );
        return None;
    }
    if let Some(code) = value("code") {
        respond(
            &mut socket,
            "200 OK",
            "Back to the terminal",
            "Your provider knows you. Close this page: the terminal finishes the sign-in.",
        );
        return Some(Ok(code));
    }
    let error = value("error").unwrap_or_else(|| "no code".into());
    let detail = value("error_description").map(|text| format!(": {text}")).unwrap_or_default();
    respond(&mut socket, "200 OK", "Not signed in", "The provider refused. The terminal says why.");
    Some(Err(Failure::new(
        Exit::SignIn,
        format!("the provider refused the sign-in: {error}{detail}"),
    )))
}

/// The target of a GET request, when it is one and not too long.
fn request_target(socket: &mut TcpStream) -> Option<String> {
    socket.set_nonblocking(false).ok()?;
    socket.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let mut head = Vec::new();
    let mut chunk = [0; 2048];
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        let read = socket.read(&mut chunk).ok()?;
        if read == 0 || head.len() > 16 * 1024 {
            return None;
        }
        head.extend_from_slice(chunk.get(..read)?);
    }
    let line = std::str::from_utf8(&head).ok()?.lines().next()?;
    let mut words = line.split(' ');
    (words.next()? == "GET").then(|| words.next().map(str::to_owned))?
}

/// Answers with a page. `text` is HTML of our own: nothing a request held goes into it.
fn respond(socket: &mut TcpStream, status: &str, title: &str, text: &str) {
    let page = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>{title} – Sluice</title>\
         <meta name=viewport content=\"width=device-width\"><meta name=color-scheme content=\"light dark\">\
         <style>body{{font:16px/1.5 system-ui;max-width:30em;margin:4em auto;padding:0 1em}}\
         h1{{font-size:1.4em}}footer{{opacity:.6;margin-top:3em}}</style>\
         <h1>{title}</h1><p>{text}</p><footer>Sluice</footer>"
    );
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nContent-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\nConnection: close\r\n\r\n",
        page.len()
    );
    // A browser that went away needs no answer.
    let _ = socket.write_all(head.as_bytes()).and_then(|()| socket.write_all(page.as_bytes()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(uri: &str, query: &str) -> String {
        let port = Url::parse(uri).unwrap().port().unwrap();
        let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        let path =
            if query.starts_with('/') { query.to_owned() } else { format!("/callback?{query}") };
        write!(socket, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn another_pages_state_does_not_end_the_wait_and_the_right_one_does() {
        let callback = Callback::open().unwrap();
        let uri = callback.uri();
        let waiting = std::thread::spawn(move || callback.wait("right"));
        assert!(get(&uri, "/favicon.ico").starts_with("HTTP/1.1 404"));
        assert!(get(&uri, "code=evil&state=wrong").starts_with("HTTP/1.1 400"));
        assert!(get(&uri, "code=abc%2Fd&state=right").starts_with("HTTP/1.1 200"));
        assert_eq!(waiting.join().unwrap().unwrap(), "abc/d");
    }

    #[test]
    fn a_refusal_of_the_providers_is_told() {
        let callback = Callback::open().unwrap();
        let uri = callback.uri();
        let waiting = std::thread::spawn(move || callback.wait("s"));
        get(&uri, "error=access_denied&error_description=not%20you&state=s");
        let error = waiting.join().unwrap().unwrap_err().to_string();
        assert_eq!(error, "the provider refused the sign-in: access_denied: not you");
    }
}
