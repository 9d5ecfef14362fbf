//! Source archives from a package index.
//!
//! What is downloaded is what the checksum says, or an error: the index is not trusted, and its address is never written
//! down here. Must not know what is in an archive.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use sha2::{Digest as _, Sha256};

use crate::run::{self, Answer};

/// Downloads an archive of a package into a folder, unless it is there. `index`: the address of the pages of links.
pub(crate) fn archive(dir: &Path, index: &str, name: &str, file: &str, sha256: &str) -> Result<()> {
    fs::create_dir_all(dir)?;
    let place = dir.join(file);
    if !place.is_file() {
        let page = format!("{}/{name}/", index.trim_end_matches('/'));
        let links = run::output(curl().arg(&page))?;
        let address =
            link(&links, file).with_context(|| format!("{page} has no link to {file}"))?;
        let partial = dir.join(format!("{file}.partial"));
        let download =
            run::shown(curl().arg("--output").arg(&partial).arg(absolute(&page, address)))?;
        ensure!(download == Answer::Yes, "cannot download {file}");
        fs::rename(&partial, &place)?;
    }
    sound(dir, file, sha256).map(drop)
}

/// The bytes of an archive, if they are what the checksum says.
pub(crate) fn sound(dir: &Path, file: &str, sha256: &str) -> Result<Vec<u8>> {
    let path = dir.join(file);
    let mut bytes = Vec::new();
    File::open(&path)
        .and_then(|mut file| file.read_to_end(&mut bytes))
        .with_context(|| format!("cannot read {}", path.display()))?;
    let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    ensure!(digest == sha256, "{file} has checksum {digest}, not {sha256}");
    Ok(bytes)
}

fn curl() -> Command {
    let mut curl = Command::new("curl");
    curl.args(["--fail", "--silent", "--show-error", "--location", "--retry", "3"]);
    curl
}

/// The address, without its fragment, of the link to a file.
fn link<'a>(page: &'a str, file: &str) -> Option<&'a str> {
    page.split("href=\"").skip(1).find_map(|rest| {
        let address = rest.split(['"', '#']).next()?;
        (address.rsplit('/').next() == Some(file)).then_some(address)
    })
}

/// An address as it is meant on a page: whole, from the root of its host, or below the page.
fn absolute(page: &str, address: &str) -> String {
    if address.contains("://") {
        return address.to_owned();
    }
    let host = page.find("://").map_or(0, |at| at + 3);
    let root = page[host..].find('/').map_or(page.len(), |at| host + at);
    if address.starts_with('/') {
        format!("{}{address}", &page[..root])
    } else {
        format!("{page}{address}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_found_by_its_file() {
        let page = "<a href=\"../../x/a-1.0.tar.gz#sha256=12\">a</a> <a href=\"https://h/p/a-1.1.tar.gz\">";
        assert_eq!(link(page, "a-1.0.tar.gz"), Some("../../x/a-1.0.tar.gz"));
        assert_eq!(link(page, "a-1.1.tar.gz"), Some("https://h/p/a-1.1.tar.gz"));
        assert_eq!(link(page, "1.1.tar.gz"), None);
    }

    #[test]
    fn addresses_are_relative_to_their_page() {
        let page = "https://host/simple/a/";
        assert_eq!(absolute(page, "http://other/x"), "http://other/x");
        assert_eq!(absolute(page, "/x"), "https://host/x");
        assert_eq!(absolute(page, "../x"), "https://host/simple/a/../x");
    }
}
