use super::*;

fn class(name: &str) -> DataClass {
    DataClass::new(name).unwrap()
}

fn operator(masking: &str, of: &str, secret: &str) -> Operator {
    Operator::new(&masking.parse().unwrap(), &class(of), &MaskKeys::derive(secret.as_bytes()))
}

fn masked(operator: &Operator, text: &str) -> String {
    let mut out = Vec::new();
    assert!(operator.mask_text(text.as_bytes(), &mut out));
    String::from_utf8(out).unwrap()
}

#[test]
fn the_digits_asked_for_and_the_separators_stay() {
    for (n, text, shown) in [
        (4, "4242424242424242", "************4242"),
        (4, "4242 4242 4242 4242", "**** **** **** 4242"),
        (4, "3782-822463-10005", "****-******-*0005"),
        (4, "123-45-6789", "***-**-6789"),
        (4, "12345678", "********"),
        (4, "n/a", "*/*"),
        (0, "secret", "******"),
        (4, "", ""),
        (2, "Grüße\"xy", "********xy"),
    ] {
        assert_eq!(masked(&Operator::KeepLast(n), text), shown, "{text}");
    }
    for (n, text, shown) in [
        (6, "4242424242424242", "424242**********"),
        (4, "123-45-6789", "123-4*-****"),
        (4, "12345678", "********"),
        (1, "Ünal", "*****"),
        (0, "secret", "******"),
    ] {
        assert_eq!(masked(&Operator::KeepFirst(n), text), shown, "{text}");
    }
}

#[test]
fn nothing_is_kept_of_a_text_too_long_to_be_a_number() {
    assert_eq!(masked(&Operator::KeepLast(4), &"7".repeat(300)), "[masked]");
    assert_eq!(masked(&Operator::KeepFirst(4), &"7".repeat(300)), "[masked]");
}

#[test]
fn the_domain_stays_only_when_it_is_one() {
    for (text, domain, email) in [
        ("ann@example.com", "***@example.com", "a***@example.com"),
        ("an@example.com", "***@example.com", "***@example.com"),
        ("a@x.com,b@y.org", "***@y.org", "a***@y.org"),
        ("Ann <ann@example.com>", "[masked]", "[masked]"),
        ("no address", "[masked]", "[masked]"),
        ("ann@", "[masked]", "[masked]"),
        ("übel@example.com", "***@example.com", "***@example.com"),
    ] {
        assert_eq!(masked(&Operator::KeepDomain, text), domain, "{text}");
        assert_eq!(masked(&Operator::Email, text), email, "{text}");
    }
}

#[test]
fn masking_a_masked_value_changes_nothing() {
    for operator in [
        Operator::Redact,
        Operator::Tag(class("us_ssn")),
        Operator::KeepFirst(4),
        Operator::KeepLast(4),
        Operator::KeepDomain,
        Operator::Email,
        Operator::Default,
        Operator::DateYear,
        Operator::DateMonth,
        Operator::Bucket(10),
    ] {
        for text in ["4242-4242 4242/4242", "ann@example.com", "x", "ümläut", "1984-05-06", "-12.5"]
        {
            let once = masked(&operator, text);
            assert_eq!(masked(&operator, &once), once, "{operator} {text}");
        }
    }
}

#[test]
fn texts_are_masked_as_the_rule_says() {
    for (masking, text, shown) in [
        ("redact", "x", "[masked]"),
        ("tag", "078-05-1120", "[us_ssn]"),
        ("default", "x", ""),
        ("date_year", "1984-05-06", "1984-01-01"),
        ("date_month", "1984-05-06T12:00:00Z", "1984-05-01T00:00:00+00"),
        ("date_month", "yesterday", "[masked]"),
        ("bucket(10)", "42", "40"),
        ("bucket(10)", "-42.5", "-50"),
        ("bucket(10)", "forty", "[masked]"),
        ("format", "12345", "[masked]"),
    ] {
        assert_eq!(masked(&operator(masking, "us_ssn", "ours"), text), shown, "{masking} {text}");
    }
    let mut out = Vec::new();
    for masking in ["null", "deny_row"] {
        assert!(!operator(masking, "us_ssn", "ours").mask_text(b"x", &mut out) && out.is_empty());
    }
}

#[test]
fn equal_values_hash_alike_under_one_key_only() {
    let ours = operator("hash", "us_ssn", "ours");
    assert_eq!(masked(&ours, "078-05-1120"), masked(&ours, " 078 05 1120"));
    assert_ne!(masked(&ours, "078-05-1120"), masked(&ours, "078-05-1121"));
    assert_eq!(masked(&ours, "x").len(), 32);
    let hash = |operator| masked(&operator, "078-05-1120");
    assert_ne!(masked(&ours, "078-05-1120"), hash(operator("hash", "us_ssn", "theirs")));
    assert_ne!(masked(&ours, "078-05-1120"), hash(operator("hash", "us_itin", "ours")));
    let email = operator("hash", "email", "ours");
    assert_eq!(masked(&email, "Ann@Example.com"), masked(&email, "ann@example.com "));
    assert_ne!(masked(&email, "a.b@example.com"), masked(&email, "ab@example.com"));
}

#[test]
fn a_named_scope_joins_resources_and_nothing_else_does() {
    let keys = MaskKeys::derive(b"ours");
    let hash = |masking: &str, resource: &str, of: &str| {
        let keys = keys.of_resource(resource);
        masked(&Operator::new(&masking.parse().unwrap(), &class(of), &keys), "123456789")
    };
    assert_eq!(hash("hash(people)", "orders", "us_ssn"), hash("hash(people)", "crm", "us_itin"));
    assert_ne!(hash("hash(people)", "orders", "us_ssn"), hash("hash(staff)", "orders", "us_ssn"));
    assert_ne!(hash("hash(people)", "orders", "us_ssn"), hash("hash", "orders", "us_ssn"));
    assert_ne!(hash("hash", "orders", "us_ssn"), hash("hash", "crm", "us_ssn"));
    assert_ne!(hash("format", "orders", "us_ssn"), hash("format", "crm", "us_ssn"));
    assert_ne!(hash("token", "orders", "us_ssn"), hash("token", "crm", "us_ssn"));
}

#[test]
fn of_two_the_one_that_leaves_less_is_taken() {
    for (a, b, taken) in [
        ("keep_last(4)", "redact", "redact"),
        ("keep_last(4)", "keep_last(2)", "keep_last(2)"),
        ("bucket(10)", "bucket(100)", "bucket(100)"),
        ("date_month", "date_year", "date_year"),
        ("email", "keep_domain", "keep_domain"),
        ("hash", "token", "hash"),
        ("null", "redact", "null"),
        ("deny_row", "null", "deny_row"),
        ("tag", "default", "default"),
    ] {
        let of = |masking| operator(masking, "us_ssn", "ours");
        assert_eq!(Operator::strictest(of(a), of(b)).to_string(), taken);
        assert_eq!(Operator::strictest(of(b), of(a)).to_string(), taken);
    }
}

#[test]
fn a_key_is_never_shown() {
    for masking in ["hash", "format", "token"] {
        assert_eq!(format!("{:?}", operator(masking, "us_ssn", "ours")), masking);
    }
}
