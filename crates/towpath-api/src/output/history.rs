//! `towpath history -o json` and `towpath history verify -o json`.

use schemars::JsonSchema;
use serde::Serialize;

use towpath_core::record::Signature;

use crate::record::RecordFile;

/// The ledger, newest first.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HistoryOutput {
    /// The records.
    pub records: Vec<HistoryRow>,
}

/// One record with the commit that holds it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HistoryRow {
    /// The ledger's commit.
    pub commit: String,
    /// The record.
    pub record: RecordFile,
    /// Whether it is signed, for approvals and overrides where `towpath.yaml` of the trunk names signers; else left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<SignatureOutput>,
}

/// What there is to say of the signature of a record.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignatureOutput {
    /// `good`, `missing` or `bad`.
    pub verdict: &'static str,
    /// Who signed, where it is good.
    pub by: Option<String>,
    /// What is wrong, where it is bad.
    pub why: Option<String>,
}

impl SignatureOutput {
    /// The wire form; `None` where nobody looked.
    #[must_use]
    pub fn of(signature: &Signature) -> Option<Self> {
        let (verdict, by, why) = match signature {
            Signature::NotChecked => return None,
            Signature::Missing => ("missing", None, None),
            Signature::Good { by } => ("good", Some(by.clone()), None),
            Signature::Bad { why } => ("bad", None, Some(why.clone())),
        };
        Some(Self { verdict, by, why })
    }
}

/// Whether the ledger is whole.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VerifyOutput {
    /// Whether everything agrees.
    pub whole: bool,
    /// How many records there are.
    pub records: usize,
    /// What does not agree.
    pub problems: Vec<ProblemOutput>,
    /// Every approval and override with its signature, oldest first, where `towpath.yaml` of the trunk names signers; else
    /// left out. What is missing or bad is none of the problems: such a word does not count where signatures are asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signatures: Option<Vec<SignedRecordOutput>>,
}

/// Somebody's word, and whether it is signed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignedRecordOutput {
    /// The ledger's commit.
    pub commit: String,
    /// What was said, in one line.
    pub record: String,
    /// Whose word it is, as the record has it.
    pub of: String,
    /// What there is to say of its signature.
    pub signature: SignatureOutput,
}

/// One disagreement.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProblemOutput {
    /// The ledger's commit.
    pub commit: String,
    /// What is wrong.
    pub message: String,
}
