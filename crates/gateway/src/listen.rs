//! Listening sockets: one for each core, so that accepting needs no lock and no hand-over.

use std::io;
use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

/// Connections that wait to be accepted.
const BACKLOG: i32 = 1024;

/// How often another port is looked for, where any would do.
const PORTS: usize = 16;

/// Binds `count` sockets to one address.
pub(crate) fn bind(address: SocketAddr, count: usize) -> io::Result<Vec<TcpListener>> {
    let tries = if address.port() == 0 { PORTS } else { 1 };
    again(tries, || bind_once(address, count))
}

/// Between finding a free port and sharing it, somebody else may take it.
fn again<T>(tries: usize, mut bind: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let mut bound = bind();
    for _ in 1..tries {
        match &bound {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => bound = bind(),
            _ => break,
        }
    }
    bound
}

fn bind_once(address: SocketAddr, count: usize) -> io::Result<Vec<TcpListener>> {
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
    fn a_port_that_was_taken_meanwhile_is_given_up_for_another() {
        for (taken, tries, bound) in [(0, 1, true), (1, 1, false), (3, 4, true), (4, 4, false)] {
            let mut asked = 0;
            let got = again(tries, || {
                asked += 1;
                if asked <= taken { Err(io::ErrorKind::AddrInUse.into()) } else { Ok(()) }
            });
            assert_eq!(got.is_ok(), bound, "{taken} of {tries}");
        }
        let mut asked = 0;
        let got = again(4, || {
            asked += 1;
            Err::<(), _>(io::ErrorKind::PermissionDenied.into())
        });
        assert_eq!(
            (got.map_err(|error| error.kind()), asked),
            (Err(io::ErrorKind::PermissionDenied), 1)
        );
    }

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
