//! The compiler for WebAssembly: rustup's target, or Debian's compiler where rustup's server cannot be reached.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::command::Shell;
use crate::tools;

/// The target that browsers run.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// Debian's compiler, with the source of its standard library, which it does not ship for [`TARGET`].
const DEBIAN_PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";

/// A cargo that can compile for [`TARGET`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Toolchain {
    /// The one that started this tool.
    Own,
    /// Debian's, with the LLVM release that its linker has in its name.
    Debian { llvm: u32 },
}

impl Toolchain {
    /// This toolchain's cargo.
    pub fn cargo(self, shell: &Shell) -> Command {
        match self {
            Self::Own => shell.cargo(),
            Self::Debian { llvm } => {
                let mut cargo = debian_cargo(shell);
                // That compiler comes without rust-lld.
                cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker(llvm));
                cargo
            }
        }
    }
}

/// Finds a compiler for [`TARGET`], and installs what is missing.
pub fn ensure(shell: &Shell) -> Result<Toolchain> {
    if has_target(shell, "rustc") {
        return Ok(Toolchain::Own);
    }
    shell.say(format!("Adding the target {TARGET} …"));
    let added = shell.run(shell.command("rustup").args(["target", "add", TARGET]));
    if added.is_ok() && has_target(shell, "rustc") {
        return Ok(Toolchain::Own);
    }
    shell.say("rustup cannot add it here; trying Debian's compiler.");
    debian(shell).with_context(|| {
        format!(
            "there is no Rust compiler for {TARGET}. `rustup target add {TARGET}` is the ordinary way; without \
             rustup's server, Debian's packages {} do (as root)",
            DEBIAN_PACKAGES.join(", ")
        )
    })
}

/// Whether `rustc` has a standard library for [`TARGET`].
fn has_target(shell: &Shell, rustc: &str) -> bool {
    library_folder(shell, rustc).is_ok_and(|folder| has_core(&folder))
}

fn library_folder(shell: &Shell, rustc: &str) -> Result<PathBuf> {
    let printed = shell.capture(shell.command(rustc).args(["--print", "target-libdir", "--target", TARGET]))?;
    Ok(printed.trim().into())
}

fn has_core(folder: &Path) -> bool {
    fs::read_dir(folder)
        .is_ok_and(|entries| entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libcore-")))
}

/// Installs Debian's compiler and, once for each of its versions, builds the standard library that it lacks.
fn debian(shell: &Shell) -> Result<Toolchain> {
    if !Path::new(DEBIAN_RUSTC).exists() || !Path::new(DEBIAN_CARGO).exists() {
        tools::apt_install(shell, &DEBIAN_PACKAGES)?;
    }
    let version = shell.capture(shell.command(DEBIAN_RUSTC).arg("-vV").env_remove("LD_LIBRARY_PATH"))?;
    let llvm = llvm_release(&version).context("Debian's rustc does not name its LLVM")?;
    if !shell.succeeds(shell.command(linker(llvm)).arg("--version")) {
        tools::apt_install(shell, &[&format!("lld-{llvm}")])?;
    }
    let installed = library_folder(shell, DEBIAN_RUSTC)?;
    let built_by = installed.join("built-by");
    if fs::read_to_string(&built_by).is_ok_and(|by| by == version) && has_core(&installed) {
        return Ok(Toolchain::Debian { llvm });
    }
    shell.say("Building the standard library for WebAssembly, once (a minute) …");
    let built = build_standard_library(shell, llvm)?;
    tools::as_root(shell, &["mkdir", "-p", path(&installed)?])?;
    for library in built {
        tools::as_root(shell, &["cp", path(&library)?, path(&installed)?])?;
    }
    let mark = shell.root().join("target/xtask/built-by");
    fs::write(&mark, &version)?;
    tools::as_root(shell, &["cp", path(&mark)?, path(&built_by)?])?;
    if !has_target(shell, DEBIAN_RUSTC) {
        bail!("the standard library was built, but Debian's compiler does not find it");
    }
    Ok(Toolchain::Debian { llvm })
}

/// Compiles an empty crate together with the standard library, and gives the library's files.
fn build_standard_library(shell: &Shell, llvm: u32) -> Result<Vec<PathBuf>> {
    let folder = shell.root().join("target/xtask/wasm-std");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("src/lib.rs"), "")?;
    let manifest = "[workspace]\n[package]\nname = \"empty\"\nversion = \"0.0.0\"\nedition = \"2024\"\n";
    fs::write(folder.join("Cargo.toml"), manifest)?;
    let mut cargo = Toolchain::Debian { llvm }.cargo(shell);
    cargo.current_dir(&folder).env("RUSTC_BOOTSTRAP", "1").env("CARGO_TARGET_DIR", folder.join("target"));
    shell.run(cargo.args(["build", "--release", "--target", TARGET, "-Z", "build-std=std,panic_abort,test"]))?;
    let mut libraries = Vec::new();
    for entry in fs::read_dir(folder.join("target").join(TARGET).join("release/deps"))? {
        let file = entry?.path();
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".rlib") && !name.starts_with("libempty-") {
            libraries.push(file);
        }
    }
    Ok(libraries)
}

/// Debian's cargo, kept apart from rustup's, which set its own variables when it started this tool.
fn debian_cargo(shell: &Shell) -> Command {
    let mut cargo = shell.command(DEBIAN_CARGO);
    cargo.env("RUSTC", DEBIAN_RUSTC).env("CARGO", DEBIAN_CARGO);
    for theirs in ["LEPTOS_OUTPUT_NAME", "LD_LIBRARY_PATH", "RUSTUP_TOOLCHAIN", "RUSTDOC"] {
        cargo.env_remove(theirs);
    }
    cargo
}

fn linker(llvm: u32) -> String {
    format!("wasm-ld-{llvm}")
}

/// The first number of the line `LLVM version: 22.1.8` of `rustc -vV`.
fn llvm_release(version: &str) -> Option<u32> {
    let line = version.lines().find_map(|line| line.strip_prefix("LLVM version: "))?;
    line.split('.').next()?.trim().parse().ok()
}

fn path(path: &Path) -> Result<&str> {
    path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_linker_is_of_the_compilers_llvm() {
        let version =
            "rustc 1.96.0 (built from a source tarball)\nhost: x86_64-unknown-linux-gnu\nLLVM version: 22.1.8\n";
        assert_eq!(llvm_release(version), Some(22));
        assert_eq!(linker(22), "wasm-ld-22");
        assert_eq!(llvm_release("rustc 1.96.0"), None);
    }
}
