//! Mail as a way to tell: from whom, to whom, and through which server.
//!
//! Values only. Whether an address takes mail is not known here. Must hold no secret.

use std::fmt;
use std::net::IpAddr;

use crate::source::Credential;

/// Mail that is handed to a server, which carries it on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email {
    /// The server.
    pub server: MailServer,
    /// Who it is from.
    pub from: MailAddress,
    /// Whom it is for; at least one.
    pub to: Vec<MailAddress>,
}

/// A server that takes mail, over SMTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailServer {
    /// Its name or its address.
    pub host: MailHost,
    /// Its port.
    pub port: u16,
    /// How what is said to it is protected.
    pub tls: MailTls,
    /// How to log in; `None`: not at all.
    pub login: Option<MailLogin>,
    /// A PEM file of the certificate authorities it is trusted by, instead of the system's.
    pub ca_file: Option<String>,
}

impl MailServer {
    /// Whether a password may be told to it: only where nobody else can hear it.
    #[must_use]
    pub fn may_hear_a_password(&self) -> bool {
        self.tls != MailTls::None || self.host.is_loopback()
    }
}

/// How what is said to a server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTls {
    /// By TLS after a word in the clear; a server that does not offer it is told nothing.
    StartTls,
    /// By TLS from the first byte.
    Tls,
    /// Not at all.
    None,
}

impl MailTls {
    /// The port that is meant where none is stated.
    #[must_use]
    pub fn port(self) -> u16 {
        match self {
            Self::StartTls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

/// A user with a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailLogin {
    /// The user.
    pub user: String,
    /// Where the password is found.
    pub password: Credential,
}

/// The name of a host, or its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailHost(String);

/// An address that mail is sent to or from: `oncall@example.com`, without a name beside it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MailAddress(String);

/// Why a text is no host, or no address of mail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMail {
    /// No name of a host.
    #[error("{0:?} is no name of a host: write `smtp.example.com`; the port is a key of its own")]
    Host(String),
    /// No address.
    #[error("{0:?} is no address of mail: write `oncall@example.com`, without a name or brackets")]
    Address(String),
}

impl MailHost {
    /// Reads it.
    ///
    /// # Errors
    /// [`InvalidMail::Host`].
    pub fn parse(text: &str) -> Result<Self, InvalidMail> {
        if text.parse::<IpAddr>().is_ok() || is_host(text) {
            return Ok(Self(text.to_owned()));
        }
        Err(InvalidMail::Host(text.to_owned()))
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is this very machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let address = self.0.parse::<IpAddr>();
        address.map_or(self.0.eq_ignore_ascii_case("localhost"), |address| address.is_loopback())
    }
}

impl MailAddress {
    /// Reads it: a local part as RFC 5322 has it without quotes, and the name of a host.
    ///
    /// # Errors
    /// [`InvalidMail::Address`].
    pub fn parse(text: &str) -> Result<Self, InvalidMail> {
        let is_local = |local: &str| {
            let atom = |atom: &str| !atom.is_empty() && atom.bytes().all(is_atom);
            local.len() <= 64 && local.split('.').all(atom)
        };
        match text.rsplit_once('@') {
            Some((local, domain)) if is_local(local) && is_host(domain) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(InvalidMail::Address(text.to_owned())),
        }
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is before the `@`, and the host behind it.
    #[must_use]
    pub fn parts(&self) -> (&str, &str) {
        self.0.rsplit_once('@').unwrap_or((&self.0, ""))
    }
}

fn is_atom(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}

fn is_host(text: &str) -> bool {
    let is_label = |label: &str| {
        let inner = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        inner && (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

impl fmt::Display for MailHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for MailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_plain_and_nothing_can_be_smuggled_in() {
        for good in ["oncall@example.com", "a.b+c@x", "o'neil@mail-1.example.org"] {
            assert!(MailAddress::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "oncall",
            "@example.com",
            "oncall@",
            "On Call <oncall@example.com>",
            "a@b@c",
            ".a@b",
            "a..b@c",
            "a@b\r\nRCPT TO:<c@d>",
            "a b@c",
            "a@b.",
            "a@-b",
            "münchen@example.com",
            "a@[127.0.0.1]",
        ] {
            assert_eq!(
                MailAddress::parse(bad),
                Err(InvalidMail::Address(bad.to_owned())),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn a_host_is_a_name_or_an_address_without_a_port() {
        let cases = [
            ("smtp.example.com", Some(false)),
            ("localhost", Some(true)),
            ("127.0.0.9", Some(true)),
            ("::1", Some(true)),
            ("10.0.0.1", Some(false)),
            ("smtp.example.com:587", None),
            ("smtp://a", None),
            ("", None),
            ("a b", None),
        ];
        for (text, expected) in cases {
            let host = MailHost::parse(text).ok();
            assert_eq!(host.map(|host| host.is_loopback()), expected, "{text:?}");
        }
    }
}
