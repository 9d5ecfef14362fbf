//! A made fleet for checks: clusters that are given folders by Kustomizations of their own.

use crate::render::{kustomization, sync};
use crate::support::World;

/// Widgets, whose size is at most nine.
pub(crate) const DEFINITION: &str = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: widgets, kind: Widget}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              size: {type: integer, maximum: 9}
";

/// Clusters, each with the folders that it is given, and the other files.
pub(crate) fn fleet_of(clusters: &[(&str, &[&str])], files: &[(&str, &str)]) -> World {
    let mut all: Vec<(String, String)> = Vec::new();
    for (cluster, folders) in clusters {
        let own = format!("clusters/{cluster}");
        let apps = folders.iter().map(|name| kustomization(name, &format!("./{name}"), ""));
        all.push((format!("{own}/flux-system/gotk-sync.yaml"), sync(&own)));
        all.push((format!("{own}/apps.yaml"), apps.collect()));
    }
    all.extend(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())));
    World::of(all.iter().map(|(path, text)| (path.as_str(), text.as_bytes())))
}
