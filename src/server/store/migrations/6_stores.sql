-- Stores of records that the flows of one owner share.
CREATE TABLE data_stores (
    -- 24 hex digits.
    id         TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (user_id, name)
);

CREATE TABLE data_store_records (
    store_id   TEXT NOT NULL REFERENCES data_stores (id) ON DELETE CASCADE,
    key        TEXT NOT NULL,
    -- JSON.
    value      TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (store_id, key)
);
CREATE INDEX data_store_records_by_creation ON data_store_records (store_id, created_at, key);
CREATE INDEX data_store_records_by_change ON data_store_records (store_id, updated_at, key);

-- Components that are told of changes while their flow runs.
CREATE TABLE data_store_webhooks (
    store_id     TEXT NOT NULL REFERENCES data_stores (id) ON DELETE CASCADE,
    flow_id      TEXT NOT NULL REFERENCES flows (id) ON DELETE CASCADE,
    component_id TEXT NOT NULL,
    -- JSON: a list of `insert`, `update`, `delete`.
    events       TEXT NOT NULL,
    PRIMARY KEY (store_id, flow_id, component_id)
);
CREATE INDEX data_store_webhooks_by_flow ON data_store_webhooks (flow_id);

-- What flows save and load, and their owners send.
CREATE TABLE files (
    -- UUID.
    id           TEXT PRIMARY KEY,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- The flow that has saved it, which may be gone.
    flow_id      TEXT,
    name         TEXT NOT NULL,
    -- In bytes.
    length       BIGINT NOT NULL,
    md5          TEXT NOT NULL,
    content_type TEXT,
    uploaded_at  BIGINT NOT NULL,
    -- What the bytes are kept under; another one whenever they are replaced.
    content      TEXT NOT NULL UNIQUE
);
CREATE INDEX files_by_user ON files (user_id, uploaded_at);
