//! Ignore patterns: which files of a checkout get into an artifact.
//!
//! The syntax is `.gitignore`'s, the meaning is not: it is that of the matcher inside Flux
//! (`fluxcd/pkg:sourceignore/gitignore`, taken there from go-git v5). Each path is judged alone and the last
//! pattern that matches decides; an ignored folder does not bury what is below it. So `*,!/platform/**` keeps
//! all of `platform/`, where Git would keep nothing. Further differences that decide about real files:
//!
//! - A pattern without a slash matches any component, so it also covers everything below a folder of that name.
//! - A component that holds `**` beside other text matches nothing. So does a malformed glob.
//! - `a/**` also matches `a` itself.
//!
//! This module judges names. It opens no `.sourceignore`; who reads one passes its text and its folder in.

mod glob;

use glob::Glob;

/// Version control files, which Flux keeps out by default.
pub const VCS: &str = ".git/,.gitignore,.gitmodules,.gitattributes";
/// Pictures, films and archives, which Flux keeps out by default.
pub const EXTENSIONS: &str = "*.jpg,*.jpeg,*.gif,*.png,*.wmv,*.flv,*.tar.gz,*.zip";
/// Files of build services, which source-controller keeps out when nothing else is said.
pub const CI: &str = ".github/,.circleci/,.travis.yml,.gitlab-ci.yml,appveyor.yml,.drone.yml,cloudbuild.yaml,\
                      codeship-services.yml,codeship-steps.yml";
/// Configuration of tools, which source-controller keeps out when nothing else is said.
pub const EXTRA: &str = "**/.goreleaser.yml,**/.sops.yaml,**/.flux.yaml";

/// What one pattern says about one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Match {
    /// Nothing.
    NoMatch,
    /// The path gets in, whatever an earlier pattern said.
    Include,
    /// The path stays out, unless a later pattern says otherwise.
    Exclude,
}

/// One pattern, bound to the folder it was written for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    domain: Vec<String>,
    shape: Shape,
    include: bool,
    dir_only: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Shape {
    /// No slash: any component may match.
    AnyComponent(Glob),
    /// Slashes: matched from the domain downwards.
    Path(Vec<Part>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// Before a leading slash, or between two.
    Empty,
    /// `**`: any number of components.
    AnyDepth,
    /// `**` beside other text.
    Never,
    One(Glob),
}

impl Pattern {
    /// Reads one pattern. `domain` is the folder it applies below, as components from the root of the artifact;
    /// empty for the root. Every text is a pattern, though some match nothing.
    pub fn parse(text: &str, domain: &[&str]) -> Self {
        let (include, text) = match text.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let text = if text.ends_with("\\ ") { text } else { text.trim_end_matches(' ') };
        let (dir_only, text) = match text.strip_suffix('/') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let shape = if text.contains('/') {
            Shape::Path(text.split('/').map(Part::parse).collect())
        } else {
            Shape::AnyComponent(Glob::new(text))
        };
        let domain = domain.iter().map(|component| (*component).to_owned()).collect();
        Self { domain, shape, include, dir_only }
    }

    /// What the pattern says about a path, given as components from the root of the artifact.
    pub fn matches(&self, path: &[&str], is_dir: bool) -> Match {
        let inside =
            path.len() > self.domain.len() && self.domain.iter().zip(path).all(|(a, b)| a == b);
        if !inside {
            return Match::NoMatch;
        }
        let below = &path[self.domain.len()..];
        let matched = match &self.shape {
            Shape::AnyComponent(glob) => self.any_component(glob, below, is_dir),
            Shape::Path(parts) => self.whole_path(parts, below, is_dir),
        };
        match (matched, self.include) {
            (false, _) => Match::NoMatch,
            (true, true) => Match::Include,
            (true, false) => Match::Exclude,
        }
    }

    fn any_component(&self, glob: &Glob, path: &[&str], is_dir: bool) -> bool {
        match path.iter().position(|component| glob.matches(component)) {
            Some(at) => !self.dir_only || is_dir || at + 1 < path.len(),
            None => false,
        }
    }

    fn whole_path(&self, parts: &[Part], path: &[&str], is_dir: bool) -> bool {
        let mut rest = path;
        let mut matched = false;
        let mut any_depth = false;
        for (at, part) in parts.iter().enumerate() {
            match part {
                Part::Empty => any_depth = false,
                Part::AnyDepth if at + 1 == parts.len() => break,
                Part::AnyDepth => any_depth = true,
                Part::Never => return false,
                Part::One(glob) if any_depth => {
                    let Some(found) = rest.iter().position(|component| glob.matches(component))
                    else {
                        return false;
                    };
                    rest = &rest[found + 1..];
                    any_depth = false;
                    matched = true;
                }
                Part::One(glob) => match rest.split_first() {
                    Some((component, below)) if glob.matches(component) => {
                        rest = below;
                        matched = true;
                    }
                    _ => return false,
                },
            }
        }
        matched && (!self.dir_only || is_dir || !rest.is_empty())
    }
}

impl Part {
    fn parse(text: &str) -> Self {
        match text {
            "" => Self::Empty,
            "**" => Self::AnyDepth,
            _ if text.contains("**") => Self::Never,
            _ => Self::One(Glob::new(text)),
        }
    }
}

/// Patterns in order: the last one that matches a path decides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matcher {
    patterns: Vec<Pattern>,
}

impl Matcher {
    /// A matcher over the given patterns; with none, everything gets in.
    pub fn new(patterns: Vec<Pattern>) -> Self {
        Self { patterns }
    }

    /// What `flux push artifact` keeps out. `ignore_paths` is the value of `--ignore-paths`, which takes the place
    /// of the default ([`VCS`] and [`EXTENSIONS`]). It reads no `.sourceignore`.
    pub fn for_push(ignore_paths: Option<&str>) -> Self {
        Self::new(match ignore_paths {
            Some(list) => parse_patterns(list),
            None => [VCS, EXTENSIONS].into_iter().flat_map(parse_patterns).collect(),
        })
    }

    /// What source-controller keeps out of a Git or bucket artifact. `files` are the folder and text of each
    /// `.sourceignore`, parents first; `spec_ignore` is `.spec.ignore` of the source object.
    ///
    /// Any pattern from either drops all defaults but [`VCS`]; without one, [`EXTENSIONS`], [`CI`] and [`EXTRA`]
    /// apply too. An empty `.spec.ignore` has no pattern, so it keeps the defaults.
    pub fn for_source<'a>(
        files: impl IntoIterator<Item = (&'a [&'a str], &'a str)>,
        spec_ignore: Option<&str>,
    ) -> Self {
        let mut own: Vec<Pattern> =
            files.into_iter().flat_map(|(domain, text)| parse_lines(text, domain)).collect();
        own.extend(spec_ignore.map(|text| parse_lines(text, &[])).unwrap_or_default());
        let mut patterns = parse_patterns(VCS);
        if own.is_empty() {
            patterns.extend([EXTENSIONS, CI, EXTRA].into_iter().flat_map(parse_patterns));
        }
        patterns.extend(own);
        Self::new(patterns)
    }

    /// Whether the path stays out.
    pub fn excludes(&self, path: &[&str], is_dir: bool) -> bool {
        self.patterns
            .iter()
            .rev()
            .map(|pattern| pattern.matches(path, is_dir))
            .find(|verdict| *verdict != Match::NoMatch)
            == Some(Match::Exclude)
    }
}

/// Patterns of a comma-separated list, as `--ignore-paths` takes them, for the root of the artifact.
pub fn parse_patterns(list: &str) -> Vec<Pattern> {
    patterns(list.split(','), &[])
}

/// Patterns of a text with one on each line, as `.spec.ignore` and `.sourceignore` have them. Blank lines and lines
/// that begin with `#` are skipped.
pub fn parse_lines(text: &str, domain: &[&str]) -> Vec<Pattern> {
    patterns(text.lines(), domain)
}

fn patterns<'a>(texts: impl Iterator<Item = &'a str>, domain: &[&str]) -> Vec<Pattern> {
    texts
        .filter(|text| !text.starts_with('#') && !text.trim().is_empty())
        .map(|text| Pattern::parse(text, domain))
        .collect()
}

#[cfg(test)]
mod tests;
