//! Ports for servers that can't pick a free one themselves.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

use xtask::Result;

/// The first port: below those that systems give to clients, or a connection could take one before its server does.
const FIRST: u16 = 10_000;
/// Some servers take a second port, this much above the first. No first port is another's second.
const SECOND: u16 = 10_000;

/// A port that nobody listens on, nor on its second, and that this process has not returned before.
pub(crate) fn free_port() -> Result<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let is_free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    // Concurrent processes begin at different ports.
    let of_process = u16::try_from(std::process::id() % u32::from(SECOND)).unwrap_or_default();
    let mut ports = (0..SECOND).map(|_| FIRST + (of_process + NEXT.fetch_add(1, Ordering::Relaxed) % SECOND) % SECOND);
    let free = ports.find(|port| is_free(*port) && is_free(port + SECOND));
    free.ok_or_else(|| format!("no port from {FIRST} on is free"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ports_and_their_seconds_are_all_different() {
        let ports: Vec<u16> = (0..100).map(|_| free_port().unwrap()).collect();
        let all: BTreeSet<u16> = ports.iter().flat_map(|port| [*port, port + SECOND]).collect();
        assert_eq!(all.len(), 200);
        assert!(all.iter().all(|port| (FIRST..FIRST + 2 * SECOND).contains(port)));
    }
}
