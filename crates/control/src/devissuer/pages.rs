//! Two pages: who are you, and done.

use std::fmt::Write;

use super::Person;

/// A button for each person; `hidden` goes along with the answer.
pub(super) fn choose(action: &str, hidden: &[(&str, &str)], people: &[Person]) -> String {
    let mut form = format!("<form method=post action=\"{}\">", escape(action));
    for (name, value) in hidden {
        // Only its own forms are filled in: both stand in quotes.
        let _ = write!(
            form,
            "<input type=hidden name=\"{}\" value=\"{}\">",
            escape(name),
            escape(value)
        );
    }
    for person in people {
        let _ = write!(
            form,
            "<p><button name=person value=\"{}\"><b>{}</b><br>{}<br><small>{}</small></button>",
            escape(&person.subject),
            escape(&person.name),
            escape(&person.subject),
            escape(&person.groups.join(", "))
        );
    }
    page("Who are you?", &format!("{form}</form>"))
}

/// A field for the code that a device shows.
pub(super) fn ask_code(action: &str) -> String {
    let form = format!(
        "<form action=\"{}\"><p>The code on your device: <input name=user_code autofocus> <button>Go on</button></form>",
        escape(action)
    );
    page("Sign in a device", &form)
}

pub(super) fn message(title: &str, text: &str) -> String {
    page(title, &format!("<p>{}", escape(text)))
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>\
         <meta name=viewport content=\"width=device-width\">\
         <style>body{{font:16px/1.5 system-ui;max-width:26em;margin:3em auto;padding:0 1em}}\
         button{{font:inherit;padding:.5em 1em;text-align:left}}button[name=person]{{width:100%}}small{{color:#555}}\
         p.warning{{background:#fec;padding:.5em 1em}}</style>\
         <h1>{title}</h1>{body}\
         <p class=warning>This is a development issuer. It asks for no password: never use it for anything real.",
        title = escape(title)
    )
}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}
