//! Which `Host` names are ours, against DNS rebinding and web pages.
//!
//! On loopback any well-formed credentials are accepted, so a web page in a browser on this machine must not
//! get in: not by a name that its owner points at 127.0.0.1 (the `Host` is then that name), and not by a plain
//! cross-site form post to localhost (the `Origin` is then the page's).

use http::HeaderMap;
use http::header::{HOST, ORIGIN};
use std::net::{Ipv4Addr, Ipv6Addr};

/// The names besides localhost and IP addresses that the operator gave.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hosts {
    names: Vec<String>,
}

impl Hosts {
    pub(crate) fn new(names: &[String]) -> Self {
        Self { names: names.iter().map(|name| name.to_ascii_lowercase()).collect() }
    }

    /// What is wrong with where this request says it goes or comes from.
    pub(crate) fn refusal(&self, headers: &HeaderMap) -> Option<String> {
        let mut hosts = headers.get_all(HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return Some("A request needs exactly one Host header.".to_owned());
        };
        let host = String::from_utf8_lossy(host.as_bytes());
        if !self.allows(&host) {
            let name = name_of(&host).unwrap_or(&host);
            return Some(format!("Tinderbox does not answer for the host name '{name}'."));
        }
        let origin = headers.get(ORIGIN)?;
        let origin = String::from_utf8_lossy(origin.as_bytes());
        let page = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        if page.is_some_and(|page| page.eq_ignore_ascii_case(&host)) {
            return None;
        }
        Some(format!("Tinderbox does not answer web pages of '{origin}'."))
    }

    fn allows(&self, host: &str) -> bool {
        let Some(name) = name_of(host) else { return false };
        let name = name.to_ascii_lowercase();
        if let Some(address) = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            return address.parse::<Ipv6Addr>().is_ok();
        }
        name == "localhost"
            || name.ends_with(".localhost")
            || name.parse::<Ipv4Addr>().is_ok()
            || self.names.contains(&name)
    }
}

/// Without the port; `None` when what follows the name is no port.
fn name_of(host: &str) -> Option<&str> {
    let after_brackets = host.rfind(']').map_or(0, |at| at + 1);
    match host[after_brackets..].find(':') {
        None => Some(host),
        Some(colon) => {
            let (name, port) = host.split_at(after_brackets + colon);
            port[1..].parse::<u16>().is_ok().then_some(name)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(host: &str, origin: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(ORIGIN, origin.parse().unwrap());
        }
        headers
    }

    #[test]
    fn local_names_addresses_and_configured_names_are_ours_and_nothing_else() {
        let hosts = Hosts::new(&["Lambda.Example.org".to_owned()]);
        for (host, ours) in [
            ("localhost", true),
            ("LOCALHOST:9955", true),
            ("abc.lambda-url.localhost:80", true),
            ("127.0.0.1:9955", true),
            ("10.1.2.3", true),
            ("[::1]:9955", true),
            ("[::1]", true),
            ("lambda.example.org:9955", true),
            ("evil.example", false),
            ("localhost.evil.example", false),
            ("notlocalhost", false),
            ("127.0.0.1.evil.example", false),
            ("localhost:http", false),
            ("localhost:1:2", false),
            ("[evil]:1", false),
            ("", false),
        ] {
            assert_eq!(hosts.refusal(&headers(host, None)).is_none(), ours, "{host}");
        }
    }

    #[test]
    fn a_request_without_a_host_or_with_two_is_refused() {
        assert!(Hosts::default().refusal(&HeaderMap::new()).is_some());
        let mut two = headers("localhost", None);
        two.append(HOST, "127.0.0.1".parse().unwrap());
        assert!(Hosts::default().refusal(&two).is_some());
    }

    #[test]
    fn a_web_page_of_another_origin_is_refused() {
        for (origin, ours) in [
            ("http://localhost:9955", true),
            ("http://localhost:3000", false),
            ("https://evil.example", false),
            ("null", false),
        ] {
            let refusal = Hosts::default().refusal(&headers("localhost:9955", Some(origin)));
            assert_eq!(refusal.is_none(), ours, "{origin}");
        }
    }
}
