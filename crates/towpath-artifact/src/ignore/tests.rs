//! Tables of patterns against paths, and the defaults.

use super::*;

fn split(path: &str) -> Vec<&str> {
    path.split('/').collect()
}

/// A trailing slash in the path of a row marks a folder.
fn verdict(pattern: &str, domain: &[&str], path: &str) -> Match {
    let (path, is_dir) = match path.strip_suffix('/') {
        Some(folder) => (folder, true),
        None => (path, false),
    };
    Pattern::parse(pattern, domain).matches(&split(path), is_dir)
}

#[test]
fn patterns_mean_what_flux_means() {
    use Match::*;
    let table = [
        ("docs", "docs", Exclude),
        ("docs", "a/docs/b", Exclude),
        ("docs", "a/docsy", NoMatch),
        ("!docs", "a/docs/b", Include),
        ("docs/", "docs", NoMatch),
        ("docs/", "docs/", Exclude),
        ("docs/", "docs/a.md", Exclude),
        ("/docs", "docs/a.md", Exclude),
        ("/docs", "a/docs", NoMatch),
        ("a/docs", "a/docs/b", Exclude),
        ("a/docs", "x/a/docs", NoMatch),
        ("a/docs", "a", NoMatch),
        ("a/docs/", "a/docs", NoMatch),
        ("a/docs/", "a/docs/", Exclude),
        ("a/docs/", "a/docs/b", Exclude),
        ("**/docs", "docs", Exclude),
        ("**/docs", "a/b/docs", Exclude),
        ("**/docs/*.md", "a/docs/x.md", Exclude),
        ("**/docs/*.md", "a/docs/b/x.md", NoMatch),
        ("**/docs", "a/b", NoMatch),
        ("docs/**", "docs/a/b", Exclude),
        ("docs/**", "docs", Exclude),
        ("docs/**", "a/docs/b", NoMatch),
        ("docs/**/x", "docs/x", Exclude),
        ("docs/**/x", "docs/a/b/x/y", Exclude),
        ("docs/**/x", "docs/a", NoMatch),
        ("docs/**/x/**", "docs/a", NoMatch),
        ("do**/x", "docs/x", NoMatch),
        ("do**", "docs", Exclude),
        ("/**", "docs", NoMatch),
        ("**", "docs", Exclude),
        ("*", "a/b", Exclude),
        ("a//b", "a/b", Exclude),
        ("*.md   ", "a.md", Exclude),
        ("a\\ ", "a ", Exclude),
        (" a", "a", NoMatch),
        ("[", "[", NoMatch),
        ("**/[", "a/[", NoMatch),
        ("", "a", NoMatch),
        ("/", "a", NoMatch),
        ("!", "a", NoMatch),
    ];
    for (pattern, path, expected) in table {
        assert_eq!(verdict(pattern, &[], path), expected, "{pattern:?} on {path:?}");
    }
}

#[test]
fn a_domain_bounds_its_patterns() {
    let domain = ["apps", "web"];
    for (pattern, path, expected) in [
        ("x", "apps/web/x", Match::Exclude),
        ("x", "apps/web/a/x", Match::Exclude),
        ("/x", "apps/web/x", Match::Exclude),
        ("x", "apps/x", Match::NoMatch),
        ("x", "x/web/x", Match::NoMatch),
        ("web", "apps/web/", Match::NoMatch),
    ] {
        assert_eq!(verdict(pattern, &domain, path), expected, "{pattern:?} on {path:?}");
    }
}

#[test]
fn the_last_match_decides_and_no_parent_buries_its_children() {
    let matcher = Matcher::new(parse_patterns("*,!/platform/**"));
    for (path, is_dir, excluded) in [
        ("README.md", false, true),
        ("clusters", true, true),
        ("clusters/a/platform/x.yaml", false, true),
        ("platform", true, false),
        ("platform/services", true, false),
        ("platform/services/keda.yaml", false, false),
    ] {
        assert_eq!(matcher.excludes(&split(path), is_dir), excluded, "{path}");
    }
    let matcher = Matcher::new(parse_patterns("!a,a"));
    assert!(matcher.excludes(&["a"], false));
    assert!(!Matcher::default().excludes(&["a"], false));
}

#[test]
fn lists_and_lines_skip_what_is_no_pattern() {
    assert_eq!(parse_patterns("a,,#b, ,c").len(), 2);
    assert_eq!(
        parse_lines("# head\r\n\r\na\r\n  \n!b\n", &[]),
        [Pattern::parse("a", &[]), Pattern::parse("!b", &[])]
    );
}

#[test]
fn pushing_keeps_out_version_control_and_pictures() {
    let excludes = |matcher: &Matcher, path: &str| matcher.excludes(&split(path), false);
    let default = Matcher::for_push(None);
    for path in [".git/config", "a/.gitignore", "docs/shot.png", "a.tar.gz"] {
        assert!(excludes(&default, path), "{path}");
    }
    for path in [".github/ci.yaml", ".sops.yaml", ".sourceignore", "a.yaml"] {
        assert!(!excludes(&default, path), "{path}");
    }
    assert!(!excludes(&Matcher::for_push(Some("*.txt")), "docs/shot.png"));
}

#[test]
fn any_pattern_of_a_source_drops_the_defaults() {
    let none: [(&[&str], &str); 0] = [];
    let excludes = |matcher: &Matcher, path: &str| matcher.excludes(&split(path), false);
    for spec_ignore in [None, Some(""), Some("# nothing\n")] {
        let default = Matcher::for_source(none, spec_ignore);
        for path in [".git/config", "a.png", ".github/ci.yaml", "a/.sops.yaml", ".flux.yaml"] {
            assert!(excludes(&default, path), "{path}");
        }
    }
    let own = Matcher::for_source([(["apps"].as_slice(), "/x\n")], None);
    for (path, excluded) in
        [(".git/config", true), ("a/.sops.yaml", false), ("apps/x", true), ("x", false)]
    {
        assert_eq!(excludes(&own, path), excluded, "{path}");
    }
    let spec_wins = Matcher::for_source([([].as_slice(), "x\n")], Some("!x"));
    assert!(!excludes(&spec_wins, "x"));
}
