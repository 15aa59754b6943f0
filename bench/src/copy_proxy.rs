//! The least a userspace hop can cost: bytes are copied and nothing is looked at.

use anyhow::Result;
use tokio::io::copy_bidirectional_with_sizes;
use tokio::net::{TcpListener, TcpStream};

/// Copies between every client of `listen` and a connection to `target` of its own.
pub(crate) fn run(listen: &str, target: &str) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(listen).await?;
        loop {
            let (mut client, _) = listener.accept().await?;
            let target = target.to_owned();
            tokio::spawn(async move {
                client.set_nodelay(true)?;
                let mut upstream = TcpStream::connect(target).await?;
                upstream.set_nodelay(true)?;
                const SIZE: usize = 64 * 1024;
                copy_bidirectional_with_sizes(&mut client, &mut upstream, SIZE, SIZE).await
            });
        }
    })
}
