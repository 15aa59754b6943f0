use super::ident;

/// What a detector can find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    CreditCard,
    Email,
    UsSsn,
    Iban,
    Phone,
    IpAddress,
    Jwt,
    CloudKey,
    PrivateKey,
    MacAddress,
    CryptoAddress,
    Url,
    UrlCredentials,
    /// A number of identity, by its place in the catalogue.
    Ident(u8),
}

impl Kind {
    /// Those with a detector of their own.
    pub(crate) const OWN: [Self; 13] = [
        Self::CreditCard,
        Self::Email,
        Self::UsSsn,
        Self::Iban,
        Self::Phone,
        Self::IpAddress,
        Self::Jwt,
        Self::CloudKey,
        Self::PrivateKey,
        Self::MacAddress,
        Self::CryptoAddress,
        Self::Url,
        Self::UrlCredentials,
    ];

    /// Every one.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        Self::OWN.into_iter().chain((0..ident::COUNT as u8).map(Self::Ident))
    }

    /// The class's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::CreditCard => "credit_card",
            Self::Email => "email",
            Self::UsSsn => "us_ssn",
            Self::Iban => "iban",
            Self::Phone => "phone",
            Self::IpAddress => "ip_address",
            Self::Jwt => "jwt",
            Self::CloudKey => "cloud_key",
            Self::PrivateKey => "private_key",
            Self::MacAddress => "mac_address",
            Self::CryptoAddress => "crypto_address",
            Self::Url => "url",
            Self::UrlCredentials => "url_credentials",
            Self::Ident(place) => ident::nth(place).map_or("unknown", |ident| ident.name),
        }
    }

    /// The class by its name, when it has a detector.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::all().find(|kind| kind.name() == name)
    }

    /// Its place among all.
    pub(crate) const fn place(self) -> u8 {
        match self {
            Self::CreditCard => 0,
            Self::Email => 1,
            Self::UsSsn => 2,
            Self::Iban => 3,
            Self::Phone => 4,
            Self::IpAddress => 5,
            Self::Jwt => 6,
            Self::CloudKey => 7,
            Self::PrivateKey => 8,
            Self::MacAddress => 9,
            Self::CryptoAddress => 10,
            Self::Url => 11,
            Self::UrlCredentials => 12,
            Self::Ident(place) => 13 + place,
        }
    }
}

/// The kinds a scan looks for: a bit for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kinds {
    low: u128,
    high: u128,
}

const _: () = assert!(Kind::OWN.len() + ident::COUNT <= 256);

impl Kinds {
    pub(crate) const fn with(self, kind: Kind) -> Self {
        let Self { low, high } = self;
        match kind.place() {
            place @ 0..128 => Self { low: low | 1 << place, high },
            place => Self { low, high: high | 1 << (place - 128) },
        }
    }

    pub(crate) const fn has(self, kind: Kind) -> bool {
        match kind.place() {
            place @ 0..128 => self.low >> place & 1 == 1,
            place => self.high >> (place - 128) & 1 == 1,
        }
    }

    /// Without those that have a detector of their own.
    pub(crate) const fn of_identity(self) -> Self {
        Self { low: self.low >> Kind::OWN.len() << Kind::OWN.len(), high: self.high }
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.low == 0 && self.high == 0
    }
}
