//! The demo's stand-in for a person at a browser: it follows the address that `sluice login` printed,
//! says who it is, and goes back where the issuer sends it.

use anyhow::{Context, Result, bail};
use url::Url;

/// Signs `person` in; the development issuer asks for no password.
pub(super) fn sign_in(address: &str, person: &str) -> Result<()> {
    let agent = ureq::Agent::config_builder()
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .build()
        .new_agent();
    let page = agent.get(address).call()?;
    if page.status() != 200 {
        bail!("the issuer's page answers {}", page.status());
    }
    let mut url = Url::parse(address)?;
    let mut form: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    form.push(("person".into(), person.into()));
    url.set_query(None);
    let sent = agent.post(url.as_str()).send_form(form)?;
    let back =
        sent.headers().get("location").context("the issuer did not send the browser back")?;
    let landed = agent.get(back.to_str()?).call()?;
    if landed.status() != 200 {
        bail!("the terminal's page answers {}", landed.status());
    }
    Ok(())
}
