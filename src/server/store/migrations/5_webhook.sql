-- Calls of the system webhook: those that wait, and what became of the others.
CREATE TABLE deliveries (
    id         TEXT PRIMARY KEY,
    -- The setting that names the address, or `test`.
    event      TEXT NOT NULL,
    url        TEXT NOT NULL,
    -- What it tells of, in a few words.
    subject    TEXT NOT NULL,
    -- As it is sent; empty once that has ended.
    body       TEXT NOT NULL,
    -- `waiting`, `delivered`, `failed` or `refused`.
    state      TEXT NOT NULL,
    tries      BIGINT NOT NULL DEFAULT 0,
    due_at     BIGINT NOT NULL,
    -- Of the last try.
    status     BIGINT,
    error      TEXT,
    created_at BIGINT NOT NULL,
    tried_at   BIGINT,
    ended_at   BIGINT
);
CREATE INDEX deliveries_by_url ON deliveries (state, url, due_at);
CREATE INDEX deliveries_by_state ON deliveries (state, created_at);
CREATE INDEX deliveries_by_time ON deliveries (created_at);

-- Failures that were told of once, and how often they have happened again since.
CREATE TABLE repeated_failures (
    -- SHA-256 of flow, component and the error's message.
    id      TEXT PRIMARY KEY,
    subject TEXT NOT NULL,
    -- The latest, as it would be sent.
    body    TEXT NOT NULL,
    count   BIGINT NOT NULL,
    -- When they were last told of.
    told_at BIGINT NOT NULL
);
CREATE INDEX repeated_failures_by_time ON repeated_failures (told_at);
