//! What the forms for people and programs share: equal findings together, what was checked in words, safe text.

use towpath_api::output::{CheckOutput, FindingOutput, KubernetesOutput};
use towpath_check::place::Excerpt;

use super::super::args::FailOn;
use super::super::words::{count, list};

/// Everything that is reported.
pub(super) struct Report<'a> {
    pub(super) output: &'a CheckOutput,
    /// The lines of the findings, in their order.
    pub(super) excerpts: Vec<Option<&'a Excerpt>>,
    /// Which findings make the answer no.
    pub(super) fail_on: FailOn,
}

/// Findings that say the same of several places.
pub(super) struct Group<'a> {
    pub(super) places: Vec<(&'a FindingOutput, Option<&'a Excerpt>)>,
}

impl<'a> Group<'a> {
    /// One that speaks for all.
    pub(super) fn first(&self) -> &'a FindingOutput {
        self.places[0].0
    }
}

impl<'a> Report<'a> {
    /// The findings in their order, those that say the same together.
    pub(super) fn groups(&self) -> Vec<Group<'a>> {
        let mut groups: Vec<Group<'a>> = Vec::new();
        let mut known = std::collections::BTreeMap::new();
        for (finding, excerpt) in self.output.findings.iter().zip(&self.excerpts) {
            let key = (&finding.severity, &finding.rule, &finding.message, &finding.fix);
            let at = *known.entry(key).or_insert_with(|| {
                groups.push(Group { places: Vec::new() });
                groups.len() - 1
            });
            groups[at].places.push((finding, *excerpt));
        }
        groups
    }

    /// `2 errors and 1 note in 12 objects of 9 files`.
    pub(super) fn headline(&self) -> String {
        let (summary, checked) = (self.output.summary, &self.output.checked);
        let counts =
            [(summary.errors, "error"), (summary.warnings, "warning"), (summary.infos, "note")];
        let found: Vec<String> =
            counts.iter().filter(|(n, _)| *n > 0).map(|(n, thing)| count(*n, thing)).collect();
        let found = if found.is_empty() { "nothing found".to_owned() } else { list(&found) };
        let objects = count(checked.objects, "object");
        let mut of: Vec<String> = Vec::new();
        if checked.files > 0 || checked.clusters.is_empty() {
            of.push(count(checked.files, "file"));
        }
        of.extend(checked.clusters.iter().map(|name| format!("cluster {}", plain(name))));
        format!("{found} in {objects} of {}", list(&of))
    }

    /// What a reader has to know besides: for what was judged, what was not, and what is silenced. A line each.
    pub(super) fn remarks(&self) -> Vec<String> {
        let checked = &self.output.checked;
        let mut lines: Vec<String> = checked.kubernetes.iter().map(kubernetes).collect();
        lines
            .extend(checked.not_checked.iter().map(|what| format!("not checked: {}", plain(what))));
        if self.output.summary.silenced > 0 {
            let silenced = count(self.output.summary.silenced, "finding");
            lines.push(format!("silenced: {silenced}; -o json has them with their reasons"));
        }
        lines
    }
}

fn kubernetes(known: &KubernetesOutput) -> String {
    let names = list(&known.environments);
    match (known.known_by.as_str(), known.environments.is_empty()) {
        ("assumed", true) => format!(
            "Kubernetes {} is assumed, the newest that is known: ask for another with --kubernetes",
            known.version
        ),
        ("assumed", false) => format!(
            "Kubernetes {} is assumed for {names}: state `kubernetes` in towpath.yaml",
            known.version
        ),
        (_, true) => format!("judged for Kubernetes {}", known.version),
        (_, false) => format!("judged for Kubernetes {} of {names}", known.version),
    }
}

/// Whether it is about an object of a connected cluster, which has no file.
pub(super) fn is_on_cluster(finding: &FindingOutput) -> bool {
    finding.file.starts_with(towpath_check::live::CLUSTER)
}

/// `apps/web.yaml:3:5`, or the cluster that has the object.
pub(super) fn place(finding: &FindingOutput) -> String {
    let file = plain(&finding.file);
    match is_on_cluster(finding) {
        true => file,
        false => format!("{file}:{}:{}", finding.line, finding.column),
    }
}

/// `Deployment apps/web in staging and production`; empty where nothing is known.
pub(super) fn whom(finding: &FindingOutput) -> String {
    let environments = match finding.environments.as_slice() {
        [] => String::new(),
        names => format!("in {}", list(names)),
    };
    let object = finding.object.as_deref().map(plain).unwrap_or_default();
    [object, environments].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Text on one line that does nothing to a terminal.
pub(super) fn plain(text: &str) -> String {
    let visible = |c: char| match c {
        '\n' | '\r' | '\t' => ' ',
        c if c.is_control() => '\u{fffd}',
        c => c,
    };
    text.chars().map(visible).collect()
}
