//! The program as a process of its own, which a test may kill and start again on the same folder.

use std::{
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::support::{
    DEADLINE,
    client::{self, Answer},
    eventually,
    folder::Folders,
    module::Module,
    server::{ADMIN, PASSWORD},
};

/// How long the program may take to start on a machine that is busy.
const START: std::time::Duration = DEADLINE.saturating_mul(3);

/// A process, told apart from a later one with the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    pub id: i32,
    /// When it began, in ticks since the machine's start.
    begun: u64,
}

impl Process {
    /// Every process that `parent` has started and that has not ended.
    fn children_of(parent: i32) -> Vec<Self> {
        let processes = fs::read_dir("/proc").expect("lists processes");
        let ids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        ids.filter_map(|id| Self::look(id).filter(|(_, its)| *its == parent)).map(|(process, _)| process).collect()
    }

    /// The process with this number and its parent's number, unless it has ended.
    fn look(id: i32) -> Option<(Self, i32)> {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // The name of the program, in parentheses, may hold anything.
        let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
        let is_over = matches!(*fields.first()?, "Z" | "X");
        let begun = fields.get(19)?.parse().ok()?;
        (!is_over).then_some((Self { id, begun }, fields.get(1)?.parse().ok()?))
    }

    pub fn is_alive(self) -> bool {
        Self::look(self.id).is_some_and(|(process, _)| process == self)
    }

    /// Sends a signal; a process that has ended meanwhile is left alone.
    pub fn signal(self, signal: Signal) {
        if self.is_alive() {
            let _ = kill_process(Pid::from_raw(self.id).expect("a number"), signal);
        }
    }

    pub async fn until_gone(self) {
        eventually(&format!("the process {} ends", self.id), async || (!self.is_alive()).then_some(())).await;
    }
}

/// A server that is ready, killed with this value.
pub struct Program {
    pub folders: Folders,
    executable: PathBuf,
    child: Child,
    pub address: SocketAddr,
    token: String,
}

impl Program {
    /// Starts the program on fresh folders, without catalogues, and signs in as its administrator. What
    /// fails is tried again very soon.
    pub async fn new() -> Self {
        let folders = Folders::new();
        // A copy: whoever works on the project builds it anew while a long test runs.
        let executable = folders.root.path().join("stockroom");
        fs::copy(env!("CARGO_BIN_EXE_stockroom"), &executable).expect("copies the program");
        let (child, address) = launch(&executable, &folders).await;
        let mut this = Self { folders, executable, child, address, token: String::new() };
        let who = json!({ "username": ADMIN, "password": PASSWORD });
        let answer = client::send(address, "POST", "/user/auth", &[client::NOBODY], &who.to_string()).await;
        this.token = answer.json()["token"].as_str().expect("a token").to_owned();
        client::administer(address, this.token.clone());
        this.set("RETRY_INIT_EXP", 10).await;
        this.set("RETRY_MAX_EXP", 100).await;
        this
    }

    /// Another process on the same folders, when the one before has ended.
    pub async fn start_again(&mut self) {
        (self.child, self.address) = launch(&self.executable, &self.folders).await;
        client::administer(self.address, self.token.clone());
    }

    pub fn process(&self) -> Process {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok()).expect("it has not ended");
        Process::look(id).expect("it has not ended").0
    }

    /// The processes that run components, and one that waits for a module to be tried.
    pub fn workers(&self) -> Vec<Process> {
        Process::children_of(self.process().id)
    }

    /// The processes of installed modules.
    pub fn workers_of_modules(&self) -> Vec<Process> {
        let is_of_module = |worker: &Process| {
            let line = fs::read(format!("/proc/{}/cmdline", worker.id)).unwrap_or_default();
            String::from_utf8_lossy(&line).contains("/ready/")
        };
        self.workers().into_iter().filter(is_of_module).collect()
    }

    /// Waits for the end of the process.
    pub async fn ended(&mut self) -> ExitStatus {
        tokio::time::timeout(DEADLINE, self.child.wait()).await.expect("it ends in time").expect("is a child")
    }

    pub async fn kill(&mut self) {
        self.process().signal(Signal::KILL);
        self.ended().await;
    }

    pub async fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        let answer = client::send(self.address, method, path, &[], &body.to_string()).await;
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.text());
        answer
    }

    pub async fn set(&self, key: &str, value: u64) {
        self.send("POST", "/config", &json!({ "key": key, "value": value })).await;
    }

    pub async fn install(&self, module: &Module) {
        let answer = client::post(self.address, "/components", client::ZIP, &module.zip()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let ticket = answer.json()["ticket"].as_str().expect("a ticket").to_owned();
        let job = eventually("the module is installed", async || {
            let path = format!("/components/uploader/{ticket}");
            let job = client::get(self.address, &path, &[]).await.json();
            job.get("finished").is_some().then_some(job)
        })
        .await;
        assert!(job.get("installed").is_some(), "{job}");
    }

    /// Makes a flow and starts it; gives its id.
    pub async fn flow(&self, nodes: Value) -> String {
        let made = self.send("POST", "/flows", &json!({ "name": "A flow", "flow": nodes })).await.json();
        let id = made["flowId"].as_str().expect("an id").to_owned();
        self.send("POST", &format!("/flows/{id}/coordinator"), &json!({ "command": "start" })).await;
        id
    }

    /// The folders that processes of components have for themselves.
    pub fn worker_folders(&self) -> Vec<PathBuf> {
        let host = self.folders.data().join("tmp/host");
        let entries = fs::read_dir(host).into_iter().flatten().map(|entry| entry.expect("readable").path());
        // One is nobody's: what processes load while they wait.
        entries.filter(|path| path.is_dir() && !path.ends_with("rehearsal")).collect()
    }

    /// The end of what it has logged, for whoever wonders why a test fails.
    pub fn log(&self) -> String {
        end_of_log(&self.folders)
    }
}

fn log_file(folders: &Folders) -> PathBuf {
    folders.root.path().join("log")
}

fn end_of_log(folders: &Folders) -> String {
    let text = fs::read_to_string(log_file(folders)).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(60)..].join("\n")
}

async fn launch(executable: &Path, folders: &Folders) -> (Child, SocketAddr) {
    let log = File::options().create(true).append(true).open(log_file(folders)).expect("opens");
    let mut child = Command::new(executable)
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(folders.data())
        .arg("--catalogue")
        .arg(folders.catalogue())
        .env("STOCKROOM_LOG", "info")
        .env("STOCKROOM_ADMIN_EMAIL", ADMIN)
        .env("STOCKROOM_ADMIN_PASSWORD", PASSWORD)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .expect("starts");
    let mut lines = BufReader::new(child.stdout.take().expect("is piped")).lines();
    let line = tokio::time::timeout(START, lines.next_line()).await.expect("it is ready in time").expect("reads");
    let address = line.as_deref().and_then(|line| {
        line.strip_prefix("Stockroom is ready at http://")?.strip_suffix("/backoffice/")?.parse().ok()
    });
    (child, address.unwrap_or_else(|| panic!("it is not ready, but says {line:?}\n{}", end_of_log(folders))))
}
