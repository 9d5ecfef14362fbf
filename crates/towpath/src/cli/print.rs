//! All that is printed: answers on stdout, everything else on stderr.
//!
//! Colour only where a terminal reads, `NO_COLOR` honoured. Nothing else in the program writes to
//! either stream.

use std::io::Write as _;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

use super::Answer;
use super::args::{Color, Global, OutputFormat};
use super::failure::Failure;

/// Emphasis.
pub(crate) const BOLD: Style = Style::new().bold();
/// What matters less.
pub(crate) const DIM: Style = Style::new().dimmed();
/// Good.
pub(crate) const GREEN: Style = AnsiColor::Green.on_default();
/// Waiting.
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default();
/// Bad.
pub(crate) const RED: Style = AnsiColor::Red.on_default();

/// A text in a style.
pub(crate) fn styled(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// The two streams.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printer {
    color: ColorChoice,
    quiet: bool,
}

impl Printer {
    pub(crate) fn new(global: &Global) -> Self {
        let color = match global.color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        Self { color, quiet: global.quiet }
    }

    /// Prints data.
    pub(crate) fn data(&self, text: &str) -> Result<(), Failure> {
        let mut out = AutoStream::new(std::io::stdout().lock(), self.choice(false));
        out.write_all(text.as_bytes())?;
        out.flush()?;
        Ok(())
    }

    /// Prints data of others as it is, whatever bytes it holds.
    pub(crate) fn raw(&self, text: &str) -> Result<(), Failure> {
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()?;
        Ok(())
    }

    /// Prints a command's answer in the format asked for.
    pub(crate) fn answer(&self, answer: &Answer, format: OutputFormat) -> Result<(), Failure> {
        match format {
            // Only a command that has such a text is let through to here.
            OutputFormat::Json => {
                let mut text = serde_json::to_string_pretty(&answer.json)?;
                text.push('\n');
                self.data(&text)
            }
            OutputFormat::Yaml => self.data(&towpath_yaml::emit(&answer.json)),
            // Only a command that has such a text is let through to here.
            _ => self.data(&answer.text),
        }
    }

    /// Says what is going on. A terminal that is gone is no reason to stop.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            let mut out = AutoStream::new(std::io::stderr().lock(), self.choice(true));
            let _ = writeln!(out, "{text}");
        }
    }

    /// Prints why there is no answer.
    pub(crate) fn failure(&self, failure: &Failure) {
        let mut out = AutoStream::new(std::io::stderr().lock(), self.choice(true));
        let bold_red = RED.bold();
        let _ = writeln!(out, "{}: {}", styled(bold_red, "error"), failure.message());
        for cause in failure.chain() {
            let _ = writeln!(out, "  {}", cause.replace('\n', "\n  "));
        }
        for hint in failure.hints() {
            let _ =
                writeln!(out, "{}: {hint}", styled(AnsiColor::Cyan.on_default().bold(), "hint"));
        }
    }

    /// anstream's `Auto` honours `NO_COLOR`, `CLICOLOR` and whether a terminal reads.
    fn choice(&self, stderr: bool) -> ColorChoice {
        if self.color == ColorChoice::Auto {
            return if stderr {
                AutoStream::choice(&std::io::stderr())
            } else {
                AutoStream::choice(&std::io::stdout())
            };
        }
        self.color
    }
}
