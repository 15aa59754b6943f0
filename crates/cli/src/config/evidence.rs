//! `evidence:`: how recordings are kept, and who can open them.

use std::path::Path;

use control::disk::Bounds;
use control::recordings::Readers;
use model::Evidence;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::archive;
use super::files::beside;
use super::problem::{Problem, Problems};
use super::resource::placed;
use super::secret::{self, MasterSource, Opener};
use super::size::Size;

/// As it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    #[serde(default)]
    pub(super) mode: Evidence,
    #[serde(default, deserialize_with = "secret::master")]
    master_key: Option<MasterSource>,
    #[serde(default)]
    recipients: Vec<Spanned<String>>,
    gateway_reads: Option<Spanned<bool>>,
    low_water: Option<Size>,
    reserve: Option<Size>,
    object_store: Option<archive::Written>,
    #[serde(default)]
    retention: archive::WrittenRetention,
}

/// How recordings are kept.
#[derive(Clone, Debug)]
pub(crate) struct Keeping {
    /// Where the key is that seals the keys of recordings, when it is not in `data_dir`.
    pub(crate) master_key: Option<MasterSource>,
    /// Who can open them.
    pub(crate) readers: Readers,
    /// How much room there must be.
    pub(crate) bounds: Bounds,
    /// Where they go besides, and how long they are kept.
    pub(crate) archive: control::archive::Settings,
}

pub(super) fn read(file: &Path, written: Written, problems: &mut Problems) -> Keeping {
    let mut readers = Readers::default();
    for recipient in &written.recipients {
        if let Err(why) = readers.add(&recipient.value) {
            let message = format!("evidence.recipients: {why}");
            problems.0.push(Problem::at(file, recipient.referenced, message));
        }
    }
    if let Some(gateway) = written.gateway_reads {
        readers.gateway = gateway.value;
        if !gateway.value && written.recipients.is_empty() {
            let message = "evidence.gateway_reads: nobody could read the recordings: name evidence.recipients";
            problems.0.push(Problem::at(file, gateway.referenced, message));
        }
    }
    let usual = Bounds::default();
    let bounds = Bounds {
        low_water: written.low_water.map_or(usual.low_water, |size| size.0),
        reserve: written.reserve.map_or(usual.reserve, |size| size.0),
    };
    let archive = archive::read(file, written.object_store.as_ref(), &written.retention, problems);
    let master_key = written.master_key.map(|key| here(file, key));
    Keeping { master_key, readers, bounds, archive }
}

/// Files are relative to the file that names them.
fn here(file: &Path, source: MasterSource) -> MasterSource {
    match source {
        MasterSource::Plain(source) => MasterSource::Plain(placed(file, source)),
        MasterSource::Sealed { file: sealed, by } => {
            let by = match by {
                Opener::Passphrase(source) => Opener::Passphrase(placed(file, source)),
                Opener::Identity(source) => Opener::Identity(placed(file, source)),
            };
            MasterSource::Sealed { file: beside(file, &sealed), by }
        }
    }
}
