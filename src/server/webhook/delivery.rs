//! One call of a receiver.

use std::{io::Read, time::Duration};

use ureq::{Agent, http::Uri};

use crate::server::outbound::{self, PrivateAddress};

/// From looking up the name to the end of the answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// What is read of an answer, in bytes.
const ANSWER_MAX: u64 = 1024;
/// What is kept of it, in characters.
const ANSWER_KEPT: usize = 200;

/// A call, ready to be made.
pub(super) struct Parcel {
    pub id: String,
    pub url: String,
    pub body: String,
    /// When it is made, in seconds since the Unix epoch.
    pub seconds: i64,
    /// Of time and body.
    pub signature: String,
}

/// What came of a call.
#[derive(Debug)]
pub(super) enum Outcome {
    Taken {
        status: u16,
    },
    Failed {
        status: Option<u16>,
        why: String,
    },
    /// Trying again would change nothing.
    Refused {
        why: String,
    },
}

/// Calls receivers; on private addresses only where that is permitted.
pub(super) fn agent(allow_private_addresses: bool) -> Agent {
    let config = Agent::config_builder()
        .max_redirects(0)
        .http_status_as_error(false)
        // A call on a connection that the receiver has closed meanwhile would fail.
        .max_idle_connections(0)
        .timeout_global(Some(TIMEOUT))
        .user_agent(outbound::USER_AGENT)
        .build();
    outbound::agent(config, allow_private_addresses)
}

/// Makes the call; blocks for ten seconds at most.
pub(super) fn post(agent: &Agent, parcel: &Parcel) -> Outcome {
    if !is_web_address(&parcel.url) {
        return Outcome::Refused {
            why: "This is no address: it begins with http:// or https:// and a host.".to_owned(),
        };
    }
    let sent = agent
        .post(&parcel.url)
        .header("content-type", "application/json")
        .header("stockroom-signature", format!("t={},v1={}", parcel.seconds, parcel.signature))
        .header("stockroom-delivery", &parcel.id)
        .send(&parcel.body);
    match sent {
        Ok(mut answer) => {
            let status = answer.status();
            if status.is_success() {
                return Outcome::Taken { status: status.as_u16() };
            }
            let mut text = Vec::new();
            // What can be read of it is told; its end does not matter.
            let _ = answer.body_mut().as_reader().take(ANSWER_MAX).read_to_end(&mut text);
            Outcome::Failed { status: Some(status.as_u16()), why: answered(status.as_u16(), &text) }
        }
        Err(ureq::Error::Other(cause)) if cause.is::<PrivateAddress>() => {
            Outcome::Refused { why: format!("The receiver was not called: {PrivateAddress}.") }
        }
        Err(cause) => Outcome::Failed { status: None, why: format!("The receiver cannot be reached ({cause}).") },
    }
}

fn is_web_address(url: &str) -> bool {
    url.parse::<Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty())
    })
}

fn answered(status: u16, text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(ANSWER_KEPT).collect();
    let why = match status {
        300..400 => format!("The receiver answered with status {status}; redirects are not followed."),
        _ => format!("The receiver answered with status {status}."),
    };
    if text.trim().is_empty() { why } else { format!("{why} It said: {}", text.trim()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_are_called() {
        for good in ["https://example.com/hook?a=b", "http://10.0.0.1:8080", "HTTPS://example.com/"] {
            assert!(is_web_address(good), "{good}");
        }
        for bad in ["", "example.com/hook", "/hook", "ftp://example.com/", "file:///etc/passwd", "https://", "a b"] {
            assert!(!is_web_address(bad), "{bad}");
        }
    }

    #[test]
    fn what_a_receiver_says_is_kept_short_and_on_one_line() {
        let why = answered(500, &[b"no\r\nway ".as_slice(), &[b'x'; 900]].concat());
        assert!(why.starts_with("The receiver answered with status 500. It said: no  way x"), "{why}");
        assert!(why.len() < 300, "{why}");
        assert_eq!(answered(302, b""), "The receiver answered with status 302; redirects are not followed.");
    }
}
