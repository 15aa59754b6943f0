//! What OpenSSH adds to the protocol, as far as it is understood here (its PROTOCOL, section 4).

use crate::ssh::codec::{Malformed, Reader, Write};

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extension {
    PosixRename,
    StatVfs,
    FstatVfs,
    HardLink,
    Fsync,
    LsetStat,
    Limits,
    ExpandPath,
    CopyData,
    HomeDirectory,
    UsersGroupsById,
}

/// Each with its name and the version of it that is spoken.
const KNOWN: [(Extension, &[u8], &[u8]); 11] = [
    (Extension::PosixRename, b"posix-rename@openssh.com", b"1"),
    (Extension::StatVfs, b"statvfs@openssh.com", b"2"),
    (Extension::FstatVfs, b"fstatvfs@openssh.com", b"2"),
    (Extension::HardLink, b"hardlink@openssh.com", b"1"),
    (Extension::Fsync, b"fsync@openssh.com", b"1"),
    (Extension::LsetStat, b"lsetstat@openssh.com", b"1"),
    (Extension::Limits, b"limits@openssh.com", b"1"),
    (Extension::ExpandPath, b"expand-path@openssh.com", b"1"),
    (Extension::CopyData, b"copy-data", b"1"),
    (Extension::HomeDirectory, b"home-directory", b"1"),
    (Extension::UsersGroupsById, b"users-groups-by-id@openssh.com", b"1"),
];

/// Those that a server has announced.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Announced(u16);

impl Announced {
    /// Reads what stands behind a server's version, to its end. What is not known is passed over.
    pub(super) fn read(mut reader: Reader<'_>) -> Result<Self, Malformed> {
        let mut announced = Self::default();
        while !reader.rest().is_empty() {
            let (name, version) = (reader.string()?, reader.string()?);
            for (known, its_name, its_version) in KNOWN {
                if name == its_name && version == its_version {
                    announced.0 |= 1 << known as u16;
                }
            }
        }
        Ok(announced)
    }

    /// The one of this name, when it was announced.
    pub(super) fn find(self, name: &[u8]) -> Option<Extension> {
        let known = KNOWN.iter().find(|(_, its_name, _)| *its_name == name);
        known.map(|(extension, _, _)| *extension).filter(|extension| self.has(*extension))
    }

    const fn has(self, extension: Extension) -> bool {
        self.0 & (1 << extension as u16) != 0
    }

    pub(super) fn write(self, out: &mut Vec<u8>) {
        for (extension, name, version) in KNOWN {
            if self.has(extension) {
                out.put_string(name);
                out.put_string(version);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_in_its_version_is_announced() {
        let mut told = Vec::new();
        for (name, version) in [
            ("posix-rename@openssh.com", "1"),
            ("statvfs@openssh.com", "1"),
            ("shell@example.com", "1"),
            ("copy-data", "1"),
        ] {
            told.put_string(name);
            told.put_string(version);
        }
        let announced = Announced::read(Reader::new(&told)).unwrap();
        let mut said = Vec::new();
        announced.write(&mut said);
        let mut expected = Vec::new();
        for word in ["posix-rename@openssh.com", "1", "copy-data", "1"] {
            expected.put_string(word);
        }
        assert_eq!(said, expected);
        assert_eq!(announced.find(b"copy-data"), Some(Extension::CopyData));
        assert_eq!(announced.find(b"statvfs@openssh.com"), None);
        assert_eq!(announced.find(b"shell@example.com"), None);
        told.truncate(told.len() - 1);
        assert!(Announced::read(Reader::new(&told)).is_err());
    }
}
