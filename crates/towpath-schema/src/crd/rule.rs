//! The list of rules, and what the documentation says of each.
//!
//! A rule's page is a constant beside the code that finds it; its examples are run by the tests, so
//! a page cannot promise what the code does not do. A new rule is a constant, a line in
//! [`RuleId`], and code.

use super::{
    Effect, bounds, cel, columns, conversion, enums, fields, lists, logic, names, served, strings,
    style, style_conditions, subresources, texts, types, versions,
};

/// What an example of a rule is a fragment of, and what its paths are paths into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The schema of one field of the custom resource; in examples the field `spec.field`.
    Schema,
    /// The fields of one version of the definition, besides its name.
    Version,
    /// `spec` of the definition.
    Definition,
    /// The versions of the new definition beside each other: paths are paths into the custom resource, examples
    /// are `spec` of the definition.
    Served,
}

/// Two fragments, YAML, before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example {
    /// The old revision.
    pub before: &'static str,
    /// The new revision.
    pub after: &'static str,
}

/// A rule, with all that its page in the documentation says.
#[derive(Debug)]
pub struct Rule {
    /// Its id, `enum-value-removed`. Never changes.
    pub id: &'static str,
    /// What it looks at.
    pub place: Place,
    /// What it finds, in one line.
    pub title: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// What it finds.
    pub found: Example,
    /// The effect that the change in `found` has. The same rule may give another for another change.
    pub effect: Effect,
    /// A change nearby that it does not find.
    pub passes: Example,
}

macro_rules! rule_ids {
    ($($id:ident $rule:path;)*) => {
        /// Which rule found a change. [`RuleId::rule`] has the words.
        #[expect(missing_docs, reason = "the page of each rule says what it is")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum RuleId {
            $($id,)*
        }

        impl RuleId {
            /// Every rule, in the order of the documentation.
            pub const ALL: &[RuleId] = &[$(RuleId::$id,)*];

            /// What the documentation says of it.
            #[must_use]
            pub fn rule(self) -> &'static Rule {
                match self {
                    $(RuleId::$id => &$rule,)*
                }
            }
        }
    };
}

rule_ids! {
    Type types::TYPE;
    IntOrString types::INT_OR_STRING;
    Nullable types::NULLABLE;
    EmbeddedResource types::EMBEDDED_RESOURCE;
    Format strings::FORMAT;
    Pattern strings::PATTERN;
    Enum enums::ENUM;
    EnumValueAdded enums::VALUE_ADDED;
    EnumValueRemoved enums::VALUE_REMOVED;
    Maximum bounds::MAXIMUM;
    Minimum bounds::MINIMUM;
    MaxLength bounds::MAX_LENGTH;
    MinLength bounds::MIN_LENGTH;
    MaxItems bounds::MAX_ITEMS;
    MinItems bounds::MIN_ITEMS;
    MaxProperties bounds::MAX_PROPERTIES;
    MinProperties bounds::MIN_PROPERTIES;
    MultipleOf bounds::MULTIPLE_OF;
    FieldAdded fields::ADDED;
    FieldRemoved fields::REMOVED;
    Required fields::REQUIRED;
    AdditionalProperties fields::ADDITIONAL_PROPERTIES;
    PreserveUnknownFields fields::PRESERVE_UNKNOWN;
    Items fields::ITEMS;
    ListType lists::LIST_TYPE;
    ListMapKeys lists::LIST_MAP_KEYS;
    UniqueItems lists::UNIQUE_ITEMS;
    MapType lists::MAP_TYPE;
    OneOf logic::ONE_OF;
    AnyOf logic::ANY_OF;
    AllOf logic::ALL_OF;
    Not logic::NOT;
    ValidationAdded cel::ADDED;
    ValidationRemoved cel::REMOVED;
    ValidationChanged cel::CHANGED;
    ValidationMessage cel::MESSAGE;
    Default texts::DEFAULT;
    Description texts::DESCRIPTION;
    UnknownKeyword texts::UNKNOWN_KEYWORD;
    VersionAdded versions::ADDED;
    VersionRemoved versions::REMOVED;
    VersionServed versions::SERVED;
    StorageVersion versions::STORAGE;
    StoredVersionRemoved versions::STORED_REMOVED;
    DeprecatedVersion versions::DEPRECATED;
    StatusSubresource subresources::STATUS;
    ScaleSubresource subresources::SCALE;
    PrinterColumns columns::PRINTER_COLUMNS;
    SelectableFields columns::SELECTABLE_FIELDS;
    Scope names::SCOPE;
    Group names::GROUP;
    Names names::NAMES;
    ConversionStrategy conversion::STRATEGY;
    ConversionWebhook conversion::WEBHOOK;
    UnknownField names::UNKNOWN_FIELD;
    ServedVersionsDiffer served::DIFFER;
    StyleBoolean style::BOOLEAN;
    StyleFloat style::FLOAT;
    StyleUnsignedInteger style::UNSIGNED;
    StyleMap style::MAP;
    StyleListType style::LIST_TYPE;
    StyleStatusSubresource style::STATUS;
    StyleConditions style_conditions::CONDITIONS;
}

impl RuleId {
    /// Its id, `enum-value-removed`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.rule().id
    }
}
