//! What a change does to a cluster: its two states rendered and compared.
//!
//! Kustomizations that are made of the same are not looked into, nor even given their variables. An object may move
//! from one Kustomization to another, so all the others of a cluster are compared together. Next:
//! `towpath_render::compare`, which says what differs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use towpath_render::compare::{self, Change, Place};
use towpath_render::flux::{Id, Inputs, Memo, Rendered, Spec, Trouble, TroubleKind, Walk, Walked};
use towpath_render::kustomize::patch::schema::Schema;
use towpath_render::{Identity, Object};

/// How the two states of a cluster differ.
#[derive(Debug, Clone, Default)]
pub struct ClusterDifference {
    /// Where something differs, and what; a place without changes says that the cluster was compared.
    pub places: Vec<(Place, Vec<Change>)>,
    /// The Kustomizations that a side could not render, so that nothing is said of them.
    pub not_compared: BTreeSet<NotCompared>,
}

/// A Kustomization that a side could not render.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotCompared {
    /// Why, as a lower-case fragment; with file and line where something in a file is wrong.
    pub why: String,
    /// Which one.
    pub kustomization: Id,
    /// The environment of its cluster.
    pub environment: String,
    /// Its cluster.
    pub cluster: String,
}

/// What was compared already, by the Kustomizations and the addresses of what they rendered to. That is kept with it,
/// so that they stay its own.
pub(super) type Compared = BTreeMap<Vec<(Id, usize, usize)>, (Sides, Vec<(String, Vec<Change>)>)>;

/// What differs between two sides: Kustomizations, and what they rendered to.
type Sides = [Vec<(Id, Arc<Rendered>)>; 2];

/// Two states of what is the same cluster, or stands for the same. Either may be missing: then all that the other has
/// is new or gone.
pub(super) fn difference(
    place: &Place,
    old: Option<&Walk>,
    new: Option<&Walk>,
    memo: &mut Memo<'_>,
    compared: &mut Compared,
) -> ClusterDifference {
    let (before, after) = (by_id(old), by_id(new));
    let mut not_compared = lacks(place, old, new);
    let mut pairs = Vec::new();
    let mut sides = Sides::default();
    let ids: BTreeSet<&Id> = before.keys().chain(after.keys()).copied().collect();
    for id in ids {
        let (was, is) = (before.get(id), after.get(id));
        if let (Some(was), Some(is)) = (was, is)
            && was.is_made_as(is)
        {
            continue;
        }
        let mut finish = |walked: Option<&&Walked>| {
            let finished = walked.map(|walked| walked.finish(&Inputs::default(), memo));
            match finished.transpose() {
                Ok(rendered) => rendered.flatten(),
                Err(error) => {
                    not_compared.insert(lack(place, id, error.to_string()));
                    None
                }
            }
        };
        let (was_there, is_there) = (was.is_some(), is.is_some());
        let (was, is) = (finish(was), finish(is));
        // Where one side cannot be rendered, all of the other would look new or gone.
        if (was_there && was.is_none()) || (is_there && is.is_none()) {
            continue;
        }
        let address = |side: &Option<Arc<Rendered>>| {
            side.as_ref().map_or(0, |rendered| Arc::as_ptr(rendered) as usize)
        };
        if address(&was) == address(&is) {
            continue;
        }
        pairs.push((id.clone(), address(&was), address(&is)));
        sides[0].extend(was.map(|rendered| (id.clone(), rendered)));
        sides[1].extend(is.map(|rendered| (id.clone(), rendered)));
    }
    let (_, changes) = compared.entry(pairs).or_insert_with(|| {
        let changes = changes(&sides[0], &sides[1]);
        (sides, changes)
    });
    let at =
        |kustomization: &str| Place { kustomization: kustomization.to_owned(), ..place.clone() };
    let mut places: Vec<(Place, Vec<Change>)> =
        changes.iter().map(|(owner, changes)| (at(owner), changes.clone())).collect();
    if places.is_empty() {
        places.push((place.clone(), Vec::new()));
    }
    ClusterDifference { places, not_compared }
}

fn by_id(walk: Option<&Walk>) -> BTreeMap<&Id, &Walked> {
    let walked = walk.into_iter().flat_map(|walk| &walk.kustomizations);
    walked.map(|walked| (&walked.id, walked)).collect()
}

/// Changes by the Kustomization that applies the object; of one that is gone, that did.
fn changes(old: &[(Id, Arc<Rendered>)], new: &[(Id, Arc<Rendered>)]) -> Vec<(String, Vec<Change>)> {
    let objects = |side: &[(Id, Arc<Rendered>)]| {
        let mut owners: BTreeMap<Identity, String> = BTreeMap::new();
        let mut objects: Vec<Object> = Vec::new();
        for (id, rendered) in side {
            for object in &rendered.objects {
                owners.insert(object.identity(), id.to_string());
                objects.push(object.clone());
            }
        }
        (objects, owners)
    };
    let ((old, was_of), (new, is_of)) = (objects(old), objects(new));
    let mut by_owner: BTreeMap<String, Vec<Change>> = BTreeMap::new();
    for change in compare::objects(&old, &new, Schema::builtin()) {
        let owner = is_of.get(&change.identity).or_else(|| was_of.get(&change.identity));
        by_owner.entry(owner.cloned().unwrap_or_default()).or_default().push(change);
    }
    by_owner.into_iter().collect()
}

/// What a side could not render. Where both lack the same source for Kustomizations of the same shape, the same files
/// are missing on both sides, and nothing is to be said.
fn lacks(place: &Place, old: Option<&Walk>, new: Option<&Walk>) -> BTreeSet<NotCompared> {
    let (was_lacking, is_lacking) = (lacking(old), lacking(new));
    let mut not_compared = BTreeSet::new();
    for (lacks, other) in [(&was_lacking, &is_lacking), (&is_lacking, &was_lacking)] {
        for (id, trouble) in lacks {
            let also = other.get(id).filter(|other| is_same_lack(trouble, other));
            if also.is_some() && shape(old, id) == shape(new, id) {
                continue;
            }
            let why = match &trouble.kind {
                kind @ TroubleKind::UnknownSource { .. } => kind.to_string(),
                kind => format!("{}:{}: {kind}", trouble.file, trouble.line),
            };
            not_compared.insert(lack(place, id, why));
        }
    }
    not_compared
}

fn lack(place: &Place, id: &Id, why: String) -> NotCompared {
    NotCompared {
        why,
        kustomization: id.clone(),
        environment: place.environment.clone(),
        cluster: place.cluster.clone(),
    }
}

/// The Kustomizations of a walk that were not rendered, and why.
fn lacking(walk: Option<&Walk>) -> BTreeMap<&Id, &Trouble> {
    let troubles = walk.into_iter().flat_map(|walk| &walk.troubles);
    let not_rendered = |trouble: &&Trouble| {
        matches!(
            trouble.kind,
            TroubleKind::UnknownSource { .. }
                | TroubleKind::CannotRender(_)
                | TroubleKind::MissingPath(_)
        )
    };
    troubles.filter(not_rendered).map(|trouble| (&trouble.kustomization, trouble)).collect()
}

/// Whether both lack the same source, so that the same files are missing on both sides.
fn is_same_lack(one: &Trouble, other: &Trouble) -> bool {
    match (&one.kind, &other.kind) {
        (
            TroubleKind::UnknownSource { source_ref: one, why },
            TroubleKind::UnknownSource { source_ref: other, why: other_why },
        ) => one == other && why == other_why,
        _ => false,
    }
}

/// What shapes the objects of a Kustomization beside its files; not when they are applied.
fn shape(walk: Option<&Walk>, id: &Id) -> Option<Spec> {
    let walked = walk?.kustomizations.iter().find(|walked| walked.id == *id)?;
    let spec = Spec::clone(walked.spec.as_ref()?);
    Some(Spec { depends_on: Vec::new(), prune: false, wait: false, suspended: false, ..spec })
}
