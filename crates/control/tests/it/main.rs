//! The desk as the roof puts it together: real files, real sockets on loopback, real keys.

#![cfg(test)]

mod api;
mod auditing;
mod certificates;
mod desk;
mod devissuer;
mod export;
mod house;
mod identity;
mod idp;
mod inspection;
mod search;
mod server;
mod tokens;
