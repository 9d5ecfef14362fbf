//! Why a question could not be answered, with what to do about it. Printed only by [`super::print`].

use std::error::Error;
use std::io;

use towpath_adapters::kubernetes::ClusterError;
use towpath_engine::ledger::LedgerError;
use towpath_engine::ports::jobs::JobsError;
use towpath_engine::ports::{RegistryError, RepositoryError};
use towpath_engine::promote as engine;
use towpath_engine::sandbox::{create, delete, promote};

/// An error on its way to the terminal: its chain, and hints.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    chain: Vec<String>,
    hints: Vec<String>,
    broken_pipe: bool,
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), chain: Vec::new(), hints: Vec::new(), broken_pipe: false }
    }

    /// What failed and why, in one line, for a report that goes on without it.
    pub(crate) fn one_line(&self) -> String {
        let all = std::iter::once(&self.message).chain(&self.chain);
        all.map(|text| text.replace('\n', " ")).collect::<Vec<_>>().join(": ")
    }

    pub(crate) fn because(mut self, error: impl Error + 'static) -> Self {
        self.absorb(&error);
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    pub(crate) fn is_broken_pipe(&self) -> bool {
        self.broken_pipe
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn chain(&self) -> &[String] {
        &self.chain
    }

    pub(crate) fn hints(&self) -> &[String] {
        &self.hints
    }

    /// Takes in an error and what lies beneath it, each text once.
    fn absorb(&mut self, error: &(dyn Error + 'static)) {
        let mut next = Some(error);
        while let Some(error) = next {
            let text = error.to_string();
            if text != self.message && self.chain.last() != Some(&text) {
                self.chain.push(text);
            }
            self.hints.extend(hint_of(error).filter(|hint| !self.hints.contains(hint)));
            if let Some(io) = error.downcast_ref::<io::Error>() {
                self.broken_pipe |= io.kind() == io::ErrorKind::BrokenPipe;
            }
            next = error.source();
        }
    }
}

/// What an error of ours advises.
fn hint_of(error: &(dyn Error + 'static)) -> Option<String> {
    let of_port = error.downcast_ref::<RepositoryError>().and_then(|e| e.hint.clone());
    of_port
        .or_else(|| error.downcast_ref::<ClusterError>().and_then(|e| e.hint.clone()))
        .or_else(|| error.downcast_ref::<RegistryError>().and_then(|e| e.hint.clone()))
        .or_else(|| error.downcast_ref::<JobsError>().and_then(|e| e.hint.clone()))
        .or_else(|| error.downcast_ref::<LedgerError>().and_then(|e| e.hint()))
        .or_else(|| error.downcast_ref::<create::CreateError>().and_then(|e| e.hint()))
        .or_else(|| error.downcast_ref::<promote::PromoteError>().and_then(|e| e.hint()))
        .or_else(|| error.downcast_ref::<delete::DeleteError>().and_then(|e| e.hint()))
        .or_else(|| match error.downcast_ref::<engine::PromoteError>() {
            Some(engine::PromoteError::Unrecorded { .. }) => Some(
                "the promotion itself is done; run the same command again to record it".to_owned(),
            ),
            _ => None,
        })
}

impl<E: Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut failure = Self::new(error.to_string());
        failure.absorb(&error);
        failure
    }
}
