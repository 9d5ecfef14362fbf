//! One letter as mail, handed to a server over SMTP, once.
//!
//! A server that is to offer TLS and does not is told nothing. A recipient that is refused holds up no other. What a
//! server answers to a log-in may repeat it, so no error has it. Must not try again; that is the module above.

use std::error::Error as _;
use std::time::Duration;

use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, SinglePart};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters,
};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, Message};
use rustls::RootCertStore;
use sha2::{Digest as _, Sha256};
use towpath_core::notification::Email;
use towpath_core::notification::email::{MailAddress, MailServer, MailTls};
use towpath_engine::notify::Letter;

use super::fault::Fault;
use crate::credential::{self, Lookup};
use crate::roots;

/// The most that is repeated of a server's answer, in characters.
const LONGEST: usize = 200;

/// A letter, made once, so that whoever gets it twice sees that it is the same.
pub(super) struct Sending<'a> {
    email: &'a Email,
    message: Vec<u8>,
    /// Who has not got it yet.
    left: Vec<MailAddress>,
    /// Who will not get it, and why.
    pub(super) refused: Vec<String>,
}

impl<'a> Sending<'a> {
    pub(super) fn new(letter: &Letter, email: &'a Email) -> Result<Self, Fault> {
        let mut message = message(letter, email)?.formatted();
        // The line end before the dot that ends it comes with the dot.
        message.truncate(message.trim_ascii_end().len());
        Ok(Self { email, message, left: email.to.clone(), refused: Vec::new() })
    }

    /// Sends it to whom it is left for.
    pub(super) fn deliver(&mut self, lookup: &Lookup, limit: Duration) -> Result<(), Fault> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Fault::passing(format!("no network: {error}")))?;
        let said = async { tokio::time::timeout(limit, self.converse(lookup)).await };
        let late = |_| Err(Fault::passing("it did not answer in time"));
        runtime.block_on(said).unwrap_or_else(late)
    }

    async fn converse(&mut self, lookup: &Lookup) -> Result<(), Fault> {
        if self.email.server.login.is_some() && !self.email.server.may_hear_a_password() {
            return Err(Fault::lasting("the password would travel in the clear"));
        }
        let password = self
            .email
            .server
            .login
            .as_ref()
            .map(|login| credential::read(&login.password, lookup).map_err(Fault::lasting));
        let password = password.transpose()?;
        let mut server = connect(&self.email.server).await?;
        if let (Some(login), Some(password)) = (&self.email.server.login, password) {
            let credentials = Credentials::new(login.user.clone(), password);
            let done = server.auth(DEFAULT_MECHANISMS, &credentials).await;
            done.map_err(|error| Fault { why: login_failed(&error), ..told(&error) })?;
        }
        let from = address(&self.email.from)?;
        server.command(Mail::new(Some(from), Vec::new())).await.map_err(|e| told(&e))?;
        let mut taken = Vec::new();
        let mut later = None;
        let mut refused = Vec::new();
        for to in &self.left {
            match server.command(Rcpt::new(address(to)?, Vec::new())).await {
                Ok(_) => taken.push(to.clone()),
                Err(error) if error.is_permanent() => {
                    refused.push((to.clone(), format!("{to}: {}", told(&error).why)));
                }
                Err(error) if error.is_transient() => {
                    let fault = told(&error);
                    later = Some(Fault { why: format!("{to}: {}", fault.why), ..fault });
                }
                Err(error) => return Err(told(&error)),
            }
        }
        for (to, why) in refused {
            self.left.retain(|left| *left != to);
            self.refused.push(why);
        }
        if !taken.is_empty() {
            server.command(Data).await.map_err(|e| told(&e))?;
            server.message(&self.message).await.map_err(|e| told(&e))?;
            self.left.retain(|left| !taken.contains(left));
        }
        // It is sent; how the server says good-bye is no matter.
        let _ = server.quit().await;
        later.map_or(Ok(()), Err)
    }
}

/// A connection that is protected as it is stated, or none.
async fn connect(server: &MailServer) -> Result<AsyncSmtpConnection, Fault> {
    let hello = ClientId::default();
    let place = (server.host.as_str(), server.port);
    let at_once = if server.tls == MailTls::Tls { Some(tls(server)?) } else { None };
    let connected = AsyncSmtpConnection::connect_tokio1(place, None, &hello, at_once, None).await;
    let mut connection = connected.map_err(|error| told(&error))?;
    if server.tls == MailTls::StartTls {
        if !connection.can_starttls() {
            connection.abort().await;
            return Err(Fault::lasting(format!(
                "{} offers no STARTTLS, so it was told nothing; `tls: tls` is for a port with TLS from the first byte",
                server.host
            )));
        }
        connection.starttls(tls(server)?, &hello).await.map_err(|error| told(&error))?;
    }
    Ok(connection)
}

/// Whom to trust: the authorities that are stated, or the system's.
fn tls(server: &MailServer) -> Result<TlsParameters, Fault> {
    let authorities = match &server.ca_file {
        None => roots::bundle().to_vec(),
        Some(path) => roots::file(path).map_err(Fault::lasting)?,
    };
    let builder = TlsParameters::builder(server.host.as_str().to_owned());
    let mut builder = builder.certificate_store(CertificateStore::None);
    for authority in authorities {
        // The system's bundle may hold some that rustls cannot read; they are trusted by nobody then.
        if RootCertStore::empty().add(authority.clone()).is_err() {
            continue;
        }
        let authority = Certificate::from_der(authority.to_vec());
        builder = builder.add_root_certificate(authority.map_err(|error| told(&error))?);
    }
    builder.build_rustls().map_err(|error| told(&error))
}

/// The whole message. Its id follows from what it tells: two loops that tell the same send the same.
fn message(letter: &Letter, email: &Email) -> Result<Message, Fault> {
    let (_, domain) = email.from.parts();
    let id = |kind: &str, of: &[u8]| {
        let hash: String = Sha256::digest(of).iter().take(16).map(|b| format!("{b:02x}")).collect();
        format!("<towpath.{kind}.{hash}@{domain}>")
    };
    let from = Mailbox::new(Some("Towpath".to_owned()), address(&email.from)?);
    let mut builder = Message::builder()
        .from(from)
        .subject(letter.subject())
        .message_id(Some(id("letter", &letter.json())))
        .header(AutoSubmitted);
    for to in &email.to {
        builder = builder.to(Mailbox::new(None, address(to)?));
    }
    if let Some(thread) = letter.thread() {
        let thread = id("thread", thread.as_bytes());
        builder = builder.in_reply_to(thread.clone()).references(thread);
    }
    let message = builder.singlepart(SinglePart::plain(letter.mail()));
    message.map_err(|error| Fault::lasting(format!("it cannot be written as mail: {error}")))
}

fn address(address: &MailAddress) -> Result<Address, Fault> {
    let (local, domain) = address.parts();
    Address::new(local, domain).map_err(|error| Fault::lasting(format!("{address}: {error}")))
}

/// Says to programs that answer mail that no person wrote this (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// What failed, and whether it may pass.
fn told(error: &Error) -> Fault {
    let cause = || chain(error).last().map_or_else(String::new, ToString::to_string);
    if let Some(code) = error.status() {
        let said = error.source().map(|said| clean(&said.to_string())).unwrap_or_default();
        let colon = if said.is_empty() { "" } else { ": " };
        let word = if error.is_permanent() { "it refused" } else { "it refused for now" };
        let why = format!("{word} with status {code}{colon}{said}");
        return Fault { why, may_pass: error.is_transient() };
    }
    if let Some(why) = chain(error).find_map(untrusted) {
        return Fault::lasting(format!("its certificate is not trusted: {why}"));
    }
    if error.is_client() {
        return Fault::lasting(clean(&cause()));
    }
    if error.is_response() {
        return Fault::passing("what it answered is not SMTP");
    }
    Fault::passing(format!("it cannot be reached: {}", clean(&cause())))
}

/// As [`told`], without the server's words: they may repeat what it was told.
fn login_failed(error: &Error) -> String {
    match error.status() {
        Some(code) => format!("it refused the log-in with status {code}"),
        None if error.is_client() => "it offers no way to log in by a password".to_owned(),
        None => "it broke off the log-in".to_owned(),
    }
}

fn chain(error: &Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    let mut next = error.source();
    std::iter::from_fn(move || {
        let this = next?;
        next = this.source();
        Some(this)
    })
}

/// Why a certificate is not trusted, where this is an error that says so.
fn untrusted(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let io = error.downcast_ref::<std::io::Error>();
    let inner = io.and_then(std::io::Error::get_ref);
    let inner = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner.or_else(|| error.downcast_ref())? {
        rustls::Error::InvalidCertificate(why) => Some(clean(&why.to_string())),
        _ => None,
    }
}

/// In one line, and not a long one.
fn clean(text: &str) -> String {
    let words = text.split(|c: char| c.is_control() || c.is_whitespace());
    let text = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    text.chars().take(LONGEST).collect()
}
