//! The style sheet: bundled from its `@import`s and made small.

use std::path::Path;

use anyhow::{Error, Result, anyhow};
use lightningcss::bundler::{Bundler, FileProvider};
use lightningcss::error::Error as CssError;
use lightningcss::stylesheet::{MinifyOptions, ParserOptions, PrinterOptions};
use lightningcss::targets::{Browsers, Targets};

/// Browsers of November 2024, two years before the first release. All of them know nesting, `@layer` and
/// `light-dark()`, so these stay as they are written; only newer syntax is lowered. (Android's own browser is Chrome;
/// the table behind `android` knows only today's release and would lower everything.)
const BROWSERS: Browsers = Browsers {
    chrome: version(131, 0),
    edge: version(131, 0),
    firefox: version(133, 0),
    android: None,
    ie: None,
    ios_saf: version(18, 1),
    opera: version(115, 0),
    safari: version(18, 1),
    samsung: version(27, 0),
};

const fn version(major: u32, minor: u32) -> Option<u32> {
    Some((major << 16) | (minor << 8))
}

/// Bundles the style sheet `entry` with all that it imports.
pub fn bundle(entry: &Path) -> Result<Vec<u8>> {
    let targets = Targets::from(BROWSERS);
    let files = FileProvider::new();
    let mut bundler = Bundler::new(&files, None, ParserOptions::default());
    let mut sheet = bundler.bundle(entry).map_err(explain)?;
    sheet.minify(MinifyOptions { targets, ..MinifyOptions::default() }).map_err(explain)?;
    let printed =
        sheet.to_css(PrinterOptions { minify: true, targets, ..PrinterOptions::default() }).map_err(explain)?;
    Ok(printed.code.into_bytes())
}

/// The complaint and its place; lines are counted from one, as editors do.
fn explain<T: std::fmt::Display>(error: CssError<T>) -> Error {
    match error.loc {
        Some(place) => anyhow!("{}:{}:{}: {}", place.filename, place.line + 1, place.column, error.kind),
        None => anyhow!("style sheet: {}", error.kind),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn bundled(files: &[(&str, &str)]) -> Result<String> {
        let folder = tempfile::tempdir()?;
        for (name, content) in files {
            fs::write(folder.path().join(name), content)?;
        }
        Ok(String::from_utf8(bundle(&folder.path().join("main.css"))?)?)
    }

    #[test]
    fn imports_are_bundled_into_their_layers() {
        let css = bundled(&[
            ("main.css", "@layer base, parts; @import 'button.css' layer(parts);"),
            ("button.css", "button { margin: 0px; }"),
        ]);
        assert_eq!(css.expect("bundles"), "@layer base;@layer parts{button{margin:0}}");
    }

    #[test]
    fn light_dark_and_nesting_stay() {
        let css = bundled(&[("main.css", ".a { color: light-dark(#111111, #eeeeee); & b:hover { color: red } }")]);
        assert_eq!(css.expect("bundles"), ".a{color:light-dark(#111,#eee);& b:hover{color:red}}");
    }

    #[test]
    fn a_mistake_is_told_with_its_place() {
        let error = bundled(&[("main.css", "@import 'gone.css';")]).expect_err("no such file").to_string();
        assert!(error.contains("main.css:1:1") && error.contains("No such file"), "{error}");
        let error = bundled(&[("main.css", "a { color: red }\n}} b")]).expect_err("not CSS").to_string();
        assert!(error.contains("main.css:2"), "{error}");
    }
}
