//! The `stockroom` program: reads the command line and starts what it asks for.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use stockroom::server::{archive::Limits, catalogue, config::Config, config::Options, http, state::AppState};
use tokio::net::TcpListener;

/// How long what is under way may take after the server was asked to end.
const GRACE: Duration = Duration::from_secs(10);

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
    /// Work with catalogues.
    #[command(subcommand)]
    Catalogue(CatalogueCommand),
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
        Command::Catalogue(CatalogueCommand::Index { dir }) => index(&dir),
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

async fn run(config: Config) -> Result<(), String> {
    let address = config.listen.value;
    let listener = TcpListener::bind(address).await.map_err(|cause| match cause.kind() {
        std::io::ErrorKind::AddrInUse => {
            format!("{address} is in use: stop what listens there, or choose another with --listen")
        }
        _ => format!("cannot listen on {address} ({cause}): choose another address with --listen"),
    })?;
    let address = listener.local_addr().map_err(|cause| cause.to_string())?;
    let state = AppState::open(&config).await?;
    // Before anybody can think it ready: a signal without a handler would end it at once.
    let asked_to_end = asked_to_end().map_err(|cause| format!("signals cannot be received ({cause})"))?;
    println!("Stockroom is ready at http://{address}/backoffice/");

    let (stopping, registry, store) = (state.stopping.clone(), state.registry.clone(), state.store.clone());
    let server = axum::serve(listener, http::router(state)).with_graceful_shutdown({
        let stopping = stopping.clone();
        async move { stopping.cancelled().await }
    });
    let server = tokio::spawn(server.into_future());
    asked_to_end.await;
    tracing::info!("ending: what is under way has {} seconds", GRACE.as_secs());
    stopping.cancel();
    let finished = tokio::time::timeout(GRACE, async {
        registry.finish().await;
        server.await
    });
    match finished.await {
        Ok(Ok(Ok(()))) => {}
        Ok(Ok(Err(cause))) => tracing::error!(%cause, "the listener failed"),
        Ok(Err(cause)) => tracing::error!(%cause, "the server failed"),
        Err(_) => tracing::warn!("not everything ended in time; it goes on at the next start"),
    }
    store.close().await;
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
