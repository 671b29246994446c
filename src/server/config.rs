//! The configuration: command line over environment over file over default, and where each value came from.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use clap::{ArgMatches, Args, parser::ValueSource};
use serde::Deserialize;

use super::archive::Limits;
use crate::domain::name::ModuleName;

const LISTEN: &str = "127.0.0.1:8080";
const DATA: &str = "stockroom-data";
/// In place of a Node.js: run no components.
pub const NO_NODE: &str = "off";

/// The options of `stockroom serve` and `stockroom config`. The file's keys have the same names, with `_` for `-`.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// A TOML file with these settings.
    #[arg(long, env = "STOCKROOM_CONFIG", value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,

    /// Address and port to listen on; port 0 takes a free one. [default: 127.0.0.1:8080]
    ///
    /// Without users only loopback addresses are accepted.
    #[arg(long, env = "STOCKROOM_LISTEN", value_name = "ADDRESS")]
    pub listen: Option<String>,

    /// Folder for the registry and the archives; made where it is missing. [default: stockroom-data]
    #[arg(long, env = "STOCKROOM_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,

    /// Where modules come from; may be given several times. [default: starter]
    ///
    /// The word `starter` (the modules that Stockroom carries), a folder with archives or unpacked modules, or the
    /// https address of an `index.json` made by `stockroom catalogue index`.
    #[arg(long, env = "STOCKROOM_CATALOGUE", value_name = "DIR|URL", value_delimiter = ',')]
    pub catalogue: Option<Vec<String>>,

    /// Largest accepted archive, in bytes. [default: 10485760]
    #[arg(long, env = "STOCKROOM_MAX_ARCHIVE_BYTES", value_name = "BYTES")]
    pub max_archive_bytes: Option<u64>,

    /// Let catalogues lie on loopback, private and link-local addresses, and be read over plain http. [default: false]
    #[arg(long, env = "STOCKROOM_ALLOW_PRIVATE_ADDRESSES", value_name = "BOOL", num_args = 0..=1,
          default_missing_value = "true")]
    pub allow_private_addresses: Option<bool>,

    /// The address under which browsers reach this server, such as https://stockroom.example.com.
    ///
    /// With https, cookies are sent over TLS alone.
    #[arg(long, env = "STOCKROOM_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,

    /// Addresses of the proxies in front of this server, whose `X-Forwarded-For` is believed. [default: none]
    #[arg(long, env = "STOCKROOM_TRUSTED_PROXY", value_name = "ADDRESS", value_delimiter = ',')]
    pub trusted_proxy: Option<Vec<IpAddr>>,

    /// File with the secret key that signs tokens and encrypts secrets; made where it is missing, for its owner alone.
    /// [default: secret.key in the data folder]
    #[arg(long, env = "STOCKROOM_KEY_FILE", value_name = "FILE")]
    pub key_file: Option<PathBuf>,

    /// The Node.js that runs components, by path or by a name on the PATH, with its npm beside it; `off` runs none.
    /// [default: node]
    #[arg(long, env = "STOCKROOM_NODE", value_name = "PROGRAM")]
    pub node: Option<String>,

    /// A module whose code may start programs and load compiled code; may be given several times. [default: none]
    ///
    /// Neither is held by what keeps other modules to their own files: trust modules whose author you trust with everything
    /// that this server's user may do.
    #[arg(long, env = "STOCKROOM_TRUST_MODULES", value_name = "NAME", value_delimiter = ',')]
    pub trust_module: Option<Vec<String>>,
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Default,
    File(PathBuf),
    Environment(&'static str),
    CommandLine,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => write!(f, "default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment(name) => write!(f, "{name}"),
            Self::CommandLine => write!(f, "command line"),
        }
    }
}

/// A value with its origin.
#[derive(Clone, Debug)]
pub struct Setting<T> {
    pub value: T,
    pub origin: Origin,
}

/// The effective configuration.
#[derive(Clone, Debug)]
pub struct Config {
    pub listen: Setting<SocketAddr>,
    pub data: Setting<PathBuf>,
    pub catalogue: Setting<Vec<String>>,
    pub max_archive_bytes: Setting<u64>,
    pub allow_private_addresses: Setting<bool>,
    pub public_url: Setting<Option<String>>,
    pub trusted_proxy: Setting<Vec<IpAddr>>,
    pub key_file: Setting<Option<PathBuf>>,
    pub node: Setting<String>,
    /// Modules that may start programs.
    pub trust_module: Setting<Vec<ModuleName>>,
    /// E-mail address and password, from the environment alone: neither belongs into a file or a list of processes.
    pub first_administrator: Option<(String, String)>,
    /// The secret key itself in base64, in place of a file; from the environment alone.
    pub key: Option<String>,
}

/// What a server is told about the network around it.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// Browsers come over TLS.
    pub is_secure: bool,
    pub trusted_proxies: Vec<IpAddr>,
}

impl Config {
    /// Puts the sources together.
    ///
    /// # Errors
    /// A line that says which value is wrong and what to do.
    pub fn resolve(options: Options, matches: &ArgMatches) -> Result<Self, String> {
        let (file, path) = match &options.config {
            None => (Options::default(), PathBuf::new()),
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|cause| format!("the configuration file {} cannot be read ({cause})", path.display()))?;
                let options: Options = toml::from_str(&text)
                    .map_err(|cause| format!("the configuration file {} is wrong: {cause}", path.display()))?;
                (options, path.clone())
            }
        };
        let pick = Pick { matches, path };
        let listen = pick.setting("listen", "STOCKROOM_LISTEN", options.listen, file.listen, || LISTEN.to_owned());
        let address: SocketAddr = listen.value.parse().map_err(|_| {
            format!("{:?} (from {}) is no address with a port: write it like {LISTEN}", listen.value, listen.origin)
        })?;
        Ok(Self {
            listen: Setting { value: address, origin: listen.origin },
            data: pick.setting("data", "STOCKROOM_DATA", options.data, file.data, || PathBuf::from(DATA)),
            catalogue: pick.setting("catalogue", "STOCKROOM_CATALOGUE", options.catalogue, file.catalogue, || {
                vec!["starter".to_owned()]
            }),
            max_archive_bytes: pick.setting(
                "max_archive_bytes",
                "STOCKROOM_MAX_ARCHIVE_BYTES",
                options.max_archive_bytes,
                file.max_archive_bytes,
                || Limits::default().archive_bytes,
            ),
            allow_private_addresses: pick.setting(
                "allow_private_addresses",
                "STOCKROOM_ALLOW_PRIVATE_ADDRESSES",
                options.allow_private_addresses,
                file.allow_private_addresses,
                || false,
            ),
            public_url: public_url(pick.setting(
                "public_url",
                "STOCKROOM_PUBLIC_URL",
                options.public_url.map(Some),
                file.public_url.map(Some),
                || None,
            ))?,
            trusted_proxy: pick.setting(
                "trusted_proxy",
                "STOCKROOM_TRUSTED_PROXY",
                options.trusted_proxy,
                file.trusted_proxy,
                Vec::new,
            ),
            key_file: pick.setting(
                "key_file",
                "STOCKROOM_KEY_FILE",
                options.key_file.map(Some),
                file.key_file.map(Some),
                || None,
            ),
            node: pick.setting("node", "STOCKROOM_NODE", options.node, file.node, || "node".to_owned()),
            trust_module: module_names(pick.setting(
                "trust_module",
                "STOCKROOM_TRUST_MODULES",
                options.trust_module,
                file.trust_module,
                Vec::new,
            ))?,
            first_administrator: first_administrator()?,
            key: from_environment("STOCKROOM_KEY"),
        })
    }

    pub fn surroundings(&self) -> Surroundings {
        Surroundings {
            is_secure: self.public_url.value.as_deref().is_some_and(|url| url.starts_with("https://")),
            trusted_proxies: self.trusted_proxy.value.clone(),
        }
    }

    /// Where components reach this server, without a slash at its end.
    pub fn api_url(&self) -> String {
        let own = || format!("http://{}", self.listen.value);
        self.public_url.value.as_deref().map_or_else(own, |url| url.trim_end_matches('/').to_owned())
    }

    pub fn limits(&self) -> Limits {
        Limits { archive_bytes: self.max_archive_bytes.value, ..Limits::default() }
    }
}

/// As `stockroom config` prints it: valid TOML, the origins as comments.
impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "listen = \"{}\"  # {}", self.listen.value, self.listen.origin)?;
        writeln!(f, "data = {:?}  # {}", self.data.value, self.data.origin)?;
        writeln!(f, "catalogue = {:?}  # {}", self.catalogue.value, self.catalogue.origin)?;
        writeln!(f, "max_archive_bytes = {}  # {}", self.max_archive_bytes.value, self.max_archive_bytes.origin)?;
        writeln!(
            f,
            "allow_private_addresses = {}  # {}",
            self.allow_private_addresses.value, self.allow_private_addresses.origin
        )?;
        if let Some(url) = &self.public_url.value {
            writeln!(f, "public_url = {url:?}  # {}", self.public_url.origin)?;
        }
        let proxies: Vec<String> = self.trusted_proxy.value.iter().map(ToString::to_string).collect();
        writeln!(f, "trusted_proxy = {proxies:?}  # {}", self.trusted_proxy.origin)?;
        if let Some(path) = &self.key_file.value {
            writeln!(f, "key_file = {path:?}  # {}", self.key_file.origin)?;
        }
        writeln!(f, "node = {:?}  # {}", self.node.value, self.node.origin)?;
        let trusted: Vec<&str> = self.trust_module.value.iter().map(ModuleName::as_str).collect();
        writeln!(f, "trust_module = {trusted:?}  # {}", self.trust_module.origin)?;
        Ok(())
    }
}

fn public_url(setting: Setting<Option<String>>) -> Result<Setting<Option<String>>, String> {
    if let Some(url) = &setting.value
        && !(url.starts_with("https://") || url.starts_with("http://"))
    {
        return Err(format!(
            "{url:?} (from {}) is no address of a web server: write it like https://stockroom.example.com",
            setting.origin
        ));
    }
    Ok(setting)
}

fn module_names(setting: Setting<Vec<String>>) -> Result<Setting<Vec<ModuleName>>, String> {
    let names = setting.value.iter().map(|text| {
        let text = text.trim();
        ModuleName::parse(text).map_err(|fault| format!("{text:?} (from {}) is no module: {fault}", setting.origin))
    });
    Ok(Setting { value: names.collect::<Result<_, _>>()?, origin: setting.origin.clone() })
}

fn from_environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn first_administrator() -> Result<Option<(String, String)>, String> {
    match (from_environment("STOCKROOM_ADMIN_EMAIL"), from_environment("STOCKROOM_ADMIN_PASSWORD")) {
        (Some(email), Some(password)) => Ok(Some((email, password))),
        (None, None) => Ok(None),
        _ => Err("set both STOCKROOM_ADMIN_EMAIL and STOCKROOM_ADMIN_PASSWORD, or neither".to_owned()),
    }
}

struct Pick<'a> {
    matches: &'a ArgMatches,
    path: PathBuf,
}

impl Pick<'_> {
    fn setting<T>(
        &self,
        id: &str,
        variable: &'static str,
        given: Option<T>,
        file: Option<T>,
        default: impl FnOnce() -> T,
    ) -> Setting<T> {
        match (given, file) {
            (Some(value), _) if self.matches.value_source(id) == Some(ValueSource::EnvVariable) => {
                Setting { value, origin: Origin::Environment(variable) }
            }
            (Some(value), _) => Setting { value, origin: Origin::CommandLine },
            (None, Some(value)) => Setting { value, origin: Origin::File(self.path.clone()) },
            (None, None) => Setting { value: default(), origin: Origin::Default },
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{Command, FromArgMatches};

    use super::*;

    fn resolve(arguments: &[&str]) -> Result<Config, String> {
        let matches = Options::augment_args(Command::new("stockroom"))
            .try_get_matches_from(std::iter::once(&"stockroom").chain(arguments))
            .map_err(|cause| cause.to_string())?;
        Config::resolve(Options::from_arg_matches(&matches).expect("matches"), &matches)
    }

    #[test]
    fn the_command_line_wins_over_the_file_and_the_file_over_the_default() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("stockroom.toml");
        std::fs::write(&file, "listen = \"127.0.0.1:1\"\ndata = \"/srv/a\"\n").expect("writes");
        let file = file.to_str().expect("UTF-8");
        let config = resolve(&["--config", file, "--listen", "127.0.0.1:2"]).expect("resolves");
        assert_eq!((config.listen.value.port(), config.listen.origin), (2, Origin::CommandLine));
        assert_eq!(config.data.origin, Origin::File(file.into()));
        assert_eq!(config.catalogue.value, ["starter"]);
        assert_eq!(config.catalogue.origin, Origin::Default);
    }

    #[test]
    fn mistakes_are_named() {
        assert!(resolve(&["--listen", "localhost"]).is_err_and(|line| line.contains("127.0.0.1:8080")));
        assert!(resolve(&["--public-url", "stockroom.example"]).is_err_and(|line| line.contains("https://")));
        assert!(resolve(&["--trust-module", "acme"]).is_err_and(|line| line.contains("vendor.service")));
        assert!(resolve(&["--config", "/nowhere.toml"]).is_err_and(|line| line.contains("/nowhere.toml")));
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("stockroom.toml");
        std::fs::write(&file, "lissten = 1\n").expect("writes");
        assert!(resolve(&["--config", file.to_str().expect("UTF-8")]).is_err_and(|line| line.contains("lissten")));
    }

    #[test]
    fn what_config_prints_is_a_configuration_file() {
        let trusted = ["--trust-module", "acme.pay", "--trust-module", "acme.git.core"];
        let printed = resolve(&[&["--data", "/srv/b"], &trusted[..]].concat()).expect("resolves").to_string();
        assert!(printed.contains(r#"trust_module = ["acme.pay", "acme.git.core"]  # command line"#));
        assert!(printed.contains("data = \"/srv/b\"  # command line"));
        toml::from_str::<Options>(&printed).expect("is TOML");
    }
}
