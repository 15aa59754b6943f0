//! What `docs/policy.md` says is so.
