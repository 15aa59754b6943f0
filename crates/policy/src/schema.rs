//! The Cedar schema: what policies may speak of, made from the model's own lists so that an action
//! the protocols know cannot be missing here.

use std::fmt::Write;
use std::sync::OnceLock;

use cedar_policy::{Schema, Validator};
use model::Action;

/// The nouns. Every attribute is one this room fills in for every request, so a policy that reads
/// anything else is refused when it is loaded.
const NOUNS: &str = r"
entity Group;
entity Label;
entity User, Machine, Agent in [Group] {
    subject: String,
    provider: String,
    on_behalf_of?: String,
};
entity Resource in [Label] {
    kind: String,
    name: String,
    path: String,
    protocol: String,
};
entity Object in [Object, Resource] {
    kind: String,
    name: String,
    path: String,
    protocol: String,
};
entity DataClass {
    kind: String,
    name: String,
    path: String,
    protocol: String,
};

type Opening = {
    source: ipaddr,
    client?: String,
    now: datetime,
    weekday: Long,
};
type Asking = {
    source: ipaddr,
    client?: String,
    now: datetime,
    weekday: Long,
    unbounded: Bool,
    in_transaction: Bool,
    returns: Set<DataClass>,
    filters: Set<DataClass>,
    programs: Set<String>,
    argv: Set<String>,
    paths: Set<String>,
};
type Revealing = {
    source: ipaddr,
    client?: String,
    resource: Resource,
};
";

/// What an action is asked of, which decides its place in the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// When a session is opened.
    Opening,
    /// When a data class is to be seen in clear.
    Revealing,
    /// When a command is asked.
    Asking,
    /// Never: it only gathers others.
    Group,
}

/// When an action is asked about.
pub(crate) const fn moment(action: Action) -> Moment {
    match action {
        Action::Connect => Moment::Opening,
        Action::Reveal => Moment::Revealing,
        Action::Read | Action::Write | Action::Define | Action::Administer | Action::Run => {
            Moment::Group
        }
        _ => Moment::Asking,
    }
}

/// The schema in Cedar's own notation: what `docs/policy.md` shows and editors can use.
#[must_use]
pub fn schema_text() -> String {
    let mut text = NOUNS.trim_start().to_owned();
    for &action in Action::ALL {
        let _ = write!(text, "\naction \"{}\"", action.name());
        if let Some(group) = action.parent() {
            let _ = write!(text, " in [\"{}\"]", group.name());
        }
        let (resource, context) = match moment(action) {
            Moment::Group => {
                text.push(';');
                continue;
            }
            Moment::Opening => ("Resource", "Opening"),
            Moment::Revealing => ("DataClass", "Revealing"),
            Moment::Asking => ("[Resource, Object]", "Asking"),
        };
        let _ = write!(
            text,
            " appliesTo {{ principal: [User, Machine, Agent], resource: {resource}, context: {context} }};"
        );
    }
    text.push('\n');
    text
}

/// What checks policies against the schema, made once. `None` cannot be seen outside a broken
/// build: a test keeps it so, and without a schema no policy loads.
pub(crate) fn validator() -> Option<&'static Validator> {
    static VALIDATOR: OnceLock<Option<Validator>> = OnceLock::new();
    let make = || Schema::from_cedarschema_str(&schema_text()).ok().map(|(schema, _)| schema);
    VALIDATOR.get_or_init(|| make().map(Validator::new)).as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_valid_and_raises_no_warning() {
        let (schema, warnings) = Schema::from_cedarschema_str(&schema_text()).unwrap();
        let warnings: Vec<_> = warnings.map(|warning| warning.to_string()).collect();
        assert_eq!(warnings, Vec::<String>::new());
        assert_eq!(schema.actions().count(), Action::ALL.len());
    }

    #[test]
    fn an_action_that_gathers_others_is_a_group_and_no_other_is() {
        for &action in Action::ALL {
            let gathers = Action::ALL.iter().any(|member| member.parent() == Some(action));
            assert_eq!(gathers, moment(action) == Moment::Group, "{action:?}");
        }
    }
}
