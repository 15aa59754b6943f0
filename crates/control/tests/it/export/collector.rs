//! A server that takes what is posted to it, or does not.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

/// What becomes of one request.
#[derive(Clone, Debug)]
pub(crate) enum Mood {
    /// Answered with this status line and these headers.
    Answer(&'static str),
    /// Read to its end, and hung up on.
    HangUp,
    /// Hung up on before it was read.
    Ignore,
    /// Taken, after a while.
    Slow(Duration),
}

/// What was posted.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
    /// It was answered that it was taken.
    pub(crate) taken: bool,
}

impl Post {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

pub(crate) struct Collector {
    pub(crate) address: SocketAddr,
    posts: Arc<Mutex<Vec<Post>>>,
    moods: Arc<Mutex<VecDeque<Mood>>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Collector {
    pub(crate) fn start(moods: impl IntoIterator<Item = Mood>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let posts = Arc::new(Mutex::new(Vec::new()));
        let moods = Arc::new(Mutex::new(moods.into_iter().collect::<VecDeque<_>>()));
        let over = Arc::new(AtomicBool::new(false));
        let (seen, order, end) = (Arc::clone(&posts), Arc::clone(&moods), Arc::clone(&over));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if end.load(Ordering::SeqCst) {
                    return;
                }
                let mood = order.lock().unwrap().pop_front();
                // Whoever hangs up on us is tried again by itself.
                let _ = stream.and_then(|stream| serve(stream, mood, &seen));
            }
        });
        Self { address, posts, moods, over, thread: Some(thread) }
    }

    pub(crate) fn url(&self, path: &str) -> url::Url {
        format!("http://{}{path}", self.address).parse().unwrap()
    }

    pub(crate) fn posts(&self) -> Vec<Post> {
        self.posts.lock().unwrap().clone()
    }

    pub(crate) fn moods_left(&self) -> usize {
        self.moods.lock().unwrap().len()
    }

    /// Every event that was posted, also where it was not taken.
    pub(crate) fn events(&self, taken: bool) -> Vec<Value> {
        let posts = self.posts();
        let posts = posts.iter().filter(|post| post.taken || !taken);
        posts.flat_map(|post| post.json()["events"].as_array().unwrap().clone()).collect()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        self.thread.take().unwrap().join().unwrap();
    }
}

fn serve(stream: TcpStream, mood: Option<Mood>, posts: &Mutex<Vec<Post>>) -> std::io::Result<()> {
    if let Some(Mood::Ignore) = mood {
        return Ok(());
    }
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut headers = BTreeMap::new();
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let body = String::from_utf8(body).unwrap();
    let answer = match &mood {
        None => "200 OK",
        Some(Mood::Slow(time)) => {
            std::thread::sleep(*time);
            "202 Accepted"
        }
        Some(Mood::Answer(answer)) => answer,
        Some(Mood::HangUp | Mood::Ignore) => "",
    };
    let taken = answer.starts_with('2');
    posts.lock().unwrap().push(Post { path, headers, body, taken });
    if answer.is_empty() {
        return Ok(());
    }
    let text = format!("HTTP/1.1 {answer}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}");
    (&stream).write_all(text.as_bytes())
}
