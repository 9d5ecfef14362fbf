//! A server that takes mail over SMTP, and refuses what it is told to refuse.
//!
//! It keeps what it was sent and what was said before TLS began. It carries nothing on, and its certificate is its own
//! authority. Must not be lenient: a client that says something out of turn is told so.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use anyhow::Context as _;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::http_backend::base64;

/// When it speaks TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tls {
    /// When it is asked to, and it takes no log-in before.
    #[default]
    Offered,
    /// From the first byte.
    AtOnce,
    /// Never.
    Never,
}

/// How it behaves.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    /// When it speaks TLS.
    pub tls: Tls,
    /// The user and the password that it wants.
    pub login: Option<(String, String)>,
    /// What it answers to a recipient, in turn, and then the last one for ever; others are taken.
    pub recipients: BTreeMap<String, Vec<String>>,
    /// Whether it says nothing at all.
    pub silent: bool,
}

/// A mail that it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Who it is from, as the envelope says.
    pub from: String,
    /// Whom it is for, as the envelope says.
    pub to: Vec<String>,
    /// Headers and body, with line ends of `\n`.
    pub text: String,
    /// Whether it came over TLS.
    pub over_tls: bool,
}

impl Taken {
    /// A header on one line, by its name as it is written.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        let head = self.text.split("\n\n").next()?.replace("\n ", " ");
        let line = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.map(str::to_owned)
    }

    /// What is behind the headers.
    #[must_use]
    pub fn body(&self) -> &str {
        self.text.split_once("\n\n").map_or("", |(_, body)| body)
    }
}

struct Shared {
    setup: Setup,
    config: Arc<ServerConfig>,
    taken: Mutex<Vec<Taken>>,
    in_the_clear: Mutex<Vec<String>>,
    asked: Mutex<BTreeMap<String, usize>>,
    connections: Mutex<Vec<TcpStream>>,
    stopping: AtomicBool,
}

/// A running server; it ends when dropped.
pub struct MailServer {
    shared: Arc<Shared>,
    address: SocketAddr,
    authority: String,
    thread: Option<JoinHandle<()>>,
}

impl MailServer {
    /// Starts it on loopback.
    ///
    /// # Errors
    /// When no port can be had or no certificate can be made.
    pub fn start(setup: Setup) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
        let address = listener.local_addr()?;
        let key = rcgen::KeyPair::generate()?;
        let certificate =
            rcgen::CertificateParams::new(vec![address.ip().to_string()])?.self_signed(&key)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )?;
        let shared = Arc::new(Shared {
            setup,
            config: Arc::new(config),
            taken: Mutex::default(),
            in_the_clear: Mutex::default(),
            asked: Mutex::default(),
            connections: Mutex::default(),
            stopping: AtomicBool::new(false),
        });
        let for_thread = Arc::clone(&shared);
        let thread = std::thread::spawn(move || listen(&listener, &for_thread));
        Ok(Self { shared, address, authority: certificate.pem(), thread: Some(thread) })
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The certificate that it is trusted by, as PEM.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// What it took, in its order.
    #[must_use]
    pub fn taken(&self) -> Vec<Taken> {
        lock(&self.shared.taken).clone()
    }

    /// The lines that it was told before TLS began.
    #[must_use]
    pub fn in_the_clear(&self) -> Vec<String> {
        lock(&self.shared.in_the_clear).clone()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        // Whoever still waits for a word is let go, and the listener wakes.
        for stream in lock(&self.shared.connections).iter() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn listen(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.stopping.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        if let Ok(handle) = stream.try_clone() {
            lock(&shared.connections).push(handle);
        }
        let shared = Arc::clone(shared);
        // A client that goes away in the middle is its own affair.
        std::thread::spawn(move || Talk { shared: &shared, over: Over::Clear(stream) }.all());
    }
}

/// A connection, before and after TLS began.
enum Over {
    Clear(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
    Nothing,
}

struct Talk<'a> {
    shared: &'a Shared,
    over: Over,
}

impl Talk<'_> {
    fn all(&mut self) -> io::Result<()> {
        let setup = &self.shared.setup;
        if setup.silent {
            return self.line().map(|_| ());
        }
        if setup.tls == Tls::AtOnce {
            self.begin_tls()?;
        }
        self.say("220 mail.test ready")?;
        let (mut known, mut from, mut to) = (setup.login.is_none(), None, Vec::new());
        while let Some(line) = self.line()? {
            let word = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
            let rest = line.get(word.len()..).unwrap_or_default().trim();
            match word.as_str() {
                "EHLO" => self.greet()?,
                "STARTTLS" if self.offers_tls() => {
                    self.say("220 go ahead")?;
                    self.begin_tls()?;
                }
                "AUTH" if setup.login.is_some() && !self.offers_tls() => {
                    known = self.is_right(rest);
                    // Some servers repeat what they do not take.
                    let no = format!("535 no: {rest}");
                    self.say(if known { "235 welcome" } else { &no })?;
                }
                "MAIL" if !known => self.say("530 log in first")?,
                "MAIL" => {
                    from = address(rest);
                    self.say("250 ok")?;
                }
                "RCPT" if from.is_some() => {
                    let who = address(rest).unwrap_or_default();
                    let answer = self.of_recipient(&who);
                    if answer.starts_with('2') {
                        to.push(who);
                    }
                    self.say(&answer)?;
                }
                "DATA" if !to.is_empty() => {
                    self.say("354 end with a dot")?;
                    let text = self.text()?;
                    let (from, to) = (from.take().unwrap_or_default(), std::mem::take(&mut to));
                    let over_tls = matches!(self.over, Over::Tls(_));
                    lock(&self.shared.taken).push(Taken { from, to, text, over_tls });
                    self.say("250 taken")?;
                }
                "QUIT" => return self.say("221 bye"),
                _ => self.say("503 not now")?,
            }
        }
        Ok(())
    }

    fn offers_tls(&self) -> bool {
        self.shared.setup.tls == Tls::Offered && matches!(self.over, Over::Clear(_))
    }

    fn greet(&mut self) -> io::Result<()> {
        let mut words = vec!["mail.test"];
        if self.offers_tls() {
            words.push("STARTTLS");
        } else if self.shared.setup.login.is_some() {
            words.push("AUTH LOGIN PLAIN");
        }
        words.push("8BITMIME");
        let (last, before) = words.split_last().expect("there are words");
        let lines: Vec<String> = before.iter().map(|word| format!("250-{word}\r\n")).collect();
        self.say(&format!("{}250 {last}", lines.concat()))
    }

    /// Whether this is a log-in by `PLAIN` with the right password.
    fn is_right(&self, said: &str) -> bool {
        let wanted = self.shared.setup.login.as_ref().map(|(user, password)| {
            format!("PLAIN {}", base64(format!("\0{user}\0{password}").as_bytes()))
        });
        wanted.is_some_and(|wanted| wanted == said)
    }

    fn of_recipient(&self, who: &str) -> String {
        let Some(answers) = self.shared.setup.recipients.get(who) else {
            return "250 ok".to_owned();
        };
        let mut asked = lock(&self.shared.asked);
        let count = asked.entry(who.to_owned()).or_default();
        let answer = answers.get(*count).or(answers.last()).cloned();
        *count += 1;
        answer.unwrap_or_else(|| "250 ok".to_owned())
    }

    fn begin_tls(&mut self) -> io::Result<()> {
        if let Over::Clear(stream) = std::mem::replace(&mut self.over, Over::Nothing) {
            let server = ServerConnection::new(Arc::clone(&self.shared.config));
            let server = server.map_err(io::Error::other)?;
            self.over = Over::Tls(Box::new(StreamOwned::new(server, stream)));
        }
        Ok(())
    }

    fn say(&mut self, line: &str) -> io::Result<()> {
        let line = format!("{line}\r\n");
        match &mut self.over {
            Over::Clear(stream) => stream.write_all(line.as_bytes()),
            Over::Tls(stream) => stream.write_all(line.as_bytes()).and_then(|()| stream.flush()),
            Over::Nothing => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// The next line without its end; `None` where the client has gone.
    fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        let mut byte = [0];
        loop {
            // Byte by byte: what comes after STARTTLS is not ours to read in the clear.
            let count = match &mut self.over {
                Over::Clear(stream) => stream.read(&mut byte)?,
                Over::Tls(stream) => stream.read(&mut byte)?,
                Over::Nothing => 0,
            };
            match (count, byte[0]) {
                (0, _) => return Ok(None),
                (_, b'\n') => break,
                (_, other) => line.push(other),
            }
        }
        let line = String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned();
        if matches!(self.over, Over::Clear(_)) {
            lock(&self.shared.in_the_clear).push(line.clone());
        }
        Ok(Some(line))
    }

    /// A mail up to the dot that ends it.
    fn text(&mut self) -> io::Result<String> {
        let mut text = String::new();
        while let Some(line) = self.line()? {
            if line == "." {
                return Ok(text);
            }
            text.push_str(line.strip_prefix('.').unwrap_or(&line));
            text.push('\n');
        }
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

/// What is between the brackets.
fn address(text: &str) -> Option<String> {
    let (_, rest) = text.split_once('<')?;
    rest.split_once('>').map(|(address, _)| address.to_owned())
}
