//! What component code prints, into the server's log: with the module's name, and not without bound.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::{Duration, Instant};

use super::owner::Owner;

/// Longest line that is logged, in bytes.
const LINE: usize = 4000;
/// Lines of one process that are logged in a minute.
const LINES: u32 = 300;
const MINUTE: Duration = Duration::from_secs(60);
/// What V8 says before it gives up.
const OUT_OF_MEMORY: &str = "JavaScript heap out of memory";

/// Logs what comes until the stream ends. `out_of_memory` is set when the process says that this is why it ends.
pub(super) async fn log(
    mut stream: impl AsyncRead + Unpin,
    module: Owner,
    name: &'static str,
    out_of_memory: Arc<AtomicBool>,
) {
    let mut lines = Lines::default();
    let mut allowance = Allowance { since: Instant::now(), logged: 0, dropped: 0 };
    let mut buffer = vec![0; 8192];
    loop {
        let read = stream.read(&mut buffer).await.unwrap_or(0);
        let complete = if read == 0 { lines.rest() } else { lines.take(&buffer[..read]) };
        for line in complete {
            if line.contains(OUT_OF_MEMORY) {
                out_of_memory.store(true, Ordering::Relaxed);
            }
            if allowance.allows(&module) {
                tracing::info!(%module, output = name, "{line}");
            }
        }
        if read == 0 {
            return;
        }
    }
}

/// Bytes into lines; of a line that is too long, the rest is dropped.
#[derive(Default)]
struct Lines {
    line: Vec<u8>,
}

impl Lines {
    fn take(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut complete = Vec::new();
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let text = part.strip_suffix(b"\n").unwrap_or(part);
            let room = LINE.saturating_sub(self.line.len());
            self.line.extend_from_slice(&text[..text.len().min(room)]);
            if text.len() < part.len() {
                complete.extend(self.rest());
            }
        }
        complete
    }

    fn rest(&mut self) -> Vec<String> {
        let line = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        if text.is_empty() { Vec::new() } else { vec![text] }
    }
}

struct Allowance {
    since: Instant,
    logged: u32,
    dropped: u32,
}

impl Allowance {
    fn allows(&mut self, module: &Owner) -> bool {
        if self.since.elapsed() >= MINUTE {
            if self.dropped > 0 {
                tracing::warn!(%module, lines = self.dropped, "it prints too much: lines were left out");
            }
            *self = Self { since: Instant::now(), logged: 0, dropped: 0 };
        }
        let allowed = self.logged < LINES;
        if allowed {
            self.logged += 1;
        } else {
            self.dropped += 1;
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_put_together_and_cut() {
        let mut lines = Lines::default();
        assert_eq!(lines.take(b"one\ntw"), ["one"]);
        assert_eq!(lines.take(b"o\n\nthree"), ["two"]);
        assert_eq!(lines.rest(), ["three"]);
        assert!(lines.take(&vec![b'x'; 3 * LINE]).is_empty());
        assert_eq!(lines.take(b"y\n"), ["x".repeat(LINE)]);
    }
}
