//! What was measured, beside what was hoped for and what a real server needs.
//!
//! The real one is kube-apiserver 1.36.2 with etcd 3.5 on two cores: ready in 2.3 to 2.9 s with 310 MB resident, 2,100
//! ConfigMaps a second over 20 connections with 26 ms for the slowest in a hundred, a list of 2,000 in 11 to 28 ms. The
//! better end of a range is the one compared with.

/// When a real server is ready, in ms.
pub(super) const REAL_READY: f64 = 2300.0;

/// What a real server holds, in MB.
pub(super) const REAL_MB: f64 = 310.0;

/// How many ConfigMaps a real server creates in a second.
pub(super) const REAL_RATE: f64 = 2100.0;

/// What one creation in a hundred exceeds on a real server, in ms.
pub(super) const REAL_P99: f64 = 26.0;

/// How long a real server takes for a list of 2,000, in ms.
pub(super) const REAL_LIST: f64 = 11.0;

/// A figure.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) here: String,
    pub(super) goal: &'static str,
    /// What a real server was measured at.
    pub(super) real: &'static str,
    /// How many times better we are.
    pub(super) better: Option<f64>,
}

impl Row {
    /// A figure that nothing is beside.
    pub(super) fn here(name: &'static str, here: String) -> Self {
        Self { name, here, goal: "", real: "", better: None }
    }
}

/// Prints rows as they come: some take minutes.
pub(super) struct Table;

impl Table {
    pub(super) fn begin(title: &str) -> Self {
        println!("\n{title}");
        println!("  {:24}  {:>14}  {:>10}  {:>10}  {:>8}", "", "here", "goal", "real", "better");
        Self
    }

    pub(super) fn row(&mut self, row: Row) {
        let Row { name, here, goal, real, better } = row;
        let better = better.map_or(String::new(), |better| format!("{better:.1} x"));
        let line = format!("  {name:24}  {here:>14}  {goal:>10}  {real:>10}  {better:>8}");
        println!("{}", line.trim_end());
    }
}
