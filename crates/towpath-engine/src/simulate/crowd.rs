//! Crowds: clusters that nothing tells apart, so that one of them can be played for all.
//!
//! Of the clusters of a wave that have the same pins, the same past and the same fate in the scenario, neighbours by name
//! make a group, and those of a group deliver together. Then whatever befalls the first of them befalls each, and it
//! is enough to play the first: where a wave may move or lose so many at once, that many groups. Where numbers of
//! clusters cannot be put as numbers of groups, there are none. Must not play. Next: [`super::island`], which asks.

use std::collections::{BTreeMap, BTreeSet};

use towpath_core::conduct::{Amount, Wave};
use towpath_core::id::{ClusterName, ComponentName, RepoPath};
use towpath_core::path::{Cluster, Environment};
use towpath_core::pin::{Pin, Splice};
use towpath_core::record::{Event, Record};
use towpath_core::scenario::Scenario;

/// How crowds are played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crowds {
    /// In how many groups at most the clusters of a wave deliver that nothing tells apart. Fewer are faster.
    pub groups: usize,
    /// Whether each cluster of a group is played, and not the first for all, and each delivery is looked at. It comes to
    /// the same and takes longer.
    pub each: bool,
}

impl Default for Crowds {
    /// A hundred groups: as many as a delivery that takes up to an hour and a half has minutes to end in.
    fn default() -> Self {
        Self { groups: 100, each: false }
    }
}

/// The groups of one piece of the path.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    /// The first of each group's clusters, and how many they are. Clusters that are alone are not here.
    sizes: BTreeMap<ClusterName, usize>,
    /// The first of the group of each other cluster.
    firsts: BTreeMap<ClusterName, ClusterName>,
    /// Whether a group has to deliver anything.
    delivers: bool,
    /// Whether nobody stands for another after all.
    each: bool,
}

impl Crowd {
    /// Whether clusters deliver in groups.
    pub(super) fn delivers(&self) -> bool {
        self.delivers
    }

    /// Whether a cluster stands for others, or for itself.
    pub(super) fn leads(&self, cluster: &ClusterName) -> bool {
        !self.firsts.contains_key(cluster)
    }

    /// The cluster that delivers as this one does: the first of its group.
    pub(super) fn first<'a>(&'a self, cluster: &'a ClusterName) -> &'a ClusterName {
        self.firsts.get(cluster).unwrap_or(cluster)
    }

    /// How many clusters these are, with all that they stand for.
    pub(super) fn count<'a>(&self, clusters: impl IntoIterator<Item = &'a ClusterName>) -> usize {
        clusters.into_iter().map(|cluster| self.sizes.get(cluster).copied().unwrap_or(1)).sum()
    }

    /// The same with nobody standing for another.
    pub(super) fn each(self) -> Self {
        Self { sizes: BTreeMap::new(), each: true, ..self }
    }

    /// Whether that was asked for.
    pub(super) fn is_each(&self) -> bool {
        self.each
    }

    fn join(&mut self, group: &[Member<'_>]) {
        let [first, others @ ..] = group else { return };
        if !others.is_empty() {
            let first = &first.cluster.name;
            self.sizes.insert(first.clone(), group.len());
            let other = |member: &Member<'_>| (member.cluster.name.clone(), first.clone());
            self.firsts.extend(others.iter().map(other));
        }
    }
}

/// What tells clusters apart.
pub(super) struct Marks<'a> {
    /// The pins of each cluster.
    pins: BTreeMap<&'a ClusterName, Vec<&'a Pin>>,
    /// Bytes that several pins stand on.
    shared: BTreeSet<Bytes<'a>>,
    /// In which lists of the ledger and the scenario each cluster is named.
    named: BTreeMap<&'a ClusterName, Vec<usize>>,
}

type Bytes<'a> = (&'a RepoPath, usize);

/// A cluster, and what tells it from others of its wave.
struct Member<'a> {
    cluster: &'a Cluster,
    pins: &'a [&'a Pin],
    named: &'a [usize],
}

impl<'a> Marks<'a> {
    pub(super) fn of(pins: &[&'a Pin], records: &[&'a Record], scenario: &'a Scenario) -> Self {
        let mut out =
            Self { pins: BTreeMap::new(), shared: BTreeSet::new(), named: BTreeMap::new() };
        let mut seen = BTreeSet::new();
        for pin in pins {
            out.pins.entry(&pin.cluster).or_default().push(pin);
            for splice in pin.splices.iter().flatten() {
                let bytes = (&pin.at.file, splice.range.start);
                if !seen.insert(bytes) {
                    out.shared.insert(bytes);
                }
            }
        }
        let key = |p: &&Pin| (p.component.clone(), p.at.clone(), p.object.clone());
        for pins in out.pins.values_mut().filter(|pins| pins.len() > 1) {
            pins.sort_by_cached_key(key);
        }
        let promotions = records.iter().filter_map(|record| match &record.event {
            Event::Promoted(promotion) => Some(promotion.clusters.as_slice()),
            _ => None,
        });
        let fails = scenario.releases.iter().flat_map(|arrivals| &arrivals.fails);
        let drawn = scenario.failures.iter().map(|failures| &failures.how);
        let lists = promotions
            .chain(fails.chain(drawn).map(|how| how.clusters.as_slice()))
            .chain(scenario.troubles.iter().map(|trouble| trouble.clusters.as_slice()))
            .chain(scenario.alerts.iter().map(|alert| alert.clusters.as_slice()));
        for (index, list) in lists.enumerate() {
            for cluster in list {
                out.named.entry(cluster).or_default().push(index);
            }
        }
        out
    }

    /// Puts the clusters of an environment in groups, and its amounts of clusters as amounts of groups.
    pub(super) fn group(&self, environment: &mut Environment, crowds: Crowds, crowd: &mut Crowd) {
        let clusters = std::mem::take(&mut environment.clusters);
        let waves = &mut environment.conduct.waves;
        let mut of: BTreeMap<usize, Vec<&Cluster>> = BTreeMap::new();
        for cluster in &clusters {
            let wave = waves.iter().position(|wave| wave.select.selects(cluster));
            of.entry(wave.unwrap_or(waves.len())).or_default().push(cluster);
        }
        for (wave, mut clusters) in of {
            clusters.sort_by(|a, b| a.name.cmp(&b.name));
            self.group_wave(waves.get_mut(wave), &clusters, crowds, crowd);
        }
        environment.clusters =
            clusters.into_iter().filter(|c| crowds.each || crowd.leads(&c.name)).collect();
    }

    fn group_wave(
        &self,
        wave: Option<&mut Wave>,
        clusters: &[&Cluster],
        crowds: Crowds,
        crowd: &mut Crowd,
    ) {
        let members = clusters.iter().map(|cluster| Member {
            cluster,
            pins: self.pins.get(&cluster.name).map_or(&[][..], Vec::as_slice),
            named: self.named.get(&cluster.name).map_or(&[][..], Vec::as_slice),
        });
        let (pinned, bare): (Vec<_>, Vec<_>) = members.partition(|m| !m.pins.is_empty());
        bare.chunk_by(|a, b| a.named == b.named).for_each(|alike| crowd.join(alike));
        let all = pinned.len();
        if all <= crowds.groups || !have_the_same_components(&pinned) {
            return;
        }
        let chunks: Vec<&[Member<'_>]> = pinned.chunk_by(|a, b| self.alike(a, b)).collect();
        let at_once = wave.as_ref().map_or(all, |wave| wave.max_concurrency.of(all).max(1));
        let may_fail = wave.as_ref().map_or(0, |wave| wave.max_failures.of(all));
        // Whether it is about all clusters and none, or about a number of them.
        let (is_all_at_once, is_all_or_none) = (at_once >= all, may_fail == 0 || may_fail >= all);
        let fits = |size: &usize| {
            (is_all_at_once && is_all_or_none)
                || (chunks.iter().all(|chunk| chunk.len().is_multiple_of(*size))
                    && (is_all_at_once || at_once.is_multiple_of(*size)))
        };
        let most = all.div_ceil(crowds.groups.max(1));
        let Some(size) = (2..=most).rev().find(fits) else { return };
        chunks.iter().flat_map(|chunk| chunk.chunks(size)).for_each(|group| crowd.join(group));
        crowd.delivers = true;
        if let Some(wave) = wave.filter(|_| !crowds.each) {
            let in_groups = |clusters: usize| match clusters >= all {
                true => Amount::Percent(100),
                false => Amount::Count(u32::try_from(clusters / size).unwrap_or(u32::MAX)),
            };
            (wave.max_concurrency, wave.max_failures) = (in_groups(at_once), in_groups(may_fail));
        }
    }

    fn alike(&self, a: &Member<'_>, b: &Member<'_>) -> bool {
        let mut pins = a.pins.iter().zip(b.pins);
        a.named == b.named
            && a.pins.len() == b.pins.len()
            && pins.all(|(a, b)| self.pins_alike(a, b))
    }

    fn pins_alike(&self, a: &Pin, b: &Pin) -> bool {
        let splices_alike = |a: &Splice, b: &Splice, (at, other): (Bytes<'_>, Bytes<'_>)| {
            let is_own = !self.shared.contains(&at) && !self.shared.contains(&other);
            (at == other || is_own) && a.old == b.old && a.new == b.new
        };
        a.component == b.component
            && a.environment == b.environment
            && a.tracking == b.tracking
            && match (&a.splices, &b.splices) {
                (Err(a), Err(b)) => a == b,
                (Ok(these), Ok(those)) => {
                    these.len() == those.len()
                        && these.iter().zip(those).all(|(this, that)| {
                            let at = (&a.at.file, this.range.start);
                            splices_alike(this, that, (at, (&b.at.file, that.range.start)))
                        })
                }
                _ => false,
            }
    }
}

/// Whether every component that is on one of these clusters is on all: then a share of them is as many for each.
fn have_the_same_components(members: &[Member<'_>]) -> bool {
    let alike = |two: &[Member<'_>]| components(&two[0]).eq(components(&two[1]));
    members.windows(2).all(alike)
}

/// The components of a cluster, each once.
fn components<'a>(member: &Member<'a>) -> impl Iterator<Item = &'a ComponentName> {
    member.pins.chunk_by(|a, b| a.component == b.component).map(|pins| &pins[0].component)
}
