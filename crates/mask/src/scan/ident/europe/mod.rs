//! Numbers of people, companies and their papers in Europe.

mod checks;
pub(super) mod north_east;
mod vat;
pub(super) mod west;
