//! Numbers of people, companies and their papers in Europe.

mod checks;
pub(super) mod north_east;
pub(super) mod west;
