//! What an SSH user name means at the gateway: `web-1`, `root%web-1`.

/// Which resource, and which account there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Door {
    /// The resource's name.
    pub resource: String,
    /// The account on the target; `None` is the resource's usual one.
    pub account: Option<String>,
}

impl Door {
    /// Reads a user name. `None`: it names no resource.
    #[must_use]
    pub fn parse(user: &str) -> Option<Self> {
        let (account, resource) = match user.rsplit_once('%') {
            Some((account, resource)) => (Some(account), resource),
            None => (None, user),
        };
        let plain = |name: &str, more: &[char]| {
            !name.is_empty()
                && name.len() <= 128
                && !name.starts_with('-')
                && name.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(&c))
        };
        if !plain(resource, &['-', '_', '.']) {
            return None;
        }
        // As accounts are named where SSH servers run, a domain's among them.
        if account.is_some_and(|account| !plain(account, &['-', '_', '.', '@', '+', '\\', '$'])) {
            return None;
        }
        Some(Self { resource: resource.to_owned(), account: account.map(str::to_owned) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_name_names_a_resource_and_maybe_an_account() {
        for (user, expected) in [
            ("web-1", Some(("web-1", None))),
            ("root%web-1", Some(("web-1", Some("root")))),
            ("ann@corp%web-1", Some(("web-1", Some("ann@corp")))),
            ("a%b%web-1", None),
            ("%web-1", None),
            ("root%", None),
            ("", None),
            ("-oProxyCommand=x", None),
            ("root%-web", None),
            ("web 1", None),
            ("we\u{301}b", None),
        ] {
            let read = Door::parse(user);
            let read = read.as_ref().map(|door| (&*door.resource, door.account.as_deref()));
            assert_eq!(read, expected, "{user}");
        }
    }
}
