//! Memory this process may still take, and the most it has taken.

use std::path::{Path, PathBuf};

use super::{field, read};

/// Bytes this process may still take: the least of what the system has free, what its cgroups leave
/// and what its address-space limit leaves. `u64::MAX` on systems that do not tell.
pub fn memory_available() -> u64 {
    let system = read("/proc/meminfo").and_then(|text| kibibytes(&text, "MemAvailable"));
    let groups = read("/proc/self/cgroup").map(|text| control_groups(&text)).unwrap_or_default();
    let groups = groups.iter().filter_map(ControlGroup::left);
    system.into_iter().chain(groups).chain(address_space_left()).min().unwrap_or(u64::MAX)
}

/// The most memory this process has had resident, in bytes; 0 on systems that do not tell.
pub fn peak_memory() -> u64 {
    read("/proc/self/status").and_then(|text| kibibytes(&text, "VmHWM")).unwrap_or(0)
}

/// A line such as `VmHWM:  1234 kB`, in bytes.
fn kibibytes(text: &str, key: &str) -> Option<u64> {
    let number = field(text, key)?.strip_suffix("kB")?.trim().parse::<u64>().ok()?;
    number.checked_mul(1024)
}

/// What is left under `ulimit -v`.
fn address_space_left() -> Option<u64> {
    let limits = read("/proc/self/limits")?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    let limit = line.split_whitespace().next()?.parse::<u64>().ok()?;
    let taken = kibibytes(&read("/proc/self/status")?, "VmSize")?;
    Some(limit.saturating_sub(taken))
}

/// A folder of the cgroup file system, version 1 or 2.
struct ControlGroup {
    folder: PathBuf,
    limit: &'static str,
    usage: &'static str,
    /// Key of `memory.stat` for file contents that can be dropped at once.
    droppable: &'static str,
}

impl ControlGroup {
    /// What is left under its limit; `None` without one.
    fn left(&self) -> Option<u64> {
        let number = |file: &str| read(self.folder.join(file))?.trim().parse::<u64>().ok();
        // Version 2 writes `max` where there is no limit, version 1 a number near 2^63.
        let limit = number(self.limit).filter(|&limit| limit < 1 << 62)?;
        let statistics = read(self.folder.join("memory.stat")).unwrap_or_default();
        let droppable = statistics
            .lines()
            .find_map(|line| line.strip_prefix(self.droppable)?.trim().parse::<u64>().ok());
        let taken = number(self.usage)?.saturating_sub(droppable.unwrap_or(0));
        Some(limit.saturating_sub(taken))
    }
}

/// The groups of `/proc/self/cgroup` that limit memory, each with its ancestors: the tightest
/// limit anywhere on the way to the root counts.
fn control_groups(text: &str) -> Vec<ControlGroup> {
    let mut groups = Vec::new();
    for line in text.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
        let relative = Path::new(path.trim_start_matches('/'));
        let of = |folder: PathBuf| match controllers {
            "" => ControlGroup {
                folder,
                limit: "memory.max",
                usage: "memory.current",
                droppable: "inactive_file ",
            },
            _ => ControlGroup {
                folder,
                limit: "memory.limit_in_bytes",
                usage: "memory.usage_in_bytes",
                droppable: "total_inactive_file ",
            },
        };
        let root = match controllers {
            "" => Path::new("/sys/fs/cgroup"),
            named if named.split(',').any(|name| name == "memory") => {
                Path::new("/sys/fs/cgroup/memory")
            }
            _ => continue,
        };
        groups.extend(relative.ancestors().map(|ancestor| of(root.join(ancestor))));
    }
    groups
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn memory_is_told_on_linux() {
        if cfg!(target_os = "linux") {
            assert!(memory_available() < u64::MAX);
            assert!(peak_memory() > 0);
        }
        assert!(memory_available() > 0);
    }

    #[test]
    fn groups_of_both_versions_and_their_ancestors_count() {
        let groups = control_groups("4:cpu:/a\n3:memory,misc:/b\n0::/c/d\nnonsense\n");
        let folders: Vec<&str> = groups.iter().map(|g| g.folder.to_str().unwrap()).collect();
        let expected = [
            "/sys/fs/cgroup/memory/b",
            "/sys/fs/cgroup/memory/",
            "/sys/fs/cgroup/c/d",
            "/sys/fs/cgroup/c",
            "/sys/fs/cgroup/",
        ];
        assert_eq!(folders, expected);
    }

    #[test]
    fn droppable_file_contents_are_not_counted_as_taken() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        let group = control_groups("0::/").remove(0);
        let group = ControlGroup { folder: folder.path().to_owned(), ..group };
        assert_eq!(group.left(), None);
        write("memory.max", "max\n");
        write("memory.current", "1000\n");
        assert_eq!(group.left(), None);
        write("memory.max", "5000\n");
        write("memory.stat", "anon 3\ninactive_file 600\n");
        assert_eq!(group.left(), Some(5000 - 400));
        write("memory.max", "100\n");
        assert_eq!(group.left(), Some(0));
    }
}
