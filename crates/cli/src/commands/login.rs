use std::io::{self, BufRead, IsTerminal, Write};
use std::process::{Command, ExitCode, Stdio};

use anyhow::Result;
use model::Secret;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::client::{
    Client, How, LoginProvider, Prompt, Remote, Roots, Store, fingerprint, keep, presented, sign_in,
};
use crate::error::{Exit, Failure};
use crate::output;

/// Sign in at a gateway, through its identity provider
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sluice login --url https://sluice.example.com:8443
  sluice login --device                    where there is no browser
  sluice login --provider corp             when the gateway has several
  sluice login --url https://10.0.0.9:8443 --trust SHA256:3A:5F:…    without being asked

The sign-in is kept in $XDG_CONFIG_HOME/sluice/credentials.json, readable by you alone, and renewed
by itself for as long as the provider lets it be.")]
pub(crate) struct Args {
    #[command(flatten)]
    remote: Remote,
    /// Which of the gateway's identity providers
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// Sign in with a code typed on another device
    #[arg(long)]
    device: bool,
    /// Trust a gateway's own certificate authority if it has this fingerprint
    #[arg(long, value_name = "FINGERPRINT")]
    trust: Option<String>,
}

/// What the gateway says to those who want to sign in.
#[derive(Deserialize)]
struct Info {
    providers: Vec<LoginProvider>,
}

pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let store = Store::read()?;
    let base = args.remote.base(&store)?;
    let (roots, ca) = believe(&args, &base, &store)?;
    let client = Client::anonymous(base.clone(), roots);

    let info: Info = client.get("/api/v1/info")?;
    let provider = choose(&info.providers, args.provider.as_deref())?;
    let how =
        if args.device { How::Device } else { How::Whichever { browser: browser().is_some() } };
    let mut signed_in = sign_in(provider, how, prompt)?;

    let client = client.with_token(Secret::from(signed_in.token.clone()));
    let me: Value = client.get("/api/v1/whoami")?;
    signed_in.subject = me.get("subject").and_then(Value::as_str).unwrap_or_default().to_owned();
    signed_in.ca = ca;
    let subject = signed_in.subject.clone();
    keep(&base, signed_in)?;
    output::line(&format!(
        "Signed in at {} as {}.",
        base.as_str().trim_end_matches('/'),
        output::clean(&subject)
    ));
    output::note("`sluice ls` lists what you may open.");
    Ok(Exit::Done.into())
}

/// Whom to believe about the gateway; a self-made authority only after its fingerprint was agreed to.
/// Answers the authority to keep, when there is one.
fn believe(args: &Args, base: &Url, store: &Store) -> Result<(Roots, Option<String>)> {
    let roots = args.remote.roots(base, store)?;
    if base.scheme() != "https" {
        return Ok((roots, None));
    }
    let kept = match &args.remote.ca {
        Some(file) => Some(std::fs::read_to_string(file)?),
        None => {
            store.gateways.get(base.as_str().trim_end_matches('/')).and_then(|one| one.ca.clone())
        }
    };
    if crate::client::believed(&roots, base)? {
        return Ok((roots, kept));
    }
    let chain = presented(base)?;
    let Some(authority) = chain.last() else {
        return Err(Failure::new(Exit::Unavailable, "the gateway presented no certificate").into());
    };
    let found = fingerprint(authority);
    let agreed = match &args.trust {
        Some(expected) => same(expected, &found),
        None => ask(base, &found, kept.is_some())?,
    };
    if !agreed {
        return Err(Failure::new(Exit::No, format!("the gateway's authority is not trusted: it is {found}"))
            .hint("whoever runs the gateway can tell its fingerprint: `sluice serve` logs it when it starts")
            .into());
    }
    let pem = crate::client::to_pem(authority);
    Ok((Roots::from_pem(&pem)?, Some(pem)))
}

/// Fingerprints are compared as people copy them.
fn same(expected: &str, found: &str) -> bool {
    let plain = |text: &str| {
        let text = text.to_ascii_uppercase();
        text.trim_start_matches("SHA256:")
            .chars()
            .filter(char::is_ascii_hexdigit)
            .collect::<String>()
    };
    plain(expected).len() == 64 && plain(expected) == plain(found)
}

fn ask(base: &Url, found: &str, changed: bool) -> Result<bool> {
    if changed {
        output::warning(
            "the gateway shows another authority than the one trusted so far: its key was replaced, or somebody stands in between",
        );
    }
    output::note(&format!(
        "{} has a certificate of its own authority:\n  {found}\nIt is in the gateway's log, too: `sluice serve` prints it when it starts.",
        base.as_str().trim_end_matches('/')
    ));
    if !io::stdin().is_terminal() {
        return Err(Failure::new(
            Exit::No,
            "nobody is there to say whether this authority is trusted",
        )
        .hint(format!("check the fingerprint, then: sluice login --trust {found}"))
        .into());
    }
    let mut err = io::stderr();
    write!(err, "Trust it for this gateway? [y/N] ")?;
    err.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes" | "Yes"))
}

fn choose<'a>(providers: &'a [LoginProvider], wanted: Option<&str>) -> Result<&'a LoginProvider> {
    let usable: Vec<&LoginProvider> =
        providers.iter().filter(|one| one.client_id.is_some()).collect();
    let names = || usable.iter().map(|one| one.name.as_str()).collect::<Vec<_>>().join(", ");
    match (wanted, usable.as_slice()) {
        (_, []) => Err(Failure::new(Exit::Usage, "the gateway has no provider that people can sign in to")
            .hint("a provider needs a `client_id` in the gateway's configuration; machines use SLUICE_TOKEN")
            .into()),
        (None, [one]) => Ok(one),
        (None, _) => Err(Failure::new(Exit::Usage, "the gateway has several providers")
            .hint(format!("choose one with --provider: {}", names()))
            .into()),
        (Some(name), _) => usable.iter().copied().find(|one| one.name == name).ok_or_else(|| {
            Failure::new(Exit::Usage, format!("the gateway has no provider `{name}` that people can sign in to"))
                .hint(format!("it has: {}", names()))
                .into()
        }),
    }
}

fn prompt(prompt: Prompt<'_>) {
    match prompt {
        Prompt::Browse(url) => {
            output::note(&format!(
                "Sign in in your browser. If it does not open by itself:\n  {url}"
            ));
            if let Some(program) = browser() {
                let opened = Command::new(program)
                    .arg(url.as_str())
                    .stdin(Stdio::null())
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .spawn();
                if opened.is_err() {
                    output::warning("the browser could not be started: open the address yourself");
                }
            }
        }
        Prompt::Code { page, complete, code } => {
            output::note(&format!("On any device, open\n  {page}\nand type the code\n  {code}"));
            if let Some(complete) = complete {
                output::note(&format!("or open\n  {complete}"));
            }
        }
    }
}

/// What opens a page on this machine, when there is somebody to look at it.
fn browser() -> Option<String> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if let Some(program) = set("BROWSER") {
        return Some(program);
    }
    if cfg!(target_os = "macos") {
        return Some("open".into());
    }
    (set("DISPLAY").is_some() || set("WAYLAND_DISPLAY").is_some()).then(|| "xdg-open".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_compared_as_people_copy_it() {
        let found = fingerprint(b"certificate");
        for copied in
            [found.clone(), found.to_lowercase(), found.replace(':', "").replace("SHA256", "")]
        {
            assert!(same(&copied, &found), "{copied}");
        }
        for other in ["", "SHA256:", &fingerprint(b"another"), &found[..found.len() - 3]] {
            assert!(!same(other, &found), "{other}");
        }
    }

    #[test]
    fn the_only_provider_needs_no_choosing() {
        let provider = |name: &str, client: bool| LoginProvider {
            name: name.into(),
            issuer: String::new(),
            client_id: client.then(|| "c".into()),
            ca: None,
        };
        let (corp, ci, lab) =
            (provider("corp", true), provider("ci", false), provider("lab", true));
        let several = [corp.clone(), ci.clone(), lab];
        assert_eq!(choose(&[corp, ci], None).unwrap().name, "corp");
        assert!(choose(&several, None).is_err());
        assert_eq!(choose(&several, Some("lab")).unwrap().name, "lab");
        assert!(choose(&several, Some("ci")).is_err());
    }
}
