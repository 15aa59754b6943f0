use proptest::prelude::*;

use super::*;

const LENIENT: Leniency = Leniency { encoded_slashes: true, path_parameters: true };

fn read(text: &str) -> Result<(String, String), Refused> {
    let target = Target::read(text.as_bytes(), Leniency::default())?;
    Ok((target.path.shown(), target.sent()))
}

#[test]
fn a_path_is_decided_and_sent_in_one_spelling() {
    for (said, shown, sent) in [
        ("/", "/", "/"),
        ("/a/b", "/a/b", "/a/b"),
        ("/a/b/", "/a/b/", "/a/b/"),
        ("//a///b//", "/a/b/", "/a/b/"),
        ("/a/./b/../c", "/a/c", "/a/c"),
        ("/a/b/..", "/a/", "/a/"),
        ("/a/b/.", "/a/b/", "/a/b/"),
        ("/%61dmin", "/admin", "/admin"),
        ("/a/%2e%2E/b", "/b", "/b"),
        ("/a/%2e/b", "/a/b", "/a/b"),
        ("/caf%c3%a9", "/café", "/caf%C3%A9"),
        ("/a%20b", "/a b", "/a%20b"),
        ("/100%25", "/100%25", "/100%25"),
        ("/a%3Fb%23c", "/a?b#c", "/a%3Fb%23c"),
        ("/a:b@c!$&'()*+,=", "/a:b@c!$&'()*+,=", "/a:b@c!$&'()*+,="),
        ("/..a/a..", "/..a/a..", "/..a/a.."),
        ("/a?b=c/../d", "/a", "/a?b=c/../d"),
        ("/a?", "/a", "/a?"),
        ("/a??", "/a", "/a??"),
    ] {
        assert_eq!(read(said), Ok((shown.to_owned(), sent.to_owned())), "{said}");
    }
}

#[test]
fn what_two_servers_could_read_as_two_is_refused() {
    for (said, why) in [
        ("", Refused::Form),
        ("a/b", Refused::Form),
        ("*", Refused::Form),
        ("http://other/a", Refused::Form),
        ("/..", Refused::Above),
        ("/a/../../b", Refused::Above),
        ("/%2e%2e/b", Refused::Above),
        ("/a%2Fb", Refused::Slash),
        ("/a%2fb", Refused::Slash),
        ("/public/..%2Fadmin", Refused::Slash),
        ("/a\\b", Refused::Backslash),
        ("/a%5Cb", Refused::Backslash),
        ("/a%252Fb", Refused::Twice),
        ("/%252e%252e/", Refused::Twice),
        ("/a%2541", Refused::Twice),
        ("/a%2", Refused::Escape),
        ("/a%", Refused::Escape),
        ("/a%zz", Refused::Escape),
        ("/a%u0061", Refused::Escape),
        ("/a%+1", Refused::Escape),
        ("/a%00b", Refused::Control),
        ("/a%0d%0aHost:%20b", Refused::Control),
        ("/a%7f", Refused::Control),
        ("/a%C2%85", Refused::Control),
        ("/%c0%ae%c0%ae/", Refused::Text),
        ("/%ff", Refused::Text),
        ("/a;b", Refused::Parameters),
        ("/public/..;/admin", Refused::Parameters),
        ("/a%3Bb", Refused::Parameters),
        ("/a b", Refused::Raw),
        ("/a\"b", Refused::Raw),
        ("/a#b", Refused::Raw),
        ("/café", Refused::Raw),
        ("/a?b=%2", Refused::Escape),
        ("/a?b=%00", Refused::Control),
        ("/a?b=%ff", Refused::Text),
        ("/a?b c", Refused::Raw),
        ("/a?b\\c", Refused::Raw),
        ("/a?b#c", Refused::Raw),
    ] {
        assert_eq!(read(said), Err(why), "{said}");
    }
    let deep = "/a".repeat(DEEPEST + 1);
    assert_eq!(read(&deep), Err(Refused::Long));
    assert_eq!(read(&format!("/{}", "a".repeat(LONGEST))), Err(Refused::Long));
}

#[test]
fn a_resource_may_take_more_where_its_server_reads_it_in_one_way() {
    let read = |text: &str| {
        let path = Path::read(text.as_bytes(), LENIENT)?;
        Ok((path.shown(), path.encoded()))
    };
    for (said, shown, sent) in [
        ("/projects/a%2fb/x", "/projects/a%2Fb/x", "/projects/a%2Fb/x"),
        ("/map;zoom=3/x", "/map;zoom=3/x", "/map;zoom=3/x"),
    ] {
        assert_eq!(read(said), Ok((shown.to_owned(), sent.to_owned())), "{said}");
    }
    for (said, why) in [
        ("/a/..;/b", Refused::Parameters),
        ("/a/.;x/b", Refused::Parameters),
        ("/a/;x/b", Refused::Parameters),
        ("/a%2F..%2Fb", Refused::Slash),
        ("/..%2Fb", Refused::Slash),
        ("/a%2F.", Refused::Slash),
        ("/a%252Fb", Refused::Twice),
    ] {
        assert_eq!(read(said), Err(why), "{said}");
    }
}

#[test]
fn a_query_is_read_as_a_form_is() {
    let query = Query::read(b"a=1&b=x+y%26z&a=2&c&=d&&e=f=g&n=1%0A2").unwrap();
    let expected =
        [("a", "1"), ("b", "x y&z"), ("a", "2"), ("c", ""), ("", "d"), ("e", "f=g"), ("n", "1\n2")];
    let read: Vec<(&str, &str)> =
        query.parameters().iter().map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!(read, expected);
    assert_eq!(query.values("a").collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(query.sent(), "a=1&b=x+y%26z&a=2&c&=d&&e=f=g&n=1%0A2");
    let many = vec!["a"; MOST_PARAMETERS + 1].join("&");
    assert_eq!(Query::read(many.as_bytes()), Err(Refused::Long));
}

/// What servers make of a path that read it in their own ways, when they are sent it.
fn as_others_read(sent: &str) -> Vec<Vec<String>> {
    let resolve = |text: &str| {
        let mut way = Vec::new();
        for segment in text.split('/') {
            match segment {
                "" | "." => {}
                ".." => drop(way.pop()),
                segment => way.push(segment.to_owned()),
            }
        }
        way
    };
    let once = |text: &str| {
        let bytes = text.as_bytes();
        let (mut out, mut at) = (Vec::new(), 0);
        while at < bytes.len() {
            let pair = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
            match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
                Some(byte) => {
                    out.push(byte);
                    at += 3;
                }
                None => {
                    out.push(bytes[at]);
                    at += 1;
                }
            }
        }
        String::from_utf8_lossy(&out).into_owned()
    };
    let cut = |text: &str| {
        let parts: Vec<_> = text.split('/').map(|part| part.split(';').next().unwrap()).collect();
        parts.join("/")
    };
    let (decoded, twice) = (once(sent), once(&once(sent)));
    vec![
        resolve(&decoded),
        resolve(&twice),
        resolve(&decoded.replace('\\', "/")),
        resolve(&cut(&decoded)),
        resolve(&once(&cut(sent))),
        // Resolved first and decoded then.
        resolve(sent).iter().map(|segment| once(segment)).collect(),
    ]
}

proptest! {
    #[test]
    fn whoever_is_sent_a_path_reads_the_one_that_was_decided(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "/", "/", "/", "a", "b", ".", "..", "%2e", "%2E", "%2f", "%5c", "\\", "%25", "%", "2e", "2f",
                ";", "%3b", "%c3%a9", "%00", "é", " ", "?", "=", "&",
            ]),
            0..16,
        ),
    ) {
        let text = format!("/{}", pieces.concat());
        if let Ok(target) = Target::read(text.as_bytes(), Leniency::default()) {
            let sent = target.path.encoded();
            let decided: Vec<String> = target.path.segments().to_vec();
            for read in as_others_read(&sent) {
                prop_assert_eq!(&read, &decided, "{} {}", text, sent);
            }
            // It is read again as it was.
            let again = Target::read(target.sent().as_bytes(), Leniency::default());
            prop_assert_eq!(again, Ok(target));
        }
    }

    #[test]
    fn two_paths_are_never_shown_alike(
        one in "(/[a-b%/]{0,3}){1,3}", other in "(/[a-b%/]{0,3}){1,3}",
    ) {
        let read = |text: &str| Path::read(text.replace('%', "%2F").as_bytes(), LENIENT);
        if let (Ok(one), Ok(other)) = (read(&one), read(&other)) {
            prop_assert_eq!(one == other, one.shown() == other.shown());
            prop_assert_eq!(one == other, one.encoded() == other.encoded());
        }
    }
}
