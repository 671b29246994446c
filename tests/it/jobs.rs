//! Installations under everything that can happen in their midst: kills, cancels, each other.

use std::{
    collections::BTreeSet,
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    process::Command,
    sync::{
        Mutex,
        mpsc::{Receiver, Sender, channel},
    },
};

use crate::support::{
    DEADLINE, ended, eventually,
    folder::{Folders, assert_tidy, assert_whole, column, execute, installed, kept},
    module::Module,
    server::no_node,
};
use futures::TryStreamExt;
use stockroom::{
    domain::{
        job::{Job, JobState, Outcome, Step},
        name::ModuleName,
    },
    server::{
        access::SudoActor,
        archive::Limits,
        catalogue::{Catalogue, Source},
        data::DataFolder,
        error::ServerError,
        registry::{Checkpoint, Received, Registry},
        state::open_parts,
    },
};

const NAME: &str = "acme.pay";

fn admin() -> SudoActor {
    SudoActor::command_line()
}

fn old() -> Module {
    Module::new(NAME, "1.0.0")
}

fn new() -> Module {
    Module::new(NAME, "2.0.0")
}

/// What a process has in its hands.
struct Life {
    registry: Registry,
    catalogue: Catalogue,
}

/// One life of a process on these folders: when it is over, nothing of it runs or is held any more.
fn live<T>(folders: &Folders, checkpoint: Checkpoint, work: impl AsyncFnOnce(&Life) -> T) -> T {
    live_in(folders.data(), folders.catalogue(), checkpoint, work)
}

fn live_in<T>(data: PathBuf, catalogue: PathBuf, checkpoint: Checkpoint, work: impl AsyncFnOnce(&Life) -> T) -> T {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let data = DataFolder::open(&data).expect("opens");
        let source = Source::parse(catalogue.to_str().expect("UTF-8"), false).expect("a folder");
        let parts = open_parts(data, vec![source], Limits::default(), no_node()).await.expect("opens");
        let catalogue = parts.catalogue.clone();
        let life = Life { registry: Registry::with_checkpoint(parts, checkpoint), catalogue };
        work(&life).await
    })
}

fn nothing_special() -> Checkpoint {
    Checkpoint::default()
}

impl Life {
    /// Starts to install what the catalogue has, once it has read this module.
    async fn begin(&self, module: &Module, version: &str) -> Job {
        self.catalogue.spawn_readers();
        self.read(module, version).await;
        self.registry.install(&admin(), &module.module_name(), None).await.expect("is started")
    }

    async fn read(&self, module: &Module, version: &str) {
        eventually("the catalogue has read it", async || {
            let offers = self.catalogue.offers(&module.module_name()).await.expect("asks");
            offers.iter().any(|offer| offer.version == version).then_some(())
        })
        .await;
    }

    async fn install(&self, module: &Module, version: &str) -> Job {
        let job = self.begin(module, version).await;
        ended(&self.registry, &job.id).await
    }

    async fn try_upload(&self, zip: Vec<u8>) -> Result<Job, ServerError> {
        let bytes = futures::stream::iter([Ok::<_, std::io::Error>(bytes::Bytes::from(zip))]);
        let received = Received::read(bytes, &self.registry.temporary(), 1 << 20).await.expect("comes in");
        self.registry.upload(&admin().publisher(), received, None, false).await
    }

    async fn begin_upload(&self, zip: Vec<u8>) -> Job {
        self.try_upload(zip).await.expect("is started")
    }

    async fn upload(&self, zip: Vec<u8>) -> Job {
        let job = self.begin_upload(zip).await;
        ended(&self.registry, &job.id).await
    }

    async fn download(&self, name: &ModuleName) -> Vec<u8> {
        let found = self.registry.find_archive(name, None, None).await.expect("is there");
        let (_, stream) = self.registry.open_archive(&found).await.expect("opens");
        stream
            .try_fold(Vec::new(), async |mut all, chunk| {
                all.extend(chunk);
                Ok(all)
            })
            .await
            .expect("reads")
    }

    async fn all_ended(&self) {
        eventually("no job runs", async || self.registry.running_jobs().expect("asks").is_empty().then_some(())).await;
    }
}

// Kills.

const POINT: &str = "STOCKROOM_TEST_KILL_AT";
const FOLDER: &str = "STOCKROOM_TEST_FOLDER";

/// In a process that was started to die: does `work` on its folders, and dies at its point.
fn dies_in_its_midst(work: impl AsyncFnOnce(&Life)) -> bool {
    let Ok(deadly) = std::env::var(POINT) else { return false };
    let folder = PathBuf::from(std::env::var_os(FOLDER).expect("comes with the point"));
    let checkpoint = Checkpoint::new(move |point| {
        if point == deadly {
            std::process::abort();
        }
    });
    live_in(folder.join("data"), folder.join("catalogue"), checkpoint, async |life| {
        work(life).await;
        // A job is known to have ended before it reaches its last point.
        life.registry.finish().await;
    });
    true
}

/// Runs the test `name` of this file as a process that dies at `point`.
#[track_caller]
fn kill(folders: &Folders, name: &str, point: &str) {
    let status = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", &format!("jobs::{name}"), "--nocapture"])
        .env(POINT, point)
        .env(FOLDER, folders.root.path())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status()
        .expect("starts");
    assert!(status.signal().is_some(), "it did not die at {point:?}: {status}");
}

/// After a kill at `point`: the old state or the new one at once, the new one after a start, and no litter.
fn assert_survived(folders: &Folders, point: &str, before: Option<&Module>, after: &Module) {
    let data = folders.data();
    let found = installed(&data, NAME);
    match before.filter(|module| found == Some(module.sha256())) {
        Some(module) => assert_whole(&data, module),
        None if found.is_none() => assert!(before.is_none(), "the old state is lost after {point}"),
        None => {
            assert_eq!(found, Some(after.sha256()), "neither old nor new after {point}");
            assert_whole(&data, after);
        }
    }
    let downloaded = live(folders, nothing_special(), async |life| {
        life.registry.resume().await.expect("resumes");
        life.all_ended().await;
        life.download(&after.module_name()).await
    });
    assert_eq!(installed(&data, NAME), Some(after.sha256()), "not finished after {point}");
    assert_eq!(downloaded, after.zip(), "other bytes after {point}");
    assert_whole(&data, after);
    assert_tidy(&data);
}

#[test]
fn a_fresh_install_survives_a_kill_at_every_point() {
    if dies_in_its_midst(async |life| drop(life.install(&new(), "2.0.0").await)) {
        return;
    }
    for point in Checkpoint::POINTS {
        let folders = Folders::new();
        folders.offer(&new());
        kill(&folders, "a_fresh_install_survives_a_kill_at_every_point", point);
        assert_survived(&folders, point, None, &new());
    }
}

#[test]
fn an_update_survives_a_kill_at_every_point() {
    if dies_in_its_midst(async |life| drop(life.install(&new(), "2.0.0").await)) {
        return;
    }
    for point in Checkpoint::POINTS {
        let folders = Folders::new();
        folders.offer(&old());
        live(&folders, nothing_special(), async |life| life.install(&old(), "1.0.0").await);
        folders.offer(&new());
        kill(&folders, "an_update_survives_a_kill_at_every_point", point);
        assert_survived(&folders, point, Some(&old()), &new());
    }
}

#[test]
fn an_upload_survives_a_kill_at_every_point() {
    if dies_in_its_midst(async |life| drop(life.upload(new().zip()).await)) {
        return;
    }
    for point in Checkpoint::POINTS {
        let folders = Folders::new();
        kill(&folders, "an_upload_survives_a_kill_at_every_point", point);
        assert_survived(&folders, point, None, &new());
    }
}

#[test]
fn a_job_that_ends_the_process_three_times_is_given_up_and_leaves_nothing() {
    let again = async |life: &Life| {
        if life.registry.running_jobs().expect("asks").is_empty() {
            life.begin_upload(new().zip()).await;
        } else {
            life.registry.resume().await.expect("resumes");
        }
        life.all_ended().await;
    };
    if dies_in_its_midst(again) {
        return;
    }
    let folders = Folders::new();
    for _ in 0..3 {
        kill(&folders, "a_job_that_ends_the_process_three_times_is_given_up_and_leaves_nothing", "registered");
    }
    live(&folders, nothing_special(), async |life| life.registry.resume().await.expect("resumes"));
    let jobs = column(&folders.data(), "SELECT job FROM jobs");
    let job: Job = serde_json::from_str(&jobs[0]).expect("a job");
    assert_eq!((job.state, job.failure.expect("says why").code.as_str()), (JobState::Failed, "interrupted"));
    assert_eq!(kept(&folders.data()), BTreeSet::new());
    assert_tidy(&folders.data());
}

#[test]
fn what_an_earlier_process_left_half_written_is_gone_after_a_start() {
    let folders = Folders::new();
    live(&folders, nothing_special(), async |_| ());
    let data = folders.data();
    std::fs::create_dir_all(data.join("tmp/unpack-1/acme")).expect("makes a folder");
    std::fs::create_dir_all(data.join("blobs/ab")).expect("makes a folder");
    // As the blob store names what it is still writing.
    std::fs::write(data.join("blobs/ab").join(format!("{}#1", "ab".repeat(32))), b"half").expect("writes");
    live(&folders, nothing_special(), async |_| ());
    assert_eq!(kept(&data), BTreeSet::new());
}

// Cancels and failures.

/// Holds the first job that reaches a point, until it is let go or forgotten.
struct Hold {
    reached: Receiver<()>,
    go: Sender<()>,
}

fn hold_at(point: &'static str) -> (Checkpoint, Hold) {
    let (tell, reached) = channel();
    let (go, wait) = channel::<()>();
    let wait = Mutex::new(Some(wait));
    let checkpoint = Checkpoint::new(move |at| {
        if at != point {
            return;
        }
        // Other jobs pass while one is held.
        let first = wait.lock().expect("is sound").take();
        if let Some(wait) = first {
            tell.send(()).expect("the test waits");
            // In place: what else this thread has to do goes on elsewhere.
            let _ = tokio::task::block_in_place(|| wait.recv_timeout(2 * DEADLINE));
        }
    });
    (checkpoint, Hold { reached, go })
}

impl Hold {
    fn wait(&self) {
        self.reached.recv_timeout(DEADLINE).expect("a job gets there");
    }

    fn let_go(&self) {
        self.go.send(()).expect("the job waits");
    }
}

#[test]
fn a_cancel_at_any_point_before_the_last_leaves_nothing() {
    for point in Checkpoint::POINTS {
        let folders = Folders::new();
        let (checkpoint, hold) = hold_at(point);
        let job = live(&folders, checkpoint, async |life| {
            let job = life.begin_upload(new().zip()).await;
            hold.wait();
            life.registry.cancel(&admin(), &job.id).await.expect("is known");
            hold.let_go();
            ended(&life.registry, &job.id).await
        });
        if point == "activated" {
            assert_eq!(job.state, JobState::Succeeded);
            assert_whole(&folders.data(), &new());
        } else {
            assert_eq!(job.state, JobState::Cancelled, "at {point}");
            assert_eq!(kept(&folders.data()), BTreeSet::new(), "at {point}");
        }
        assert_tidy(&folders.data());
    }
}

#[test]
fn a_cancelled_update_leaves_the_old_version_and_nothing_of_the_new() {
    for point in Checkpoint::POINTS.into_iter().filter(|point| *point != "activated") {
        let folders = Folders::new();
        folders.offer(&old());
        live(&folders, nothing_special(), async |life| life.install(&old(), "1.0.0").await);
        let before = kept(&folders.data());
        folders.offer(&new());
        let (checkpoint, hold) = hold_at(point);
        live(&folders, checkpoint, async |life| {
            let job = life.begin(&new(), "2.0.0").await;
            hold.wait();
            life.registry.cancel(&admin(), &job.id).await.expect("is known");
            hold.let_go();
            assert_eq!(ended(&life.registry, &job.id).await.state, JobState::Cancelled, "at {point}");
        });
        assert_eq!(kept(&folders.data()), before, "at {point}");
        assert_whole(&folders.data(), &old());
    }
}

#[test]
fn an_archive_that_was_installed_before_outlives_the_cancel_of_its_return() {
    let folders = Folders::new();
    live(&folders, nothing_special(), async |life| {
        life.upload(old().zip()).await;
        life.upload(new().zip()).await;
    });
    folders.offer(&old());
    let (checkpoint, hold) = hold_at("registered");
    live(&folders, checkpoint, async |life| {
        life.catalogue.spawn_readers();
        life.read(&old(), "1.0.0").await;
        let job = life.registry.install(&admin(), &old().module_name(), Some("1.0.0")).await.expect("is started");
        hold.wait();
        life.registry.cancel(&admin(), &job.id).await.expect("is known");
        hold.let_go();
        ended(&life.registry, &job.id).await
    });
    let archives = column(&folders.data(), "SELECT version FROM archives ORDER BY version");
    assert_eq!(archives, ["1.0.0", "2.0.0"]);
    assert_tidy(&folders.data());
}

#[test]
fn a_refused_archive_leaves_nothing() {
    let folders = Folders::new();
    live(&folders, nothing_special(), async |life| {
        life.upload(old().zip()).await;
        let before = kept(&folders.data());
        let broken = new().with("acme/pay/bundle.json", "{");
        let job = life.upload(broken.zip()).await;
        assert_eq!(job.failure.expect("fails").code, "invalid-archive");
        assert_eq!(kept(&folders.data()), before);
    });
    assert_whole(&folders.data(), &old());
    assert_tidy(&folders.data());
}

#[test]
fn a_job_that_ended_cannot_be_cancelled_any_more() {
    let folders = Folders::new();
    live(&folders, nothing_special(), async |life| {
        let job = life.upload(new().zip()).await;
        life.registry.cancel(&admin(), &job.id).await.expect("is known");
        let after = life.registry.job(&job.id).await.expect("is known");
        assert_eq!(after, job);
    });
}

// Jobs beside each other.

#[test]
fn two_installs_of_one_module_at_once_are_one_job_or_a_conflict() {
    let folders = Folders::new();
    folders.offer(&new());
    live(&folders, nothing_special(), async |life| {
        life.catalogue.spawn_readers();
        life.read(&new(), "2.0.0").await;
        let (actor, name) = (admin(), new().module_name());
        let install = || life.registry.install(&actor, &name, None);
        let answers = tokio::join!(install(), install(), install());
        let mut ids = BTreeSet::new();
        for answer in [answers.0, answers.1, answers.2] {
            match answer {
                Ok(job) => drop(ids.insert(job.id)),
                Err(ServerError::Conflict(_)) => {}
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(ids.len(), 1);
        life.all_ended().await;
    });
    assert_eq!(column(&folders.data(), "SELECT id FROM jobs").len(), 1);
    assert_whole(&folders.data(), &new());
}

#[test]
fn an_upload_of_a_module_that_is_being_installed_is_refused_and_leaves_nothing() {
    let folders = Folders::new();
    folders.offer(&old());
    let (checkpoint, hold) = hold_at("unpacked");
    live(&folders, checkpoint, async |life| {
        let first = life.begin(&old(), "1.0.0").await;
        hold.wait();
        let second = life.upload(new().zip()).await;
        assert_eq!(second.failure.expect("fails").code, "conflict");
        hold.let_go();
        assert_eq!(ended(&life.registry, &first.id).await.outcome, Some(Outcome::Installed));
    });
    assert_whole(&folders.data(), &old());
    assert_tidy(&folders.data());
}

#[test]
fn the_same_zip_sent_twice_at_once_is_installed_once() {
    let folders = Folders::new();
    let (checkpoint, hold) = hold_at("unpacked");
    live(&folders, checkpoint, async |life| {
        let first = life.begin_upload(new().zip()).await;
        hold.wait();
        // Its end takes nothing away from the first, whose bytes are the same.
        assert_eq!(life.upload(new().zip()).await.failure.expect("fails").code, "conflict");
        hold.let_go();
        assert_eq!(ended(&life.registry, &first.id).await.state, JobState::Succeeded);
    });
    assert_whole(&folders.data(), &new());
    assert_tidy(&folders.data());
}

#[test]
fn different_modules_are_installed_side_by_side() {
    let folders = Folders::new();
    let (checkpoint, hold) = hold_at("fetched");
    let other = Module::new("acme.mail", "1.0.0");
    live(&folders, checkpoint, async |life| {
        let first = life.begin_upload(new().zip()).await;
        hold.wait();
        assert_eq!(life.upload(other.zip()).await.state, JobState::Succeeded);
        hold.let_go();
        assert_eq!(ended(&life.registry, &first.id).await.state, JobState::Succeeded);
    });
    assert_whole(&folders.data(), &new());
    assert_whole(&folders.data(), &other);
}

#[test]
fn of_two_modules_with_the_same_component_installed_side_by_side_one_is_refused() {
    let folders = Folders::new();
    let rival = Module::new("acme.pay.core", "1.0.0");
    let (checkpoint, hold) = hold_at("registered");
    live(&folders, checkpoint, async |life| {
        let first = life.begin_upload(new().zip()).await;
        hold.wait();
        assert_eq!(life.upload(rival.zip()).await.state, JobState::Succeeded);
        hold.let_go();
        let failure = ended(&life.registry, &first.id).await.failure.expect("fails");
        assert!(failure.message.contains("acme.pay.core.Send"), "{failure:?}");
    });
    assert_whole(&folders.data(), &rival);
    assert_tidy(&folders.data());
}

#[test]
fn a_module_is_not_removed_while_it_is_being_replaced() {
    let folders = Folders::new();
    live(&folders, nothing_special(), async |life| life.upload(old().zip()).await);
    let (checkpoint, hold) = hold_at("unpacked");
    live(&folders, checkpoint, async |life| {
        let job = life.begin_upload(new().zip()).await;
        hold.wait();
        let removed = life.registry.remove(&admin().publisher(), &new().module_name()).await;
        assert!(matches!(removed, Err(ServerError::Conflict(_))), "{removed:?}");
        hold.let_go();
        ended(&life.registry, &job.id).await;
    });
    assert_whole(&folders.data(), &new());
}

#[test]
fn a_job_that_runs_is_found_even_when_one_that_ended_began_later() {
    let folders = Folders::new();
    live(&folders, nothing_special(), async |life| life.upload(old().zip()).await);
    let (checkpoint, hold) = hold_at("unpacked");
    live(&folders, checkpoint, async |life| {
        let upload = life.begin_upload(new().zip()).await;
        hold.wait();
        // An upload learns its module only when it is checked, so another job of that module may have come and gone.
        execute(&folders.data(), "UPDATE jobs SET started_at = 0 WHERE is_running");
        let latest = life.registry.latest_job(&new().module_name()).await.expect("asks");
        assert_eq!(latest.map(|job| job.id), Some(upload.id.clone()));
        hold.let_go();
        ended(&life.registry, &upload.id).await;
    });
}

// Removing, undoing, sweeping.

#[test]
fn undo_brings_back_the_same_archive() {
    let folders = Folders::new();
    live(&folders, nothing_special(), async |life| {
        life.upload(new().zip()).await;
        let name = new().module_name();
        life.registry.remove(&admin().publisher(), &name).await.expect("is removed");
        assert_eq!(installed(&folders.data(), NAME), None);
        life.registry.sweep().await.expect("sweeps");
        let install = life.registry.undo_remove(&admin(), &name).await.expect("comes back");
        assert_eq!(install.sha256, new().sha256());
        assert_eq!(life.download(&name).await, new().zip());
    });
    assert_whole(&folders.data(), &new());
}

#[test]
fn a_removal_is_not_undone_while_the_module_is_being_installed() {
    let folders = Folders::new();
    live(&folders, nothing_special(), async |life| {
        life.upload(old().zip()).await;
        life.registry.remove(&admin().publisher(), &old().module_name()).await.expect("is removed");
    });
    let (checkpoint, hold) = hold_at("unpacked");
    live(&folders, checkpoint, async |life| {
        let job = life.begin_upload(new().zip()).await;
        hold.wait();
        let undone = life.registry.undo_remove(&admin(), &old().module_name()).await;
        assert!(matches!(undone, Err(ServerError::Conflict(_))), "{undone:?}");
        hold.let_go();
        assert_eq!(ended(&life.registry, &job.id).await.outcome, Some(Outcome::Installed));
    });
}

#[test]
fn a_module_that_is_not_installed_cannot_be_removed() {
    let folders = Folders::new();
    live(&folders, nothing_special(), async |life| {
        let removed = life.registry.remove(&admin().publisher(), &new().module_name()).await;
        assert!(matches!(removed, Err(ServerError::NotFound(_))), "{removed:?}");
    });
}

#[test]
fn a_removal_of_long_ago_is_swept_away_and_what_is_installed_stays() {
    let folders = Folders::new();
    let other = Module::new("acme.mail", "1.0.0");
    live(&folders, nothing_special(), async |life| {
        life.upload(new().zip()).await;
        life.upload(other.zip()).await;
        life.registry.remove(&admin().publisher(), &new().module_name()).await.expect("is removed");
        execute(&folders.data(), "UPDATE removals SET removed_at = 0");
        life.registry.sweep().await.expect("sweeps");
        let undone = life.registry.undo_remove(&admin(), &new().module_name()).await;
        assert!(matches!(undone, Err(ServerError::NotFound(_))), "{undone:?}");
    });
    assert_eq!(column(&folders.data(), "SELECT name FROM archives"), ["acme.mail"]);
    assert_whole(&folders.data(), &other);
    assert_tidy(&folders.data());
}

#[test]
fn an_upload_whose_job_cannot_be_kept_leaves_nothing() {
    let folders = Folders::new();
    live(&folders, nothing_special(), async |life| {
        let full = "CREATE TRIGGER full BEFORE INSERT ON jobs BEGIN SELECT RAISE(ABORT, 'full'); END";
        assert!(column(&folders.data(), full).is_empty());
        let refused = life.try_upload(new().zip()).await;
        assert!(refused.is_err(), "{refused:?}");
        assert_tidy(&folders.data());
        assert!(column(&folders.data(), "DROP TRIGGER full").is_empty());
        life.upload(new().zip()).await;
    });
    assert_whole(&folders.data(), &new());
}

#[test]
fn a_sweep_leaves_the_work_of_a_running_job_alone() {
    for point in ["started", "fetched", "unpacked", "registered"] {
        let folders = Folders::new();
        let (checkpoint, hold) = hold_at(point);
        live(&folders, checkpoint, async |life| {
            let job = life.begin_upload(new().zip()).await;
            hold.wait();
            life.registry.sweep().await.expect("sweeps");
            hold.let_go();
            assert_eq!(ended(&life.registry, &job.id).await.state, JobState::Succeeded, "at {point}");
        });
        assert_whole(&folders.data(), &new());
    }
}

#[test]
fn a_job_ends_at_the_step_that_failed() {
    let folders = Folders::new();
    live(&folders, nothing_special(), async |life| {
        let job = life.upload(new().with("acme/pay/bundle.json", "{").zip()).await;
        assert_eq!((job.step, job.module), (Step::Check, None));
    });
}
