//! What it was measured on.

use std::process::Command;

/// The processor, memory, kernel and versions, one a line.
pub(crate) fn describe() -> Vec<String> {
    let first = |file: &str, key: &str| {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(key)).unwrap_or_default();
        line.split_once(':').map_or("", |(_, value)| value).trim().to_owned()
    };
    let said = |program: &str, words: &[&str]| {
        let output = Command::new(program).args(words).output();
        let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
        text.unwrap_or_default().lines().next().unwrap_or_default().trim().to_owned()
    };
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    vec![
        format!("{cores} cores of {}", first("/proc/cpuinfo", "model name")),
        format!("{} of memory", first("/proc/meminfo", "MemTotal")),
        format!("Linux {}", said("uname", &["-r"])),
        said("/usr/lib/postgresql/15/bin/postgres", &["--version"]),
        said("pgbouncer", &["--version"]),
        said("rustc", &["--version"]),
        format!("Sluice {}", said("git", &["describe", "--always", "--dirty"])),
        format!("measured {}", said("date", &["-u", "+%F %H:%M UTC"])),
        format!("load before: {}", said("cat", &["/proc/loadavg"])),
    ]
}

/// The CPU time a process has used so far, in seconds.
pub(crate) fn cpu(pid: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The second field, the name, may hold anything; it ends with the last parenthesis.
    let rest = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: f64 = rest
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<f64>().ok())
        .sum();
    // Linux counts in hundredths of a second on every architecture we run on.
    ticks / 100.0
}

/// The CPU time the threads of a process that are named so have used so far, in seconds.
pub(crate) fn cpu_of(pid: u32, name: &str) -> f64 {
    cpu_where(pid, |thread| thread == name)
}

/// The CPU time those threads of a process have used so far whose names pass, in seconds. Finer than
/// [`cpu`], and blind to threads that have ended.
pub(crate) fn cpu_where(pid: u32, wanted: impl Fn(&str) -> bool) -> f64 {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let read = |thread: &std::fs::DirEntry, file: &str| {
        std::fs::read_to_string(thread.path().join(file)).unwrap_or_default()
    };
    let named = threads.filter(|thread| wanted(read(thread, "comm").trim_end()));
    named.map(|thread| spent(&read(&thread, "schedstat"))).sum()
}

/// The CPU time this thread has used so far, in seconds. The kernel brings it up to date every few
/// milliseconds.
pub(crate) fn cpu_here() -> f64 {
    spent(&std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default())
}

/// The first field of a `schedstat`, which is in nanoseconds.
fn spent(schedstat: &str) -> f64 {
    let nanos = schedstat.split_whitespace().next().and_then(|field| field.parse::<f64>().ok());
    nanos.unwrap_or_default() / 1e9
}

/// The memory a process has resident, in bytes, as smaps counts what is its own.
pub(crate) fn resident(pid: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kilo| kilo.parse::<f64>().ok()).unwrap_or_default()
        * 1024.0
}
