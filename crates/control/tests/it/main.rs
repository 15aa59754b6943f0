//! The desk as the roof puts it together: real files, real sockets on loopback, real keys.

#![cfg(test)]

mod api;
mod certificates;
mod desk;
mod devissuer;
mod house;
mod identity;
mod idp;
mod server;
mod tokens;
