//! The machine as this process may use it: threads, memory, names.

mod memory;
mod size;

use std::fs;
use std::path::Path;

pub use memory::{memory_available, peak_memory};
pub use size::{SizeError, format_bytes, parse_bytes};

/// Number of threads this process may run at once, from the affinity mask and the cgroup.
pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Model name of the processor, or the architecture where the name is not known.
pub fn cpu_model() -> String {
    let text = read("/proc/cpuinfo").unwrap_or_default();
    field(&text, "model name").unwrap_or(std::env::consts::ARCH).to_owned()
}

/// Operating system and version, as far as known.
pub fn operating_system() -> String {
    let release = read("/etc/os-release").unwrap_or_default();
    let name = release
        .lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="))
        .map_or(std::env::consts::OS, |name| name.trim_matches('"'));
    match read("/proc/sys/kernel/osrelease") {
        Some(kernel) => format!("{name}, kernel {}", kernel.trim()),
        None => name.to_owned(),
    }
}

/// Name of this computer, as far as known.
pub fn host() -> String {
    let named = read("/proc/sys/kernel/hostname")
        .or_else(|| std::env::var("HOSTNAME").ok())
        .or_else(|| std::env::var("COMPUTERNAME").ok());
    named.map_or_else(|| "unknown host".to_owned(), |name| name.trim().to_owned())
}

/// Contents of a file the system may or may not offer.
fn read(path: impl AsRef<Path>) -> Option<String> {
    fs::read_to_string(path).ok()
}

/// The value of the first line `KEY : VALUE`.
fn field<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name.trim() == key).then(|| value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machine_has_a_thread_and_names() {
        assert!(threads() >= 1);
        assert!(!cpu_model().is_empty() && !operating_system().is_empty() && !host().is_empty());
    }

    #[test]
    fn fields_are_found_by_their_whole_name() {
        let text = "model\t\t: 7\nmodel name\t: Abacus 3000\n";
        assert_eq!(field(text, "model name"), Some("Abacus 3000"));
        assert_eq!(field(text, "name"), None);
    }
}
