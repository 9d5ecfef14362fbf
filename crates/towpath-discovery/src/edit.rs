//! Replacements as edits of single tokens, which `towpath_yaml::replace_checked` can prove.
//!
//! A pin that becomes exact is one replacement from the first byte of its key to the last of its
//! value, so that nobody sees half of it. The proof of an edit works key by key and value by value;
//! this is where the one becomes the other. Must not write anything.

use towpath_core::pin::Replacement;
use towpath_yaml::Edit;

/// The edits that make the replacement: one, or one of the key and one of the value. What stands
/// between them is not touched.
#[must_use]
pub fn edits(replacement: &Replacement) -> Vec<Edit> {
    let Replacement { range, old, new, .. } = replacement;
    let split = |text: &str| text.find([':', '\n']).unwrap_or(text.len());
    let (key_end, new_key_end) = (split(old), split(new));
    let (key, new_key) = (&old[..key_end], &new[..new_key_end]);
    let name = |key: &str| key.trim_matches([' ', '"', '\'']).to_owned();
    let renames = matches!(name(key).as_str(), "semver" | "branch" | "commit");
    if !renames || name(new_key) != "tag" || key_end == old.len() {
        return vec![Edit { range: range.clone(), new: new.clone() }];
    }
    let pairs = old[key_end..].char_indices().zip(new[new_key_end..].chars());
    let same = pairs.take_while(|((_, a), b)| a == b).map(|((at, a), _)| at + a.len_utf8()).last();
    let same = same.unwrap_or_default();
    // The values may begin alike; a release's tag has no space, so the last one is before the value.
    let between = &old[key_end..key_end + same];
    let between = between.rfind(char::is_whitespace).map_or(same.min(1), |at| at + 1);
    vec![
        Edit { range: range.start..range.start + key_end, new: new_key.to_owned() },
        Edit {
            range: range.start + key_end + between..range.end,
            new: new[new_key_end + between..].to_owned(),
        },
    ]
}
