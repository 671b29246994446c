//! What is installed, as its manifests say it in full: read from the unpacked folders, each archive once.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::Arc,
};

use parking_lot::Mutex;
use serde_json::{Map, Value};

use super::Registry;
use crate::{
    domain::{module::Manifest, name::ModuleName},
    server::{
        error::{Result, ServerError},
        store,
    },
};

/// Bytes of manifests that are kept in memory, as they lie on the disk.
const CACHE_BYTES: u64 = 64 << 20;

/// An installed module and its unpacked files.
#[derive(Clone, Debug)]
pub struct InstalledModule {
    /// SHA-256 of the archive, in lower-case hex.
    pub sha256: String,
    pub manifest: Manifest,
    pub tree: Arc<Tree>,
}

/// The unpacked files of one archive, which never change. Paths begin with the vendor's folder and use slashes.
#[derive(Debug, Default)]
pub struct Tree {
    root: PathBuf,
    /// Every file, sorted.
    pub files: Vec<String>,
    /// `component.json` by the component's name, and the component's folder.
    pub components: BTreeMap<String, (String, Value)>,
    /// What users see as one app: a module with a `module.json`, or else a service, by folder.
    pub apps: Vec<App>,
    bytes: u64,
}

/// A `service.json` or `module.json`.
#[derive(Clone, Debug)]
pub struct App {
    pub folder: String,
    pub fields: Map<String, Value>,
}

impl App {
    /// The folder's name with dots: the check lets a manifest call itself something else.
    pub fn id(&self) -> String {
        self.folder.replace('/', ".")
    }
}

impl Tree {
    /// The folder of the unpacked files; below it lies the vendor's.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where a file of [`Tree::files`] lies on the disk.
    pub fn place(&self, file: &str) -> PathBuf {
        self.root.join(file)
    }

    /// The app that a component belongs to: the innermost around its folder.
    pub fn app_of(&self, component: &str) -> Option<&App> {
        let (folder, _) = self.components.get(component)?;
        self.apps.iter().filter(|app| is_at_or_below(folder, &app.folder)).max_by_key(|app| app.folder.len())
    }

    fn read(root: PathBuf, is_component: impl Fn(&str) -> bool) -> Result<Self> {
        let mut tree = Self { root, ..Self::default() };
        for entry in walkdir::WalkDir::new(&tree.root).follow_links(false).sort_by_file_name() {
            let entry = entry.map_err(ServerError::internal)?;
            if !entry.file_type().is_file() {
                continue;
            }
            let inner = entry.path().strip_prefix(&tree.root).map_err(ServerError::internal)?;
            let Some(path) = inner.to_str().map(str::to_owned) else { continue };
            let (folder, file) = path.rsplit_once('/').unwrap_or(("", &path));
            let is_foreign = folder.split('/').any(|part| matches!(part, "node_modules" | "artifacts"));
            match file {
                _ if is_foreign => {}
                "component.json" => {
                    let fields = manifest(entry.path(), &mut tree.bytes)?;
                    let name = fields.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
                    if is_component(&name) {
                        tree.components.insert(name, (folder.to_owned(), Value::Object(fields)));
                    }
                }
                "service.json" | "module.json" => {
                    let fields = manifest(entry.path(), &mut tree.bytes)?;
                    // Of both in one folder, module.json comes first by name.
                    if tree.apps.iter().all(|app| app.folder != folder) {
                        tree.apps.push(App { folder: folder.to_owned(), fields });
                    }
                }
                _ => {}
            }
            tree.files.push(path);
        }
        tree.files.sort_unstable();
        Ok(tree)
    }
}

/// True when `path` is `folder` or lies in it, decided at a slash.
pub(super) fn is_at_or_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A manifest that was checked before it was unpacked.
fn manifest(path: &Path, bytes: &mut u64) -> Result<Map<String, Value>> {
    let text = std::fs::read(path)?;
    *bytes += text.len() as u64;
    Ok(serde_json::from_slice(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text))?)
}

/// Trees by the SHA-256 of their archives; those that were asked for longest ago go first.
#[derive(Default)]
pub(super) struct Trees {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    by_sha256: HashMap<String, (u64, Arc<Tree>)>,
    bytes: u64,
    asked: u64,
}

impl Trees {
    fn get(&self, sha256: &str) -> Option<Arc<Tree>> {
        let mut kept = self.kept.lock();
        kept.asked += 1;
        let asked = kept.asked;
        let (last, tree) = kept.by_sha256.get_mut(sha256)?;
        *last = asked;
        Some(Arc::clone(tree))
    }

    fn put(&self, sha256: &str, tree: &Arc<Tree>) {
        let mut kept = self.kept.lock();
        let asked = kept.asked;
        kept.bytes += tree.bytes;
        if let Some((_, before)) = kept.by_sha256.insert(sha256.to_owned(), (asked, Arc::clone(tree))) {
            kept.bytes -= before.bytes;
        }
        while kept.bytes > CACHE_BYTES {
            let oldest = kept.by_sha256.iter().min_by_key(|(_, (last, _))| *last).map(|(sha256, _)| sha256.clone());
            let Some((_, gone)) = oldest.and_then(|sha256| kept.by_sha256.remove(&sha256)) else { break };
            kept.bytes -= gone.bytes;
        }
    }
}

/// The folders in an unpacked archive that have a `plugin.js`: the module's own, and those of the modules of a service.
pub fn plugin_folders(unpacked: &Path, name: &ModuleName) -> Vec<String> {
    let own = name.as_str().replace('.', "/");
    let mut folders = vec![own.clone()];
    if own.split('/').count() < 3
        && let Ok(entries) = unpacked.join(&own).read_dir()
    {
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        folders.extend(names.filter(|name| name != "node_modules").map(|name| format!("{own}/{name}")));
    }
    folders.retain(|folder| unpacked.join(folder).join("plugin.js").is_file());
    folders.sort();
    folders
}

impl Registry {
    /// What was read off every installed archive, by module.
    pub async fn installed_manifests(&self) -> Result<Vec<Manifest>> {
        let archives = self.inner.store.read(store::modules::installed_archives).await?;
        Ok(archives.into_iter().map(|archive| archive.manifest).collect())
    }

    /// The installed modules that `wanted` picks, by name, with their trees.
    pub async fn installed_modules(&self, wanted: impl Fn(&Manifest) -> bool) -> Result<Vec<InstalledModule>> {
        let mut archives = self.inner.store.read(store::modules::installed_archives).await?;
        archives.retain(|archive| wanted(&archive.manifest));
        let this = self.clone();
        tokio::task::spawn_blocking(move || {
            archives
                .into_iter()
                .map(|store::modules::Archive { sha256, manifest, .. }| {
                    let tree = this.tree(&sha256, &manifest)?;
                    Ok(InstalledModule { sha256, manifest, tree })
                })
                .collect()
        })
        .await?
    }

    /// The unpacked files of an archive.
    pub fn unpacked_folder(&self, sha256: &str) -> PathBuf {
        self.inner.data.modules().join(sha256)
    }

    pub(super) fn tree(&self, sha256: &str, manifest: &Manifest) -> Result<Arc<Tree>> {
        if let Some(tree) = self.inner.trees.get(sha256) {
            return Ok(tree);
        }
        let is_component = |name: &str| manifest.components.iter().any(|component| component.name == name);
        let tree = Arc::new(Tree::read(self.unpacked_folder(sha256), is_component)?);
        self.inner.trees.put(sha256, &tree);
        Ok(tree)
    }
}
