-- Documents of plugins, in collections of their own.
CREATE TABLE plugin_documents (
    -- `vendor.service` or `vendor.service.module`.
    plugin     TEXT NOT NULL,
    collection TEXT NOT NULL,
    id         TEXT NOT NULL,
    -- JSON: an object.
    document   TEXT NOT NULL,
    bytes      BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (plugin, collection, id)
);
CREATE INDEX plugin_documents_by_creation ON plugin_documents (plugin, collection, created_at, id);

-- How much each plugin keeps, and the module that it came with.
CREATE TABLE plugin_collections (
    plugin TEXT PRIMARY KEY,
    module TEXT NOT NULL,
    bytes  BIGINT NOT NULL
);

-- Components that hear of a plugin's events.
CREATE TABLE plugin_listeners (
    flow_id      TEXT NOT NULL REFERENCES flows (id) ON DELETE CASCADE,
    component_id TEXT NOT NULL,
    event        TEXT NOT NULL,
    plugin       TEXT NOT NULL,
    -- JSON.
    params       TEXT NOT NULL,
    PRIMARY KEY (flow_id, component_id, event)
);
CREATE INDEX plugin_listeners_by_event ON plugin_listeners (plugin, event);
