//! Listening sockets: one for each core, so that accepting needs no lock and no hand-over.

use std::io;
use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

/// Connections that wait to be accepted.
const BACKLOG: i32 = 1024;

/// Binds `count` sockets to one address.
pub(crate) fn bind(address: SocketAddr, count: usize) -> io::Result<Vec<TcpListener>> {
    // Sockets that share a port would also share it with another program's that does the same.
    let alone = socket(address, false)?;
    let address = local(&alone)?;
    if count <= 1 {
        return Ok(vec![alone.into()]);
    }
    drop(alone);
    (0..count).map(|_| socket(address, true).map(TcpListener::from)).collect()
}

fn socket(address: SocketAddr, shared: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if shared {
        socket.set_reuse_port(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket)
}

fn local(socket: &Socket) -> io::Result<SocketAddr> {
    socket.local_addr()?.as_socket().ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_is_not_shared() {
        for count in [1, 3] {
            let sockets = bind(SocketAddr::from(([127, 0, 0, 1], 0)), count).unwrap();
            assert_eq!(sockets.len(), count);
            let address = sockets[0].local_addr().unwrap();
            for other in &sockets {
                assert_eq!(other.local_addr().unwrap(), address);
            }
            for again in [1, 3] {
                let error = bind(address, again).unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
            }
        }
    }
}
