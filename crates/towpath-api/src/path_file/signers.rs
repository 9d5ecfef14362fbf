//! Where `towpath.yaml` says that the keys are whose signatures count.
//!
//! Must not read them: they count as the trunk has them. Next: `towpath_engine::signers`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use towpath_core::gate::Condition;
use towpath_core::id::{Folder, RepoPath};
use towpath_core::stated::{StatedEnvironment, StatedSigners};

use super::mistake::{Wrong, wrong};

/// Places in the repository. What stands there on the trunk counts, and nothing else.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignersSpec {
    /// A file of SSH keys, one a line, in OpenSSH's form of allowed signers: `ann@example.com ssh-ed25519 AAAA…`.
    pub ssh: Option<String>,
    /// A folder of exported OpenPGP keys; each file is named by the address that it may sign for:
    /// `ann@example.com.asc`.
    pub openpgp: Option<String>,
}

/// The places, once all gates are known: a gate that asks for signatures needs somebody who can give one.
pub(super) fn convert(
    spec: &SignersSpec,
    environments: &[StatedEnvironment],
) -> Result<StatedSigners, Wrong> {
    let ssh = spec.ssh.as_deref().map(RepoPath::parse).transpose();
    let openpgp = spec.openpgp.as_deref().map(Folder::parse).transpose();
    let signers = StatedSigners {
        ssh: ssh.map_err(|e| wrong(&[&"signers", &"ssh"], e))?,
        openpgp: openpgp.map_err(|e| wrong(&[&"signers", &"openpgp"], e))?,
    };
    if !signers.is_empty() {
        return Ok(signers);
    }
    for (i, environment) in environments.iter().enumerate() {
        for (j, gate) in environment.gates.iter().enumerate() {
            if matches!(gate.condition, Condition::Approval { signed: true, .. }) {
                let at: [&dyn std::fmt::Display; 6] =
                    [&"environments", &i, &"gates", &j, &"approval", &"signed"];
                let message = "nobody could give such an approval: `spec.signers` names no keys, \
                               for example `ssh: .towpath/allowed_signers`";
                return Err(wrong(&at, message));
            }
        }
    }
    Ok(signers)
}
