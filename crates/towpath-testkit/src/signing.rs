//! Keys of people who do not exist, made by the programs that people use: `ssh-keygen` and `gpg`.
//!
//! Everything is below the folder of a [`TestRepo`], so that nobody's keyring or agent is touched. Must not be used by
//! two tests at once, as a repository is not.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::git::TestRepo;

/// An SSH key in a file of its own.
#[derive(Debug, Clone)]
pub struct SshKey {
    /// The file of the private key; the public one is beside it.
    pub file: PathBuf,
    /// The kind and the key, as a file of allowed signers has them.
    pub public: String,
}

impl SshKey {
    /// Makes a key without a passphrase.
    ///
    /// # Panics
    /// When `ssh-keygen` cannot.
    #[must_use]
    pub fn new(beside: &TestRepo, name: &str) -> Self {
        let file = beside.outside().join(format!("{name}.key"));
        let mut command = Command::new("ssh-keygen");
        command.args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"]).arg(&file);
        ended_well(&mut command);
        let public = std::fs::read_to_string(file.with_extension("key.pub"));
        let public = public.expect("ssh-keygen writes the public key");
        let public: Vec<&str> = public.split(' ').take(2).collect();
        Self { public: public.join(" "), file }
    }

    /// What Git's configuration says for somebody who signs with it.
    #[must_use]
    pub fn configuration(&self) -> [(&'static str, String); 2] {
        let file = self.file.to_string_lossy().into_owned();
        [("gpg.format", "ssh".to_owned()), ("user.signingKey", file)]
    }

    /// A signature of these bytes in a namespace, in armour.
    ///
    /// # Panics
    /// When `ssh-keygen` cannot.
    #[must_use]
    pub fn sign(&self, namespace: &str, bytes: &[u8]) -> String {
        let message = self.file.with_extension("message");
        std::fs::write(&message, bytes).expect("a temporary folder can be written");
        let mut command = Command::new("ssh-keygen");
        command.args(["-q", "-Y", "sign", "-n", namespace, "-f"]).arg(&self.file).arg(&message);
        ended_well(&mut command);
        let signature = message.with_extension("message.sig");
        let text = std::fs::read_to_string(&signature).expect("ssh-keygen writes the signature");
        std::fs::remove_file(signature).expect("a temporary folder can be written");
        text
    }
}

/// A home of GnuPG with keys of its own.
#[derive(Debug)]
pub struct GnuPg {
    home: PathBuf,
}

impl GnuPg {
    /// An empty home. Its path is short, because GnuPG's agent listens below it.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn new(beside: &TestRepo) -> Self {
        let home = beside.outside().join("g");
        std::fs::create_dir(&home).expect("a temporary folder can be written");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&home, std::fs::Permissions::from_mode(0o700))
                .expect("a temporary folder can be written");
        }
        std::fs::write(home.join("common.conf"), "").expect("a temporary folder can be written");
        Self { home }
    }

    /// The folder, for `GNUPGHOME`.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Makes a key without a passphrase that signs; gives its fingerprint. `ends` is as `gpg` reads it: `never`, `1d`,
    /// `seconds=1`.
    ///
    /// # Panics
    /// When `gpg` cannot.
    #[must_use]
    pub fn key(&self, who: &str, ends: &str) -> String {
        let said = self.gpg(&[
            "--status-fd=1",
            "--passphrase",
            "",
            "--quick-gen-key",
            who,
            "ed25519",
            "sign",
            ends,
        ]);
        let made = said.lines().find_map(|line| line.strip_prefix("[GNUPG:] KEY_CREATED P "));
        made.expect("gpg says which key it made").to_owned()
    }

    /// The public key, in armour.
    ///
    /// # Panics
    /// When `gpg` cannot.
    #[must_use]
    pub fn export(&self, fingerprint: &str) -> String {
        self.gpg(&["--armor", "--export", fingerprint])
    }

    /// Revokes a key, by the certificate that `gpg` made with it.
    ///
    /// # Panics
    /// When `gpg` cannot.
    pub fn revoke(&self, fingerprint: &str) {
        let file = self.home.join("openpgp-revocs.d").join(format!("{fingerprint}.rev"));
        let text = std::fs::read_to_string(&file).expect("gpg writes a certificate");
        // A colon keeps people from revoking by accident.
        std::fs::write(&file, text.replace(":-----", "-----")).expect("the home can be written");
        self.gpg(&["--import", &file.to_string_lossy()]);
    }

    fn gpg(&self, args: &[&str]) -> String {
        let mut command = Command::new("gpg");
        command.env("GNUPGHOME", &self.home).args(["--batch", "--quiet"]).args(args);
        let output = ended_well(&mut command);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for GnuPg {
    fn drop(&mut self) {
        // The agent ends by itself, too, once its folder is gone.
        let _ = Command::new("gpgconf")
            .env("GNUPGHOME", &self.home)
            .args(["--kill", "gpg-agent"])
            .output();
    }
}

fn ended_well(command: &mut Command) -> Output {
    let output = command.output().expect("the program can be started");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {stderr}");
    output
}
