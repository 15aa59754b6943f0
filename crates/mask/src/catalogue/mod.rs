mod names;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use model::{Classes, DataClass, Masking};

use crate::operator::{MaskKeys, Operator};
use crate::scan::ident;

/// What is known of a data class by its name.
pub struct ClassInfo {
    /// The name that rules and policies use.
    pub name: &'static str,
    /// What it is, in a sentence.
    pub what: &'static str,
    /// What a finding had to pass, and where that rule comes from. Empty without a detector.
    pub validated_by: &'static str,
    /// What masks it unless a rule says otherwise.
    pub operator: Operator,
    /// Whether `detect:` can find it by content.
    pub has_detector: bool,
    /// What Presidio calls it.
    pub presidio: Option<&'static str>,
    /// What Google's Sensitive Data Protection (DLP) calls it.
    pub google: &'static [&'static str],
}

/// `detect:` names a class that nothing can find by content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("nothing detects `{name}` by content{known}; give other classes to columns by rule", known = known(name))]
pub struct UnknownClass {
    /// The class.
    pub name: String,
}

/// Every class known by name: those with a detector first. Other names are classes too; they are
/// given by column rule only and are masked by `redact`.
#[must_use]
pub fn catalogue() -> &'static [ClassInfo] {
    static ALL: LazyLock<Vec<ClassInfo>> = LazyLock::new(|| {
        let mut all: Vec<_> = FOUND.into();
        all.extend(ident::TABLES.iter().flat_map(|table| table.iter()).map(|ident| ClassInfo {
            name: ident.name,
            what: ident.what,
            validated_by: ident.validated_by,
            operator: Operator::Redact,
            has_detector: true,
            presidio: None,
            google: &[],
        }));
        all.extend(GIVEN);
        for info in &mut all {
            (info.presidio, info.google) = names::of(info.name);
        }
        all
    });
    &ALL
}

/// Our name of the class that another house calls so: `IBAN_CODE` is `iban`.
#[must_use]
pub fn called_here(name: &str) -> Option<&'static str> {
    names::ours(name).filter(|ours| *ours != name)
}

/// What masks a class unless a rule says otherwise.
#[must_use]
pub fn default_operator(class: &DataClass) -> Operator {
    catalogue()
        .iter()
        .find(|info| info.name == class.as_str())
        .map_or(Operator::Redact, |info| info.operator.clone())
}

/// What masks a result column that carries `classes`, or nothing when it carries none, where no rule
/// says how: [`Treatments::operator_for`].
#[must_use]
pub fn operator_for(classes: &Classes, derived: bool) -> Option<Operator> {
    Treatments::default().operator_for(classes, derived)
}

/// How rules say that classes are masked; the others are masked by their own operators.
#[derive(Clone, Debug, Default)]
pub struct Treatments(BTreeMap<DataClass, Operator>);

impl Treatments {
    /// Compiles what rules say.
    #[must_use]
    pub fn new(rules: &BTreeMap<DataClass, Masking>, keys: &MaskKeys) -> Self {
        let compiled = |(class, masking): (&DataClass, &Masking)| {
            (class.clone(), Operator::new(masking, class, keys))
        };
        Self(rules.iter().map(compiled).collect())
    }

    /// What a rule says of a class of this name.
    pub(crate) fn named(&self, class: &str) -> Option<&Operator> {
        self.0.iter().find(|(known, _)| known.as_str() == class).map(|(_, operator)| operator)
    }

    /// What masks values of a class.
    #[must_use]
    pub fn of(&self, class: &DataClass) -> Operator {
        self.0.get(class).cloned().unwrap_or_else(|| default_operator(class))
    }

    /// What masks a result column that carries `classes`, or nothing when it carries none.
    ///
    /// An operator that keeps something of the value (the last digits, the domain, the year, that it
    /// equals another) is safe only for the value itself: of `left(card, 12)` the last four digits
    /// are four more. So where a column is `derived` from another, or carries several classes, such
    /// an operator counts as `redact`; of what is left the strictest holds.
    #[must_use]
    pub fn operator_for(&self, classes: &Classes, derived: bool) -> Option<Operator> {
        let alone = classes.len() == 1 && !derived;
        let each = classes.iter().map(|class| match self.of(class) {
            operator if alone || operator.hides_all() => operator,
            _ => Operator::Redact,
        });
        each.reduce(Operator::strictest)
    }
}

/// Whether a class's values are numbers of any kind: their separators say nothing, nor does the case
/// of their letters.
pub(crate) fn is_number(class: &DataClass) -> bool {
    matches!(class.as_str(), "credit_card" | "us_ssn" | "iban" | "phone" | "mac_address")
        || ident::TABLES
            .iter()
            .flat_map(|table| table.iter())
            .any(|ident| ident.name == class.as_str())
}

/// What it is called here, or what was meant perhaps.
fn known(name: &str) -> String {
    match called_here(name) {
        Some(ours) => format!(": it is called `{ours}` here"),
        None => near(name),
    }
}

/// What was meant perhaps: those that share a word of the name, or else the first of all.
fn near(name: &str) -> String {
    let of_it = |word: &str| name.split('_').any(|own| own == word);
    let found = || catalogue().iter().filter(|info| info.has_detector).map(|info| info.name);
    let mut names: Vec<_> = found().filter(|known| known.split('_').any(of_it)).collect();
    if names.is_empty() {
        names.extend(found().take(9));
    }
    format!(": `detect` knows {} and others (docs/data-classes.md)", names.join(", "))
}

const FOUND: [ClassInfo; 13] = [
    found(
        "credit_card",
        "A payment card number of any large brand, 12 to 19 digits, plain or in the brand's groups",
        "issuer ranges and lengths of ISO/IEC 7812; Luhn check digit; not inside a longer number, a decimal or a UUID",
        Operator::KeepLast(4),
    ),
    found(
        "email",
        "An email address",
        "RFC 5321 shape with a domain that has a letters-only (or punycode) top level",
        Operator::KeepDomain,
    ),
    found(
        "us_ssn",
        "A United States social security number, 3-2-4 with dashes or spaces; nine bare digits only after a word such as `ssn`",
        "area, group and serial rules of the Social Security Administration",
        Operator::Redact,
    ),
    found(
        "iban",
        "An international bank account number, plain or in groups",
        "country lengths and letters of banks of the SWIFT IBAN registry; ISO 7064 mod 97-10",
        Operator::Redact,
    ),
    found(
        "phone",
        "A telephone number: international with `+`, `00` or `011`, or national with separators; bare digits only after a word such as `phone`",
        "libphonenumber: the country code is known and its numbers have that length; without a country code in one of [these regions](#telephone-numbers)",
        Operator::Redact,
    ),
    found(
        "ip_address",
        "An IPv4 or IPv6 address",
        "the standard library's parser, on whole tokens",
        Operator::Redact,
    ),
    found(
        "jwt",
        "A JSON Web Token, signed or encrypted",
        "RFC 7519: base64url parts whose header decodes to an object with `alg`",
        Operator::Redact,
    ),
    found(
        "cloud_key",
        "An access key or token of a cloud or developer service (AWS, Google, Azure, GitHub, GitLab, Slack, Stripe, npm, OpenAI, and many others)",
        "the issuer's published prefix, alphabet and length; AWS secret keys and Azure keys by the words before them",
        Operator::Redact,
    ),
    found(
        "private_key",
        "A private key in PEM or OpenSSH armour, also when its end is missing",
        "RFC 7468 label that ends in PRIVATE KEY",
        Operator::Redact,
    ),
    found(
        "mac_address",
        "A hardware address of a network card, six pairs with colons or dashes",
        "EUI-48 of IEEE 802: six pairs of hexadecimal digits, one separator, not inside a longer token",
        Operator::Redact,
    ),
    found(
        "crypto_address",
        "An address of Bitcoin or Ethereum",
        "Base58Check (SHA-256 twice), Bech32 and Bech32m checksums of BIP 173 and BIP 350; of Ethereum 40 hexadecimal digits behind `0x`",
        Operator::Redact,
    ),
    found(
        "url",
        "A whole URL with its host, path and query; it takes in whatever else stands in it",
        "RFC 3986: a known scheme, a host name or address, a port, and the characters of a path, a query and a fragment",
        Operator::Redact,
    ),
    found(
        "url_credentials",
        "The user name and password in a URL of any scheme, as in a connection string; the host stays",
        "RFC 3986: userinfo with a password, in front of a host",
        Operator::Redact,
    ),
];

const GIVEN: [ClassInfo; 6] = [
    given("person_name", "A person's name", Operator::Redact),
    given("address", "A postal address", Operator::Redact),
    given("date_of_birth", "A person's date of birth", Operator::DateYear),
    given("health", "What is known of a person's health", Operator::Redact),
    given("salary", "What a person earns", Operator::Redact),
    given("secret", "A password, a token or any other secret", Operator::Redact),
];

const fn found(
    name: &'static str,
    what: &'static str,
    validated_by: &'static str,
    operator: Operator,
) -> ClassInfo {
    ClassInfo {
        name,
        what,
        validated_by,
        operator,
        has_detector: true,
        presidio: None,
        google: &[],
    }
}

const fn given(name: &'static str, what: &'static str, operator: Operator) -> ClassInfo {
    ClassInfo {
        name,
        what,
        validated_by: "",
        operator,
        has_detector: false,
        presidio: None,
        google: &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::Kind;

    fn classes(names: &[&str]) -> Classes {
        names.iter().map(|name| DataClass::new(name).unwrap()).collect()
    }

    #[test]
    fn every_name_in_the_catalogue_is_a_class_and_stands_once() {
        let mut names: Vec<_> = catalogue().iter().map(|info| info.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), catalogue().len());
        assert!(names.iter().all(|name| DataClass::new(name).is_some()));
    }

    #[test]
    fn every_detector_is_in_the_catalogue() {
        for kind in Kind::all() {
            let info = catalogue().iter().find(|info| info.name == kind.name()).unwrap();
            assert!(info.has_detector && !info.validated_by.is_empty());
        }
    }

    #[test]
    fn a_name_that_nothing_detects_is_answered_with_what_is_like_it() {
        let error = UnknownClass { name: "mac_addr".into() }.to_string();
        assert!(error.contains("mac_address") && !error.contains("credit_card"), "{error}");
        let error = UnknownClass { name: "iban_code".into() }.to_string();
        assert!(error.contains("called `iban` here"), "{error}");
        let error = UnknownClass { name: "shoe_size".into() }.to_string();
        assert!(error.contains("credit_card") && error.contains("docs/data-classes.md"), "{error}");
    }

    #[test]
    fn a_part_is_kept_only_of_the_value_itself() {
        let masks = |names: &[&str], derived| {
            operator_for(&classes(names), derived).map(|operator| operator.to_string())
        };
        assert_eq!(masks(&[], false), None);
        assert_eq!(masks(&["credit_card"], false).as_deref(), Some("keep_last(4)"));
        assert_eq!(masks(&["credit_card"], true).as_deref(), Some("redact"));
        assert_eq!(masks(&["credit_card", "email"], false).as_deref(), Some("redact"));
        assert_eq!(masks(&["shoe_size"], false).as_deref(), Some("redact"));
    }

    #[test]
    fn rules_say_how_and_the_strictest_holds() {
        let rules = [
            ("credit_card", Masking::KeepLast(4)),
            ("us_ssn", Masking::Tag),
            ("health", Masking::Null),
            ("secret", Masking::DenyRow),
            ("iban", Masking::Hash(None)),
        ];
        let rules = rules.map(|(name, masking)| (DataClass::new(name).unwrap(), masking)).into();
        let treatments = Treatments::new(&rules, &MaskKeys::derive(b"ours"));
        for (names, derived, shown) in [
            (&["iban"][..], false, "hash"),
            (&["iban"], true, "redact"),
            (&["us_ssn"], true, "tag"),
            (&["health"], true, "null"),
            (&["secret"], true, "deny_row"),
            (&["credit_card", "us_ssn"], false, "redact"),
            (&["health", "us_ssn"], false, "null"),
            (&["credit_card", "secret"], true, "deny_row"),
            (&["email"], false, "keep_domain"),
        ] {
            let operator = treatments.operator_for(&classes(names), derived).unwrap();
            assert_eq!(operator.to_string(), shown, "{names:?} {derived}");
        }
        assert!(treatments.operator_for(&classes(&[]), true).is_none());
    }
}
