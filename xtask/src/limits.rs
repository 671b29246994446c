//! What the browser's half may weigh, and what may not be in it.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::assets;
use crate::command::Shell;
use crate::toolchain::TARGET;
use crate::{compress, site, wasm};

/// Bytes on the wire, which is to say compressed with brotli (1 kB is 1,000 bytes).
const WASM: u64 = 250_000;
const SCRIPT: u64 = 10_000;
const STYLE: u64 = 15_000;
/// All of `pkg/`: what the first page loads beside its HTML.
const FIRST_PAGE: u64 = WASM + SCRIPT + STYLE;

/// Crates of the server that nothing may pull into the browser's half.
const FORBIDDEN: [&str; 13] = [
    "ammonia",
    "axum",
    "chrono",
    "clap",
    "hyper",
    "libsqlite3-sys",
    "object_store",
    "reqwest",
    "rusqlite",
    "rustls",
    "tokio",
    "ureq",
    "zip",
];

/// Large crates that Leptos names as well, where the linker drops them: we must not be the ones to use them.
const FORBIDDEN_TO_US: [&str; 3] = ["regex", "toml", "url"];

/// Of those that Leptos names: crates whose code would be in the wasm.
const LINKED_WITH_THEM: [&str; 2] = ["regex-automata", "regex-syntax"];

/// Weighs the site that was built for release, and gives its weight in a few words.
pub fn check_sizes(shell: &Shell) -> Result<String> {
    let pkg = site::folder(shell).join("pkg");
    if !compress::sibling(&pkg.join(format!("{}_bg.wasm", wasm::NAME)), "br").exists() {
        bail!("there is no site for release: `cargo xtask build --release` makes it");
    }
    let wasm = fs::read(pkg.join(format!("{}_bg.wasm", wasm::NAME)))?;
    let linked: Vec<_> =
        FORBIDDEN.iter().chain(&FORBIDDEN_TO_US).chain(&LINKED_WITH_THEM).filter(|name| is_in(&wasm, name)).collect();
    if !linked.is_empty() {
        bail!("the browser's half holds code of {linked:?}");
    }
    let named = |ending: &str| on_the_wire(&pkg.join(format!("{}{ending}", wasm::NAME)));
    let mut first_page = 0;
    for path in assets::paths(&pkg)? {
        let sibling = path.extension().is_some_and(|ending| compress::ENDINGS.iter().any(|known| ending == *known));
        if !sibling {
            first_page += on_the_wire(&pkg.join(path))?;
        }
    }
    let rows = [
        ("WebAssembly", named("_bg.wasm")?, WASM),
        ("JavaScript", named(".js")?, SCRIPT),
        ("CSS", named(".css")?, STYLE),
        ("all of pkg/", first_page, FIRST_PAGE),
    ];
    let mut table = String::new();
    let mut too_large = Vec::new();
    for (what, bytes, limit) in rows {
        writeln!(table, "{what:<12} {bytes:>9} of at most {limit:>9} bytes, compressed with brotli")?;
        if bytes > limit {
            too_large.push(what);
        }
    }
    shell.say(table.trim_end());
    if !too_large.is_empty() {
        bail!("too large: {}", too_large.join(", "));
    }
    let [(_, wasm, _), .., (_, all, _)] = rows;
    Ok(format!("WebAssembly {} kB of {}, all {} kB of {}", kilo(wasm), kilo(WASM), kilo(all), kilo(FIRST_PAGE)))
}

fn kilo(bytes: u64) -> u64 {
    bytes.div_ceil(1000)
}

fn on_the_wire(file: &Path) -> Result<u64> {
    let packed = compress::sibling(file, "br");
    let sent = if packed.exists() { packed } else { file.to_path_buf() };
    Ok(fs::metadata(&sent).with_context(|| format!("{} was not built", sent.display()))?.len())
}

/// Looks for crates of the server in the browser's half.
pub fn check_crates(shell: &Shell) -> Result<()> {
    let tree = |depth: &str| {
        let mut cargo = shell.cargo();
        cargo.args(["tree", "--package", wasm::NAME, "--target", TARGET, "--no-default-features"]);
        cargo.args(["--features", "hydrate", "--edges", "normal,no-proc-macro", "--prefix", "none"]);
        shell.capture(cargo.args(["--depth", depth]))
    };
    let mut found = forbidden(&tree("1")?, &FORBIDDEN_TO_US);
    found.extend(forbidden(&tree("99")?, &FORBIDDEN));
    if !found.is_empty() {
        bail!("not for the browser: {} (`cargo tree --target {TARGET} -i CRATE` tells why)", found.join(", "));
    }
    Ok(())
}

/// The forbidden names among lines such as `tokio v1.50.0`.
fn forbidden<'a>(tree: &str, names: &[&'a str]) -> Vec<&'a str> {
    let present = |name: &&str| tree.lines().any(|line| line.split(' ').next() == Some(*name));
    names.iter().copied().filter(present).collect()
}

/// Whether a crate's code is in the wasm: wherever it could panic, the path of its source is, such as
/// `/tokio-1.50.0/src/`.
fn is_in(wasm: &[u8], name: &str) -> bool {
    let start = format!("/{name}-");
    let mut places = wasm.windows(start.len() + 1);
    places.any(|place| place.starts_with(start.as_bytes()) && place.last().is_some_and(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_in_the_wasm_is_told_by_the_path_of_its_source() {
        let wasm = b"\0asm\x01/registry/src/zip-9.4.1/src/read.rs/tokio-util-0.7/src\0";
        assert!(is_in(wasm, "zip"));
        assert!(!is_in(wasm, "tokio"));
        assert!(is_in(wasm, "tokio-util"));
    }

    #[test]
    fn only_whole_names_are_forbidden() {
        let tree = "stockroom v0.1.0 (/src)\ntokio v1.50.0\nzip-extensions v1.0.0\n";
        assert_eq!(forbidden(tree, &["tokio", "zip"]), ["tokio"]);
    }

    #[test]
    fn what_is_sent_is_weighed() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.js");
        assert!(on_the_wire(&file).is_err());
        fs::write(&file, "12345").expect("written");
        assert_eq!(on_the_wire(&file).expect("there"), 5);
        fs::write(folder.path().join("a.js.br"), "12").expect("written");
        assert_eq!(on_the_wire(&file).expect("there"), 2);
    }
}
