-- What catalogues hold is read again, because more is read off it now.
DELETE FROM catalogue_entries;
UPDATE catalogue_sources SET etag = NULL;

-- People who may sign in. `scopes` and `vendors` are JSON arrays of strings, `metadata` a JSON object.
CREATE TABLE users (
    id            TEXT PRIMARY KEY,
    -- Lower-cased: who signs in need not remember the letters' case.
    email         TEXT NOT NULL UNIQUE,
    username      TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    is_active     BOOLEAN NOT NULL,
    scopes        TEXT NOT NULL,
    vendors       TEXT NOT NULL,
    metadata      TEXT NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL
);

-- Browsers that are signed in. `id` is the SHA-256 of the cookie's value, so that a copy of this table signs nobody in.
CREATE TABLE sessions (
    id           TEXT PRIMARY KEY,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at   BIGINT NOT NULL,
    -- When the password was last given.
    proved_at    BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    address      TEXT NOT NULL,
    agent        TEXT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);

-- Bearer tokens that were given out, by the id inside them; the signature is in nobody's hands but the bearer's.
CREATE TABLE tokens (
    id           TEXT PRIMARY KEY,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- NULL for one that a client got by signing in.
    name         TEXT,
    scopes       TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at   BIGINT
);
CREATE INDEX tokens_by_user ON tokens (user_id);

-- Who did what. Rows are only ever added.
CREATE TABLE audit (
    id      INTEGER PRIMARY KEY,
    at      BIGINT NOT NULL,
    user_id TEXT,
    -- As it was then: the person may be gone.
    actor   TEXT NOT NULL,
    -- `session`, `token` or `command line`.
    via     TEXT NOT NULL,
    address TEXT,
    action  TEXT NOT NULL,
    subject TEXT NOT NULL,
    module  TEXT,
    -- JSON, with secrets left out.
    before  TEXT,
    after   TEXT
);
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX audit_by_module ON audit (module, id);
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_is_never_shortened BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;

-- What administrators set for a connector, a row a key. Every value is encrypted.
CREATE TABLE service_configuration (
    service_id TEXT NOT NULL,
    key        TEXT NOT NULL,
    value      TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (service_id, key)
);

-- System configuration; values are JSON.
CREATE TABLE configuration (
    key        TEXT PRIMARY KEY,
    value      TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);
