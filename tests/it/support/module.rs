//! Small modules in the public format.

use std::{
    fs,
    io::{Cursor, Write},
    path::Path,
};

use sha2::{Digest, Sha256};
use stockroom::{
    domain::name::ModuleName,
    server::{archive, catalogue::hex},
};
use zip::{ZipWriter, write::SimpleFileOptions};

pub const ICON: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";

/// A module with one component, to which a test adds what it needs.
#[derive(Clone)]
pub struct Module {
    pub name: String,
    /// Path in the archive and text, sorted by nothing.
    pub files: Vec<(String, String)>,
}

impl Module {
    /// The module `name` with a component `Send` in a folder of its own: `acme.pay` has `acme.pay.core.Send`, and so
    /// has `acme.pay.core`.
    pub fn new(name: &str, version: &str) -> Self {
        let folder = name.replace('.', "/");
        let is_service = name.split('.').count() == 2;
        let (manifest, component) = if is_service {
            ("service.json", format!("{name}.core.Send"))
        } else {
            ("module.json", format!("{name}.Send"))
        };
        let place = component.replace('.', "/");
        let label = name.rsplit('.').next().unwrap_or_default();
        let icon = format!("data:image/svg+xml;base64,{}", base64(ICON));
        Self {
            name: name.to_owned(),
            files: vec![
                (
                    format!("{folder}/bundle.json"),
                    format!(r#"{{"name":"{name}","version":"{version}","changelog":{{"{version}":["Made."]}}}}"#),
                ),
                (
                    format!("{folder}/{manifest}"),
                    format!(
                        r#"{{"name":"{name}","label":"{label}","category":"applications","description":"Pays.","icon":"{icon}"}}"#
                    ),
                ),
                (format!("{place}/component.json"), format!(r#"{{"name":"{component}","inPorts":["in"]}}"#)),
                (format!("{place}/Send.js"), format!("module.exports = {{}}; // {version}\n")),
            ],
        }
    }

    /// With this text at this path, in place of what was there.
    pub fn with(mut self, path: &str, text: &str) -> Self {
        self.files.retain(|(other, _)| other != path);
        self.files.push((path.to_owned(), text.to_owned()));
        self
    }

    /// Packed as the catalogue packs trees.
    pub fn zip(&self) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        let files = self.files.iter().map(|(path, text)| (path.clone(), text.clone().into_bytes()));
        archive::pack(files, &mut out).expect("packs");
        out.into_inner()
    }

    pub fn sha256(&self) -> String {
        sha256(&self.zip())
    }

    pub fn module_name(&self) -> ModuleName {
        ModuleName::parse(&self.name).expect("a name")
    }

    /// Writes the files below the folder of vendors.
    pub fn write_tree(&self, vendors: &Path) {
        for (path, text) in &self.files {
            let path = vendors.join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("makes a folder");
            fs::write(path, text).expect("writes a file");
        }
    }
}

pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn base64(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// `module`, and a link that leads out of it.
pub fn with_symlink(module: &Module) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, text) in &module.files {
        zip.start_file(path, SimpleFileOptions::default()).expect("starts a file");
        zip.write_all(text.as_bytes()).expect("writes");
    }
    let folder = module.name.replace('.', "/");
    zip.add_symlink(format!("{folder}/link"), "../../../../etc/passwd", SimpleFileOptions::default()).expect("adds");
    zip.finish().expect("finishes").into_inner()
}

/// Text of this length that does not pack.
pub fn noise(length: usize) -> String {
    let mut state = 1_u64;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'!' + u8::try_from((state >> 33) % 90).unwrap_or_default())
    })
    .take(length)
    .collect()
}
