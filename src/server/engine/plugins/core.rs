//! What plugins may see of what the server itself keeps: whether a flow is there and runs, and their own service's state.

use serde_json::{Value, json};

use super::{
    calls::{Answer, PluginCalls},
    model::Asked,
};
use crate::server::{
    engine::{calls::internal, host::CallError},
    store::{self, states::Owner},
};

impl PluginCalls {
    pub(super) async fn core(&self, what: &str, asked: Asked) -> Answer {
        let query = asked.query()?;
        let rows = match what {
            "flows" => {
                // All flows are nobody's business: one has to know the id.
                let id = asked.query["flowId"]
                    .as_str()
                    .ok_or_else(|| CallError::new("Flows are looked for by their flowId alone here."))?;
                let loaded = self.engine.load(id).await.map_err(internal)?;
                loaded.iter().map(|loaded| json!({ "flowId": loaded.flow.id, "stage": loaded.flow.stage })).collect()
            }
            "state" => {
                let owner = Owner::Service(self.plugin.name.replace('.', ":"));
                let reading = self.engine.inner.store.read(move |connection| store::states::get(connection, &owner));
                let state = reading.await.map_err(internal)?;
                state.into_iter().map(|(key, value)| json!({ "key": key, "value": value })).collect::<Vec<_>>()
            }
            _ => return Err(CallError::new(format!("This server does not support the call core.{what}."))),
        };
        let fits = |row: &Value| row.as_object().is_some_and(|row| query.fits(row));
        Ok(Value::Array(asked.choose(rows.into_iter().filter(fits).collect())?))
    }
}
