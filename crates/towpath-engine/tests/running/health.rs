//! The rules of health, a case a line.

use serde_json::Value;
use towpath_engine::running::kstatus;

use crate::support::at;

#[test]
fn objects_are_as_far_as_they_say() {
    for line in include_str!("health.jsonl").lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let status = kstatus::status(&row["object"], at(0));
        assert_eq!(status.progress.to_string(), row["status"], "{}", row["case"]);
        let is_well = status.progress == kstatus::Progress::Current;
        assert_eq!(status.why.is_empty(), is_well, "{}: {:?}", row["case"], status.why);
    }
}
