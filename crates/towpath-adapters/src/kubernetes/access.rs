//! Kubeconfigs, and the client that one of their contexts describes.
//!
//! Must not show what a kubeconfig holds: it is full of credentials, and the parser's errors quote it. Next: `fault`.

use std::io;
use std::net::{IpAddr, Ipv4Addr};

use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};

use super::Settings;
use super::fault::{ClusterError, Faults};

/// Names the cluster of the pod that this runs in.
pub const IN_CLUSTER: &str = "in-cluster";

/// The client of a context, and what its faults have in common.
pub(super) async fn client(
    context: &str,
    settings: &Settings,
    mut faults: Faults,
) -> Result<(Client, Faults), ClusterError> {
    let kubeconfig = read(settings, &faults)?;
    let has_proxy = has_proxy(&kubeconfig, context);
    let is_known = kubeconfig.contexts.iter().any(|known| known.name == context);
    let mut config = match (is_known, context) {
        (false, IN_CLUSTER) => Config::incluster().map_err(|_| {
            faults.access(
                "this runs in no pod with a service account, and no kubeconfig has that context",
                None,
            )
        })?,
        (false, _) => return Err(unknown(&kubeconfig, settings, &faults)),
        (true, _) => {
            let options =
                KubeConfigOptions { context: Some(context.to_owned()), ..Default::default() };
            Config::from_custom_kubeconfig(kubeconfig, &options)
                .await
                .map_err(|error| unusable(error, &faults))?
        }
    };
    let is_plain = config.cluster_url.scheme_str() == Some("http");
    let host = config.cluster_url.host().unwrap_or_default();
    // The client holds `NO_PROXY` against the host of the proxy instead of the server's, and takes the proxy for plain HTTP.
    if !has_proxy && (is_plain || is_near(host, &settings.no_proxy)) {
        config.proxy_url = None;
    }
    config.connect_timeout = Some(settings.connect_timeout);
    config.read_timeout = Some(settings.request_timeout);
    // What may pass is tried again by the session, which knows how long a request may take.
    config.default_retry = false;
    let at = &config.cluster_url;
    let port = at.port().map_or_else(String::new, |port| format!(":{port}"));
    // Without what could be a password.
    faults.server =
        format!("{}://{}{port}", at.scheme_str().unwrap_or("https"), at.host().unwrap_or_default());
    faults.secrets = secrets(&config);
    // An error says that a provider is there already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::try_from(config).map_err(|error| faults.unusable(&error))?;
    Ok((client, faults))
}

/// Whether the kubeconfig names a proxy for the cluster of a context.
fn has_proxy(kubeconfig: &Kubeconfig, context: &str) -> bool {
    let named = kubeconfig.contexts.iter().find(|known| known.name == context);
    let of = named.and_then(|named| named.context.as_ref()).map(|context| &context.cluster);
    let mut clusters = kubeconfig.clusters.iter().filter(|known| Some(&known.name) == of);
    clusters.any(|known| {
        let proxy = known.cluster.as_ref().and_then(|cluster| cluster.proxy_url.as_ref());
        proxy.is_some_and(|proxy| !proxy.is_empty())
    })
}

/// Whether a host is among those of `NO_PROXY`: `*`, a name and all below it, an address, or a range of IPv4 addresses.
fn is_near(host: &str, no_proxy: &str) -> bool {
    let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
    let address: Option<IpAddr> = host.parse().ok();
    no_proxy.split(',').map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        if let (Some((base, bits)), Some(IpAddr::V4(address))) = (entry.split_once('/'), address)
            && let (Ok(base), Ok(bits)) = (base.parse::<Ipv4Addr>(), bits.parse::<u32>())
        {
            let mask = u32::MAX.checked_shl(32_u32.saturating_sub(bits)).unwrap_or(0);
            return base.to_bits() & mask == address.to_bits() & mask;
        }
        let name = entry.trim_start_matches('*').trim_start_matches('.').to_ascii_lowercase();
        let is_below = || address.is_none() && host.ends_with(&format!(".{name}"));
        entry == "*" || (!name.is_empty() && (host == name || is_below()))
    })
}

/// The kubeconfigs as one. A file that is not there is left out, as kubectl does.
fn read(settings: &Settings, faults: &Faults) -> Result<Kubeconfig, ClusterError> {
    let mut merged = Kubeconfig::default();
    for path in &settings.kubeconfigs {
        let shown = path.display();
        let one = match Kubeconfig::read_from(path) {
            Err(KubeconfigError::ReadConfig(error, _))
                if error.kind() == io::ErrorKind::NotFound =>
            {
                continue;
            }
            Err(KubeconfigError::ReadConfig(error, _)) => {
                return Err(faults.access(&format!("{shown} cannot be read"), Some(error)));
            }
            Err(_) => {
                let why = format!("{shown} is no kubeconfig");
                let hint = "`kubectl config view` says where it is wrong";
                return Err(ClusterError {
                    hint: Some(hint.to_owned()),
                    ..faults.access(&why, None)
                });
            }
            Ok(one) => one,
        };
        merged = merged.merge(one).map_err(|_| {
            faults
                .access(&format!("{shown} is of another kind than the kubeconfigs before it"), None)
        })?;
    }
    Ok(merged)
}

fn unknown(kubeconfig: &Kubeconfig, settings: &Settings, faults: &Faults) -> ClusterError {
    let known: Vec<&str> = kubeconfig.contexts.iter().map(|it| it.name.as_str()).collect();
    let files: Vec<String> =
        settings.kubeconfigs.iter().map(|path| path.display().to_string()).collect();
    let (why, hint) = if known.is_empty() {
        ("no kubeconfig has a context", format!("looked for in: {}", files.join(", ")))
    } else {
        ("no kubeconfig has a context of that name", format!("there are: {}", known.join(", ")))
    };
    ClusterError { hint: Some(hint), ..faults.access(why, None) }
}

fn unusable(error: KubeconfigError, faults: &Faults) -> ClusterError {
    let why = match error {
        KubeconfigError::LoadContext(_) => "the context names no cluster".to_owned(),
        KubeconfigError::LoadClusterOfContext(name) => {
            format!("the context names the cluster {name}, which the kubeconfig does not have")
        }
        KubeconfigError::MissingClusterUrl | KubeconfigError::ParseClusterUrl(_) => {
            "the address of its cluster is missing or wrong".to_owned()
        }
        KubeconfigError::ParseProxyUrl(_) => "the proxy-url of its cluster is none".to_owned(),
        KubeconfigError::LoadCertificateAuthority(_) | KubeconfigError::ParseCertificates(_) => {
            "the certificate authority of its cluster cannot be read".to_owned()
        }
        KubeconfigError::LoadClientCertificate(_) => {
            "the certificate of its user cannot be read".to_owned()
        }
        KubeconfigError::LoadClientKey(_) => "the key of its user cannot be read".to_owned(),
        _ => "its entry in the kubeconfig cannot be used".to_owned(),
    };
    let hint = "`kubectl config view` shows the entry";
    ClusterError { hint: Some(hint.to_owned()), ..faults.access(&why, None) }
}

/// What must not be shown, whoever repeats it.
fn secrets(config: &Config) -> Vec<String> {
    let user = &config.auth_info;
    let in_file = user.token_file.as_ref().and_then(|file| std::fs::read_to_string(file).ok());
    let shown = serde_json::to_value(user).unwrap_or_default();
    let text = |key: &str| shown[key].as_str().map(str::to_owned);
    let all = [text("token"), text("password"), text("client-key-data"), in_file];
    all.into_iter().flatten().map(|secret| secret.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_near_as_everywhere() {
        for (host, no_proxy) in [
            ("10.1.2.3", "10.0.0.0/8"),
            ("10.1.2.3", "example.com, 10.1.2.3"),
            ("api.example.com", ".example.com"),
            ("api.Example.com", "example.com"),
            ("[::1]", "::1"),
            ("any", "*"),
        ] {
            assert!(is_near(host, no_proxy), "{host} {no_proxy}");
        }
        for (host, no_proxy) in [
            ("11.1.2.3", "10.0.0.0/8"),
            ("api.example.com", "other.com"),
            ("badexample.com", "example.com"),
            ("any", ""),
            ("any", ","),
        ] {
            assert!(!is_near(host, no_proxy), "{host} {no_proxy}");
        }
    }
}
