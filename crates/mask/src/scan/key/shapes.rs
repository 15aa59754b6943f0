//! How services write their keys, by what each of them has published.

use Alphabet::{Alnum, Base32, Dotted, Hex, Path, Url, Word};

use crate::scan::text::alnum;

/// What a key's body is written in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Alphabet {
    /// `0-9a-f`
    Hex,
    /// `A-Z2-7`
    Base32,
    /// Letters and digits.
    Alnum,
    /// Letters, digits and `_`.
    Word,
    /// Base64url: letters, digits, `-` and `_`.
    Url,
    /// Base64url with dots between parts.
    Dotted,
    /// Base64url with slashes between parts: the rest of a URL that is a secret.
    Path,
}

impl Alphabet {
    pub(super) fn has(self, byte: u8) -> bool {
        match self {
            Self::Hex => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            Self::Base32 => matches!(byte, b'A'..=b'Z' | b'2'..=b'7'),
            Self::Alnum => alnum(byte),
            Self::Word => alnum(byte) || byte == b'_',
            Self::Url => alnum(byte) || matches!(byte, b'_' | b'-'),
            Self::Dotted => alnum(byte) || matches!(byte, b'_' | b'-' | b'.'),
            Self::Path => alnum(byte) || matches!(byte, b'_' | b'-' | b'/'),
        }
    }
}

/// One service's way of writing its keys.
pub(super) struct Shape {
    pub(super) prefix: &'static [u8],
    /// The second byte of the prefix, and the third if it has so many.
    next: (u8, Option<u8>),
    pub(super) body: Alphabet,
    /// The shortest body.
    pub(super) least: usize,
    /// Whether a longer body is another thing.
    pub(super) exact: bool,
    /// Whether the body must look random (both cases or a digit), as the prefix alone is a common word.
    pub(super) random: bool,
}

impl Shape {
    /// Whether a key may begin with these bytes behind its first, and behind what stands in front. Two attempts never
    /// run over the same body, so the scan stays linear: a prefix begins behind what no body has, or has a dot in it, as
    /// no path has.
    pub(super) fn begins(&self, second: u8, third: u8, before: u8) -> bool {
        let alike = self.next.0 == second && self.next.1.is_none_or(|own| own == third);
        alike && (self.body == Path || !self.body.has(before))
    }
}

/// What stands behind the first byte of a prefix.
const fn next(prefix: &[u8]) -> (u8, Option<u8>) {
    match prefix {
        [_, second, third, ..] => (*second, Some(*third)),
        [_, second] => (*second, None),
        _ => (0, None),
    }
}

const fn exactly(prefix: &'static [u8], body: Alphabet, length: usize) -> Shape {
    Shape { prefix, next: next(prefix), body, least: length, exact: true, random: false }
}

const fn at_least(prefix: &'static [u8], body: Alphabet, least: usize) -> Shape {
    Shape { prefix, next: next(prefix), body, least, exact: false, random: false }
}

const fn random(prefix: &'static [u8], body: Alphabet, least: usize) -> Shape {
    Shape { prefix, next: next(prefix), body, least, exact: false, random: true }
}

/// Of one length, and looking random.
const fn exactly_random(prefix: &'static [u8], body: Alphabet, length: usize) -> Shape {
    Shape { prefix, next: next(prefix), body, least: length, exact: true, random: true }
}

/// The shapes that begin with one byte.
pub(super) struct Group {
    /// A bit for each byte of ASCII that is the second of one of them.
    seconds: u128,
    shapes: &'static [Shape],
}

impl Group {
    const fn of(shapes: &'static [Shape]) -> Self {
        let (mut seconds, mut rest) = (0, shapes);
        while let [shape, others @ ..] = rest {
            if let [_, second, ..] = shape.prefix {
                seconds |= 1 << *second;
            }
            rest = others;
        }
        Self { seconds, shapes }
    }

    /// Those whose second byte this is.
    pub(super) fn with(&self, second: u8) -> &'static [Shape] {
        let any = second.is_ascii() && self.seconds >> second & 1 == 1;
        if any { self.shapes } else { &[] }
    }
}

/// The shapes by their first byte.
pub(super) fn shapes(first: u8) -> &'static Group {
    match first {
        b'A' => const { &Group::of(&UPPER_A) },
        b'C' => const { &Group::of(&UPPER_C) },
        b'E' => const { &Group::of(&UPPER_E) },
        b'F' => const { &Group::of(&UPPER_F) },
        b'G' => const { &Group::of(&UPPER_G) },
        b'H' => const { &Group::of(&UPPER_H) },
        b'L' => const { &Group::of(&UPPER_L) },
        b'N' => const { &Group::of(&UPPER_N) },
        b'P' => const { &Group::of(&UPPER_P) },
        b'S' => const { &Group::of(&UPPER_S) },
        b'a' => const { &Group::of(&LOWER_A) },
        b'd' => const { &Group::of(&LOWER_D) },
        b'e' => const { &Group::of(&LOWER_E) },
        b'f' => const { &Group::of(&LOWER_F) },
        b'g' => const { &Group::of(&LOWER_G) },
        b'h' => const { &Group::of(&LOWER_H) },
        b'k' => const { &Group::of(&LOWER_K) },
        b'l' => const { &Group::of(&LOWER_L) },
        b'n' => const { &Group::of(&LOWER_N) },
        b'p' => const { &Group::of(&LOWER_P) },
        b'r' => const { &Group::of(&LOWER_R) },
        b's' => const { &Group::of(&LOWER_S) },
        b't' => const { &Group::of(&LOWER_T) },
        b'w' => const { &Group::of(&LOWER_W) },
        b'x' => const { &Group::of(&LOWER_X) },
        b'y' => const { &Group::of(&LOWER_Y) },
        _ => const { &Group::of(&[]) },
    }
}

static UPPER_A: [Shape; 11] = [
    // AWS: long-lived, temporary, service bearer, context-specific
    exactly(b"AKIA", Base32, 16),
    exactly(b"ASIA", Base32, 16),
    exactly(b"ABIA", Base32, 16),
    exactly(b"ACCA", Base32, 16),
    // Google
    exactly(b"AIza", Url, 35),
    // Twilio
    exactly(b"AC", Hex, 32),
    // Atlassian and Bitbucket
    at_least(b"ATATT3", Url, 60),
    at_least(b"ATCTT3", Url, 60),
    random(b"ATBB", Alnum, 32),
    // age
    exactly(b"AGE-SECRET-KEY-1", Alnum, 58),
    // Tencent Cloud
    random(b"AKID", Alnum, 32),
];

static UPPER_C: [Shape; 1] = [
    // Clojars
    at_least(b"CLOJARS_", Alnum, 60),
];

static UPPER_E: [Shape; 3] = [
    // Square
    random(b"EAAA", Url, 56),
    // EasyPost
    exactly(b"EZAK", Alnum, 54),
    exactly(b"EZTK", Alnum, 54),
];

static UPPER_F: [Shape; 2] = [
    // Flutterwave
    at_least(b"FLWSECK_TEST-", Url, 12),
    at_least(b"FLWSECK-", Url, 12),
];

static UPPER_G: [Shape; 1] = [
    // Google OAuth
    at_least(b"GOCSPX-", Url, 28),
];

static UPPER_H: [Shape; 1] = [
    // Heroku
    at_least(b"HRKU-", Url, 36),
];

static UPPER_L: [Shape; 1] = [
    // Alibaba Cloud
    random(b"LTAI", Alnum, 16),
];

static UPPER_N: [Shape; 4] = [
    // New Relic
    at_least(b"NRAK-", Alnum, 27),
    at_least(b"NRII-", Url, 32),
    at_least(b"NRRA-", Alnum, 36),
    at_least(b"NRSP-", Alnum, 20),
];

static UPPER_P: [Shape; 1] = [
    // Postman
    at_least(b"PMAK-", Url, 59),
];

static UPPER_S: [Shape; 2] = [
    // SendGrid, Twilio
    at_least(b"SG.", Dotted, 60),
    exactly(b"SK", Hex, 32),
];

static LOWER_A: [Shape; 2] = [
    // Adafruit, Hugging Face
    at_least(b"aio_", Alnum, 28),
    at_least(b"api_org_", Alnum, 34),
];

static LOWER_D: [Shape; 15] = [
    // DigitalOcean
    exactly(b"dop_v1_", Hex, 64),
    exactly(b"doo_v1_", Hex, 64),
    exactly(b"dor_v1_", Hex, 64),
    // Databricks
    at_least(b"dapi", Hex, 32),
    // Docker
    at_least(b"dckr_pat_", Url, 27),
    at_least(b"dckr_oat_", Url, 32),
    // Doppler
    at_least(b"dp.pt.", Alnum, 40),
    at_least(b"dp.st.", Dotted, 40),
    at_least(b"dp.sa.", Alnum, 40),
    at_least(b"dp.ct.", Alnum, 40),
    // Dynatrace
    at_least(b"dt0c01.", Dotted, 80),
    // Duffel
    at_least(b"duffel_live_", Url, 43),
    at_least(b"duffel_test_", Url, 43),
    // Discord's webhooks
    at_least(b"discord.com/api/webhooks/", Path, 60),
    at_least(b"discordapp.com/api/webhooks/", Path, 60),
];

static LOWER_E: [Shape; 1] = [
    // Grafana's older keys: base64 of `{"k":"`
    at_least(b"eyJrIjoi", Alnum, 60),
];

static LOWER_F: [Shape; 3] = [
    // Figma, Frame.io
    at_least(b"figd_", Url, 40),
    at_least(b"figdr_", Url, 40),
    at_least(b"fio-u-", Url, 64),
];

static LOWER_G: [Shape; 21] = [
    // GitHub
    at_least(b"ghp_", Alnum, 36),
    at_least(b"gho_", Alnum, 36),
    at_least(b"ghu_", Alnum, 36),
    at_least(b"ghs_", Dotted, 36),
    at_least(b"ghr_", Alnum, 36),
    at_least(b"github_pat_", Word, 59),
    // GitLab
    at_least(b"glpat-", Dotted, 20),
    at_least(b"gldt-", Url, 20),
    at_least(b"glrt-", Dotted, 20),
    at_least(b"glrtr-", Dotted, 20),
    at_least(b"glptt-", Hex, 40),
    at_least(b"glcbt-", Dotted, 20),
    at_least(b"glft-", Url, 20),
    at_least(b"glimt-", Url, 20),
    at_least(b"glagent-", Url, 50),
    at_least(b"gloas-", Hex, 64),
    at_least(b"glsoat-", Url, 20),
    at_least(b"glffct-", Url, 20),
    // Grafana
    at_least(b"glsa_", Word, 32),
    at_least(b"glc_eyJ", Alnum, 32),
    // Groq
    at_least(b"gsk_", Alnum, 48),
];

static LOWER_H: [Shape; 6] = [
    // HashiCorp Vault
    at_least(b"hvs.", Dotted, 24),
    at_least(b"hvb.", Dotted, 24),
    at_least(b"hvr.", Dotted, 24),
    // Hugging Face
    at_least(b"hf_", Alnum, 34),
    // Slack's webhooks
    at_least(b"hooks.slack.com/services/", Path, 30),
    at_least(b"hooks.slack.com/workflows/", Path, 30),
];

static LOWER_K: [Shape; 1] = [
    // Mailgun
    exactly(b"key-", Hex, 32),
];

static LOWER_L: [Shape; 2] = [
    // Linear
    at_least(b"lin_api_", Alnum, 32),
    at_least(b"lin_oauth_", Alnum, 32),
];

static LOWER_N: [Shape; 3] = [
    // npm, Netlify, Notion
    at_least(b"npm_", Alnum, 36),
    at_least(b"nfp_", Alnum, 36),
    random(b"ntn_", Alnum, 40),
];

static LOWER_P: [Shape; 6] = [
    // PyPI, Pulumi, PlanetScale, Prefect
    at_least(b"pypi-AgE", Url, 50),
    at_least(b"pul-", Hex, 40),
    at_least(b"pscale_tkn_", Dotted, 32),
    at_least(b"pscale_pw_", Dotted, 32),
    at_least(b"pscale_oauth_", Dotted, 32),
    at_least(b"pnu_", Alnum, 36),
];

static LOWER_R: [Shape; 5] = [
    // Stripe, RubyGems, Replicate, ReadMe
    at_least(b"rk_live_", Alnum, 16),
    at_least(b"rk_test_", Alnum, 16),
    at_least(b"rubygems_", Hex, 48),
    at_least(b"r8_", Alnum, 37),
    at_least(b"rdme_", Alnum, 70),
];

static LOWER_S: [Shape; 17] = [
    // Stripe
    at_least(b"sk_live_", Alnum, 16),
    at_least(b"sk_test_", Alnum, 16),
    // Providers of language models
    random(b"sk-", Url, 20),
    // Shopify
    exactly(b"shpat_", Hex, 32),
    exactly(b"shpss_", Hex, 32),
    exactly(b"shpca_", Hex, 32),
    exactly(b"shppa_", Hex, 32),
    // Sentry
    at_least(b"sntrys_", Url, 60),
    exactly(b"sntryu_", Hex, 64),
    // Square
    at_least(b"sq0atp-", Url, 22),
    at_least(b"sq0csp-", Url, 40),
    // Supabase, Shippo, SonarQube
    at_least(b"sbp_", Hex, 40),
    at_least(b"shippo_live_", Hex, 40),
    at_least(b"shippo_test_", Hex, 40),
    at_least(b"squ_", Hex, 40),
    at_least(b"sqp_", Hex, 40),
    // Vault's older tokens
    exactly_random(b"s.", Alnum, 24),
];

static LOWER_T: [Shape; 2] = [
    // Tailscale, Typeform
    at_least(b"tskey-", Url, 20),
    at_least(b"tfp_", Dotted, 40),
];

static LOWER_W: [Shape; 1] = [
    // Stripe's webhooks
    at_least(b"whsec_", Alnum, 32),
];

static LOWER_X: [Shape; 11] = [
    // Slack
    at_least(b"xoxb-", Url, 20),
    at_least(b"xoxp-", Url, 20),
    at_least(b"xoxa-", Url, 20),
    at_least(b"xoxr-", Url, 20),
    at_least(b"xoxs-", Url, 20),
    at_least(b"xoxo-", Url, 20),
    at_least(b"xoxe-", Url, 20),
    at_least(b"xoxe.xox", Dotted, 20),
    at_least(b"xapp-", Url, 20),
    // Brevo, xAI
    at_least(b"xkeysib-", Url, 64),
    at_least(b"xai-", Alnum, 70),
];

static LOWER_Y: [Shape; 1] = [
    // Google
    at_least(b"ya29.", Url, 30),
];
