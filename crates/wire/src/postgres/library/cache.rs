//! Statements that were read before, by their text or by their shape.

use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;

use super::Reading;

const SHARDS: usize = 16;
/// A shard is emptied when it holds this much text or this many statements: 16 MiB in all.
const SHARD_BYTES: usize = 1 << 20;
const SHARD_ENTRIES: usize = 2048;

/// A bounded map shared by all cores. Keys are hashes by a secret key, so that nobody can choose
/// texts that collide; the text itself is compared all the same.
pub(super) struct Cache {
    shards: [Mutex<Shard>; SHARDS],
}

#[derive(Default)]
struct Shard {
    entries: FxHashMap<u64, Entry>,
    bytes: usize,
}

struct Entry {
    scope: u64,
    text: Box<[u8]>,
    reading: Arc<Reading>,
}

impl Default for Cache {
    fn default() -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::default()) }
    }
}

impl Cache {
    pub(super) fn get(&self, key: u64, scope: u64, text: &[u8]) -> Option<Arc<Reading>> {
        let shard = self.shard(key)?.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = shard.entries.get(&key)?;
        (entry.scope == scope && *entry.text == *text).then(|| Arc::clone(&entry.reading))
    }

    pub(super) fn put(&self, key: u64, scope: u64, text: Vec<u8>, reading: Arc<Reading>) {
        let Some(shard) = self.shard(key) else { return };
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if shard.bytes + text.len() > SHARD_BYTES || shard.entries.len() >= SHARD_ENTRIES {
            *shard = Shard::default();
        }
        shard.bytes += text.len();
        let entry = Entry { scope, text: text.into(), reading };
        if let Some(before) = shard.entries.insert(key, entry) {
            shard.bytes -= before.text.len();
        }
    }

    fn shard(&self, key: u64) -> Option<&Mutex<Shard>> {
        // The low bits choose the bucket inside the map; the high ones choose the shard.
        self.shards.get((key >> 60) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colliding_key_gives_no_other_statements_reading() {
        let cache = Cache::default();
        cache.put(7, 1, b"select 1".to_vec(), Arc::new(Reading::unreadable("x")));
        assert!(cache.get(7, 1, b"select 1").is_some());
        assert!(cache.get(7, 1, b"drop table t").is_none());
        assert!(cache.get(7, 2, b"select 1").is_none());
    }

    #[test]
    fn the_cache_is_bounded() {
        let cache = Cache::default();
        for key in 0..100_000u64 {
            cache.put(key, 0, vec![b'x'; 1000], Arc::new(Reading::unreadable("x")));
        }
        let held: usize = cache.shards.iter().map(|shard| shard.lock().unwrap().bytes).sum();
        assert!(held <= SHARDS * SHARD_BYTES, "{held}");
    }
}
