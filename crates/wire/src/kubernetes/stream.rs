//! What the parameters of `exec`, `attach` and `portforward` ask for: `PodExecOptions`,
//! `PodAttachOptions` and `PodPortForwardOptions` of `k8s.io/api/core/v1`.

use super::{Query, Unknown};

/// A program that is run in a container, or attached to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// The program and its arguments, each by itself; no shell reads them. Empty when attaching.
    pub command: Vec<String>,
    /// The container; `None` is the pod's only or default one.
    pub container: Option<String>,
    /// The client may write to it.
    pub stdin: bool,
    /// It has a terminal.
    pub tty: bool,
}

impl Run {
    /// Reads the parameters of `exec`.
    ///
    /// # Errors
    ///
    /// No command, or a parameter that can be read in more than one way.
    pub fn exec(query: Query<'_>) -> Result<Self, Unknown> {
        let command: Vec<String> = query.all("command")?.into_iter().map(str::to_owned).collect();
        if command.is_empty() {
            return Err(Unknown::Parameter("command"));
        }
        Ok(Self { command, ..Self::attach(query)? })
    }

    /// Reads the parameters of `attach`.
    ///
    /// # Errors
    ///
    /// A parameter that can be read in more than one way.
    pub fn attach(query: Query<'_>) -> Result<Self, Unknown> {
        let container = query.one("container")?.filter(|name| !name.is_empty());
        Ok(Self {
            command: Vec::new(),
            container: container.map(str::to_owned),
            stdin: query.flag("stdin")?,
            tty: query.flag("tty")?,
        })
    }
}

/// Reads the ports of `portforward`: repeated, or between commas
/// (`Convert_Slice_string_To_Slice_int32` of `apimachinery/pkg/apis/meta/v1/conversion.go`).
/// Clients over SPDY name none here but in the headers of each stream, so an empty list is any
/// port.
///
/// # Errors
///
/// Something that is no port.
pub fn ports(query: Query<'_>) -> Result<Vec<u16>, Unknown> {
    let mut ports = Vec::new();
    for port in query.all("ports")?.into_iter().flat_map(|ports| ports.split(',')) {
        // Rust's reading allows a sign before a number, Go's does not.
        let number = port.bytes().all(|b| b.is_ascii_digit()).then(|| port.parse().ok()).flatten();
        ports.push(number.filter(|port| *port != 0).ok_or(Unknown::Parameter("ports"))?);
    }
    Ok(ports)
}
