//! Hears that the process is to end: an interrupt, or the request of whoever runs it.
//!
//! Must not end anything by itself the first time: what is under way is to come to its end. Whoever asks a second time
//! means at once.

use std::io;

use rustix::process::{Signal, getpid, kill_process};
use tokio::signal::unix::{SignalKind, signal};

/// Calls `asked` at the first signal, from a thread of its own; the second one kills the process.
///
/// # Errors
/// When the system gives no thread or no signals.
pub fn hear(asked: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let entered = runtime.enter();
    // From here on a signal is no longer the end of the process.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    drop(entered);
    let thread = std::thread::Builder::new().name("farewell".to_owned());
    thread.spawn(move || {
        runtime.block_on(async {
            let mut next = async || {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
            };
            next().await;
            asked();
            next().await;
            // Nothing is lost by it: a turn may be cut off anywhere.
            let _ = kill_process(getpid(), Signal::KILL);
        });
    })?;
    Ok(())
}
