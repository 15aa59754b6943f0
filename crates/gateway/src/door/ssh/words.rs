//! What clients hear at SSH's door.

use model::Reason;
use model::ports::SignInElsewhere;
use wire::ssh::auth::Prompt;

/// To a user's name that names no resource.
pub(super) const NO_RESOURCE: &str = "the user name must be a resource's name: `ssh RESOURCE@gateway`, or `ssh ACCOUNT%RESOURCE@gateway`";

/// What somebody hears who may not open what it asks for.
pub(super) fn refused(reason: &Reason) -> String {
    let mut words = reason.message.clone();
    if !reason.policies.is_empty() {
        words.push_str(" (policy: ");
        words.push_str(&reason.policies.join(", "));
        words.push(')');
    }
    if let Some(hint) = &reason.hint {
        words.push_str(". ");
        words.push_str(hint);
    }
    words
}

/// What somebody is asked who would be asked something. Programs that have a token in place of a password look for the
/// prompt's last word.
pub(super) fn token() -> Prompt {
    Prompt {
        instruction: "A token, or nothing to sign in in a browser.\n".to_owned(),
        prompts: vec![("Password: ".to_owned(), false)],
    }
}

/// What somebody is shown who signs in in a browser. There is nothing to answer: the login goes on by itself.
pub(super) fn elsewhere(sign_in: &SignInElsewhere) -> Prompt {
    Prompt {
        instruction: format!(
            "To sign in, open\n\n  {}\n\nand see that it shows the code {}. This goes on by itself.\n",
            sign_in.url, sign_in.code
        ),
        prompts: Vec::new(),
    }
}
