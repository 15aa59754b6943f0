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
}

impl Kind {
    pub(crate) const ALL: [Self; 9] = [
        Self::CreditCard,
        Self::Email,
        Self::UsSsn,
        Self::Iban,
        Self::Phone,
        Self::IpAddress,
        Self::Jwt,
        Self::CloudKey,
        Self::PrivateKey,
    ];

    /// The class's name.
    pub(crate) const fn name(self) -> &'static str {
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
        }
    }

    /// The class by its name, when it has a detector.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// The kinds a scan looks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kinds(u16);

impl Kinds {
    pub(crate) const fn with(self, kind: Kind) -> Self {
        Self(self.0 | 1 << kind as u16)
    }

    pub(crate) const fn has(self, kind: Kind) -> bool {
        self.0 & 1 << kind as u16 != 0
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }
}
