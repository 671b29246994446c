//! The `stockroom` program: reads the command line and starts what it asks for.

use std::{
    ffi::OsString,
    io::{IsTerminal, Write},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use axum::serve::ListenerExt;
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};
use stockroom::{
    domain::person::{ADMIN, USER},
    server::{
        access::{NewPerson, People, SudoActor},
        archive::Limits,
        catalogue,
        config::{Config, Options},
        data::DataFolder,
        engine::host::guard,
        error::ServerError,
        http,
        state::AppState,
        store::Store,
    },
};
use tikv_jemallocator::Jemalloc;
use tokio::net::TcpListener;

/// Gives memory back that is not needed any more, such as after a catalogue was read for the first time.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// How long what is under way may take after the server was asked to end, and then the end of components' processes.
const GRACE: Duration = Duration::from_millis(8_500);
const LAST: Duration = Duration::from_millis(500);

/// The open, self-hosted back office for the connector modules of a workflow-automation engine.
///
/// `stockroom serve` starts it; then open the address that it prints in a browser.
#[derive(Parser)]
#[command(
    version,
    after_help = "Every option of `serve` can also be set by its STOCKROOM_* variable, or in a TOML file \
named by --config;\nthe command line wins over the environment, and the environment over the file."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start the server.
    ///
    /// Examples:
    ///   stockroom serve
    ///   stockroom serve --listen 127.0.0.1:9000 --data /var/lib/stockroom
    ///   stockroom serve --catalogue starter --catalogue ./my-modules
    #[command(verbatim_doc_comment)]
    Serve(Options),
    /// Print the effective configuration as TOML, and where each value came from.
    Config(Options),
    /// Add users, or give one another password, without the back office.
    #[command(subcommand)]
    User(UserCommand),
    /// Work with catalogues.
    #[command(subcommand)]
    Catalogue(CatalogueCommand),
    /// Become a process that ends with the server: what the server starts, not people.
    #[command(name = guard::SUBCOMMAND, hide = true)]
    ComponentProcess {
        server: i32,
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        command_line: Vec<OsString>,
    },
}

#[derive(Subcommand)]
enum CatalogueCommand {
    /// Write an index.json into DIR, so that other machines can use the modules in it as a catalogue.
    ///
    /// Archives and unpacked modules anywhere below DIR are found, checked and listed; publish DIR with any web server.
    Index {
        /// Folder with the modules.
        dir: PathBuf,
    },
}

#[derive(Subcommand)]
enum UserCommand {
    /// Add a user. The password is asked for, or read as a line from standard input.
    Add {
        /// E-mail address.
        email: String,
        /// Make an administrator.
        #[arg(long)]
        admin: bool,
        #[command(flatten)]
        options: Options,
    },
    /// Give a user another password and sign them out everywhere: for when nobody can sign in any more.
    ResetPassword {
        /// E-mail address.
        email: String,
        #[command(flatten)]
        options: Options,
    },
}

fn main() -> ExitCode {
    let matches = Cli::command().get_matches();
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let options = matches.subcommand().map(|(_, options)| options).unwrap_or(&matches);
    let result = match cli.command {
        Command::Serve(given) => Config::resolve(given, options).and_then(serve),
        Command::Config(given) => Config::resolve(given, options).map(|config| print!("{config}")),
        Command::User(command) => user(command, options),
        Command::Catalogue(CatalogueCommand::Index { dir }) => index(&dir),
        Command::ComponentProcess { server, command_line } => Err(guard::become_process(server, &command_line)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(line) => {
            eprintln!("stockroom: {line}");
            ExitCode::from(2)
        }
    }
}

fn index(dir: &std::path::Path) -> Result<(), String> {
    let written = catalogue::write_index(dir, &Limits::default())?;
    for line in &written.left_out {
        eprintln!("left out: {line}");
    }
    println!("{} modules in {}", written.modules, dir.join("index.json").display());
    Ok(())
}

/// Works on the data folder itself, so the server has to be stopped: it holds the folder.
fn user(command: UserCommand, matches: &ArgMatches) -> Result<(), String> {
    let matches = matches.subcommand().map_or(matches, |(_, options)| options);
    let (email, is_new, scopes, options) = match command {
        UserCommand::Add { email, admin: true, options } => {
            (email, true, vec![ADMIN.to_owned(), USER.to_owned()], options)
        }
        UserCommand::Add { email, admin: false, options } => (email, true, vec![USER.to_owned()], options),
        UserCommand::ResetPassword { email, options } => (email, false, Vec::new(), options),
    };
    let config = Config::resolve(options, matches)?;
    let data = DataFolder::open(&config.data.value)?;
    let password = read_password(&email)?;
    let runtime = tokio::runtime::Runtime::new().map_err(|cause| cause.to_string())?;
    let text = |error: ServerError| error.public().message;
    runtime.block_on(async {
        let store = Store::open(&data.database()).await.map_err(|cause| cause.to_string())?;
        let people = People::new(store.clone());
        let actor = SudoActor::command_line();
        if is_new {
            let new = NewPerson { email, password, scopes, ..NewPerson::default() };
            let person = people.add(&actor, new).await.map_err(text)?;
            println!("{} can sign in now.", person.email);
        } else {
            let wanted = email.trim().to_lowercase();
            let everybody = people.list(&actor).await.map_err(text)?;
            let person = everybody
                .into_iter()
                .find(|person| person.email == wanted)
                .ok_or_else(|| format!("there is no user {wanted}: `stockroom user add` makes one"))?;
            people.reset_password(&actor, &person.id, password).await.map_err(text)?;
            println!("{} has a new password.", person.email);
        }
        store.close().await;
        Ok(())
    })
}

/// Asks for the password on the terminal, twice; else reads a line.
fn read_password(email: &str) -> Result<String, String> {
    if std::io::stdin().is_terminal() {
        let ask = |prompt: String| rpassword::prompt_password(prompt).map_err(|cause| cause.to_string());
        let password = ask(format!("Password for {email}: "))?;
        if ask("Once more: ".to_owned())? != password {
            return Err("the two passwords are not the same".to_owned());
        }
        return Ok(password);
    }
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).map_err(|cause| format!("the password cannot be read ({cause})"))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn serve(config: Config) -> Result<(), String> {
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("STOCKROOM_LOG")
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info")),
        )
        .with_writer(std::io::stderr)
        .init();
    // Rendering blocks on resources: on one core a single worker could wait for itself.
    let workers = std::thread::available_parallelism().map_or(4, usize::from).max(4);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        .enable_all()
        .build()
        .map_err(|cause| cause.to_string())?;
    let result = runtime.block_on(run(config));
    // A thread that waits for a silent catalogue must not hold up the end.
    runtime.shutdown_background();
    result
}

async fn run(mut config: Config) -> Result<(), String> {
    let address = config.listen.value;
    let listener = TcpListener::bind(address).await.map_err(|cause| match cause.kind() {
        std::io::ErrorKind::AddrInUse => {
            format!("{address} is in use: stop what listens there, or choose another with --listen")
        }
        _ => format!("cannot listen on {address} ({cause}): choose another address with --listen"),
    })?;
    let address = listener.local_addr().map_err(|cause| cause.to_string())?;
    config.listen.value = address;
    guard::offer();
    http::prepare();
    let state = AppState::open(&config).await?;
    // While the list is loading.
    let router = http::router(state.clone());
    let resumed = async { state.engine.resume().await.map_err(|cause| cause.to_string()) };
    tokio::try_join!(state.loaded(), resumed)?;
    // Before anybody can think it ready: a signal without a handler would end it at once.
    let asked_to_end = asked_to_end().map_err(|cause| format!("signals cannot be received ({cause})"))?;
    println!("Stockroom is ready at http://{address}/backoffice/");
    if state.people.is_empty().await.map_err(|cause| cause.to_string())? {
        let token = state.set_up.begin().map_err(|cause| cause.to_string())?;
        let base = config.public_url.value.clone().unwrap_or_else(|| format!("http://{address}"));
        let link = format!("{}/backoffice/set-up?token={token}", base.trim_end_matches('/'));
        // Whoever reads the terminal may have gone; the log has it, too.
        let _ = writeln!(std::io::stdout(), "There is no administrator yet. Within an hour, open {link}");
        tracing::warn!(link, "there is no administrator yet: this link makes one, once");
    }

    state.engine.spawn();
    state.webhook.spawn();
    let (stopping, store) = (state.stopping.clone(), state.store.clone());
    let (registry, engine, webhook) = (state.registry.clone(), state.engine.clone(), state.webhook.clone());
    let processes = engine.clone();
    // Otherwise the end of an answer waits until the caller has acknowledged its beginning: 40 ms, for nothing.
    let listener = listener.tap_io(|connection| {
        if let Err(cause) = connection.set_nodelay(true) {
            tracing::debug!(%cause, "a connection cannot be told not to wait");
        }
    });
    let server = axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown({
            let stopping = stopping.clone();
            async move { stopping.cancelled().await }
        });
    let server = tokio::spawn(server.into_future());
    state.spawn_keepers();
    // Asking Node what it is takes a moment, for which the first installation would wait otherwise.
    let first = processes.clone();
    tokio::spawn(async move { drop(first.cannot_run().await) });
    asked_to_end.await;
    tracing::info!("ending: what is under way has {} seconds", GRACE.as_secs());
    stopping.cancel();
    let finished = tokio::time::timeout(GRACE, async {
        // Side by side: together they have no longer than one of them.
        let ((), (), (), ended) = tokio::join!(registry.finish(), engine.stop(), webhook.stop(), server);
        ended
    });
    match finished.await {
        Ok(Ok(Ok(()))) => {}
        Ok(Ok(Err(cause))) => tracing::error!(%cause, "the listener failed"),
        Ok(Err(cause)) => tracing::error!(%cause, "the server failed"),
        Err(_) => tracing::warn!("not everything ended in time; it goes on at the next start"),
    }
    store.close().await;
    // Only now: that something has ended because of this is nothing to keep.
    processes.end_processes(LAST).await;
    Ok(())
}

/// Listens from now on for SIGTERM and Ctrl-C; gives what waits for them.
fn asked_to_end() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
