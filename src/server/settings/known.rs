//! The keys of the system configuration that this server knows, with what they mean and what holds without them.

use serde_json::Value;

/// What a value may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole number, not below zero.
    Number(u64),
    /// `true` or `false`.
    Flag(bool),
    Text(&'static str),
}

/// A known key.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    pub key: &'static str,
    /// Its type, with the value that holds when none is stored.
    pub kind: Kind,
    /// What it does, for the administrator.
    pub meaning: &'static str,
}

/// Holds each upload; also the check of every archive that is installed.
pub const ARCHIVE_MAX_BYTES: &str = "LIMIT_CC_ARCHIVE_MAX_BYTES";
/// Who may add users.
pub const USER_CREATE_SCOPE: &str = "API_USER_CREATE_SCOPE";
/// The vendor of users who are added without one.
pub const USER_VENDOR: &str = "DEFAULT_USER_VENDOR";
/// How often a message may fail.
pub const RETRY_MAX_COUNT: &str = "RETRY_MAX_COUNT";
/// Wait after the first failure, in milliseconds.
pub const RETRY_INIT_EXP: &str = "RETRY_INIT_EXP";
/// Longest wait after a failure, in milliseconds.
pub const RETRY_MAX_EXP: &str = "RETRY_MAX_EXP";
/// Time for one message, in milliseconds.
pub const COMPONENT_RECEIVE_TIMEOUT: &str = "COMPONENT_RECEIVE_TIMEOUT";
/// Time between two ticks, in milliseconds.
pub const COMPONENT_POLLING_INTERVAL: &str = "COMPONENT_POLLING_INTERVAL";
/// Shortest timer, in milliseconds.
pub const WAITING_QUEUE_MIN_TIMEOUT: &str = "WAITING_QUEUE_MIN_TIMEOUT";
/// Who hears of failures of components: addresses, separated by commas.
pub const WEBHOOK_FLOW_COMPONENT_ERROR: &str = "WEBHOOK_FLOW_COMPONENT_ERROR";
/// Who hears of flows that were stopped.
pub const WEBHOOK_FLOW_STOPPED: &str = "WEBHOOK_FLOW_STOPPED";
/// How often a webhook's call is tried.
pub const WEBHOOK_RETRY_COUNT: &str = "WEBHOOK_RETRY_COUNT";
/// Wait after the first try of a webhook's call, in milliseconds.
pub const WEBHOOK_RETRY_INTERVAL: &str = "WEBHOOK_RETRY_INTERVAL";
/// Longest wait between two tries, in milliseconds.
pub const WEBHOOK_RETRY_MAX: &str = "WEBHOOK_RETRY_MAX";
/// How long repeats of a failure are summed up, in minutes.
pub const WEBHOOK_SUMMARY_MINUTES: &str = "WEBHOOK_SUMMARY_MINUTES";
/// Time for one request to a plugin, in milliseconds.
pub const PLUGIN_REQUEST_TIMEOUT: &str = "PLUGIN_REQUEST_TIMEOUT";
/// Largest message, in bytes.
pub const MESSAGE_MAX_BYTES: &str = "LIMIT_MESSAGE_MAX_BYTES";

/// Largest file, in bytes.
pub const FILE_MAX_BYTES: &str = "LIMIT_FILE_MAX_BYTES";

const fn number(key: &'static str, default: u64, meaning: &'static str) -> Known {
    Known { key, kind: Kind::Number(default), meaning }
}

const fn flag(key: &'static str, default: bool, meaning: &'static str) -> Known {
    Known { key, kind: Kind::Flag(default), meaning }
}

const fn text(key: &'static str, default: &'static str, meaning: &'static str) -> Known {
    Known { key, kind: Kind::Text(default), meaning }
}

/// All of them, in the order in which they are shown.
pub const KNOWN: [Known; 25] = [
    number(
        ARCHIVE_MAX_BYTES,
        10_485_760,
        "Largest zip that is taken, in bytes. Once stored, it wins over --max-archive-bytes.",
    ),
    text(
        USER_CREATE_SCOPE,
        "admin",
        "Scopes that may add users, separated by commas. Empty: anybody may register, with the scope user and no vendor.",
    ),
    text(USER_VENDOR, "", "Vendor that a user whom an administrator adds may publish as, when none is given."),
    number(
        RETRY_MAX_COUNT,
        30,
        "How many times a message may fail; after the last it is kept among the unprocessed messages.",
    ),
    number(
        RETRY_INIT_EXP,
        60_000,
        "Wait before the first repetition of a message, in milliseconds; later ones wait longer.",
    ),
    number(RETRY_MAX_EXP, 3_600_000, "Longest wait between two repetitions of a message, in milliseconds."),
    text(
        WEBHOOK_FLOW_COMPONENT_ERROR,
        "",
        "Addresses, separated by commas, that hear of every error of a component in a running flow.",
    ),
    text(WEBHOOK_FLOW_STOPPED, "", "Addresses, separated by commas, that hear of every flow that was stopped."),
    text("WEBHOOK_USER_CREATED", "", "Addresses that hear of every new user."),
    text("WEBHOOK_USER_FORGOT_PASSWORD", "", "Addresses that hear of every request for a forgotten password."),
    number(WEBHOOK_RETRY_COUNT, 20, "How many times a webhook's call is tried before it is given up."),
    number(
        WEBHOOK_RETRY_INTERVAL,
        30_000,
        "Wait before a webhook's call is tried again, in milliseconds; each later one is half as long again.",
    ),
    number(WEBHOOK_RETRY_MAX, 1_800_000, "Longest wait between two tries of a webhook's call, in milliseconds."),
    number(
        WEBHOOK_SUMMARY_MINUTES,
        0,
        "For how many minutes repeats of an error are counted, to be told of together. 0: each error is told of by itself.",
    ),
    flag(
        "AUTH_HUB_AUTOMATIC",
        true,
        "Whether connectors without a configuration of their own sign in through the shared hub.",
    ),
    number("COMPONENT_FACTORY_TIMEOUT", 300_000, "How long making a component may take, in milliseconds."),
    number(COMPONENT_RECEIVE_TIMEOUT, 1_380_000, "How long a component may work on one message, in milliseconds."),
    number(
        PLUGIN_REQUEST_TIMEOUT,
        60_000,
        "How long a plugin may take to answer a request below /plugins, in milliseconds.",
    ),
    number(COMPONENT_POLLING_INTERVAL, 60_000, "How often components that poll are asked to, in milliseconds."),
    number(WAITING_QUEUE_MIN_TIMEOUT, 60_000, "Shortest timer that a component can set, in milliseconds."),
    number(MESSAGE_MAX_BYTES, 15_728_640, "Largest message that a component may send, in bytes of JSON."),
    number(FILE_MAX_BYTES, 1_073_741_824, "Largest file that a flow may save, or that may be sent, in bytes."),
    number(
        "BROKER_MESSAGE_ACK_TIMEOUT",
        1_500_000,
        "When a message that nobody has acknowledged is given out again, in milliseconds.",
    ),
    flag("FLOW_VALIDATE_BEFORE_START", false, "Whether a flow is checked before it is started."),
    number("BULK_FLOWS_STOP_CONCURRENCY", 15, "How many flows are stopped at the same time when many are to be."),
];

/// The key's description, if it is known.
pub fn known(key: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.key == key)
}

impl Known {
    /// The value as it is stored; texts of numbers and of `true` and `false`, as forms send them, are understood.
    ///
    /// # Errors
    /// What a value has to be, in words.
    pub fn checked(&self, value: Value) -> Result<Value, String> {
        let text = value.as_str().map(str::trim);
        match self.kind {
            Kind::Number(_) => value
                .as_u64()
                .or_else(|| text?.parse().ok())
                .map(Value::from)
                .ok_or_else(|| format!("{} is a whole number, not below 0.", self.key)),
            Kind::Flag(_) => value
                .as_bool()
                .or_else(|| text?.parse().ok())
                .map(Value::from)
                .ok_or_else(|| format!("{} is true or false.", self.key)),
            Kind::Text(_) => match value {
                Value::String(_) | Value::Null => Ok(value),
                _ => Err(format!("{} is a text.", self.key)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_key_is_there_once_with_a_meaning() {
        for known in KNOWN {
            assert_eq!(KNOWN.iter().filter(|other| other.key == known.key).count(), 1, "{}", known.key);
            assert!(known.meaning.ends_with('.'), "{}", known.key);
        }
    }

    #[test]
    fn values_are_held_to_their_types() {
        let count = known("RETRY_MAX_COUNT").expect("is known");
        assert_eq!(count.checked(json!("5")), Ok(json!(5)));
        for bad in [json!(-1), json!(1.5), json!("x"), json!(null), json!([]), json!(1e30)] {
            assert!(count.checked(bad.clone()).is_err(), "{bad}");
        }
        let flag = known("FLOW_VALIDATE_BEFORE_START").expect("is known");
        assert_eq!(flag.checked(json!("true")), Ok(json!(true)));
        assert!(flag.checked(json!(1)).is_err());
        assert!(known("WEBHOOK_FLOW_STOPPED").expect("is known").checked(json!(1)).is_err());
    }
}
