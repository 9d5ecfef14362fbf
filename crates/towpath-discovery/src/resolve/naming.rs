//! What clusters and environments are called: the words that people use for them, and the folders.
//!
//! Must not look at pins; the order that policies imply is in [`super::order`].

use std::collections::BTreeMap;

use towpath_core::id::{BranchName, ClusterName, EnvironmentName, Folder};

use super::{EnvironmentReason, SandboxReason};
use crate::inventory::{FoundBy, FoundCluster};

/// A word that names an environment, and where such an environment stands among others.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// The word in lower case.
    pub(super) text: &'static str,
    /// Lower comes earlier on the path.
    pub(super) rank: u8,
}

const PRODUCTION: u8 = 6;

/// The rank of environments without a well-known name.
pub(super) const MIDDLE: u8 = 3;

const WORDS: &[Word] = &[
    Word { text: "dev", rank: 0 },
    Word { text: "development", rank: 0 },
    Word { text: "test", rank: 1 },
    Word { text: "qa", rank: 1 },
    Word { text: "int", rank: 1 },
    Word { text: "canary", rank: 2 },
    Word { text: "uat", rank: MIDDLE },
    Word { text: "stage", rank: 4 },
    Word { text: "staging", rank: 4 },
    Word { text: "preprod", rank: 5 },
    Word { text: "pre-prod", rank: 5 },
    Word { text: "pre-production", rank: 5 },
    Word { text: "prod", rank: PRODUCTION },
    Word { text: "prd", rank: PRODUCTION },
    Word { text: "production", rank: PRODUCTION },
    Word { text: "live", rank: PRODUCTION },
];

fn tokens(name: &str) -> impl Iterator<Item = String> {
    name.split(['-', '_', '.']).filter(|token| !token.is_empty()).map(str::to_ascii_lowercase)
}

/// The first well-known word in a name: `prod` of `prod-eu`, nothing of `non-prod`.
pub(super) fn word_in(name: &str) -> Option<&'static Word> {
    let known = |text: &str| WORDS.iter().find(|word| word.text == text);
    let tokens: Vec<String> = tokens(name).collect();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if let Some(next) = tokens.get(at + 1) {
            if let Some(word) = known(&format!("{token}-{next}")) {
                return Some(word);
            }
            if token == "non" {
                at += 2;
                continue;
            }
        }
        let bare = token.trim_end_matches(|c: char| c.is_ascii_digit());
        if let Some(word) = known(bare) {
            return Some(word);
        }
        at += 1;
    }
    None
}

/// Whether the name is that of a production environment.
pub(super) fn is_production(name: &str) -> bool {
    word_in(name).is_some_and(|word| word.rank == PRODUCTION)
}

/// Whether the name is that of a sandbox, which comes and goes.
#[must_use]
pub fn says_sandbox(name: &str) -> bool {
    tokens(name).any(|token| matches!(token.as_str(), "sandbox" | "sandboxes"))
}

/// An environment as the folders of its clusters show it.
#[derive(Debug)]
pub(super) struct Inferred {
    pub(super) name: EnvironmentName,
    pub(super) reason: EnvironmentReason,
    /// Positions in the list of clusters.
    pub(super) clusters: Vec<usize>,
}

/// Groups clusters into environments, in order of name, and names each cluster.
pub(super) fn infer(
    clusters: &[&FoundCluster],
    trunk: &BranchName,
) -> (Vec<Inferred>, Vec<ClusterName>) {
    let base = common_parent(clusters);
    let below: Vec<Vec<&str>> = clusters.iter().map(|c| parts_below(&base, &c.folder)).collect();
    let listed = clusters.iter().any(|c| c.root.is_some());
    let mut found: BTreeMap<EnvironmentName, Inferred> = BTreeMap::new();
    for (position, (cluster, parts)) in clusters.iter().zip(&below).enumerate() {
        let (name, reason) = environment_of(cluster, parts, listed, trunk);
        let mut name = environment_name(&name);
        let is_sandbox =
            |reason: &EnvironmentReason| matches!(reason, EnvironmentReason::Sandbox(_));
        if let Some(other) = found.get(&name)
            && is_sandbox(&other.reason) != is_sandbox(&reason)
        {
            name = environment_name(&format!("{}-sandbox", parts.join("-")));
        }
        found
            .entry(name.clone())
            .or_insert(Inferred { name, reason, clusters: Vec::new() })
            .clusters
            .push(position);
    }
    (found.into_values().collect(), cluster_names(clusters, &below))
}

fn environment_of(
    cluster: &FoundCluster,
    parts: &[&str],
    listed: bool,
    trunk: &BranchName,
) -> (String, EnvironmentReason) {
    let whole = parts.join("-");
    let sandbox = |why| (whole.clone(), EnvironmentReason::Sandbox(why));
    if parts.iter().any(|part| says_sandbox(part)) {
        return sandbox(SandboxReason::Name);
    }
    let word = parts.iter().find_map(|part| word_in(part));
    let is_word = word.is_some_and(|word| word.text == whole.to_ascii_lowercase());
    let elsewhere = cluster.sync.as_ref().and_then(|sync| sync.branch.as_deref());
    let elsewhere =
        elsewhere.filter(|b| *b != trunk.as_str()).and_then(|b| BranchName::parse(b).ok());
    match (cluster.found_by, elsewhere) {
        (FoundBy::Clone | FoundBy::CopiedGotkSync, _) if !is_word => {
            return sandbox(SandboxReason::Clone);
        }
        (FoundBy::Kustomizations, _) if listed && word.is_none() => {
            return sandbox(SandboxReason::Unreached);
        }
        (_, Some(branch)) if word.is_none() => return sandbox(SandboxReason::Branch(branch)),
        _ => {}
    }
    if let Some(word) = word {
        return (word.text.to_owned(), EnvironmentReason::Word(word.text));
    }
    let name = match parts {
        [] => "cluster",
        [one] => one.trim_end_matches(|c: char| c.is_ascii_digit()),
        [first, ..] => first,
    };
    let name = name.trim_end_matches(['-', '_', '.']);
    let name = if name.is_empty() { whole } else { name.to_owned() };
    (name, EnvironmentReason::Folder)
}

/// The folder that the names are below: what all listed clusters have in common, without a last part
/// that is itself the name of an environment.
fn common_parent(clusters: &[&FoundCluster]) -> Folder {
    let listed = |c: &&&FoundCluster| c.root.is_some();
    let mut folders: Vec<&Folder> = clusters.iter().filter(listed).map(|c| &c.folder).collect();
    if folders.is_empty() {
        folders = clusters.iter().map(|c| &c.folder).collect();
    }
    let mut folders = folders.into_iter();
    let Some(first) = folders.next() else { return Folder::root() };
    let mut common = first.parent();
    for folder in folders {
        while !common.is_root() && !common.contains(folder.as_str()) {
            common = common.parent();
        }
    }
    while !common.is_root() && (word_in(common.name()).is_some() || says_sandbox(common.name())) {
        common = common.parent();
    }
    common
}

fn parts_below<'a>(base: &Folder, folder: &'a Folder) -> Vec<&'a str> {
    let below = base.strip(folder.as_str()).unwrap_or(folder.as_str());
    below.split('/').filter(|part| !part.is_empty()).collect()
}

/// The last part of each folder; more of it where that is not unique.
fn cluster_names(clusters: &[&FoundCluster], below: &[Vec<&str>]) -> Vec<ClusterName> {
    let last: Vec<String> =
        below.iter().map(|parts| tame(parts.last().copied().unwrap_or("cluster"))).collect();
    let joined: Vec<String> = below.iter().map(|parts| tame(&parts.join("-"))).collect();
    let count = |names: &[String]| {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        names.iter().for_each(|name| *counts.entry(name.clone()).or_default() += 1);
        counts
    };
    let (of_last, of_joined) = (count(&last), count(&joined));
    let mut taken: BTreeMap<String, ()> = BTreeMap::new();
    let mut names = Vec::new();
    for (position, cluster) in clusters.iter().enumerate() {
        let whole = tame(&cluster.folder.as_str().replace('/', "-"));
        let name = if of_last.get(&last[position]) == Some(&1) {
            &last[position]
        } else if of_joined.get(&joined[position]) == Some(&1) {
            &joined[position]
        } else {
            &whole
        };
        let mut unique = name.clone();
        let mut number = 2;
        while taken.insert(unique.clone(), ()).is_some() {
            unique = tame(&format!("{}-{number}", &name[..name.len().min(56)]));
            number += 1;
        }
        names.push(ClusterName::parse(&unique).expect("tame makes names"));
    }
    names
}

pub(super) fn environment_name(text: &str) -> EnvironmentName {
    EnvironmentName::parse(&tame(text)).expect("tame makes names")
}

/// The text as a name: other characters become `-`, and at most 63 are left.
pub(super) fn tame(text: &str) -> String {
    let mut name = String::new();
    for c in text.chars() {
        let c = if c.is_ascii_alphanumeric() || matches!(c, '_' | '.') { c } else { '-' };
        let doubled = c == '.' && name.ends_with('.');
        if name.len() < 63 && !doubled && (c.is_ascii_alphanumeric() || !name.is_empty()) {
            name.push(c);
        }
    }
    let name = name.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
    if name.is_empty() { "cluster".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_names() {
        for (name, want) in [
            ("production", Some("production")),
            ("prod-eu", Some("prod")),
            ("eu_PROD_1", Some("prod")),
            ("dev01", Some("dev")),
            ("pre-production", Some("pre-production")),
            ("eu-pre-prod", Some("pre-prod")),
            ("non-prod", None),
            ("product", None),
            ("cluster-0001", None),
        ] {
            assert_eq!(word_in(name).map(|word| word.text), want, "{name}");
        }
    }

    #[test]
    fn any_text_becomes_a_name() {
        for (text, want) in
            [("a b", "a-b"), ("..a..b..", "a.b"), ("ü", "cluster"), ("", "cluster"), ("-x-", "x")]
        {
            assert_eq!(tame(text), want);
            assert!(EnvironmentName::parse(&tame(text)).is_ok());
        }
        assert_eq!(tame(&"x".repeat(90)).len(), 63);
    }
}
