//! Hears that the program is to end: Ctrl-C, or the request of whoever runs it.
//!
//! Programs that are waited for, such as `git`, are interrupted by the terminal themselves. Must not end anything by itself,
//! and must not decide what is done. A program that is killed outright does nothing of it.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// Calls this each time that the process gets SIGINT or SIGTERM, in a thread of its own, with the number of the signal.
/// From now on those end nothing by themselves.
///
/// # Errors
/// When the system gives no thread or no signals.
pub fn on_interrupt(mut call: impl FnMut(i32) + Send + 'static) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let entered = runtime.enter();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    drop(entered);
    let listen = move || loop {
        let kind = runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => SignalKind::interrupt(),
                _ = terminate.recv() => SignalKind::terminate(),
            }
        });
        call(kind.as_raw_value());
    };
    std::thread::Builder::new().name("interrupt".to_owned()).spawn(listen)?;
    Ok(())
}
