//! Numbers of Asia, the Pacific, Africa and the Middle East, and those that are the same everywhere.

pub(super) mod africa_near_east;
pub(super) mod asia;
mod checks;
pub(super) mod india_oceania;
pub(super) mod worldwide;
