//! How large an archive and what is in it may be.

/// Bounds on an archive. They hold for what is really read, never for what the archive declares.
///
/// The defaults leave room for every public module (the largest has 1.5 MB packed, 2 MB unpacked,
/// 105 files, paths of 128 bytes) and follow the incident list in `docs/SECURITY.md` (S5, S8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the zip itself.
    pub archive_bytes: u64,
    /// Files and folders listed in the zip.
    pub entries: u64,
    /// Bytes of all files together once unpacked.
    pub unpacked_bytes: u64,
    /// Bytes of one file once unpacked.
    pub entry_bytes: u64,
    /// How many times larger than packed one file may be once unpacked.
    pub ratio: u64,
    /// Files of up to this many bytes are not held to `ratio`: they are too small to harm.
    pub ratio_from_bytes: u64,
    /// Bytes of a path inside the zip.
    pub path_bytes: usize,
    /// Segments of a path inside the zip.
    pub path_depth: usize,
    /// Components of one module; and as many other manifests.
    pub components: usize,
    /// Bytes of one manifest: `bundle.json`, `service.json`, `module.json` or `component.json`.
    pub manifest_bytes: usize,
    /// Bytes of a script that is searched for its sign-in kind and for `context.config`.
    pub script_bytes: usize,
    /// Bytes of one decoded icon.
    pub icon_bytes: usize,
    /// Bytes of all decoded icons together.
    pub icons_bytes: usize,
    /// Bytes of the README that are kept.
    pub readme_bytes: usize,
    /// Findings that are reported before the rest is only counted; the same for warnings.
    pub findings: usize,
}

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

impl Default for Limits {
    fn default() -> Self {
        Self {
            archive_bytes: 10 * MIB,
            entries: 10_000,
            unpacked_bytes: 256 * MIB,
            entry_bytes: 64 * MIB,
            ratio: 100,
            ratio_from_bytes: MIB,
            path_bytes: 255,
            path_depth: 20,
            components: 500,
            manifest_bytes: 2 << 20,
            script_bytes: 2 << 20,
            icon_bytes: 1_000_000,
            icons_bytes: 16_000_000,
            readme_bytes: 200_000,
            findings: 200,
        }
    }
}
