//! Looks at the house's text instead of running it.
fn main() {}
