//! Answers that are no findings, in the forms that they have. Must not know what is answered.

use serde::Serialize;
use towpath_api::output::Output;

use super::super::args::{Global, OutputFormat};
use super::super::failure::Failure;
use super::super::print::Printer;

/// An answer for people and for programs.
pub(super) struct Answer<T> {
    /// What it is in JSON.
    pub(super) kind: &'static str,
    pub(super) content: T,
    pub(super) text: String,
    pub(super) markdown: String,
}

/// Fails where a format is for findings only. Asked before there is work. `option`: what was asked for.
pub(super) fn has_format(global: &Global, option: &str) -> Result<(), Failure> {
    match global.output {
        OutputFormat::Sarif | OutputFormat::Junit | OutputFormat::Github => Err(Failure::new(
            format!("{option} finds nothing that sarif, junit or github could show"),
        )
        .hint("ask for table, markdown, json or yaml")),
        OutputFormat::Table
        | OutputFormat::Markdown
        | OutputFormat::Unified
        | OutputFormat::Json
        | OutputFormat::Yaml => Ok(()),
    }
}

impl<T: Serialize> Answer<T> {
    pub(super) fn print(self, format: OutputFormat, printer: &Printer) -> Result<(), Failure> {
        match format {
            OutputFormat::Json => {
                let json = serde_json::to_string_pretty(&Output::new(self.kind, self.content))?;
                printer.data(&(json + "\n"))
            }
            OutputFormat::Yaml => {
                let json = serde_json::to_value(Output::new(self.kind, self.content))?;
                printer.data(&towpath_yaml::emit(&json))
            }
            OutputFormat::Markdown => printer.data(&self.markdown),
            _ => printer.data(&self.text),
        }
    }
}
