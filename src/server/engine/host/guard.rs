//! Processes that end with the server, whatever ends it: `kill -9`, too, and also those whose code never looks up to see
//! that their connection is gone.
//!
//! The system does that for whoever asks for it about itself (Linux alone). So the program starts itself in place of the
//! process, asks, and then becomes the process. Where it was not said that it can, or elsewhere, processes are started as
//! they are, and end when they see that their connection is gone.

use std::{
    ffi::OsString,
    os::unix::process::CommandExt,
    path::Path,
    sync::{
        LazyLock,
        atomic::{AtomicBool, Ordering},
        mpsc::{Sender, channel},
    },
};

use rustix::process::{Pid, getppid};
use tokio::{
    process::{Child, Command},
    runtime::Handle,
    sync::oneshot,
};

/// The program's subcommand that calls [`become_process`]; the server's process id comes next, then the command line.
pub const SUBCOMMAND: &str = "component-process";

/// This program, even when its file was replaced since it was started.
const ITSELF: &str = "/proc/self/exe";

static IS_OFFERED: AtomicBool = AtomicBool::new(false);

/// From now on processes are started by way of this program, which has to know [`SUBCOMMAND`].
pub fn offer() {
    IS_OFFERED.store(cfg!(target_os = "linux"), Ordering::Relaxed);
}

/// Becomes the process of the command line, which ends with the process `server`; gives why it cannot.
pub fn become_process(server: i32, command_line: &[OsString]) -> String {
    #[cfg(target_os = "linux")]
    if let Err(cause) = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL)) {
        return cause.to_string();
    }
    if Pid::as_raw(getppid()) != server {
        return "the server has ended".to_owned();
    }
    let Some((program, arguments)) = command_line.split_first() else { return "there is nothing to start".to_owned() };
    std::process::Command::new(program).args(arguments).exec().to_string()
}

/// A command that starts `program`, to which arguments are added.
pub(super) fn command(program: &Path) -> Command {
    if !IS_OFFERED.load(Ordering::Relaxed) {
        return Command::new(program);
    }
    let mut command = Command::new(ITSELF);
    command.arg(SUBCOMMAND).arg(std::process::id().to_string()).arg(program);
    command
}

type Job = Box<dyn FnOnce() + Send>;

/// Starts processes, from a thread that lives as long as this program: for the system, what has started a process is a
/// thread, and those of the runtime may come and go.
static STARTER: LazyLock<Sender<Job>> = LazyLock::new(|| {
    let (sender, jobs) = channel::<Job>();
    std::thread::spawn(move || jobs.into_iter().for_each(|job| job()));
    sender
});

pub(super) async fn spawn(mut command: Command) -> std::io::Result<Child> {
    let (tell, told) = oneshot::channel();
    let runtime = Handle::current();
    let start = move || {
        let _entered = runtime.enter();
        // Whoever asked may have given up; then the process ends again.
        let _ = tell.send(command.spawn());
    };
    drop(STARTER.send(Box::new(start)));
    told.await.map_err(std::io::Error::other)?
}
