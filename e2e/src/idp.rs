use std::collections::BTreeMap;
use std::process::Command;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use crate::{Process, cache, free_port, repository, request, run_folder, until};

/// A certified OpenID provider.
#[derive(Debug)]
pub struct Idp {
    issuer: String,
    tokens: Mutex<BTreeMap<(String, String), String>>,
    _process: Process,
    _folder: tempfile::TempDir,
}

impl Idp {
    /// The one all tests share; it never rotates its keys and has no outages.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Idp> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// One of a test's own.
    #[must_use]
    pub fn start() -> Self {
        let folder = run_folder("idp");
        let modules = cache().join("idp/node_modules");
        assert!(modules.exists(), "no {}: run scripts/parts.sh", modules.display());
        std::os::unix::fs::symlink(modules, folder.path().join("node_modules")).unwrap();
        let script = folder.path().join("idp.mjs");
        std::fs::copy(repository().join("e2e/parts/idp/idp.mjs"), &script).unwrap();
        let port = free_port();
        let mut command = Command::new("node");
        command.arg(script).arg(port.to_string());
        let log = folder.path().join("log");
        let process = Process::start(&command, &log, "TERM", Some(folder.path()));
        until("the provider is ready", Duration::from_secs(300), || {
            std::fs::read_to_string(&log).unwrap().contains("ready").then_some(())
        });
        let issuer = format!("http://127.0.0.1:{port}");
        Self { issuer, tokens: Mutex::default(), _process: process, _folder: folder }
    }

    /// Its issuer URL.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// A person's id token, by the authorization code flow of client `sluice`; fetched once.
    pub fn token(&self, person: &str) -> String {
        let key = (person.to_owned(), "sluice".to_owned());
        if let Some(token) = self.tokens.lock().unwrap().get(&key) {
            return token.clone();
        }
        let token = self.fresh_token(person, "sluice");
        self.tokens.lock().unwrap().insert(key, token.clone());
        token
    }

    /// A new id token for one of the provider's clients.
    #[must_use]
    pub fn fresh_token(&self, person: &str, client: &str) -> String {
        const CALLBACK: &str = "http://127.0.0.1:9/cb";
        let landed = browse(
            &format!(
                "{}/auth?client_id={client}&redirect_uri={CALLBACK}&response_type=code\
                 &scope=openid%20groups%20email&state=s&nonce=n",
                self.issuer
            ),
            person,
        );
        let query = landed.strip_prefix(CALLBACK).unwrap_or_else(|| panic!("landed at {landed}"));
        let code = query.trim_start_matches('?').split('&').find_map(|it| it.strip_prefix("code="));
        let code = code.unwrap_or_else(|| panic!("no code in {query}"));
        let answer = request(
            "POST",
            &format!("{}/token", self.issuer),
            &[("Content-Type", "application/x-www-form-urlencoded")],
            &format!(
                "grant_type=authorization_code&code={code}&redirect_uri={CALLBACK}&client_id={client}"
            ),
        );
        answer.json()["id_token"].as_str().expect("an id token").to_owned()
    }

    /// A machine's access token, by client credentials: subject `ci-deploy`, group `ci`.
    #[must_use]
    pub fn machine_token(&self) -> String {
        let answer = request(
            "POST",
            &format!("{}/token", self.issuer),
            &[("Content-Type", "application/x-www-form-urlencoded")],
            "grant_type=client_credentials&client_id=ci-deploy&client_secret=ci-deploy-secret&scope=groups",
        );
        answer.json()["access_token"].as_str().expect("an access token").to_owned()
    }

    /// Every token [`Self::token`] handed out.
    #[must_use]
    pub fn handed_out(&self) -> Vec<String> {
        self.tokens.lock().unwrap().values().cloned().collect()
    }

    /// Signs with new keys from now on.
    pub fn rotate(&self) {
        assert_eq!(request("POST", &format!("{}/test/rotate", self.issuer), &[], "").status, 200);
    }

    /// Starts or ends an outage.
    pub fn outage(&self) {
        assert_eq!(request("POST", &format!("{}/test/outage", self.issuer), &[], "").status, 200);
    }
}

/// A browser without a window: opens `url`, signs in as `person`, agrees to everything, and stops
/// where it is sent off to another server, whose URL it returns, or where no form is left to fill in,
/// and returns that page's text.
#[must_use]
pub fn browse(url: &str, person: &str) -> String {
    let origin = |url: &str| url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    let home = origin(url);
    let mut cookies = BTreeMap::<String, String>::new();
    let mut next = ("GET", url.to_owned(), String::new());
    for _ in 0..30 {
        let jar = cookies.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join("; ");
        let headers =
            [("Cookie", jar.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
        let answer = request(next.0, &next.1, &headers, &next.2);
        for line in answer.headers.get("set-cookie").map(String::as_str).unwrap_or("").lines() {
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            cookies.insert(name.to_owned(), value.to_owned());
        }
        if let Some(location) = answer.headers.get("location") {
            let location = match location.strip_prefix('/') {
                Some(path) => format!("{home}/{path}"),
                None => location.clone(),
            };
            if origin(&location) != home {
                return location;
            }
            next = ("GET", location, String::new());
            continue;
        }
        let Some(form) = form(&answer.body) else { return answer.body };
        let mut fields = form.fields;
        if answer.body.contains("name=\"login\"") {
            fields.insert("login".into(), person.into());
            fields.insert("password".into(), "any".into());
        }
        let body = fields
            .iter()
            .map(|(name, value)| format!("{name}={}", encode(value)))
            .collect::<Vec<_>>()
            .join("&");
        let action = match form.action.strip_prefix('/') {
            Some(path) => format!("{home}/{path}"),
            None => form.action,
        };
        next = ("POST", action, body);
    }
    panic!("the provider sent us in circles from {url}");
}

struct Form {
    action: String,
    fields: BTreeMap<String, String>,
}

/// The first form of a page with its hidden fields.
fn form(page: &str) -> Option<Form> {
    let start = page.find("<form")?;
    let end = page[start..].find("</form>").map_or(page.len(), |length| start + length);
    let form = &page[start..end];
    let action = attribute(form.split('>').next()?, "action")?;
    let fields = form
        .split("<input")
        .skip(1)
        .filter_map(|input| {
            let input = input.split('>').next()?;
            Some((attribute(input, "name")?, attribute(input, "value").unwrap_or_default()))
        })
        .collect();
    Some(Form { action, fields })
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    let length = tag[start..].find('"')?;
    Some(tag[start..start + length].replace("&amp;", "&"))
}

fn encode(value: &str) -> String {
    value
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => char::from(byte).into(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
