//! What components remember: their own state, their flow's, their service's.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Answer, ComponentCalls, internal, path, unknown};
use crate::{
    domain::flow::Stage,
    server::{
        engine::{host::CallError, statics::is_nowhere},
        error::{Result, ServerError},
        settings::MESSAGE_MAX_BYTES,
        store::{self, states::Owner},
    },
};

/// Whose state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Of {
    #[default]
    Component,
    Flow,
    Service,
}

#[derive(Deserialize)]
pub(super) struct State {
    #[serde(default)]
    of: Of,
    #[serde(default)]
    key: Option<String>,
    #[serde(default)]
    value: Value,
    #[serde(default)]
    by: Option<f64>,
}

/// A change of a document; gives what the component is told.
type Change = Box<dyn FnOnce(&mut Map<String, Value>) -> Result<Value, String> + Send>;

impl ComponentCalls {
    pub(super) async fn state(&self, verb: &str, args: State) -> Answer {
        let State { of, key, value, by } = args;
        let is_nowhere = of == Of::Flow && is_nowhere(&self.origin.loaded.flow);
        if self.origin.statically.is_some() && (of == Of::Component || is_nowhere) {
            return Err(CallError::new("A static call has no state."));
        }
        let owner = match of {
            Of::Component => Owner::Component {
                flow_id: self.origin.flow_id().to_owned(),
                component_id: self.origin.component_id.clone(),
            },
            Of::Flow => Owner::Flow(self.origin.flow_id().to_owned()),
            Of::Service => Owner::Service(self.origin.state_service()),
        };
        let key =
            || key.filter(|key| !key.is_empty()).ok_or_else(|| CallError::new(format!("state.{verb} needs a key.")));
        let change: Change = match verb {
            "get" => {
                let document = self.document(owner).await?;
                return Ok(path::get(&document, &key()?).cloned().unwrap_or(Value::Null));
            }
            "load" => return Ok(Value::Object(self.document(owner).await?)),
            "save" => {
                let Value::Object(document) = value else {
                    return Err(CallError::new("A state is an object."));
                };
                Box::new(move |state| {
                    *state = document;
                    Ok(Value::Null)
                })
            }
            "clear" => Box::new(|state| {
                state.clear();
                Ok(Value::Null)
            }),
            "set" => {
                let key = key()?;
                Box::new(move |state| path::set(state, &key, value).map(|()| Value::Null))
            }
            "unset" => {
                let key = key()?;
                Box::new(move |state| {
                    path::unset(state, &key);
                    Ok(Value::Null)
                })
            }
            "inc" => {
                let key = key()?;
                let by = by.or(value.as_f64()).unwrap_or(1.0);
                Box::new(move |state| increment(state, &key, by))
            }
            "addToSet" => {
                let key = key()?;
                Box::new(move |state| {
                    let mut set = set_at(state, &key)?;
                    if !set.contains(&value) {
                        set.push(value);
                    }
                    path::set(state, &key, Value::Array(set)).map(|()| Value::Null)
                })
            }
            "removeFromSet" => {
                let key = key()?;
                Box::new(move |state| {
                    if path::get(state, &key).is_some() {
                        let mut set = set_at(state, &key)?;
                        set.retain(|other| *other != value);
                        path::set(state, &key, Value::Array(set))?;
                    }
                    Ok(Value::Null)
                })
            }
            _ => return Err(unknown(&format!("state.{verb}"))),
        };
        self.change(owner, change).await
    }

    async fn document(&self, owner: Owner) -> Result<Map<String, Value>, CallError> {
        let read = self.engine.inner.store.read(move |connection| store::states::get(connection, &owner)).await;
        read.map_err(internal)
    }

    /// Changes a document in one transaction: two components that count in one state lose nothing.
    async fn change(&self, owner: Owner, change: Change) -> Answer {
        let (flow_id, run_id) = (self.origin.flow_id().to_owned(), self.origin.loaded.flow.run_id);
        let (now, most) = (self.engine.now(), self.engine.inner.settings.number(MESSAGE_MAX_BYTES));
        let changed = self.engine.inner.store.write("change a state", move |tx| {
            // What still runs of a run that has ended must not write into the next one's state.
            let pulse = store::flows::pulse(tx, &flow_id)?;
            let is_alive = pulse.is_some_and(|pulse| pulse.run_id == run_id && pulse.stage != Stage::Stopped);
            if !is_alive && !matches!(owner, Owner::Service(_)) {
                return Err(ServerError::Conflict("The flow runs no longer, so its state is not changed.".to_owned()));
            }
            let mut document = store::states::get(tx, &owner)?;
            let told = change(&mut document).map_err(ServerError::Invalid)?;
            if serde_json::to_vec(&document)?.len() as u64 > most {
                return Err(ServerError::TooLarge { limit: most });
            }
            store::states::put(tx, &owner, &document, now)?;
            Ok(told)
        });
        changed.await.map_err(|cause| match cause {
            ServerError::TooLarge { limit } => {
                CallError::new(format!("The state is too big: at most {limit} bytes are allowed."))
            }
            other => internal(other),
        })
    }
}

fn increment(state: &mut Map<String, Value>, key: &str, by: f64) -> Result<Value, String> {
    let before = match path::get(state, key) {
        None | Some(Value::Null) => json!(0),
        Some(Value::Number(number)) => Value::Number(number.clone()),
        Some(_) => return Err(format!("{key} holds no number, so it cannot be counted up.")),
    };
    let after = match before.as_i64() {
        Some(whole) if by.fract() == 0.0 && by.abs() < 9e15 => json!(whole.saturating_add(by as i64)),
        _ => json!(before.as_f64().unwrap_or_default() + by),
    };
    path::set(state, key, after.clone())?;
    Ok(json!({ "before": before, "after": after }))
}

fn set_at(state: &Map<String, Value>, key: &str) -> Result<Vec<Value>, String> {
    match path::get(state, key) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(set)) => Ok(set.clone()),
        Some(_) => Err(format!("{key} holds no list.")),
    }
}
