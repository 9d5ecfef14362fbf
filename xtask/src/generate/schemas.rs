//! The JSON Schemas of what crosses a boundary, as editors and other programs read them.

use anyhow::Result;

use super::Files;

/// One file for each schema.
pub(super) fn files() -> Result<Files> {
    towpath_api::schema::all()
        .into_iter()
        .map(|(name, schema)| {
            let mut text = serde_json::to_string_pretty(&schema)?;
            text.push('\n');
            Ok((format!("docs/schemas/{name}"), text))
        })
        .collect()
}
