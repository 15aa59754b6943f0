use super::{check, check_not};

/// A body of random-looking letters and digits.
fn body(length: usize) -> String {
    "x9Kq2Lm7Zt4Rw8Yb3Nc6".chars().cycle().take(length).collect()
}

fn hex(length: usize) -> String {
    "0f9a8b7c6d5e4321".chars().cycle().take(length).collect()
}

#[test]
fn keys_of_each_service_are_found_by_their_prefix() {
    // The prefixes are put together here, so that no scanner takes this file for a leak.
    let keys = [
        format!("AK{}{}", "IA", "IOSFODNN7EXAMPLE"),
        format!("AS{}{}", "IA", "Y34FZKBOKMUTVV7A"),
        format!("AI{}{}", "za", body(35)),
        format!("GOC{}{}", "SPX-", body(28)),
        format!("gh{}{}", "p_", body(36)),
        format!("gh{}{}", "o_", body(36)),
        format!("gh{}{}", "s_", body(36)),
        format!("github{}{}_{}", "_pat_", body(22), body(59)),
        format!("gl{}{}", "pat-", body(20)),
        format!("xo{}{}-{}-{}", "xb-", "123456789012", "123456789012", body(24)),
        format!("xa{}{}", "pp-1-", body(40)),
        format!("sk{}{}", "_live_", body(24)),
        format!("rk{}{}", "_live_", body(24)),
        format!("sk{}{}", "_test_", body(24)),
        format!("np{}{}", "m_", body(36)),
        format!("sk{}{}", "-", body(48)),
        format!("sk{}{}", "-proj-", body(48)),
        format!("SG{}{}.{}", ".", body(22), body(43)),
        format!("S{}{}", "K", hex(32)),
        format!("A{}{}", "C", hex(32)),
        format!("dop{}{}", "_v1_", hex(64)),
        format!("hv{}{}", "s.", body(24)),
        format!("hf{}{}", "_", body(34)),
        format!("shp{}{}", "at_", hex(32)),
        format!("ya29{}{}", ".", body(60)),
        format!("pypi{}{}", "-AgE", body(60)),
        format!("ATAT{}{}", "T3", body(180)),
        format!("AGE-SECRET-{}{}", "KEY-1", body(58).to_uppercase()),
        format!("EA{}{}", "AA", body(60)),
        format!("sq0{}{}", "atp-", body(22)),
        format!("NR{}{}", "AK-", body(27).to_uppercase()),
        format!("PM{}{}-{}", "AK-", hex(24), hex(34)),
        format!("dck{}{}", "r_pat_", body(27)),
        format!("fi{}{}", "gd_", body(40)),
        format!("gl{}{}", "sa_", body(41)),
        format!("glc{}{}", "_eyJ", body(60)),
        format!("lin{}{}", "_api_", body(40)),
        format!("sntr{}{}", "yu_", hex(64)),
        format!("dap{}{}", "i", hex(32)),
        format!("s{}{}", ".", body(24)),
        format!("shp{}{}", "pa_", hex(32)),
        format!("gl{}{}", "imt-", body(25)),
        format!("M{}.{}.{}", "TA5NzM2ODQyNjQ1MzI0NTk2", "GhIjKl", body(38)),
    ];
    for key in &keys {
        check(
            "cloud_key",
            &[
                (key, "[cloud_key]"),
                (&format!("token={key}"), "token=[cloud_key]"),
                (&format!("\"{key}\","), "\"[cloud_key]\","),
                (&format!("a {key} and {key}"), "a [cloud_key] and [cloud_key]"),
                (&format!("https://host.example/{key}/x"), "https://host.example/[cloud_key]/x"),
            ],
        );
        check_not("cloud_key", &[&key[..14], &format!("x{key}")]);
    }
}

#[test]
fn secrets_that_are_part_of_a_url_or_follow_a_number_are_found() {
    let hook = format!("hooks.slack.com/{}/T0{}/B0{}/{}", "services", body(8), body(8), body(24));
    let discord = format!("discord.com/api/{}/{}/{}", "webhooks", "1".repeat(18), body(68));
    let bot = format!("1102015{}:AA{}", "43", body(33));
    check(
        "cloud_key",
        &[
            (&format!("https://{hook}"), "https://[cloud_key]"),
            (&format!("POST https://{discord} 204"), "POST https://[cloud_key] 204"),
            (
                &format!("https://api.telegram.example/bot {bot}/getMe"),
                "https://api.telegram.example/bot [cloud_key]/getMe",
            ),
            (&format!("token: {bot}"), "token: [cloud_key]"),
        ],
    );
    check_not(
        "cloud_key",
        &["Mountains.of-it.and-more-of-the-same-words-in-a-long-name-of-a-file"],
    );
}

#[test]
fn keys_without_a_prefix_are_found_by_the_words_before_them() {
    let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    let azure = format!("{}==", body(86));
    let signature = format!("{}%3D", "ab%2Fcd9%2B".repeat(5));
    check(
        "cloud_key",
        &[
            (&format!("aws_secret_access_key = {secret}"), "aws_secret_access_key = [cloud_key]"),
            (&format!("\"SecretAccessKey\": \"{secret}\""), "\"SecretAccessKey\": \"[cloud_key]\""),
            (&format!("AccountKey={azure};Endpoint"), "AccountKey=[cloud_key];Endpoint"),
            (&format!("?sv=2024&sig={signature}&se=1"), "?sv=2024&sig=[cloud_key]&se=1"),
        ],
    );
    check_not(
        "cloud_key",
        &[
            secret,
            &azure,
            &format!("sha256 {secret}"),
            &format!("commit of secret_access_key {}", hex(40)),
            &format!("design={signature}"),
        ],
    );
}

#[test]
fn what_only_begins_like_a_key_stays() {
    check_not(
        "cloud_key",
        &[
            "",
            "AKIA",
            "AKIAIOSFODNN7EXAMPL",
            "AKIAIOSFODNN7EXAMPLES",
            "akiaiosfodnn7example",
            "AKIAIOSFODNN1EXAMPLE",
            "sk-fading-circle-container-element",
            "SKU0f9a8b7c6d5e43210f9a8b7c6d5e4321",
            "a-rather-long-hyphenated-word",
            "https://www.example.com/a/rather/long/path/of/words",
            "550e8400-e29b-41d4-a716-446655440000",
            "xoxb-",
            "ghp_short",
            "[cloud_key]",
        ],
    );
}

#[test]
fn a_token_is_found_when_its_header_names_an_algorithm() {
    // RFC 7515, appendix A.1; RFC 7519, section 6.1 (no signature); a header of five parts as in RFC 7516
    let signed = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let unsigned = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UifQ.";
    let encrypted = "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.OKOawDo13gRp2ojaHV7LFpZcgV7T6DVZKTyKOMTYUmKoTCVJRgckCL9k.48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6ji.XFBoMYUZodetZdvTiFvSkQ";
    check(
        "jwt",
        &[
            (signed, "[jwt]"),
            (unsigned, "[jwt]"),
            (encrypted, "[jwt]"),
            (&format!("Authorization: Bearer {signed}"), "Authorization: Bearer [jwt]"),
            (&format!("?token={signed}&x"), "?token=[jwt]&x"),
            (&format!("It was {signed}."), "It was [jwt]."),
            (&format!("{signed} {signed}"), "[jwt] [jwt]"),
        ],
    );
    check_not(
        "jwt",
        &[
            "eyJ",
            "eyJhbGciOiJub25lIn0",
            "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UifQ",
            "eyJhbGciOiJub25lIn0..",
            // {"typ":"JWT"} and [1,2,3,"alg"]
            "eyJ0eXAiOiJKV1QifQ.eyJpc3MiOiJqb2UifQ.abc",
            "WzEsMiwzLCJhbGciXQ.eyJpc3MiOiJqb2UifQ.abc",
            "eyelashes-and-more.of-these.and-those",
        ],
    );
}

#[test]
fn a_private_key_does_not_end_in_the_middle_of_something_else() {
    let detectors = mask::Detectors::all();
    for end in ["-----END PR;536-22-8726\"", "-----END EC PRIVATE KEY-----;536-22-8726"] {
        let text = format!("-----BEGIN RSA PRIVATE KEY-----\nMIIB{end}");
        let mut out = Vec::new();
        assert!(detectors.mask_text(text.as_bytes(), &mut out));
        assert_eq!(String::from_utf8_lossy(&out), "[private_key]");
    }
}

#[test]
fn a_private_key_is_masked_to_its_end_or_to_the_end_of_the_text() {
    let label = "PRIVATE KEY-----";
    let pem = format!(
        "-----BEGIN {label}\nMIIBVgIBADANBgkqhkiG9w0BAQEFAASCAUAwggE8AgEAAkEAq7BFUpkGp3+LQmlQ\n-----END {label}"
    );
    let openssh = pem.replace(label, "OPENSSH PRIVATE KEY-----");
    check(
        "private_key",
        &[
            (&pem, "[private_key]"),
            (&openssh, "[private_key]"),
            (&format!("key:\n{pem}\nend"), "key:\n[private_key]\nend"),
            (&pem.replace('\n', "\\n"), "[private_key]"),
            (&format!("see {}", &pem[..90]), "see [private_key]"),
            (&format!("{pem}\n{openssh}\n"), "[private_key]\n[private_key]\n"),
            (&pem.replace(label, "ENCRYPTED PRIVATE KEY-----"), "[private_key]"),
            (&pem.replace(label, "PGP PRIVATE KEY BLOCK-----"), "[private_key]"),
            (
                "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nabc\n---- END SSH2 ENCRYPTED PRIVATE KEY ----",
                "[private_key]",
            ),
            (&format!("-{pem}"), "[private_key]"),
        ],
    );
    check_not(
        "private_key",
        &[
            "",
            "-----",
            "-----BEGIN ",
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
            "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
            "BEGIN PRIVATE KEY",
            "--BEGIN PRIVATE KEY--",
            "[private_key]",
        ],
    );
}
