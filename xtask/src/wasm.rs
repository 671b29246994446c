//! The browser's half: compiled, bound to JavaScript and made small.

use std::fs;
use std::hash::{DefaultHasher, Hasher as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::assets::{self, Files};
use crate::build::target_folder;
use crate::command::Shell;
use crate::toolchain::{TARGET, Toolchain};
use crate::tools::{self, WasmOpt};

/// What the pages ask for: `stockroom.js` and `stockroom_bg.wasm`.
pub const NAME: &str = "stockroom";

/// Compiles the crate for the browser and gives the files of `pkg/`. What did not change is not made again.
pub fn package(shell: &Shell, toolchain: Toolchain, release: bool) -> Result<Files> {
    let compiled = compile(shell, toolchain, release)?;
    let wasm_opt = if release { optimiser(shell) } else { None };
    let bytes = fs::read(&compiled).with_context(|| format!("cannot read {}", compiled.display()))?;
    let key = fingerprint(&bytes, wasm_opt.as_ref());
    let folder = shell.root().join("target/xtask").join(if release { "pkg-release" } else { "pkg-dev" });
    let mark = folder.with_extension("key");
    if !(folder.is_dir() && fs::read_to_string(&mark).is_ok_and(|known| known == key)) {
        if mark.exists() {
            fs::remove_file(&mark)?;
        }
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        bind(&compiled, &folder)?;
        if let Some(wasm_opt) = wasm_opt {
            optimise(shell, &wasm_opt, &folder.join(format!("{NAME}_bg.wasm")))?;
        }
        fs::write(&mark, key)?;
    }
    assets::read(&folder)
}

fn compile(shell: &Shell, toolchain: Toolchain, release: bool) -> Result<PathBuf> {
    let profile = if release { "wasm-release" } else { "dev" };
    let mut cargo = toolchain.cargo(shell);
    cargo.args(["build", "--package", NAME, "--lib", "--profile", profile, "--target", TARGET]);
    shell.run(cargo.args(["--no-default-features", "--features", "hydrate"]))?;
    let folder = if release { "wasm-release" } else { "debug" };
    Ok(target_folder(shell)?.join(TARGET).join(folder).join(NAME).with_extension("wasm"))
}

fn bind(compiled: &Path, folder: &Path) -> Result<()> {
    Bindgen::new()
        .input_path(compiled)
        .out_name(NAME)
        .web(true)?
        .typescript(false)
        .remove_producers_section(true)
        .generate(folder)
        .context("wasm-bindgen")
}

fn optimiser(shell: &Shell) -> Option<WasmOpt> {
    tools::wasm_opt(shell)
        .inspect_err(|error| shell.warn(format!("no wasm-opt, so the browser will load half as much again: {error:#}")))
        .ok()
}

/// Replaces the module by its smaller self. The features that it may use stand in the module.
fn optimise(shell: &Shell, wasm_opt: &WasmOpt, module: &Path) -> Result<()> {
    shell.say("Making the WebAssembly module smaller …");
    let small = module.with_extension("small");
    shell.run(shell.command("node").arg(&wasm_opt.script).arg("-Oz").arg(module).arg("-o").arg(&small))?;
    Ok(fs::rename(small, module)?)
}

/// Differs when the outcome would: by the module and by what makes it smaller. Not for anything secret.
fn fingerprint(module: &[u8], wasm_opt: Option<&WasmOpt>) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(module);
    hasher.write(wasm_opt.map_or("none", |tool| &tool.version).as_bytes());
    format!("{:016x}", hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_binder_is_of_the_same_version_as_the_library() {
        let lock = fs::read_to_string(Shell::inherit().root().join("Cargo.lock")).expect("the lock");
        let version = |package: &str| {
            let start = lock.find(&format!("name = \"{package}\"\n")).expect("the package");
            lock[start..].lines().nth(1).expect("a version").to_owned()
        };
        assert_eq!(version("wasm-bindgen"), version("wasm-bindgen-cli-support"));
    }

    #[test]
    fn the_outcome_depends_on_the_module_and_on_the_optimiser() {
        let tool = WasmOpt { script: "wasm-opt".into(), version: "132".into() };
        let with = fingerprint(b"module", Some(&tool));
        assert_eq!(with, fingerprint(b"module", Some(&tool)));
        assert_ne!(with, fingerprint(b"module", None));
        assert_ne!(with, fingerprint(b"another", Some(&tool)));
    }
}
