//! The programs that the project needs beside cargo: found, or installed where that can be done.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::command::Shell;

/// The names that Chromium and its kin go by.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/// Installs Debian packages, where this is Debian and we may.
pub fn apt_install(shell: &Shell, packages: &[&str]) -> Result<()> {
    if !shell.succeeds(shell.command("apt-get").arg("--version")) {
        bail!("{} cannot be installed: there is no apt-get here", packages.join(", "));
    }
    shell.say(format!("Installing {} with apt-get …", packages.join(", ")));
    as_root(shell, &["apt-get", "update", "-qq"])?;
    let mut line = vec!["env", "DEBIAN_FRONTEND=noninteractive"];
    line.extend(["apt-get", "install", "-y", "-qq", "--no-install-recommends"]);
    line.extend(packages);
    as_root(shell, &line)
}

/// Runs a command as root, by sudo where that asks no password.
pub fn as_root(shell: &Shell, line: &[&str]) -> Result<()> {
    let [program, args @ ..] = line else {
        return Ok(());
    };
    if shell.capture(shell.command("id").arg("-u"))?.trim() == "0" {
        return shell.run(shell.command(program).args(args));
    }
    if !shell.succeeds(shell.command("sudo").args(["-n", "true"])) {
        bail!("this needs root: `{}`", line.join(" "));
    }
    shell.run(shell.command("sudo").arg("-n").args(line))
}

/// Whether Node.js and npm are there.
pub fn has_node(shell: &Shell) -> bool {
    shell.succeeds(shell.command("node").arg("--version")) && shell.succeeds(shell.command("npm").arg("--version"))
}

/// Finds Node.js and npm, or installs them.
pub fn ensure_node(shell: &Shell) -> Result<()> {
    if has_node(shell) {
        return Ok(());
    }
    apt_install(shell, &["nodejs", "npm"])
        .context("Node.js 20 or newer with npm is needed for the tests; install it and try again")
}

/// Installs the npm packages of a folder exactly as its lock says; does nothing when that was done before.
pub fn npm_ci(shell: &Shell, folder: &str) -> Result<()> {
    install_packages(shell, folder, &[], &[])
}

/// As [`npm_ci`]; no package runs a script of its own.
pub fn npm_ci_without_scripts(shell: &Shell, folder: &str) -> Result<()> {
    install_packages(shell, folder, &["--ignore-scripts"], &[])
}

/// Installs the engine's own command-line client, against which the server is tested. It is not open source, so it comes
/// from npm where the tests run, and of its many packages only the one that cannot do without runs a script.
pub fn official_client(shell: &Shell) -> Result<()> {
    install_packages(shell, "end2end/official-client", &["--ignore-scripts"], &["farmhash"])
}

/// `options` go to `npm ci`; the packages in `built` are compiled afterwards.
fn install_packages(shell: &Shell, folder: &str, options: &[&str], built: &[&str]) -> Result<()> {
    let folder = shell.root().join(folder);
    let lock = fs::read(folder.join("package-lock.json"))?;
    let mark = folder.join("node_modules/.installed-from");
    if fs::read(&mark).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    let mut npm = shell.command("npm");
    npm.current_dir(&folder).args(["ci", "--no-audit", "--no-fund"]).args(options);
    shell.run(npm.env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"))?;
    if !built.is_empty() {
        shell.run(shell.command("npm").current_dir(&folder).arg("rebuild").args(built))?;
    }
    Ok(fs::write(mark, lock)?)
}

/// The script of `wasm-opt` and what tells its version; an error where Node.js or the npm registry is missing.
pub fn wasm_opt(shell: &Shell) -> Result<WasmOpt> {
    if !has_node(shell) {
        bail!("Node.js with npm is not installed");
    }
    npm_ci(shell, "xtask/tools")?;
    let folder = shell.root().join("xtask/tools");
    Ok(WasmOpt {
        script: folder.join("node_modules/binaryen/bin/wasm-opt"),
        version: fs::read_to_string(folder.join("package.json"))?,
    })
}

/// Where `wasm-opt` is.
pub struct WasmOpt {
    pub script: PathBuf,
    pub version: String,
}

/// Finds a Chromium: the one that the variable `CHROMIUM` names, one on the `PATH`, or Debian's, installed now.
pub fn chromium(shell: &Shell) -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("CHROMIUM") {
        let named = PathBuf::from(named);
        if !named.is_file() {
            bail!("CHROMIUM names {}, which is not there", named.display());
        }
        return Ok(named);
    }
    if let Some(found) = BROWSERS.iter().find_map(|name| on_path(name)) {
        return Ok(found);
    }
    apt_install(shell, &["chromium"])
        .context("the end-to-end tests need Chromium: install it, or name one in the variable CHROMIUM")?;
    on_path("chromium").context("chromium was installed, but it is not on the PATH")
}

/// Whether tests can run under cargo-nextest; where it is missing, it is compiled and installed.
pub fn nextest(shell: &Shell) -> bool {
    let found = || shell.succeeds(shell.cargo().args(["nextest", "--version"]));
    if found() {
        return true;
    }
    shell.say("Installing cargo-nextest, once (five to ten minutes on a small machine) …");
    match shell.run(shell.cargo().args(["install", "cargo-nextest", "--locked"])) {
        Ok(()) if found() => true,
        _ => {
            shell.warn("cargo-nextest cannot be installed here; `cargo test` runs the tests instead");
            false
        }
    }
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_on_the_path() {
        assert!(on_path("sh").is_some_and(|file| file.ends_with("sh")));
        assert_eq!(on_path("no-such-program"), None);
    }
}
