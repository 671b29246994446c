//! The site: everything that a browser loads beside the pages themselves, in `target/site`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::assets::{self, Files};
use crate::command::Shell;
use crate::compress;
use crate::css;
use crate::toolchain::Toolchain;
use crate::wasm;

/// Where the site lies. The server's binary embeds it, so it is made first.
pub fn folder(shell: &Shell) -> PathBuf {
    shell.root().join("target/site")
}

/// Makes the site; files that are as they should be keep their time, so that the server is not built again.
pub fn assemble(shell: &Shell, toolchain: Toolchain, release: bool) -> Result<()> {
    let root = shell.root();
    let mut files = assets::read(&root.join("public"))?;
    for (path, content) in wasm::package(shell, toolchain, release)? {
        files.insert(Path::new("pkg").join(path), content);
    }
    let style = css::bundle(&root.join("style/main.css")).context("style/main.css")?;
    files.insert(Path::new("pkg").join(wasm::NAME).with_extension("css"), style);
    bring_up_to_date(&folder(shell), &files, release)
}

/// Brings `folder` to hold `files`, with compressed siblings when `compressed`, and nothing else.
fn bring_up_to_date(folder: &Path, files: &Files, compressed: bool) -> Result<()> {
    let has_siblings = |path: &Path| compressed && compress::worthwhile(path);
    for (path, content) in files {
        let file = folder.join(path);
        if !assets::holds(&file, content) {
            compress::remove_siblings(&file)?;
            assets::write(&file, content)?;
        }
        if has_siblings(path) && !compress::ENDINGS.iter().all(|ending| compress::sibling(&file, ending).exists()) {
            compress::write_siblings(&file, content)?;
        }
    }
    assets::delete_others(folder, |path| {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let sibling_of_one = compress::ENDINGS.contains(&ending) && {
            let base = path.with_extension("");
            has_siblings(&base) && files.contains_key(&base)
        };
        files.contains_key(path) || sibling_of_one
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let paths = assets::paths(folder).expect("the folder");
        paths.iter().map(|path| path.display().to_string()).collect()
    }

    fn site(entries: &[(&str, &str)]) -> Files {
        entries.iter().map(|(path, content)| (path.into(), content.repeat(100).into_bytes())).collect()
    }

    #[test]
    fn stale_files_and_their_siblings_go() {
        let folder = tempfile::tempdir().expect("a folder");
        bring_up_to_date(folder.path(), &site(&[("pkg/a.css", "a"), ("old/b.js", "b")]), true).expect("made");
        assert_eq!(
            names(folder.path()),
            ["old/b.js", "old/b.js.br", "old/b.js.gz", "pkg/a.css", "pkg/a.css.br", "pkg/a.css.gz"]
        );
        bring_up_to_date(folder.path(), &site(&[("pkg/a.css", "a")]), true).expect("made");
        assert_eq!(names(folder.path()), ["pkg/a.css", "pkg/a.css.br", "pkg/a.css.gz"]);
        assert!(!folder.path().join("old").exists());
    }

    #[test]
    fn siblings_follow_their_file() {
        let folder = tempfile::tempdir().expect("a folder");
        bring_up_to_date(folder.path(), &site(&[("a.css", "old")]), true).expect("made");
        bring_up_to_date(folder.path(), &site(&[("a.css", "new")]), true).expect("made");
        let packed = fs::read(folder.path().join("a.css.br")).expect("the sibling");
        assert_eq!(packed, compress::brotli(&b"new".repeat(100)).expect("packed"));
        bring_up_to_date(folder.path(), &site(&[("a.css", "new")]), false).expect("made");
        assert_eq!(names(folder.path()), ["a.css"]);
    }

    #[test]
    fn what_is_right_is_not_touched() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut files = site(&[("a.css", "a")]);
        // So short that only brotli makes it smaller.
        files.insert("b.html".into(), br#"<!DOCTYPE html><html lang="en"><head>"#.to_vec());
        let times = || {
            names(folder.path())
                .into_iter()
                .map(|name| (fs::metadata(folder.path().join(&name)).and_then(|about| about.modified()).ok(), name))
                .collect::<Vec<_>>()
        };
        bring_up_to_date(folder.path(), &files, true).expect("made");
        let before = times();
        assert!(folder.path().join("b.html.br").exists() && !folder.path().join("b.html.gz").exists());
        bring_up_to_date(folder.path(), &files, true).expect("made");
        assert_eq!(times(), before);
    }
}
