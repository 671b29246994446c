-- What flows sign in with elsewhere.
CREATE TABLE accounts (
    -- UUID v4.
    id           TEXT PRIMARY KEY,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- `vendor:service` or `vendor:service:module`.
    service      TEXT NOT NULL,
    name         TEXT NOT NULL,
    display_name TEXT,
    -- A JSON object, sealed.
    token        TEXT NOT NULL,
    -- A JSON object.
    profile      TEXT NOT NULL,
    created_at   BIGINT NOT NULL
);
CREATE INDEX accounts_by_user ON accounts (user_id, service);

-- Which component of which flow uses which.
CREATE TABLE component_accounts (
    flow_id      TEXT NOT NULL REFERENCES flows (id) ON DELETE CASCADE,
    component_id TEXT NOT NULL,
    account_id   TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    PRIMARY KEY (flow_id, component_id)
);
CREATE INDEX component_accounts_by_account ON component_accounts (account_id);
