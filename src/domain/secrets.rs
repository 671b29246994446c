//! Which values of a configuration are secret, told by their keys, and what is shown instead.

/// Stands for a secret. Sent back, it means the value that is kept.
pub const MASK: &str = "********";

/// Parts of words; a key without its separators that holds one of them is a secret's.
const TELLING: [&str; 11] =
    ["secret", "token", "passw", "pwd", "passphrase", "private", "credential", "apikey", "accesskey", "auth", "cookie"];
/// Endings that say that it is a key of some kind.
const KEY: &str = "key";
/// What holds a telling part and is no secret.
const OPEN: [&str; 8] =
    ["authhuburl", "authurl", "authorizationurl", "tokenurl", "oauthurl", "authtype", "publickey", "tokentype"];

/// Whether a value kept under `key` is one that is not shown. In doubt it is.
pub fn is_secret(key: &str) -> bool {
    let plain: String = key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    if OPEN.contains(&plain.as_str()) {
        return false;
    }
    plain.ends_with(KEY) || TELLING.iter().any(|part| plain.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_told_by_their_keys() {
        for key in [
            "clientSecret",
            "CLIENT_SECRET",
            "signingSecret",
            "authToken",
            "botToken",
            "bot-token",
            "password",
            "dbPasswd",
            "apiKey",
            "api_key",
            "privateKey",
            "KEY",
            "consumerKey",
            "serviceAccountCredentials",
            "passphrase",
        ] {
            assert!(is_secret(key), "{key}");
        }
        for key in ["clientId", "callbackUrl", "authHubUrl", "AUTH_HUB_URL", "publicKey", "label", "scope", "region"] {
            assert!(!is_secret(key), "{key}");
        }
    }
}
