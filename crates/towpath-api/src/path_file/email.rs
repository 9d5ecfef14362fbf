//! Mail as a channel of `notifications`, in `towpath.yaml`.
//!
//! No secret is written here, and none may travel in the clear: what states so is a mistake. Must not talk to a server.
//! Next: `towpath_core::notification::email`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use towpath_core::notification::Email;
use towpath_core::notification::email::{MailAddress, MailHost, MailLogin, MailServer, MailTls};

use super::sources::{BasicSpec, InvalidValue, invalid};

/// Mail, handed to a server over SMTP.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EmailSpec {
    /// The server that takes it and carries it on.
    pub server: MailServerSpec,
    /// How what is said to the server is protected. Left out: `starttls`.
    pub tls: Option<MailTlsSpec>,
    /// How to log in. Left out: not at all.
    pub auth: Option<BasicSpec>,
    /// A PEM file of the certificate authorities that the server is trusted by. Left out: the system's.
    pub ca: Option<String>,
    /// The address that it is from.
    pub from: String,
    /// The addresses that it is for.
    pub to: Vec<String>,
}

/// A server of mail.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MailServerSpec {
    /// Its name or address.
    pub host: String,
    /// Its port. Left out: 587, with `tls: tls` 465, and with `tls: none` 25.
    pub port: Option<u16>,
}

/// How what is said to a server of mail is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum MailTlsSpec {
    /// By TLS that the server must offer.
    Starttls,
    /// By TLS from the first byte.
    Tls,
    /// Not at all. A password is then told to this machine only.
    None,
}

impl EmailSpec {
    /// The mail that is stated; keys of mistakes begin with `email`.
    pub(super) fn convert(&self) -> Result<Email, InvalidValue> {
        let tls = match self.tls {
            None | Some(MailTlsSpec::Starttls) => MailTls::StartTls,
            Some(MailTlsSpec::Tls) => MailTls::Tls,
            Some(MailTlsSpec::None) => MailTls::None,
        };
        let port = self.server.port.unwrap_or(tls.port());
        if port == 0 {
            return Err(invalid(&["email", "server", "port"], "no server listens at port 0"));
        }
        let host = MailHost::parse(&self.server.host);
        let login = self.auth.as_ref().map(login).transpose()?;
        let server = MailServer {
            host: host.map_err(|e| invalid(&["email", "server", "host"], e))?,
            port,
            tls,
            login,
            ca_file: self.ca.clone(),
        };
        if server.login.is_some() && !server.may_hear_a_password() {
            let message =
                "the password would travel in the clear: leave `tls` out, which is `starttls`";
            return Err(invalid(&["email", "tls"], message));
        }
        if self.to.is_empty() {
            return Err(invalid(&["email", "to"], "it is for nobody: leave the notification out"));
        }
        let to = self.to.iter().enumerate().map(|(i, address)| {
            MailAddress::parse(address).map_err(|e| invalid(&["email", "to", &i.to_string()], e))
        });
        let to = to.collect::<Result<_, _>>()?;
        let from = MailAddress::parse(&self.from).map_err(|e| invalid(&["email", "from"], e))?;
        Ok(Email { server, from, to })
    }
}

fn login(auth: &BasicSpec) -> Result<MailLogin, InvalidValue> {
    if auth.user.is_empty() || auth.user.chars().any(char::is_control) {
        return Err(invalid(&["email", "auth", "user"], "no user has such a name"));
    }
    let password = auth.password.convert(&["email", "auth", "password"])?;
    Ok(MailLogin { user: auth.user.clone(), password })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use towpath_core::source::Credential;

    use super::*;

    fn read(spec: Json) -> Result<Email, String> {
        let spec: EmailSpec = serde_json::from_value(spec).map_err(|e| e.to_string())?;
        spec.convert().map_err(|e| format!("{}: {}", e.at.join("."), e.message))
    }

    fn spec(more: Json) -> Json {
        let mut spec = json!({
            "server": { "host": "smtp.example.com" },
            "from": "towpath@example.com", "to": ["oncall@example.com"],
        });
        let object = spec.as_object_mut().expect("it is one");
        object.extend(more.as_object().expect("it is one").clone());
        spec
    }

    #[test]
    fn what_is_left_out_is_protected() {
        let mail = read(spec(json!({}))).expect("right");
        assert_eq!((mail.server.tls, mail.server.port), (MailTls::StartTls, 587));
        assert_eq!(mail.server.login, None);
        let auth = json!({ "user": "towpath", "password": { "env": "SMTP_PASSWORD" } });
        let mail = read(spec(json!({ "tls": "tls", "auth": auth }))).expect("right");
        let password = Credential::Variable("SMTP_PASSWORD".to_owned());
        assert_eq!(mail.server.port, 465);
        assert_eq!(mail.server.login, Some(MailLogin { user: "towpath".to_owned(), password }));
    }

    #[test]
    fn a_password_never_leaves_this_machine_in_the_clear() {
        let auth = json!({ "user": "towpath", "password": { "file": "/run/password" } });
        let to = |host: &str, more: Json| {
            let mut spec = spec(json!({ "server": { "host": host }, "tls": "none" }));
            spec.as_object_mut()
                .expect("it is one")
                .extend(more.as_object().cloned().unwrap_or_default());
            read(spec)
        };
        assert_eq!(to("smtp.example.com", json!({})).map(|it| it.server.port), Ok(25));
        assert!(to("127.0.0.1", json!({ "auth": auth })).is_ok());
        let error = to("smtp.example.com", json!({ "auth": auth })).expect_err("it would");
        assert!(error.starts_with("email.tls: the password would travel in the clear"), "{error}");
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let cases = [
            (json!({ "to": [] }), "email.to: it is for nobody"),
            (json!({ "to": ["a@b", "oncall"] }), "email.to.1: \"oncall\" is no address of mail"),
            (json!({ "from": "Towpath <a@b>" }), "email.from: "),
            (json!({ "server": { "host": "a:587" } }), "email.server.host: \"a:587\" is no name"),
            (json!({ "server": { "host": "a", "port": 0 } }), "email.server.port: "),
            (json!({ "tls": "maybe" }), "unknown variant `maybe`"),
            (json!({ "password": "hunter2" }), "unknown field `password`"),
            (
                json!({ "auth": { "user": "a", "password": { "env": "hunter 2" } } }),
                "email.auth.password.env: it is no name of an environment variable",
            ),
            (json!({ "auth": { "user": "", "password": { "env": "A" } } }), "email.auth.user: "),
        ];
        for (more, expected) in cases {
            let error = read(spec(more.clone())).expect_err("it is wrong");
            assert!(error.starts_with(expected), "{more}: {error}");
        }
    }
}
