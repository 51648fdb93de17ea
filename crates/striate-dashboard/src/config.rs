//! What is served, and to whom.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use crate::error::ServeError;

/// What is served, where, and under which names.
///
/// | field | default | purpose |
/// | --- | --- | --- |
/// | `folder` | none | folder whose recordings, runs and extractions are shown |
/// | `host` | `127.0.0.1` | address to listen at |
/// | `port` | 8421 | port to listen at; 0: any that is free |
/// | `allow_remote` | false | whether `host` may be an address that other machines reach |
/// | `base_path` | empty | path below which a proxy hands requests on, as `/striate` |
/// | `allowed_hosts` | none | names under which a proxy is reached, beside those of this machine |
/// | `assets` | none | folder to take the page from instead of the one that is built in |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServeConfig {
    /// Folder whose recordings, runs and extractions are shown.
    pub folder: PathBuf,
    /// Address to listen at.
    pub host: IpAddr,
    /// Port to listen at; 0: any that is free.
    pub port: u16,
    /// Whether `host` may be an address that other machines reach.
    pub allow_remote: bool,
    /// Path below which a proxy hands requests on, as `/striate`; empty: none.
    pub base_path: String,
    /// Names under which a proxy is reached, beside those of this machine.
    pub allowed_hosts: Vec<String>,
    /// Folder to take the page's files from instead of those that are built in, for work on the page.
    pub assets: Option<PathBuf>,
}

impl ServeConfig {
    /// Serve `folder` to this machine, at the usual port.
    pub fn of(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            host: IpAddr::from([127, 0, 0, 1]),
            port: 8421,
            allow_remote: false,
            base_path: String::new(),
            allowed_hosts: Vec::new(),
            assets: None,
        }
    }

    /// Refuse what would be unsafe or cannot be.
    pub(crate) fn check(&self) -> Result<(), ServeError> {
        if !self.folder.is_dir() {
            return Err(ServeError::NoFolder { path: self.folder.clone() });
        }
        if !self.host.is_loopback() && !self.allow_remote {
            return Err(ServeError::setting(
                "host",
                self.host,
                "an address of this machine alone (127.0.0.1, ::1), or permission with --allow-remote",
            ));
        }
        if !is_base_path(&self.base_path) {
            let expected = "a path of letters, digits and `-._~`, as /striate";
            return Err(ServeError::setting("base path", &self.base_path, expected));
        }
        match self.allowed_hosts.iter().find(|name| !is_host_name(name)) {
            Some(name) => Err(ServeError::setting(
                "allowed host",
                name,
                "a name without port, as lab.example",
            )),
            None => Ok(()),
        }
    }
}

fn is_base_path(path: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    let is_part =
        |part: &str| !part.is_empty() && part.chars().all(plain) && !part.starts_with('.');
    path.is_empty() || path.strip_prefix('/').is_some_and(|rest| rest.split('/').all(is_part))
}

fn is_host_name(name: &str) -> bool {
    let is_literal = name.starts_with('[') && name.ends_with(']');
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    !name.is_empty() && (name.chars().all(plain) || (is_literal && name.len() > 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> ServeConfig {
        ServeConfig::of(Path::new("."))
    }

    #[test]
    fn an_address_that_others_reach_needs_permission() {
        let open = ServeConfig { host: IpAddr::from([0, 0, 0, 0]), ..config() };
        let refused = open.check().unwrap_err().to_string();
        assert!(refused.contains("0.0.0.0") && refused.contains("--allow-remote"), "{refused}");
        ServeConfig { allow_remote: true, ..open }.check().unwrap();
        config().check().unwrap();
    }

    #[test]
    fn base_paths_and_names_are_plain() {
        for good in ["", "/striate", "/user/me-1/proxy/8421"] {
            ServeConfig { base_path: good.into(), ..config() }.check().unwrap();
        }
        for bad in ["striate", "/", "/a/", "/a//b", "/../a", "/a b", "/a?b"] {
            let refused = ServeConfig { base_path: bad.into(), ..config() }.check();
            assert!(refused.is_err(), "{bad}");
        }
        for bad in ["", "a:1", "http://a", "a/b", "a b"] {
            let refused = ServeConfig { allowed_hosts: vec![bad.into()], ..config() }.check();
            assert!(refused.is_err(), "{bad}");
        }
    }

    #[test]
    fn a_folder_that_is_missing_is_named() {
        let refused = ServeConfig::of(Path::new("no/such")).check().unwrap_err();
        assert!(refused.to_string().ends_with("no/such"), "{refused}");
    }
}
