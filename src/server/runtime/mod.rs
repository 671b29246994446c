//! Makes unpacked modules ready to run: a folder each with the module's files and what npm installs beside them, in which
//! every component and plugin has been loaded once.
//!
//! The unpacked files themselves stay as they came: downloads and edits are made from them.

mod npm;

use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use futures::future::BoxFuture;
use serde_json::{Value, json};

pub use self::npm::Npm;
use super::engine::host::{CallError, Calls, ComponentHost, Invocation, Method};
use crate::domain::{finding::Finding, name::ModuleName};

/// Bytes of npm's output that are kept: the last ones.
pub const OUTPUT_BYTES: usize = 32 << 10;
/// What comes after an installation waits for so long.
const MOMENT: Duration = Duration::from_millis(50);

/// Folders that are ready to run.
#[derive(Clone)]
pub struct Runtime {
    inner: Arc<Inner>,
}

struct Inner {
    /// Unpacked archives, a folder each by SHA-256.
    modules: PathBuf,
    /// Folders that are ready, by the same names.
    ready: PathBuf,
    temporary: PathBuf,
    node: Node,
}

/// What builds and runs modules.
pub struct Node {
    pub npm: Npm,
    pub host: Arc<dyn ComponentHost>,
}

/// An unpacked module that is to run.
#[derive(Clone, Debug)]
pub struct Unpacked {
    pub module: ModuleName,
    pub version: String,
    /// Of the archive.
    pub sha256: String,
    /// Its components: name, and folder with slashes.
    pub components: Vec<(String, String)>,
    /// Folders with a `plugin.js`.
    pub plugins: Vec<String>,
}

/// Why a module is not ready. Nothing of it is left then.
#[derive(Debug)]
pub enum Unready {
    Cancelled,
    /// A dependency cannot be installed: why, in a sentence.
    Dependencies(String),
    /// Components that cannot be loaded, each with the reason.
    Load(Vec<Finding>),
    Internal(io::Error),
}

impl From<io::Error> for Unready {
    fn from(cause: io::Error) -> Self {
        Self::Internal(cause)
    }
}

impl Runtime {
    pub fn new(modules: PathBuf, ready: PathBuf, temporary: PathBuf, node: Node) -> Self {
        Self { inner: Arc::new(Inner { modules, ready, temporary, node }) }
    }

    /// Where an archive's files are ready to run; `None` when they are not.
    pub fn folder(&self, sha256: &str) -> Option<PathBuf> {
        Some(self.inner.ready.join(sha256)).filter(|folder| folder.is_dir())
    }

    /// Whether components can run here.
    pub async fn runs(&self) -> bool {
        self.inner.node.host.check().await.is_ok()
    }

    /// To be called when a module is going to be prepared, or soon may be: makes that quicker.
    pub async fn stand_by(&self) {
        self.inner.node.host.stand_by(&self.inner.temporary).await;
    }

    /// As [`Runtime::stand_by`], in a moment: a process that starts holds up whoever is to hear of what was just done.
    pub fn stand_by_soon(&self) {
        let this = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(MOMENT).await;
            this.stand_by().await;
        });
    }

    /// Makes an unpacked module ready: its dependencies, then every component loaded once. Where components cannot run, and for what is
    /// ready already, it does nothing.
    ///
    /// `is_cancelled` is asked several times a second; `output` gets what npm says.
    ///
    /// # Errors
    /// See [`Unready`].
    pub async fn prepare(
        &self,
        unpacked: &Unpacked,
        is_cancelled: &(dyn Fn() -> bool + Sync),
        output: &mut String,
    ) -> Result<(), Unready> {
        let node = &self.inner.node;
        let target = self.inner.ready.join(&unpacked.sha256);
        if target.is_dir() {
            return Ok(());
        }
        if let Err(reason) = node.host.check().await {
            output.push_str(&reason);
            return Ok(());
        }
        let draft = node.host.trial_folder(&unpacked.module, &self.inner.temporary).await;
        let made = self.make(node, unpacked, &draft, is_cancelled, output).await;
        node.host.end_trial(&draft).await;
        let kept = match made {
            // Somebody else may have been quicker: the same files.
            Ok(()) => {
                fs::rename(&draft, &target).or_else(|cause| if target.is_dir() { Ok(()) } else { Err(cause.into()) })
            }
            Err(cause) => Err(cause),
        };
        // Where it was renamed there is nothing left.
        let _ = fs::remove_dir_all(&draft);
        kept
    }

    /// Deletes what was made ready of an archive.
    ///
    /// # Errors
    /// When it is there and cannot be deleted.
    pub async fn forget(&self, sha256: &str) -> io::Result<()> {
        match tokio::fs::remove_dir_all(self.inner.ready.join(sha256)).await {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(cause),
            _ => Ok(()),
        }
    }

    async fn make(
        &self,
        node: &Node,
        unpacked: &Unpacked,
        draft: &Path,
        is_cancelled: &(dyn Fn() -> bool + Sync),
        output: &mut String,
    ) -> Result<(), Unready> {
        let (from, to) = (self.inner.modules.join(&unpacked.sha256), draft.to_owned());
        let lay = if node.host.guards(&unpacked.module).await { link } else { copy };
        let packages = tokio::task::spawn_blocking(move || lay_out(&from, &to, lay));
        let packages = packages.await.map_err(io::Error::other)??;
        for package in packages {
            node.npm.install(&package, draft, is_cancelled, output).await?;
        }
        let plugins: Vec<_> = unpacked.plugins.iter().map(|folder| (folder.replace('/', "."), folder)).collect();
        let parts = || {
            let components = unpacked.components.iter().map(|(name, folder)| (Method::Load, name, folder));
            components.chain(plugins.iter().map(|(name, folder)| (Method::Trial, name, *folder)))
        };
        // All at once, as most modules are sound. Where one is not, each is loaded alone: one that ends the process would be
        // blamed on the others.
        let together = parts().map(|(method, name, folder)| load(node, unpacked, draft, method, name, folder));
        if futures::future::join_all(together).await.iter().all(Option::is_none) {
            return Ok(());
        }
        let mut findings = Vec::new();
        for (method, name, folder) in parts() {
            if is_cancelled() {
                return Err(Unready::Cancelled);
            }
            findings.extend(load(node, unpacked, draft, method, name, folder).await);
        }
        if findings.is_empty() { Ok(()) } else { Err(Unready::Load(findings)) }
    }
}

/// Loads a component or a plugin, and gives why it cannot be loaded.
async fn load(
    node: &Node,
    unpacked: &Unpacked,
    draft: &Path,
    method: Method,
    name: &str,
    folder: &str,
) -> Option<Finding> {
    let invocation = Invocation {
        module: unpacked.module.clone(),
        root: draft.to_owned(),
        folder: folder.to_owned(),
        component: name.to_owned(),
        method,
        context: json!({}),
        shared: BTreeMap::new(),
    };
    let failure = node.host.invoke(invocation, Arc::new(Nothing)).await.err()?;
    Some(match method {
        Method::Trial => {
            let message = format!("The plugin {name} cannot be loaded: {}", failure.message);
            Finding::at("load", &format!("{folder}/plugin.js"), message)
        }
        _ => Finding::at("load", folder, format!("{name} cannot be loaded: {}", failure.message)),
    })
}

/// Lays a file down at another place, where nothing is.
type Lay = fn(&Path, &Path) -> io::Result<()>;

/// Where a module's code could write, it could change by a link what edits and downloads of parts are made from.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to).map(drop)
}

/// A second name for the same file, where the file system can do that.
fn link(from: &Path, to: &Path) -> io::Result<()> {
    fs::hard_link(from, to).or_else(|_| copy(from, to))
}

/// Lays the files of one folder into another, and gives the folders that have a `package.json` with dependencies.
fn lay_out(from: &Path, to: &Path, lay: Lay) -> io::Result<Vec<PathBuf>> {
    let mut packages = Vec::new();
    for entry in walkdir::WalkDir::new(from).follow_links(false).sort_by_file_name() {
        let entry = entry?;
        let inner = entry.path().strip_prefix(from).map_err(io::Error::other)?;
        let target = to.join(inner);
        if entry.file_type().is_dir() {
            DirBuilder::new().mode(0o700).create(&target)?;
        } else if entry.file_type().is_file() {
            let is_package = entry.file_name() == "package.json";
            // npm may write in it.
            if is_package {
                copy(entry.path(), &target)?
            } else {
                lay(entry.path(), &target)?
            }
            if is_package
                && has_dependencies(&target)?
                && let Some(folder) = target.parent()
            {
                packages.push(folder.to_owned());
            }
        }
    }
    Ok(packages)
}

/// Whether npm has anything to do for a `package.json`; it is JSON, as it was checked.
fn has_dependencies(file: &Path) -> io::Result<bool> {
    let package: Value = serde_json::from_slice(&fs::read(file)?).unwrap_or_default();
    let has = |key: &str| package.get(key).and_then(Value::as_object).is_some_and(|packages| !packages.is_empty());
    Ok(has("dependencies") || has("optionalDependencies"))
}

/// A component that is only loaded has nothing to ask.
struct Nothing;

impl Calls for Nothing {
    fn call(&self, name: String, _: Value) -> BoxFuture<'_, Result<Value, CallError>> {
        let message = format!("{name} is not there while the component is loaded");
        Box::pin(async move { Err(CallError { message, ..CallError::default() }) })
    }
}
