//! While more waits to be uploaded than may, nothing new is let in.

use std::sync::atomic::Ordering;
use std::time::Duration;

use metrics::gauge;

use super::{Inner, lock, rows};

/// How often is looked.
const VISIT: Duration = Duration::from_millis(300);
/// The sums are taken anew after so many visits in any case.
const ANEW: u32 = 100;

impl Inner {
    /// Takes the sums, and refuses sessions and commands by them.
    pub(super) async fn guard(&self) {
        for visit in 0_u32.. {
            if self.changed.swap(false, Ordering::Relaxed) || visit.is_multiple_of(ANEW) {
                match self.store.read(rows::sums).await {
                    Ok(sums) => self.note(sums),
                    Err(error) => {
                        tracing::error!(%error, "the archive's books cannot be read");
                        self.changes();
                    }
                }
            }
            self.decide();
            tokio::time::sleep(VISIT).await;
        }
    }

    fn note(&self, sums: rows::Sums) {
        *lock(&self.sums) = sums;
        gauge!("sluice_archive_recordings").set(sums.count as f64);
        gauge!("sluice_archive_bytes").set(sums.bytes as f64);
        gauge!("sluice_archive_local_bytes").set(sums.local as f64);
        if self.away.is_some() {
            gauge!("sluice_archive_waiting").set(sums.waiting as f64);
            gauge!("sluice_archive_waiting_bytes").set(sums.waiting_bytes as f64);
            gauge!("sluice_archive_failed").set(sums.troubled as f64);
        }
    }

    fn decide(&self) {
        let Some(away) = &self.away else { return };
        let mut waits = lock(&self.sums).waiting_bytes;
        let down = lock(&self.health).down.is_some();
        if down {
            // What goes on being written joins the others, and nothing leaves.
            waits = waits.saturating_add(self.recordings.live_bytes());
        }
        let full = waits > away.local.max;
        let before = std::mem::replace(&mut lock(&self.health).full, full);
        if full == before {
            return;
        }
        gauge!("sluice_archive_refusing").set(f64::from(u8::from(full)));
        if full {
            tracing::error!(
                waiting_bytes = waits,
                bound = away.local.max,
                "sessions and commands are refused: as many recordings wait for the object store as may"
            );
            self.recordings.refuse(Some(format!(
                "as many recordings wait for the object store as may, {} bytes",
                away.local.max
            )));
        } else {
            tracing::info!(waiting_bytes = waits, "sessions and commands are let through again");
            self.recordings.refuse(None);
        }
    }
}
