//! What crosses the boundary, there and back: `towpath.yaml` with its mistakes, and the ledger's records.

mod path_file;
mod path_text;
mod record;
