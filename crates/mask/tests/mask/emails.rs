use super::{all, check, check_not, masked};

#[test]
fn an_address_keeps_its_domain() {
    check(
        "email",
        &[
            ("ann@example.com", "***@example.com"),
            ("Ann Lee <ann.lee+news@mail.example.co.uk>", "Ann Lee <***@mail.example.co.uk>"),
            ("write to ann@example.com.", "write to ***@example.com."),
            ("write to ann@example.com, please", "write to ***@example.com, please"),
            ("mailto:ann@example.com?subject=x", "mailto:***@example.com?subject=x"),
            ("email=ann@example.com&x=1", "email=***@example.com&x=1"),
            ("'ann@example.com'", "'***@example.com'"),
            ("\"ann@example.com\"", "\"***@example.com\""),
            (
                "Key (email)=(ann@example.com) already exists.",
                "Key (email)=(***@example.com) already exists.",
            ),
            ("o'brien@example.com", "***@example.com"),
            ("a@b.io", "***@b.io"),
            ("a_b-c%d@x-y.example", "***@x-y.example"),
            ("ann@xn--bcher-kva.example", "***@xn--bcher-kva.example"),
            ("ann@example.xn--p1ai", "***@example.xn--p1ai"),
            ("jürgen@example.de", "***@example.de"),
            ("ann@example.com bob@example.org", "***@example.com ***@example.org"),
            ("ann@example.com,bob@example.org", "***@example.com,***@example.org"),
            ("..ann@example.com", "..***@example.com"),
            ("ann@example.com-", "***@example.com-"),
            ("{ann@example.com,bob@example.org}", "{***@example.com,***@example.org}"),
            ("https://ann@example.com/path", "https://***@example.com/path"),
        ],
    );
    let long = format!("{}@example.com", "a".repeat(300));
    check("email", &[(&long, "***@example.com")]);
}

#[test]
fn a_number_in_front_of_the_at_sign_is_part_of_the_address() {
    for text in
        ["4242424242424242@example.com", "10.0.0.1@example.com", "078-05-1120.x@example.com"]
    {
        assert_eq!(masked(&all(), text), "***@example.com");
    }
}

#[test]
fn what_only_looks_like_an_address_stays() {
    check_not(
        "email",
        &[
            "@",
            "@example.com",
            "ann@",
            "ann@localhost",
            "ann@1.2.3.4",
            "ann@example.c",
            "ann@example.123",
            "ann @example.com",
            "ann@ example.com",
            "a@@b",
            "SELECT 1 @> 2",
            "@media screen",
            "x@-y.com",
            "***@example.com",
        ],
    );
}
