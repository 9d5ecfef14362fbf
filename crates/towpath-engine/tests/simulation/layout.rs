//! The path of a world: environments, clusters, waves and gates, as `towpath.yaml` states them and as the laws read them.
//!
//! Drawn by the seed. The laws take what is demanded from here and not from what the engine has read.

use towpath_core::id::{ClusterName, ComponentName, EnvironmentName};
use towpath_engine::ports::{ArtifactLocation, TreeChange};
use towpath_testkit::contract::put;
use towpath_testkit::world;

use crate::dice::Dice;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gate {
    /// So many minutes on all clusters before.
    Soak(i64),
    /// In all environments before.
    Verified,
    /// By one who did not make the release.
    Approval,
    /// From six to sixteen o'clock, UTC.
    Window,
    /// `smoke` passed in all environments before.
    Test,
}

#[derive(Debug, Clone)]
pub(crate) struct Wave {
    /// `None`: those that no wave takes.
    pub(crate) name: Option<String>,
    pub(crate) clusters: Vec<usize>,
    pub(crate) at_once: usize,
    pub(crate) may_fail: usize,
    /// Minutes.
    settles: i64,
    /// Minutes.
    pub(crate) deadline: Option<i64>,
}

#[derive(Debug, Clone)]
pub(crate) struct Environment {
    pub(crate) name: EnvironmentName,
    /// Whether it follows a range by itself, and no promotion moves it.
    pub(crate) follows: bool,
    pub(crate) after: Vec<usize>,
    pub(crate) clusters: Vec<usize>,
    pub(crate) gates: Vec<Gate>,
    /// All of its clusters, each in one.
    pub(crate) waves: Vec<Wave>,
    goes_back: bool,
    /// Minutes.
    healthy_for: i64,
    /// Whether `smoke` must pass before a release is verified here.
    pub(crate) is_tested: bool,
    /// Whether it takes each release in turn.
    in_turn: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(crate) environments: Vec<Environment>,
    pub(crate) clusters: Vec<ClusterName>,
    pub(crate) components: Vec<ComponentName>,
}

fn wave(dice: &mut Dice, name: &str, clusters: Vec<usize>) -> Wave {
    Wave {
        name: Some(name.to_owned()),
        clusters,
        at_once: dice.pick(&[1, 1, 2]),
        may_fail: dice.pick(&[0, 0, 1]),
        settles: dice.pick(&[0, 0, 10]),
        deadline: dice.pick(&[None, Some(30), Some(90)]),
    }
}

/// The first of the clusters before all others, and perhaps those before what is left.
fn waves(dice: &mut Dice, clusters: &[usize]) -> Vec<Wave> {
    let mut out = Vec::new();
    let mut rest = clusters.to_vec();
    if dice.below(4) > 0 {
        out.push(wave(dice, "first", vec![rest.remove(0)]));
        if rest.len() > 1 && dice.below(3) > 0 {
            out.push(wave(dice, "second", rest.drain(..2).collect()));
        }
    }
    if !rest.is_empty() {
        let at_once = rest.len();
        out.push(Wave {
            name: None,
            clusters: rest,
            at_once,
            may_fail: 0,
            settles: 0,
            deadline: None,
        });
    }
    out
}

fn gates(dice: &mut Dice) -> Vec<Gate> {
    let all = [Gate::Soak(20), Gate::Verified, Gate::Approval, Gate::Window, Gate::Test];
    all.into_iter()
        .enumerate()
        .filter(|(i, _)| dice.one_in(if *i < 2 { 2 } else { 5 }))
        .map(|(_, g)| g)
        .collect()
}

impl Layout {
    pub(crate) fn drawn(dice: &mut Dice) -> Self {
        let shapes: [&[(&str, u64, &[usize])]; 3] = [
            &[("development", 1, &[]), ("staging", 2, &[0]), ("production", 4, &[1])],
            &[("staging", 2, &[]), ("production", 3, &[0])],
            &[
                ("development", 1, &[]),
                ("staging", 2, &[0]),
                ("quality", 2, &[0]),
                ("production", 3, &[1, 2]),
            ],
        ];
        let mut clusters = Vec::new();
        let mut environments = Vec::new();
        for (name, most, after) in dice.pick(&shapes) {
            let follows = after.is_empty();
            let first = clusters.len();
            for number in 0..=dice.below(*most) {
                clusters.push(ClusterName::parse(&format!("{name}-{number}")).expect("a name"));
            }
            let own: Vec<usize> = (first..clusters.len()).collect();
            environments.push(Environment {
                name: EnvironmentName::parse(name).expect("a name"),
                follows,
                after: after.to_vec(),
                gates: if follows { Vec::new() } else { gates(dice) },
                waves: if follows { Vec::new() } else { waves(dice, &own) },
                clusters: own,
                goes_back: dice.one_in(2),
                healthy_for: dice.pick(&[0, 0, 10]),
                is_tested: dice.one_in(4),
                in_turn: dice.one_in(4),
            });
        }
        let names: &[&str] = if dice.one_in(3) { &["platform", "addons"] } else { &["platform"] };
        let components =
            names.iter().map(|name| ComponentName::parse(name).expect("a name")).collect();
        Self { environments, clusters, components }
    }

    /// Whether somebody has to run `smoke` in an environment.
    pub(crate) fn needs_test(&self, environment: usize) -> bool {
        let asks =
            |e: &Environment| e.after.contains(&environment) && e.gates.contains(&Gate::Test);
        self.environments[environment].is_tested || self.environments.iter().any(asks)
    }

    pub(crate) fn environment_of(&self, cluster: usize) -> usize {
        let of = self.environments.iter().position(|e| e.clusters.contains(&cluster));
        of.expect("every cluster is somewhere")
    }

    pub(crate) fn environment(&self, name: &EnvironmentName) -> Option<usize> {
        self.environments.iter().position(|e| e.name == *name)
    }

    pub(crate) fn component(&self, name: &ComponentName) -> Option<usize> {
        self.components.iter().position(|c| c == name)
    }

    pub(crate) fn artifacts(&self, component: usize) -> ArtifactLocation {
        let repository = format!("registry.example.org/acme/{}", self.components[component]);
        ArtifactLocation::Registry { repository, insecure: false }
    }

    pub(crate) fn pin_file(&self, cluster: usize, component: usize) -> String {
        format!("clusters/{}/{}.yaml", self.clusters[cluster], self.components[component])
    }

    fn path_file(&self) -> String {
        let mut text = "apiVersion: towpath.dev/v1alpha1\nkind: Path\nspec:\n  trunk: main\n  tests:\n  - name: smoke\n    \
                        command: [smoke]\n  components:\n"
            .to_owned();
        for component in &self.components {
            text.push_str(&format!("  - name: {component}\n    pins: [{component}]\n"));
        }
        text.push_str("  environments:\n");
        for environment in &self.environments {
            let before: Vec<&str> =
                environment.after.iter().map(|e| self.environments[*e].name.as_str()).collect();
            let policy = if environment.follows { "semver" } else { "exact" };
            text.push_str(&format!(
                "  - name: {}\n    tracks: {policy}\n    after: [{}]\n    auto: true\n    supersede: {}\n    \
                 onFailure: {}\n    verify:\n      healthyFor: {}m\n{}",
                environment.name,
                before.join(", "),
                if environment.in_turn { "every" } else { "latest" },
                if environment.goes_back { "rollback" } else { "halt" },
                environment.healthy_for,
                if environment.is_tested { "      tests: [smoke]\n" } else { "" },
            ));
            text.push_str("    clusters:\n");
            for cluster in &environment.clusters {
                text.push_str(&format!("    - path: clusters/{}\n", self.clusters[*cluster]));
            }
            for (at, gate) in environment.gates.iter().enumerate() {
                let stated = match gate {
                    Gate::Soak(minutes) => format!("soak: {minutes}m"),
                    Gate::Verified => format!("verified: [{}]", before.join(", ")),
                    Gate::Approval => "approval: {count: 1}".to_owned(),
                    Gate::Window => {
                        "window: {allow: [{cron: \"0 6 * * *\", for: 10h, zone: UTC}]}".to_owned()
                    }
                    Gate::Test => "test: {name: smoke}".to_owned(),
                };
                let head = if at == 0 { "    gates:\n" } else { "" };
                text.push_str(&format!("{head}    - {stated}\n"));
            }
            let mut head = "    waves:\n";
            for wave in &environment.waves {
                let Some(name) = &wave.name else { continue };
                let names: Vec<&str> =
                    wave.clusters.iter().map(|c| self.clusters[*c].as_str()).collect();
                text.push_str(&format!(
                    "{head}    - name: {name}\n      clusters: [{}]\n      maxConcurrency: {}\n      maxFailures: {}\n      \
                     minSuccessTime: {}m\n",
                    names.join(", "),
                    wave.at_once,
                    wave.may_fail,
                    wave.settles
                ));
                if let Some(deadline) = wave.deadline {
                    text.push_str(&format!("      progressDeadline: {deadline}m\n"));
                }
                head = "";
            }
        }
        text
    }

    /// The files of the trunk as the world begins: everything is on the first release.
    pub(crate) fn files(&self) -> Vec<TreeChange> {
        let mut files = vec![put("towpath.yaml", self.path_file())];
        for component in &self.components {
            files.push(put(&format!("{component}/services/app.yaml"), world::service("one")));
        }
        for (cluster, name) in self.clusters.iter().enumerate() {
            files.push(put(
                &format!("clusters/{name}/flux-system/gotk-sync.yaml"),
                world::sync(name.as_str()),
            ));
            let follows = self.environments[self.environment_of(cluster)].follows;
            for (component, named) in self.components.iter().enumerate() {
                let reference = if follows { "semver: 0.0.x" } else { "tag: 0.0.1" };
                let text = world::source("OCIRepository", world::ARTIFACTS, reference);
                let text = text.replace("platform", named.as_str());
                files.push(put(&self.pin_file(cluster, component), text));
            }
        }
        files
    }
}
