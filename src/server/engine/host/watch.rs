//! Watches a process until it ends, and says why it has.

use std::{
    os::unix::process::ExitStatusExt,
    process::ExitStatus,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use tokio::{process::Child, sync::Notify};
use tokio_util::sync::CancellationToken;

use super::owner::Owner;

/// How often a process's memory is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// What Node and its buffers may take beside the memory of JavaScript, in kilobytes.
const BESIDE_KB: u64 = 256 * 1024;

/// What is known of the reasons while the process still runs.
#[derive(Default)]
pub(super) struct Fate {
    /// Why the server has ended it.
    verdict: Mutex<Option<String>>,
    killed: Notify,
    pub out_of_memory: Arc<AtomicBool>,
}

impl Fate {
    /// Ends the process for this reason, unless there is one already.
    pub fn kill(&self, reason: String) {
        self.verdict.lock().get_or_insert(reason);
        self.killed.notify_one();
    }

    /// Why the process has ended, in a sentence.
    pub fn told(&self, module: &Owner, memory_mb: u64, status: std::io::Result<ExitStatus>) -> String {
        if let Some(reason) = self.verdict.lock().clone() {
            return format!("The process of {module} was ended: {reason}.");
        }
        if self.out_of_memory.load(Ordering::Relaxed) {
            return format!("The process of {module} ran out of memory: at most {memory_mb} MB are allowed.");
        }
        match status.map(|status| (status.code(), status.signal())) {
            Ok((Some(code), _)) => format!("The process of {module} ended by itself, with exit code {code}."),
            Ok((None, Some(signal))) => format!("The process of {module} was ended by signal {signal}."),
            _ => format!("The process of {module} ended."),
        }
    }
}

/// Waits for the end of the process, which a verdict, too much memory, or `stop` bring about.
pub(super) async fn wait(
    child: &mut Child,
    module: &Owner,
    memory_mb: u64,
    fate: &Fate,
    stop: &CancellationToken,
) -> std::io::Result<ExitStatus> {
    let pid = child.id();
    loop {
        tokio::select! {
            status = child.wait() => return status,
            () = fate.killed.notified() => drop(child.start_kill()),
            () = stop.cancelled() => {
                fate.kill("the server is stopping".to_owned());
                drop(child.start_kill());
                return child.wait().await;
            }
            () = tokio::time::sleep(LOOK) => {
                let limit = memory_mb * 1024 + BESIDE_KB;
                if let Some(used) = pid.and_then(resident_kb).filter(|used| *used > limit) {
                    tracing::warn!(%module, kilobytes = used, "it takes too much memory and is ended");
                    fate.kill(format!("it ran out of memory, of which at most {memory_mb} MB are allowed"));
                }
            }
        }
    }
}

/// The memory that the process holds, in kilobytes; nothing where the system does not tell.
fn resident_kb(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_tells_how_much_memory_we_hold() {
        assert!(resident_kb(std::process::id()).is_none_or(|used| used > 1000));
    }
}
