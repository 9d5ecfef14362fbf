//! What controllers make, as admission is asked about it: a policy against some pods keeps those of a Deployment away as
//! well.
//!
//! A reaction waits for nobody. A webhook that would have to be asked over the network lets pass; one that cannot be
//! reached, as the cluster or the script says, fails as its policy says. Next: `admission.rs`.

use serde_json::{Value, json};

use super::desk;
use crate::access::User;
use crate::admission::{self, About, Operation};
use crate::machine::Machine;
use crate::object;
use crate::resource::Resource;

/// Whether what judges requests lets a controller create an object. What nobody controls is made by the cluster itself,
/// and not judged.
///
/// # Errors
///
/// The server's words.
pub(super) fn admit(
    machine: &Machine,
    resource: &Resource,
    value: &Value,
    now: jiff::Timestamp,
) -> Result<(), String> {
    if machine.admission().is_empty() {
        return Ok(());
    }
    let owner = desk::controller(value).map(|owner| desk::text(owner, &["kind"]));
    let Some(account) = owner.and_then(account) else { return Ok(()) };
    let user = User::named(
        &format!("system:serviceaccount:kube-system:{account}"),
        &["system:serviceaccounts", "system:serviceaccounts:kube-system"],
    );
    let about = About {
        machine,
        resource,
        subresource: "",
        operation: Operation::Create,
        namespace: object::namespace(value),
        name: object::name(value),
        object: Some(value),
        old: None,
        options: &json!({"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"}),
        user: &user,
        is_dry: false,
        now,
    };
    admission::admit(&about).map_err(|refusal| refusal.message)
}

/// The account of the controller that makes something for an owner of this kind.
///
/// Source of the contract: `kubernetes/kubernetes:plugin/pkg/auth/authorizer/rbac/bootstrappolicy/controller_policy.go`.
fn account(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "CronJob" => "cronjob-controller",
        "DaemonSet" => "daemon-set-controller",
        "Deployment" => "deployment-controller",
        "Job" => "job-controller",
        "ReplicaSet" => "replicaset-controller",
        "ReplicationController" => "replication-controller",
        "StatefulSet" => "statefulset-controller",
        _ => return None,
    })
}
