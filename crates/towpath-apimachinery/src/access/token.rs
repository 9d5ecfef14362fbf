//! Tokens of service accounts: JSON Web Tokens, signed with a key that only the cluster has.
//!
//! A server signs with RSA, so that others can check its tokens; whoever wants that of a sandbox asks it by a
//! `TokenReview`. HMAC needs no more than a hash, which keeps TLS libraries out of this crate.
//!
//! Source of the contract: RFC 7519, RFC 2104, `kubernetes/kubernetes:pkg/serviceaccount/claims.go`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// Who a token is for, and how long.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Claims {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) audiences: Vec<String>,
    /// In seconds since 1970.
    pub(crate) issued: i64,
    /// The same; `None` for ever.
    pub(crate) expires: Option<i64>,
    /// What no other token has.
    pub(crate) id: String,
    /// The object that the token lives and dies with, besides the account: kind, name and uid.
    pub(crate) bound: Option<Bound>,
}

/// An object that a token lives and dies with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Bound {
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) uid: String,
}

/// The namespace of what only Kubernetes means, among the claims.
const OWN: &str = "kubernetes.io";

/// Signs claims.
pub(super) fn sign(key: &[u8; 32], issuer: &str, claims: &Claims) -> String {
    let mut own = Map::new();
    own.insert("namespace".into(), claims.namespace.clone().into());
    own.insert("serviceaccount".into(), json!({"name": claims.name, "uid": claims.uid}));
    if let Some(bound) = &claims.bound {
        let field = bound.kind.to_lowercase();
        own.insert(field, json!({"name": bound.name, "uid": bound.uid}));
    }
    let mut payload = Map::new();
    payload.insert("aud".into(), claims.audiences.clone().into());
    if let Some(expires) = claims.expires {
        payload.insert("exp".into(), expires.into());
    }
    payload.insert("iat".into(), claims.issued.into());
    payload.insert("iss".into(), issuer.into());
    payload.insert("jti".into(), claims.id.clone().into());
    payload.insert(OWN.into(), own.into());
    payload.insert("nbf".into(), claims.issued.into());
    payload.insert("sub".into(), super::account_name(&claims.namespace, &claims.name).into());
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed =
        format!("{}.{}", part(json!({"alg": "HS256", "typ": "JWT"})), part(payload.into()));
    let mac = URL_SAFE_NO_PAD.encode(hmac(key, signed.as_bytes()));
    format!("{signed}.{mac}")
}

/// The claims of a token, if it was signed with the key.
pub(super) fn verify(key: &[u8; 32], issuer: &str, token: &str) -> Option<Claims> {
    let (signed, mac) = token.rsplit_once('.')?;
    let mac: [u8; 32] = URL_SAFE_NO_PAD.decode(mac).ok()?.try_into().ok()?;
    if !is_same(&mac, &hmac(key, signed.as_bytes())) {
        return None;
    }
    let (_, payload) = signed.split_once('.')?;
    let payload: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    let text = |value: &Value, path: &[&str]| -> String {
        crate::object::text(value, path).unwrap_or_default().to_owned()
    };
    if text(&payload, &["iss"]) != issuer {
        return None;
    }
    let own = payload.get(OWN)?;
    let audiences = payload.get("aud")?.as_array()?.iter();
    let bound = ["Pod", "Secret", "Node"].into_iter().find_map(|kind| {
        let bound = own.get(kind.to_lowercase())?;
        Some(Bound {
            kind: kind.to_owned(),
            name: text(bound, &["name"]),
            uid: text(bound, &["uid"]),
        })
    });
    Some(Claims {
        namespace: text(own, &["namespace"]),
        name: text(own, &["serviceaccount", "name"]),
        uid: text(own, &["serviceaccount", "uid"]),
        audiences: audiences.filter_map(|one| one.as_str().map(str::to_owned)).collect(),
        issued: payload.get("iat")?.as_i64()?,
        expires: payload.get("exp").and_then(Value::as_i64),
        id: text(&payload, &["jti"]),
        bound,
    })
}

/// Whether two hashes are the same, in a time that does not tell where they differ.
pub(super) fn is_same(a: &[u8; 32], b: &[u8; 32]) -> bool {
    let differs = a.iter().zip(b).fold(0, |differs, (a, b)| differs | (a ^ b));
    std::hint::black_box(differs) == 0
}

/// HMAC of RFC 2104 with SHA-256.
fn hmac(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    const BLOCK: usize = 64;
    let padded = |with: u8| {
        let mut block = [with; BLOCK];
        for (byte, key) in block.iter_mut().zip(key) {
            *byte ^= key;
        }
        block
    };
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize().into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_of_one_byte_repeated_signs_as_others_do() {
        // RFC 4231, case 3 has a key of 20 bytes; what is shorter than a block is filled with zeros.
        let mut key = [0; 32];
        key[..20].fill(0xaa);
        let mac = hmac(&key, &[0xdd; 50]);
        let hex: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    }

    proptest! {
        #[test]
        fn a_token_says_what_was_signed_and_nothing_else_passes(
            name in "[a-z]{1,8}", issued: i32, lasts in 0..10_000_i64, at: prop::sample::Index, flip in 1..255_u8,
        ) {
            let issued = i64::from(issued);
            let claims = Claims {
                namespace: "a".into(), name, uid: "u".into(), audiences: vec!["x".into()],
                issued, expires: Some(issued + lasts), id: "1".into(),
                bound: Some(Bound { kind: "Secret".into(), name: "s".into(), uid: "v".into() }),
            };
            let token = sign(&[7; 32], "me", &claims);
            prop_assert_eq!(verify(&[7; 32], "me", &token), Some(claims));
            prop_assert_eq!(verify(&[8; 32], "me", &token), None);
            prop_assert_eq!(verify(&[7; 32], "you", &token), None);
            let mut bytes = token.into_bytes();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            let changed = String::from_utf8_lossy(&bytes).into_owned();
            prop_assert_eq!(verify(&[7; 32], "me", &changed), None);
        }
    }
}
