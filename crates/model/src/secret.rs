use zeroize::Zeroizing;

/// Something that must never be shown: a password, a token, a private key.
///
/// It has no `Debug`, no `Display` and no `Serialize`, so that it cannot reach a log, an error or a
/// recording by being a field of something else; its memory is wiped when it is dropped.
///
/// ```compile_fail,E0277
/// println!("{:?}", model::Secret::from("hunter2".to_owned()));
/// ```
#[derive(Clone)]
pub struct Secret(Zeroizing<Box<[u8]>>);

impl Secret {
    /// Takes the bytes over.
    #[must_use]
    pub fn new(bytes: impl Into<Box<[u8]>>) -> Self {
        Self(Zeroizing::new(bytes.into()))
    }

    /// The bytes, for the one place that sends or checks them.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The text, when it is UTF-8.
    #[must_use]
    pub fn expose_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text.into_bytes())
    }
}
