use super::{check, check_not};

#[test]
fn an_address_is_masked_and_what_surrounds_it_stays() {
    check(
        "ip_address",
        &[
            ("10.0.0.1", "[ip_address]"),
            ("255.255.255.255", "[ip_address]"),
            ("from 192.168.0.1:5432.", "from [ip_address]:5432."),
            ("10.0.0.0/8", "[ip_address]/8"),
            ("http://203.0.113.9/x", "http://[ip_address]/x"),
            ("(198.51.100.7)", "([ip_address])"),
            ("198.51.100.7, 198.51.100.8", "[ip_address], [ip_address]"),
            ("::1", "[ip_address]"),
            ("2001:db8::1", "[ip_address]"),
            ("2001:0db8:85a3:0000:0000:8a2e:0370:7334", "[ip_address]"),
            ("2001:DB8::A", "[ip_address]"),
            ("fe80::1%eth0", "[ip_address]%eth0"),
            ("[2001:db8::1]:443", "[[ip_address]]:443"),
            ("2001:db8::/32", "[ip_address]/32"),
            ("::ffff:192.0.2.128", "[ip_address]"),
            ("peer:2001:db8::1: gone", "peer:[ip_address]: gone"),
            ("is 2001:db8::1.", "is [ip_address]."),
            ("fe80::1ff:fe23:4567:890a", "[ip_address]"),
            ("{\"ip\":\"2001:db8::1\"}", "{\"ip\":\"[ip_address]\"}"),
        ],
    );
}

#[test]
fn what_only_looks_like_an_address_stays() {
    check_not(
        "ip_address",
        &[
            "",
            ".",
            "::",
            ":",
            "1.2.3",
            "1.2.3.4.5",
            "256.1.1.1",
            "1.2.3.256",
            "01.2.3.4",
            "v1.2.3.4",
            "1.2.3.4a",
            "1..2.3",
            "1.2.3.",
            "1234.1.1.1",
            "1.1.1.1234",
            "12:34:56",
            "2024-01-02 12:34:56",
            "00:1a:2b:3c:4d:5e",
            "std::fmt",
            "a::text",
            "x::1y",
            "12345::1",
            "1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:8:9",
            "::1::2",
            "g::1",
            "text::int",
            "[ip_address]",
            "aa:bb:cc:dd:ee:ff:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd",
        ],
    );
}
