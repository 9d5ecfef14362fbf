//! What crosses the boundary, there and back: `towpath.yaml` and scenarios with their mistakes, and the ledger's records.

mod path_file;
mod path_text;
mod record;
mod scenario_file;
