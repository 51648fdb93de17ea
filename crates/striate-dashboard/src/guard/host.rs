//! Names of this machine, and of pages.

use std::net::IpAddr;

/// Names that nobody else can point here.
const OWN: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Names under which the server may be asked.
#[derive(Debug)]
pub(crate) struct Hosts {
    /// Of this machine; a request for one of these reached it by itself, whatever the port, as through `ssh -L`.
    own: Vec<String>,
    /// Of proxies.
    allowed: Vec<String>,
}

impl Hosts {
    /// Those of this machine, the address listened at, and what the user allows.
    pub(crate) fn new(address: IpAddr, allowed: &[String]) -> Self {
        let mut own: Vec<String> = OWN.map(str::to_owned).into();
        if !address.is_unspecified() {
            // An address, unlike a name, leads where it says.
            own.push(match address {
                IpAddr::V4(address) => address.to_string(),
                IpAddr::V6(address) => format!("[{address}]"),
            });
        }
        Self { own, allowed: allowed.iter().map(|name| name.to_ascii_lowercase()).collect() }
    }

    /// Whether a header `Host` names this machine.
    pub(crate) fn is_allowed(&self, host: &str) -> bool {
        name(host).is_some_and(|name| self.own.contains(&name) || self.allowed.contains(&name))
    }

    /// Whether a header `Origin` is that of the page asked for as `host`, or of one that an allowed proxy hands on.
    pub(crate) fn is_origin(&self, origin: &str, host: &str) -> bool {
        let plain = origin.strip_prefix("http://");
        if plain.is_some_and(|authority| authority.eq_ignore_ascii_case(host)) {
            return true;
        }
        let authority = plain.or_else(|| origin.strip_prefix("https://"));
        authority.and_then(name).is_some_and(|name| self.allowed.contains(&name))
    }
}

/// The name in `NAME` or `NAME:PORT`, in lower case; `None` for anything that is neither.
fn name(authority: &str) -> Option<String> {
    let end = match authority.strip_prefix('[') {
        Some(rest) => rest.find(']')? + 2,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (name, rest) = authority.split_at(end);
    let is_port = |port: &str| {
        port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
    };
    let is_whole = rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port);
    is_whole.then(|| name.to_ascii_lowercase())
}
