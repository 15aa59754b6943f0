use super::{check, detectors, masked};

#[test]
fn a_whole_url_is_found_where_it_is_asked_for() {
    let url = detectors(&["url"]);
    for (text, shown) in [
        ("see https://intranet.example/p/42?user=ann#top.", "see [url]."),
        ("(http://a.example:8080/x)", "([url])"),
        ("https://en.example/wiki/Rust_(language)", "[url]"),
        ("<ftp://ann:pw@files.example/x>", "<[url]>"),
        ("HTTPS://[2001:db8::1]:8443/", "[url]"),
        ("http://localhost, and HTTP://10.0.0.1", "[url], and [url]"),
        ("xhttps://a.example", "xhttps://a.example"),
        ("https:// nothing", "https:// nothing"),
        ("file:///etc/passwd and //cdn.example", "file:///etc/passwd and //cdn.example"),
        ("{\"href\":\"https://a.example/?q=1\"}", "{\"href\":\"[url]\"}"),
    ] {
        assert_eq!(masked(&url, text), shown, "{text}");
    }
}

#[test]
fn a_password_in_a_url_is_found_and_the_host_stays() {
    check(
        "url_credentials",
        &[
            (
                "postgres://ann:s3cret@db.example:5432/x",
                "postgres://[url_credentials]@db.example:5432/x",
            ),
            ("redis://:pw@10x.example", "redis://[url_credentials]@10x.example"),
            ("mongodb+srv://u:p@ss@c.example/", "mongodb+srv://[url_credentials]@c.example/"),
            ("url=https://x:%70w@[::1x]/", "url=https://[url_credentials]@[::1x]/"),
        ],
    );
    let credentials = detectors(&["url_credentials"]);
    for text in [
        "ssh://git@host.example/",
        "https://host.example/a:b@c",
        "https://u:***@host.example",
        "a b://x",
    ] {
        assert_eq!(masked(&credentials, text), text);
    }
}

#[test]
fn personal_data_is_found_in_the_escapes_of_a_query() {
    check("email", &[("/u?mail=ann.lee%40example.com&x=1", "/u?mail=***@example.com&x=1")]);
    check("credit_card", &[("/pay?pan=4242%204242%204242%204242", "/pay?pan=**** **** **** 4242")]);
    check("us_ssn", &[("/?n=123%2d45%2D6789", "/?n=[us_ssn]")]);
}
