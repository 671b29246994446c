//! The program itself: what it prints, and how it ends.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::Instant,
};

use crate::support::{DEADLINE, folder::Folders, module::Module};

fn stockroom(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stockroom"));
    command.args(arguments).env("STOCKROOM_LOG", "error").stdin(Stdio::null());
    command
}

fn path(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Runs it to its end, which must be soon.
fn run(command: &mut Command) -> Output {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    let begun = Instant::now();
    while child.try_wait().expect("is a child").is_none() {
        if begun.elapsed() > DEADLINE {
            child.kill().expect("is killed");
            panic!("it does not end");
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    child.wait_with_output().expect("ends")
}

/// Asserts that it ends with status 2, and with one line that holds `part`.
#[track_caller]
fn assert_refuses(arguments: &[&str], part: &str) {
    let output = run(&mut stockroom(arguments));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert_eq!(text.trim_end().lines().count(), 1, "{text}");
    assert!(text.contains(part), "{text}");
}

/// A server that is ready, ended with this value.
struct Running(Child);

impl Running {
    fn start(data: &Path) -> Self {
        let mut child = stockroom(&["serve", "--listen", "127.0.0.1:0", "--data", path(data)])
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("is piped")).read_line(&mut line).expect("prints");
        assert!(line.starts_with("Stockroom is ready at http://127.0.0.1:"), "{line}");
        Self(child)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn version_and_help_are_printed() {
    let version = run(&mut stockroom(&["--version"]));
    assert!(version.status.success());
    assert_eq!(String::from_utf8_lossy(&version.stdout).trim(), concat!("stockroom ", env!("CARGO_PKG_VERSION")));
    let help = run(&mut stockroom(&["--help"]));
    assert!(String::from_utf8_lossy(&help.stdout).contains("serve"));
    let help = run(&mut stockroom(&["serve", "--help"]));
    assert!(String::from_utf8_lossy(&help.stdout).contains("STOCKROOM_LISTEN"));
}

#[test]
fn a_port_that_is_taken_is_said() {
    let folders = Folders::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("listens");
    let address = taken.local_addr().expect("has an address").to_string();
    assert_refuses(&["serve", "--listen", &address, "--data", path(&folders.data())], "--listen");
}

#[test]
fn a_data_folder_that_cannot_be_written_is_said() {
    let folders = Folders::new();
    let file = folders.root.path().join("file");
    fs::write(&file, "").expect("writes");
    assert_refuses(&["serve", "--listen", "127.0.0.1:0", "--data", path(&file)], "--data");
}

#[test]
fn a_database_of_a_newer_version_is_said() {
    let folders = Folders::new();
    fs::create_dir(folders.data()).expect("makes a folder");
    let database = rusqlite::Connection::open(folders.data().join("stockroom.db")).expect("opens");
    database.pragma_update(None, "user_version", 9999).expect("sets");
    drop(database);
    assert_refuses(&["serve", "--listen", "127.0.0.1:0", "--data", path(&folders.data())], "newer version");
}

#[test]
fn a_data_folder_that_another_server_uses_is_said() {
    let folders = Folders::new();
    let _other = Running::start(&folders.data());
    assert_refuses(&["serve", "--listen", "127.0.0.1:0", "--data", path(&folders.data())], "in use");
}

#[test]
fn without_users_anything_but_loopback_is_refused() {
    let folders = Folders::new();
    assert_refuses(&["serve", "--listen", "0.0.0.0:0", "--data", path(&folders.data())], "user add --admin");
}

#[test]
fn a_catalogue_that_is_not_there_is_said() {
    let folders = Folders::new();
    let data = folders.data();
    assert_refuses(
        &["serve", "--listen", "127.0.0.1:0", "--data", path(&data), "--catalogue", "/nowhere/at/all"],
        "/nowhere/at/all",
    );
}

#[test]
fn t5_a_catalogue_and_the_data_folder_one_inside_the_other_are_refused() {
    let folders = Folders::new();
    let (root, catalogue, data) = (folders.root.path(), folders.catalogue(), folders.data());
    let inside = catalogue.join("data");
    std::os::unix::fs::symlink(&catalogue, root.join("link")).expect("links");
    let linked = root.join("link/data");
    for (catalogue, data) in [(root, &data), (&catalogue, &inside), (&catalogue, &linked), (&catalogue, &catalogue)] {
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--data", path(data), "--catalogue", path(catalogue)];
        assert_refuses(&arguments, "one inside the other");
        assert!(!inside.exists());
    }
    std::fs::create_dir_all(data.join("blobs")).expect("makes a folder");
    let blobs = data.join("blobs");
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--data", path(&data), "--catalogue", path(&blobs)];
    assert_refuses(&arguments, "one inside the other");
}

#[test]
fn config_prints_values_and_where_each_came_from() {
    let output = run(stockroom(&["config", "--listen", "127.0.0.1:9000"]).env("STOCKROOM_DATA", "/srv/rooms"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success());
    assert!(text.contains("listen = \"127.0.0.1:9000\"  # command line"), "{text}");
    assert!(text.contains("data = \"/srv/rooms\"  # STOCKROOM_DATA"), "{text}");
    assert!(text.contains("max_archive_bytes = 10485760  # default"), "{text}");
}

#[test]
fn catalogue_index_lists_what_is_sound_and_names_what_is_not() {
    let folders = Folders::new();
    folders.offer(&Module::new("acme.pay", "1.0.0"));
    folders.offer(&Module::new("acme.mail", "1.0.0").with("acme/mail/bundle.json", "{"));
    let output = run(&mut stockroom(&["catalogue", "index", path(&folders.catalogue())]));
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("acme.mail"));
    let index = fs::read(folders.catalogue().join("index.json")).expect("is written");
    let index: serde_json::Value = serde_json::from_slice(&index).expect("is JSON");
    let names: Vec<_> = index["modules"].as_array().expect("a list").iter().map(|module| &module["name"]).collect();
    assert_eq!(names, ["acme.pay"]);
}

#[test]
fn catalogue_index_of_a_folder_that_is_not_there_is_refused() {
    assert_refuses(&["catalogue", "index", "/nowhere/at/all"], "/nowhere/at/all");
}

#[test]
fn sigterm_ends_it_soon_and_in_order() {
    let folders = Folders::new();
    let mut running = Running::start(&folders.data());
    let killed = Command::new("kill").arg(running.0.id().to_string()).status().expect("starts");
    assert!(killed.success());
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = running.0.try_wait().expect("is a child") {
            break status;
        }
        assert!(begun.elapsed() < DEADLINE, "it does not end");
        std::thread::sleep(std::time::Duration::from_millis(10));
    };
    assert_eq!(status.code(), Some(0));
}
