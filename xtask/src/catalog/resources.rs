//! What a cluster serves, from the generated Python of the package: one class a resource or subresource.
//!
//! Only the call `res.ApiInfo(...)` of each class and its base class are read, line by line, which is how the generator
//! writes them. A line of the call that is not known is an error.

use anyhow::{Context, Result, bail, ensure};
use towpath_catalog::{Verb, Verbs};

use super::schemas::Gvk;

/// A resource or subresource.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Resource {
    /// What is sent and received.
    pub(super) kind: Gvk,
    /// What it lies below: the kind and the name of the subresource.
    pub(super) below: Option<(Gvk, String)>,
    pub(super) plural: String,
    pub(super) namespaced: bool,
    pub(super) verbs: Verbs,
}

pub(super) fn parse(python: &str) -> Result<Vec<Resource>> {
    let mut found = Vec::new();
    let mut namespaced = None;
    let mut lines = python.lines();
    while let Some(line) = lines.next() {
        if let Some(class) = line.strip_prefix("class ") {
            namespaced = Some(is_namespaced(class).with_context(|| format!("in `{line}`"))?);
        } else if line == "    _api_info = res.ApiInfo(" {
            let namespaced = namespaced.context("a resource without a class")?;
            let call = lines.by_ref().take_while(|line| *line != "    )");
            found.push(resource(call, namespaced)?);
        }
    }
    ensure!(!found.is_empty(), "there are no resources");
    Ok(found)
}

fn is_namespaced(class: &str) -> Result<bool> {
    let (_, bases) = class.split_once("(res.").context("a class of another base")?;
    match bases.split([',', ')']).next() {
        Some("NamespacedResource" | "NamespacedResourceG" | "NamespacedSubResource") => Ok(true),
        Some("GlobalResource" | "GlobalSubResource") => Ok(false),
        _ => bail!("a class of another base"),
    }
}

fn resource<'a>(call: impl Iterator<Item = &'a str>, namespaced: bool) -> Result<Resource> {
    let (mut kind, mut parent, mut plural, mut action, mut verbs) = (None, None, None, None, None);
    for line in call {
        let (key, value) = line.trim().split_once('=').with_context(|| format!("`{line}`"))?;
        match key {
            "resource" => kind = Some(gvk(value)?),
            "parent" => parent = Some(gvk(value)?),
            "plural" => plural = quoted(value).into_iter().next(),
            "action" => action = quoted(value).into_iter().next(),
            "verbs" => verbs = Some(verbs_of(value)?),
            other => bail!("`{other}` is not known"),
        }
    }
    let kind = kind.context("a resource without a kind")?;
    ensure!(parent.is_some() == action.is_some(), "{kind:?} is half a subresource");
    // Discovery knows better than the schema: there is nothing to watch.
    let unwatched = kind[2] == "ComponentStatus";
    let verbs = verbs.context("a resource without verbs")?;
    Ok(Resource {
        verbs: verbs.iter().filter(|verb| !(unwatched && *verb == Verb::Watch)).collect(),
        plural: plural.context("a resource without a plural")?,
        below: parent.zip(action),
        kind,
        namespaced,
    })
}

fn gvk(call: &str) -> Result<Gvk> {
    ensure!(call.starts_with("res.ResourceDef("), "`{call}` is no definition");
    quoted(call).try_into().map_err(|parts| anyhow::anyhow!("{parts:?} is no kind"))
}

fn verbs_of(list: &str) -> Result<Verbs> {
    quoted(list)
        .iter()
        .filter_map(|name| match name.as_str() {
            "post" => Some(Ok(Verb::Create)),
            "put" => Some(Ok(Verb::Update)),
            // The same verb over all namespaces.
            "global_list" | "global_watch" => None,
            name => Some(
                Verb::ALL
                    .into_iter()
                    .find(|verb| verb.name() == name)
                    .with_context(|| format!("`{name}` is no verb")),
            ),
        })
        .collect()
}

/// What stands between quotes.
fn quoted(text: &str) -> Vec<String> {
    text.split('\'').skip(1).step_by(2).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PYTHON: &str = "
class DeploymentScale(res.NamespacedSubResource, m_autoscaling_v1.Scale):
    \"\"\"* words\"\"\"
    _api_info = res.ApiInfo(
        resource=res.ResourceDef('autoscaling', 'v1', 'Scale'),
        parent=res.ResourceDef('apps', 'v1', 'Deployment'),
        plural='deployments',
        verbs=['get', 'patch', 'put'],
        action='scale',
    )


class ComponentStatus(res.GlobalResource, m_core_v1.ComponentStatus):
    _api_info = res.ApiInfo(
        resource=res.ResourceDef('', 'v1', 'ComponentStatus'),
        plural='componentstatuses',
        verbs=['get', 'global_list', 'list', 'post', 'watch'],
    )

    Scale: ClassVar = DeploymentScale
";

    #[test]
    fn classes_are_resources_and_subresources() -> Result<()> {
        let owned = |parts: [&str; 3]| parts.map(str::to_owned);
        let found = parse(PYTHON)?;
        assert_eq!(
            found,
            [
                Resource {
                    kind: owned(["autoscaling", "v1", "Scale"]),
                    below: Some((owned(["apps", "v1", "Deployment"]), "scale".to_owned())),
                    plural: "deployments".to_owned(),
                    namespaced: true,
                    verbs: [Verb::Get, Verb::Patch, Verb::Update].into_iter().collect(),
                },
                Resource {
                    kind: owned(["", "v1", "ComponentStatus"]),
                    below: None,
                    plural: "componentstatuses".to_owned(),
                    namespaced: false,
                    verbs: [Verb::Create, Verb::Get, Verb::List].into_iter().collect(),
                },
            ]
        );
        Ok(())
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for (from, to) in [
            ("res.GlobalResource", "res.OtherResource"),
            ("'post'", "'poke'"),
            ("action='scale'", "other='scale'"),
            ("        parent=res.ResourceDef('apps', 'v1', 'Deployment'),\n", ""),
        ] {
            assert!(parse(&PYTHON.replace(from, to)).is_err(), "{to}");
        }
        assert!(parse("").is_err());
    }
}
