//! Sources of alerts and metrics over HTTP: Prometheus and Alertmanager, behind the engine's [`Gauges`]
//! port.
//!
//! An answer is whole or an error: warnings, cut or oversized answers, times at which a source was not at
//! work, and an Alertmanager that has only just begun to hear of alerts are errors. Credentials are read
//! each time that they are used and are in no error. Calls block; a runtime of this module's own drives
//! the network. Must not decide what an answer means. Next: `http` for what is sent and bounded,
//! `prometheus` and `alertmanager` for the questions.

mod alertmanager;
mod fault;
mod http;
mod prometheus;

use jiff::Timestamp;
use towpath_core::source::{
    AlertsQuestion, AlertsSeen, MetricQuestion, MetricSeen, Source, SourceKind,
};
use towpath_engine::gauge::{Asked, GaugeError, GaugeProblem, Gauges, Told};

use self::fault::Fault;
use self::http::Session;
use crate::credential::{self, Lookup};

/// The largest answer that is read, in bytes: a hundred thousand series, or alerts, are none that
/// anybody can judge by.
pub const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// How many questions are asked at the same time.
const AT_ONCE: usize = 8;

/// All sources.
pub struct HttpGauges {
    lookup: Box<Lookup>,
}

impl std::fmt::Debug for HttpGauges {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpGauges").finish_non_exhaustive()
    }
}

impl HttpGauges {
    /// Sources whose credentials may be in the environment variables that `lookup` knows.
    pub fn new(lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self { lookup: Box::new(lookup) }
    }

    /// Sources whose credentials may be in the variables of this process.
    #[must_use]
    pub fn for_user() -> Self {
        Self::new(credential::variable)
    }

    fn ask<T>(
        &self,
        source: &Source,
        question: impl AsyncFnOnce(&Session) -> Result<T, Fault>,
    ) -> Result<T, GaugeError> {
        let answer = || {
            let session = Session::open(source, &*self.lookup)?;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| {
                Fault::new(GaugeProblem::Unreachable, format!("no network access: {error}"))
            })?;
            runtime.block_on(async {
                let limited = tokio::time::timeout(source.timeout, question(&session));
                limited.await.unwrap_or_else(|_| Err(fault::too_slow(source.timeout)))
            })
        };
        answer().map_err(|fault: Fault| fault.of(source))
    }
}

impl Gauges for HttpGauges {
    fn all(&self, asked: &[Asked<'_>], now: Timestamp) -> Vec<Told> {
        let mut told = Vec::with_capacity(asked.len());
        for some in asked.chunks(AT_ONCE) {
            std::thread::scope(|scope| {
                let running: Vec<_> =
                    some.iter().map(|one| scope.spawn(|| self.one(one, now))).collect();
                told.extend(running.into_iter().map(|one| {
                    one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
                }));
            });
        }
        told
    }

    fn alerts(
        &self,
        source: &Source,
        question: &AlertsQuestion,
        now: Timestamp,
    ) -> Result<AlertsSeen, GaugeError> {
        self.ask(source, async |session| match source.kind {
            SourceKind::Prometheus => prometheus::alerts(session, source, question, now).await,
            SourceKind::Alertmanager => alertmanager::alerts(session, source, question, now).await,
        })
    }

    fn metric(
        &self,
        source: &Source,
        question: &MetricQuestion,
        now: Timestamp,
    ) -> Result<MetricSeen, GaugeError> {
        self.ask(source, async |session| match source.kind {
            SourceKind::Prometheus => prometheus::metric(session, question, now).await,
            SourceKind::Alertmanager => Err(Fault::new(
                GaugeProblem::Refused,
                "an Alertmanager knows alerts and no metrics",
            )),
        })
    }
}
