//! Times of whole processes: their median, and a table that sets each against the first.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

/// Median time of `runs` processes from start to end. `prepare` is called before each and is not measured.
///
/// Exit codes 0 and 1 are answers and their time counts; anything else is an error.
pub(super) fn median(
    runs: u16,
    mut prepare: impl FnMut() -> Result<()>,
    command: impl Fn() -> Command,
) -> Result<Duration> {
    let mut times = Vec::new();
    for _ in 0..runs {
        prepare()?;
        let mut command = command();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let program = command.get_program().to_string_lossy().into_owned();
        let begin = Instant::now();
        let output = command.output().with_context(|| format!("cannot run {program}"))?;
        times.push(begin.elapsed());
        ensure!(
            matches!(output.status.code(), Some(0 | 1)),
            "{program} ended with {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    times.sort();
    times.get(times.len() / 2).copied().context("no runs")
}

/// The most memory that a process held at once, in KiB; `None` where GNU time is not on the machine.
pub(super) fn peak(command: Command) -> Result<Option<u64>> {
    if !Path::new(TIME).is_file() {
        return Ok(None);
    }
    let mut timed = Command::new(TIME);
    timed.args(["-f", "%M"]).arg(command.get_program()).args(command.get_args());
    timed.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let output = timed.output().context("cannot run time")?;
    let said = String::from_utf8_lossy(&output.stderr);
    Ok(said.lines().last().and_then(|line| line.trim().parse().ok()))
}

const TIME: &str = "/usr/bin/time";

/// Prints what was measured; the first is what the others are compared with.
pub(super) fn table(title: &str, rows: &[(String, Duration)]) {
    println!("\n{title}");
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let first = rows.first().map_or(Duration::ZERO, |(_, time)| *time);
    for (name, time) in rows {
        let ratio = time.as_secs_f64() / first.as_secs_f64();
        println!("  {name:width$}  {:>9.1} ms  {ratio:>7.2} x", time.as_secs_f64() * 1000.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_measured_and_a_failure_is_an_error() {
        let exit = |code: &'static str| {
            move || {
                let mut command = Command::new("sh");
                command.args(["-c", code]);
                command
            }
        };
        let mut prepared = 0;
        let mut prepare = || {
            prepared += 1;
            Ok(())
        };
        assert!(median(3, &mut prepare, exit("exit 1")).is_ok());
        assert_eq!(prepared, 3);
        let error = median(1, || Ok(()), exit("echo why >&2; exit 2"));
        assert!(error.is_err_and(|error| error.to_string().ends_with("why")));
    }
}
