//! Webhooks: whether a message that says "something changed" is from whom it should be.
//!
//! Only that is asked. What a message says besides is dropped and the world is read again, so a message that is sent
//! twice, late or with nonsense inside does no more than wake the loop. Pure: headers, body and secret come in, yes or
//! the reason of a no goes out. Must not read the body. The same signature is put on what Towpath sends ([`sign`]).
//! Next: `towpath_adapters::listener`, which asks.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The header of a signature that Towpath itself makes and, from whoever else, takes.
pub const SIGNATURE: &str = "x-towpath-signature";

/// Who sends, which says how it proves that it is that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sender {
    /// GitHub: `X-Hub-Signature-256: sha256=HEX` (`github/docs:content/webhooks`).
    GitHub,
    /// GitLab: `X-Gitlab-Token` is the secret itself, so whoever reads one message can send others
    /// (`gitlab-org/gitlab:doc/user/project/integrations/webhooks.md`).
    GitLab,
    /// Gitea and Forgejo: `X-Gitea-Signature: HEX` (`go-gitea/gitea:services/webhook/deliver.go`).
    Gitea,
    /// Anybody else: `X-Towpath-Signature: sha256=HEX`.
    Generic,
}

impl Sender {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::GitHub, Self::GitLab, Self::Gitea, Self::Generic];

    /// Its name in a path: `/hooks/github`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
            Self::Gitea => "gitea",
            Self::Generic => "generic",
        }
    }

    /// Reads the last part of a path. Forgejo signs as Gitea does, and may be called by its own name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        if name == "forgejo" {
            return Some(Self::Gitea);
        }
        Self::ALL.into_iter().find(|sender| sender.as_str() == name)
    }

    /// The header that proves who sends, in lower case.
    #[must_use]
    pub fn header(self) -> &'static str {
        match self {
            Self::GitHub => "x-hub-signature-256",
            Self::GitLab => "x-gitlab-token",
            Self::Gitea => "x-gitea-signature",
            Self::Generic => SIGNATURE,
        }
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A secret that both sides know. It is never shown.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Takes a secret; `None` where it is empty, because everybody knows that one.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        (!text.is_empty()).then_some(Self(text))
    }

    fn keyed(&self) -> Hmac<Sha256> {
        Hmac::new_from_slice(self.0.as_bytes()).expect("HMAC takes keys of every length")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// Why a message is not believed. None of them says anything of the secret or the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no proof at all.
    #[error("there is no header {0}")]
    Missing(&'static str),
    /// There are two, and nobody knows which one counts.
    #[error("there is more than one header {0}")]
    Twice(&'static str),
    /// It is not of the form that this sender uses.
    #[error("the header {0} is not of the form that is asked for")]
    Malformed(&'static str),
    /// It is another secret's or another message's.
    #[error("the header {0} does not prove the secret")]
    Wrong(&'static str),
}

/// Whether a message proves that its sender knows the secret. Names of headers are in lower case, as HTTP/2 has them.
/// How long this takes depends on nothing but the lengths of body and secret.
///
/// # Errors
/// [`Refused`].
pub fn verify<'a>(
    sender: Sender,
    headers: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    body: &[u8],
    secret: &Secret,
) -> Result<(), Refused> {
    let name = sender.header();
    let mut found = headers.into_iter().filter(|(header, _)| *header == name);
    let (_, proof) = found.next().ok_or(Refused::Missing(name))?;
    if found.next().is_some() {
        return Err(Refused::Twice(name));
    }
    let holds = match sender {
        // Both go through the same keyed hash: what is compared says nothing of where they differ, or how long they are.
        Sender::GitLab => {
            let given = secret.keyed().chain_update(proof).finalize().into_bytes();
            secret.keyed().chain_update(secret.0.as_bytes()).verify(&given)
        }
        Sender::GitHub | Sender::Generic => {
            let digits = proof.strip_prefix(b"sha256=").ok_or(Refused::Malformed(name))?;
            let given = bytes(digits).ok_or(Refused::Malformed(name))?;
            secret.keyed().chain_update(body).verify_slice(&given)
        }
        Sender::Gitea => {
            let given = bytes(proof).ok_or(Refused::Malformed(name))?;
            secret.keyed().chain_update(body).verify_slice(&given)
        }
    };
    holds.map_err(|_| Refused::Wrong(name))
}

/// The value of the header [`SIGNATURE`] of a body: `sha256=HEX`.
#[must_use]
pub fn sign(body: &[u8], secret: &Secret) -> String {
    let mut out = String::from("sha256=");
    for byte in secret.keyed().chain_update(body).finalize().into_bytes() {
        out.push_str(&format!("{byte:02x}"));
    }
    out
}

/// The 32 bytes of 64 hexadecimal digits.
fn bytes(digits: &[u8]) -> Option<[u8; 32]> {
    if digits.len() != 64 {
        return None;
    }
    let digit = |at: usize| char::from(digits[at]).to_digit(16);
    let mut out = [0; 32];
    for (at, byte) in out.iter_mut().enumerate() {
        *byte = u8::try_from(digit(2 * at)? << 4 | digit(2 * at + 1)?).ok()?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text).expect("it is not empty")
    }

    fn ask(sender: Sender, headers: &[(&str, &str)], body: &str, key: &str) -> Result<(), Refused> {
        let headers = headers.iter().map(|(name, value)| (*name, value.as_bytes()));
        verify(sender, headers, body.as_bytes(), &secret(key))
    }

    /// Key, data and result of a test case of RFC 4231, section 4.3.
    const KNOWN: (&str, &str, &str) = (
        "Jefe",
        "what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    );

    #[test]
    fn signatures_are_those_of_the_standard() {
        let (key, body, digits) = KNOWN;
        let prefixed = format!("sha256={digits}");
        assert_eq!(sign(body.as_bytes(), &secret(key)), prefixed);
        let upper = prefixed.to_uppercase().replace("SHA256", "sha256");
        for (sender, value) in [
            (Sender::GitHub, prefixed.as_str()),
            (Sender::GitHub, upper.as_str()),
            (Sender::Generic, prefixed.as_str()),
            (Sender::Gitea, digits),
            (Sender::GitLab, key),
        ] {
            let headers = [("x-other", "1"), (sender.header(), value)];
            assert_eq!(ask(sender, &headers, body, key), Ok(()), "{sender}");
        }
    }

    #[test]
    fn what_proves_nothing_is_refused_and_says_why() {
        use Refused as R;
        let (key, body, digits) = KNOWN;
        let prefixed = format!("sha256={digits}");
        let short = &prefixed[..70];
        let nonsense = format!("sha256={}", "zz".repeat(32));
        let hub = Sender::GitHub.header();
        let cases: [(&[(&str, &str)], Refused); 9] = [
            (&[], R::Missing(hub)),
            (&[("x-towpath-signature", &prefixed)], R::Missing(hub)),
            (&[(hub, &prefixed), (hub, &prefixed)], R::Twice(hub)),
            (&[(hub, "")], R::Malformed(hub)),
            (&[(hub, digits)], R::Malformed(hub)),
            (&[(hub, short)], R::Malformed(hub)),
            (&[(hub, &nonsense)], R::Malformed(hub)),
            (&[(hub, "sha1=5bdcc146bf60754e6a042426089575c75a003f08")], R::Malformed(hub)),
            (&[(hub, &sign(b"another body", &secret(key)))], R::Wrong(hub)),
        ];
        for (headers, expected) in cases {
            assert_eq!(ask(Sender::GitHub, headers, body, key), Err(expected), "{headers:?}");
        }
        let token = Sender::GitLab.header();
        for wrong in ["", "Jef", "Jefe ", "jefe"] {
            let refused = ask(Sender::GitLab, &[(token, wrong)], body, key);
            assert_eq!(refused, Err(R::Wrong(token)), "{wrong:?}");
        }
        assert!(Secret::new("").is_none());
    }

    #[test]
    fn a_secret_is_not_shown() {
        assert_eq!(format!("{:?}", secret("hunter2")), "Secret(***)");
    }

    #[test]
    fn senders_are_known_by_name() {
        for sender in Sender::ALL {
            assert_eq!(Sender::named(sender.as_str()), Some(sender));
        }
        assert_eq!(Sender::named("forgejo"), Some(Sender::Gitea));
        assert_eq!(Sender::named("GitHub"), None);
    }

    proptest! {
        #[test]
        fn only_the_body_that_was_signed_is_believed(
            body in proptest::collection::vec(any::<u8>(), 0..200),
            other in proptest::collection::vec(any::<u8>(), 0..200),
            key in "[ -~]{1,80}",
            wrong in "[ -~]{1,80}",
        ) {
            let signature = sign(&body, &secret(&key));
            let ask = |body: &[u8], key: &str| {
                verify(Sender::Generic, [(SIGNATURE, signature.as_bytes())], body, &secret(key))
            };
            prop_assert_eq!(ask(&body, &key), Ok(()));
            prop_assert_eq!(ask(&other, &key).is_ok(), other == body);
            prop_assert_eq!(ask(&body, &wrong).is_ok(), wrong == key);
        }
    }
}
