//! What sources of alerts and metrics say in a story.
//!
//! | line | what it means |
//! | --- | --- |
//! | `fires SOURCE NAME=VALUE …` | an alert with these labels begins to fire |
//! | `resolves SOURCE NAME=VALUE …` | it fires no more |
//! | `measures SOURCE NUMBER\|nothing` | what every query of the source has as its result from now on |
//! | `silent SOURCE because TEXT`, `speaks SOURCE` | whether it answers |

use towpath_core::id::SourceName;
use towpath_core::source::Labels;

use super::words::{Words, parse};
use super::world::World;

impl World {
    /// Lets a line about sources happen; `false`: it is not about those.
    pub(super) fn sources_happen(&mut self, words: &Words<'_>) -> Result<bool, String> {
        let what = words.word(0, "what happens")?;
        if !matches!(what, "fires" | "resolves" | "measures" | "silent" | "speaks") {
            return Ok(false);
        }
        let source: SourceName = parse(words.word(1, "the source")?)?;
        if !self.sources.iter().any(|known| known.name == source) {
            return Err(format!("the path has no source {source}"));
        }
        let now = self.snapshot.now;
        match what {
            "fires" => self.gauges.fires(source, labels(words)?, now),
            "resolves" => {
                if self.gauges.resolves(&source, &labels(words)?, now) == 0 {
                    return Err("no such alert fires".to_owned());
                }
            }
            "measures" => {
                let value = match words.word(2, "the number")? {
                    "nothing" => None,
                    number => Some(number.parse::<f64>().map_err(|e| e.to_string())?),
                };
                self.gauges.measures(source, value, now);
            }
            "silent" => {
                let why = words.needs("because")?.to_owned();
                self.gauges.silence(source, Some(why));
            }
            _ => self.gauges.silence(source, None),
        }
        Ok(true)
    }
}

fn labels(words: &Words<'_>) -> Result<Labels, String> {
    let pair = |text: &&str| {
        let pair = text.split_once('=').ok_or_else(|| format!("{text:?} is no label"))?;
        Ok((pair.0.to_owned(), pair.1.to_owned()))
    };
    let pairs: Result<Vec<(String, String)>, String> =
        words.words_from(2).iter().map(pair).collect();
    Ok(pairs?.into_iter().collect())
}
