//! `towpath cluster`: sandbox clusters on this machine.
//!
//! The server is `towpath-apiserver`; here are the process, its record and its kubeconfig.

pub(crate) mod args;
mod clone;
mod record;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use towpath_api::output::{
    ClusterDeleteOutput, ClusterListOutput, ClusterOutput, ClusterStopOutput,
};
use towpath_apiserver::journal::JournalError;
use towpath_apiserver::process::{Options, Process, StartError};
use towpath_apiserver::{journal, kubeconfig};
use towpath_catalog::Minor;

use self::args::{ClusterArgs, ClusterCommand, ClusterServeArgs, ClusterStartArgs};
use self::record::{Lock, Place, Record, remove, unusable, write_private};
use super::args::Global;
use super::failure::Failure;
use super::print::{BOLD, DIM, GREEN, Printer, RED, styled};
use super::words::{self, span, table};
use super::{Answer, exit, session};

pub(crate) fn run(global: &Global, args: &ClusterArgs, printer: &Printer) -> Result<u8, Failure> {
    let folder = session::state_folder()?.join("clusters");
    let answer = match &args.command {
        ClusterCommand::Start(args) => return start(global, args, &folder, printer),
        ClusterCommand::Clone(args) => return clone::run(global, args, &folder, printer),
        ClusterCommand::List => list(&folder)?,
        ClusterCommand::Stop(args) => stop(&folder, &args.name)?,
        ClusterCommand::Delete(args) => delete(&folder, &args.name)?,
    };
    printer.answer(&answer, global.output)?;
    Ok(exit::YES)
}

fn start(
    global: &Global,
    args: &ClusterStartArgs,
    folder: &Path,
    printer: &Printer,
) -> Result<u8, Failure> {
    let kubernetes: Minor = args.kubernetes.parse()?;
    let started = Started::new(global, &args.serve, kubernetes, folder)?;
    started.serve(printer, |record| printer.answer(&self::started(record)?, global.output))
}

/// A cluster that listens and serves nobody yet.
struct Started {
    place: Place,
    lock: Lock,
    process: Process,
    /// Its kubeconfig, and the text of it.
    kubeconfig: (PathBuf, String),
    record: Record,
}

impl Started {
    fn new(
        global: &Global,
        args: &ClusterServeArgs,
        kubernetes: Minor,
        folder: &Path,
    ) -> Result<Self, Failure> {
        let place = Place::of(folder, &args.name)?;
        let lock = place.lock()?.ok_or_else(|| {
            Failure::new(format!("cluster {} is running", args.name))
                .hint(format!("towpath cluster stop {}, or give another --name", args.name))
        })?;
        let file = match &args.kubeconfig {
            Some(file) => std::path::absolute(global.directory.join(file))?,
            None => place.kubeconfig(),
        };
        let mark = mark(&args.name);
        refuse_foreign(&file, &mark)?;
        let data = data(global, args)?;
        let process = Process::start(&Options {
            kubernetes,
            listen: args.listen,
            data: data.clone(),
            plain_http: args.plain_http,
        })
        .map_err(not_started)?;
        let text = kubeconfig::text(&args.name, &process.url(), process.identity());
        let record = Record {
            name: args.name.clone(),
            pid: std::process::id(),
            kubernetes: kubernetes.to_string(),
            server: process.url(),
            kubeconfig: file.clone(),
            data,
            started: session::now()?.to_string(),
        };
        Ok(Self { place, lock, process, kubeconfig: (file, format!("{mark}\n{text}")), record })
    }

    /// Writes down where it is, says so, and serves until it is stopped.
    fn serve(
        self,
        printer: &Printer,
        say: impl FnOnce(&Record) -> Result<(), Failure>,
    ) -> Result<u8, Failure> {
        let Self { place, lock, process, kubeconfig: (file, text), record } = self;
        write_private(&file, text.as_bytes()).map_err(|error| unusable(&file, error))?;
        place.write(&record)?;
        say(&record)?;
        printer.note(&format!("next: export KUBECONFIG={}", record.kubeconfig.display()));

        let served = process.serve();
        if record.data.is_none() {
            remove(&record.kubeconfig)?;
            place.forget(&lock)?;
        }
        lock.release();
        served.map_err(|error| {
            Failure::new("the cluster stopped, because it cannot be kept").because(error)
        })?;
        Ok(exit::YES)
    }
}

/// The folder that a cluster is kept in.
fn data(global: &Global, args: &ClusterServeArgs) -> std::io::Result<Option<PathBuf>> {
    args.data.as_ref().map(|data| std::path::absolute(global.directory.join(data))).transpose()
}

/// The first line of the kubeconfigs that are ours to overwrite and to remove.
fn mark(name: &str) -> String {
    format!("# Written by `towpath cluster start` for its cluster {name}")
}

fn refuse_foreign(file: &Path, mark: &str) -> Result<(), Failure> {
    match fs::read_to_string(file) {
        Ok(text) if text.lines().next() == Some(mark) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(_) => Err(Failure::new(format!(
            "{} is there, and is not the kubeconfig of this cluster",
            file.display()
        ))
        .hint("name a file of its own; KUBECONFIG takes several, with colons between them")),
        Err(error) => Err(unusable(file, error)),
    }
}

fn not_started(error: StartError) -> Failure {
    let hint = match &error {
        StartError::Version(..) => {
            let (oldest, newest) = (Minor::OLDEST, Minor::NEWEST);
            Some(format!("there are facts of {oldest} to {newest}"))
        }
        StartError::Exposed(_) => Some("leave --plain-http out, or listen on 127.0.0.1".into()),
        StartError::Journal(JournalError::InUse(_)) => {
            Some("`towpath cluster list` says which cluster runs there".into())
        }
        StartError::Journal(JournalError::OtherVersion { found, .. }) => {
            Some(format!("start it with --kubernetes {found}, or name another folder"))
        }
        _ => None,
    };
    let failure = Failure::from(error);
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

fn output(record: &Record, state: &'static str) -> ClusterOutput {
    ClusterOutput {
        name: record.name.clone(),
        state,
        kubernetes: record.kubernetes.clone(),
        server: record.server.clone(),
        kubeconfig: record.kubeconfig.display().to_string(),
        data: record.data.as_ref().map(|data| data.display().to_string()),
        pid: record.pid,
        started: record.started.clone(),
    }
}

fn started(record: &Record) -> Result<Answer, Failure> {
    let mut text = String::new();
    let Record { name, kubernetes, server, .. } = record;
    let what = format!("cluster {name} serves the API of Kubernetes {kubernetes} on {server}");
    let _ = writeln!(text, "{}", styled(GREEN, what));
    let _ = writeln!(text, "  kubeconfig  {}", record.kubeconfig.display());
    let kept = match &record.data {
        Some(folder) => folder.display().to_string(),
        None => styled(DIM, "in memory, gone when it stops"),
    };
    let _ = writeln!(text, "  data        {kept}");
    Answer::new(true, text, "ClusterStart", output(record, "running"))
}

fn list(folder: &Path) -> Result<Answer, Failure> {
    let now = session::now()?;
    let mut clusters = Vec::new();
    let mut rows = Vec::new();
    for name in record::names(folder)? {
        let place = Place::of(folder, &name)?;
        let Some(record) = place.read()? else { continue };
        let state = match (place.lock()?, &record.data) {
            (None, _) => "running",
            (Some(_), Some(_)) => "stopped",
            (Some(_), None) => "gone",
        };
        let shown = match state {
            "running" => styled(GREEN, state),
            "gone" => styled(RED, state),
            _ => state.to_owned(),
        };
        let data = record.data.as_ref().map_or("-".to_owned(), |data| data.display().to_string());
        let started = record.started.parse().ok();
        rows.push(vec![
            styled(BOLD, &record.name),
            shown,
            record.kubernetes.clone(),
            record.server.clone(),
            started.map_or_else(|| "-".to_owned(), |started| span(started, now)),
            data,
        ]);
        clusters.push(output(&record, state));
    }
    let text = if rows.is_empty() {
        "there are no clusters\n".to_owned()
    } else {
        table(&["cluster", "state", "kubernetes", "server", "started", "data"], rows)
    };
    Answer::new(true, text, "ClusterList", ClusterListOutput { clusters })
}

/// The record of a cluster that there must be.
fn known(folder: &Path, place: &Place, name: &str) -> Result<Record, Failure> {
    if let Some(record) = place.read()? {
        return Ok(record);
    }
    let failure = Failure::new(format!("there is no cluster {name}"));
    let names = record::names(folder)?;
    Err(if names.is_empty() {
        failure.hint("there are no clusters; `towpath cluster start` makes one")
    } else {
        failure.hint(format!("there is {}", words::list(&names)))
    })
}

fn stop(folder: &Path, name: &str) -> Result<Answer, Failure> {
    let place = Place::of(folder, name)?;
    let record = known(folder, &place, name)?;
    let free = place.lock()?;
    let already = free.is_some();
    let lock = match free {
        Some(lock) => lock,
        None => place.stop(&record)?,
    };
    if record.data.is_none() {
        // Nothing is left of it, even if it was killed and could not clean up.
        remove_kubeconfig(&record)?;
        place.forget(&lock)?;
    }
    let what = if already { "had already stopped" } else { "has stopped" };
    let mut text = styled(GREEN, format!("cluster {name} {what}"));
    text.push('\n');
    if let Some(data) = &record.data {
        let _ = writeln!(text, "  kept in {}", data.display());
    }
    let data = record.data.as_ref().map(|data| data.display().to_string());
    let output = ClusterStopOutput { name: name.to_owned(), already, data };
    Answer::new(true, text, "ClusterStop", output)
}

fn delete(folder: &Path, name: &str) -> Result<Answer, Failure> {
    let place = Place::of(folder, name)?;
    let record = known(folder, &place, name)?;
    let lock = place.stop(&record)?;
    let mut removed = Vec::new();
    if remove_kubeconfig(&record)? {
        removed.push(record.kubeconfig.clone());
    }
    if let Some(data) = &record.data {
        removed.extend(remove_data(data)?);
    }
    place.forget(&lock)?;
    let mut text = styled(GREEN, format!("cluster {name} is deleted"));
    text.push('\n');
    for path in &removed {
        let _ = writeln!(text, "  {}", styled(DIM, format!("removed {}", path.display())));
    }
    let removed = removed.iter().map(|path| path.display().to_string()).collect();
    let output = ClusterDeleteOutput { name: name.to_owned(), removed };
    Answer::new(true, text, "ClusterDelete", output)
}

/// Removes what is still the kubeconfig of a cluster.
fn remove_kubeconfig(record: &Record) -> Result<bool, Failure> {
    match refuse_foreign(&record.kubeconfig, &mark(&record.name)) {
        Ok(()) => remove(&record.kubeconfig),
        Err(_) => Ok(false),
    }
}

/// Removes the files of a cluster, and their folder if nothing else is in it.
fn remove_data(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut removed = Vec::new();
    for name in journal::FILES {
        let file = folder.join(name);
        if remove(&file)? {
            removed.push(file);
        }
    }
    if fs::remove_dir(folder).is_ok() {
        removed.push(folder.to_owned());
    }
    Ok(removed)
}
