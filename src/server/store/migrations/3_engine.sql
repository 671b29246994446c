-- Flows in the public descriptor format, as their owners wrote them.
CREATE TABLE flows (
    -- UUID v4.
    id            TEXT PRIMARY KEY,
    user_id       TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name          TEXT NOT NULL,
    description   TEXT,
    type          TEXT NOT NULL,
    -- `stopped`, `starting`, `running` or `stopping`.
    stage         TEXT NOT NULL,
    descriptor    TEXT NOT NULL,
    custom_fields TEXT NOT NULL,
    thumbnail     TEXT,
    created_at    BIGINT NOT NULL,
    modified_at   BIGINT NOT NULL,
    started_at    BIGINT,
    -- Of the latest run; messages of earlier ones are dropped.
    run_id        BIGINT,
    -- Grows with every change of what the engine reads.
    revision      BIGINT NOT NULL
);
CREATE INDEX flows_by_user ON flows (user_id);

-- The components of each flow, for everything that asks "which flows use this module?".
CREATE TABLE flow_components (
    flow_id      TEXT NOT NULL REFERENCES flows (id) ON DELETE CASCADE,
    component_id TEXT NOT NULL,
    type         TEXT NOT NULL,
    -- The installed module that had it when the flow was last saved or started.
    module       TEXT,
    -- Kept here, because the manifest is gone when its module is, and the ticks go on and fail.
    is_ticking   BOOLEAN NOT NULL,
    PRIMARY KEY (flow_id, component_id)
);
CREATE INDEX flow_components_by_module ON flow_components (module);

-- Messages on their way, timers and retries among them.
CREATE TABLE messages (
    seq            INTEGER PRIMARY KEY,
    -- UUID v4; stays the same however often the message is delivered.
    id             TEXT NOT NULL UNIQUE,
    flow_id        TEXT NOT NULL REFERENCES flows (id) ON DELETE CASCADE,
    component_id   TEXT NOT NULL,
    -- `port`, `webhook`, `timeout` or `signal`.
    kind           TEXT NOT NULL,
    -- The input port; the kind where it is not one.
    port           TEXT NOT NULL,
    run_id         BIGINT NOT NULL,
    -- `held` until every component has started, `waiting` or `running`.
    state          TEXT NOT NULL,
    due_at         BIGINT NOT NULL,
    -- How often it has failed.
    attempts       BIGINT NOT NULL,
    correlation_id TEXT NOT NULL,
    sender_id      TEXT,
    sender_port    TEXT,
    -- JSON: content as it was sent, scope of the sender.
    body           TEXT NOT NULL,
    created_at     BIGINT NOT NULL
);
CREATE INDEX messages_by_lane ON messages (flow_id, component_id, kind, port, state, due_at, seq);
CREATE INDEX messages_by_time ON messages (state, due_at);
CREATE INDEX messages_by_correlation ON messages (flow_id, correlation_id);

-- State documents of components, flows and services.
CREATE TABLE states (
    -- `component`, `flow` or `service`.
    kind       TEXT NOT NULL,
    -- The flow, or the service as `vendor:service`.
    owner      TEXT NOT NULL,
    -- The component; else empty.
    part       TEXT NOT NULL,
    document   TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (kind, owner, part)
);

-- What scope a later call of a webhook goes on with, by the correlation that its address names.
CREATE TABLE continuations (
    flow_id        TEXT NOT NULL REFERENCES flows (id) ON DELETE CASCADE,
    component_id   TEXT NOT NULL,
    correlation_id TEXT NOT NULL,
    port           TEXT NOT NULL,
    scope          TEXT NOT NULL,
    at             BIGINT NOT NULL,
    PRIMARY KEY (flow_id, component_id, correlation_id, port)
);
CREATE INDEX continuations_by_time ON continuations (at);

-- Messages that no component took: the dead letters.
CREATE TABLE unprocessed (
    id             TEXT PRIMARY KEY,
    flow_id        TEXT NOT NULL REFERENCES flows (id) ON DELETE CASCADE,
    component_id   TEXT NOT NULL,
    component_type TEXT NOT NULL,
    module         TEXT,
    version        TEXT,
    -- The kind of the last failure: `missing`, `thrown`, `invalid`, …
    reason         TEXT NOT NULL,
    error          TEXT NOT NULL,
    kind           TEXT NOT NULL,
    port           TEXT NOT NULL,
    run_id         BIGINT NOT NULL,
    attempts       BIGINT NOT NULL,
    correlation_id TEXT NOT NULL,
    sender_id      TEXT,
    sender_port    TEXT,
    sender_type    TEXT,
    -- As in `messages`.
    body           TEXT NOT NULL,
    accepted_at    BIGINT NOT NULL,
    created_at     BIGINT NOT NULL
);
CREATE INDEX unprocessed_by_flow ON unprocessed (flow_id, created_at);
CREATE INDEX unprocessed_by_time ON unprocessed (created_at);
CREATE INDEX unprocessed_by_module ON unprocessed (module, created_at);

-- What happened in flows, for their owners.
CREATE TABLE flow_log (
    id             INTEGER PRIMARY KEY,
    at             BIGINT NOT NULL,
    flow_id        TEXT NOT NULL REFERENCES flows (id) ON DELETE CASCADE,
    -- `debug`, `info`, `warn` or `error`.
    severity       TEXT NOT NULL,
    component_id   TEXT,
    component_type TEXT,
    port           TEXT,
    port_type      TEXT,
    correlation_id TEXT,
    -- JSON.
    message        TEXT NOT NULL
);
CREATE INDEX flow_log_by_flow ON flow_log (flow_id, id);
CREATE INDEX flow_log_by_time ON flow_log (at);
