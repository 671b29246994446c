-- Archives that were accepted, each once. What is read off an archive (manifest) can be rebuilt from its bytes.
CREATE TABLE archives (
    sha256      TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    version     TEXT NOT NULL,
    size        BIGINT NOT NULL,
    manifest    TEXT NOT NULL,
    card        TEXT NOT NULL,
    added_at    BIGINT NOT NULL
);
CREATE INDEX archives_by_name ON archives (name, added_at);

-- What is installed now, a row a module.
CREATE TABLE installs (
    name         TEXT PRIMARY KEY,
    sha256       TEXT NOT NULL REFERENCES archives (sha256),
    source       TEXT NOT NULL,
    installed_at BIGINT NOT NULL
);

-- Components of installed modules, a row each, for everything that asks "which module owns this component?".
CREATE TABLE components (
    name       TEXT PRIMARY KEY,
    module     TEXT NOT NULL REFERENCES installs (name) ON DELETE CASCADE,
    is_private BOOLEAN NOT NULL
);
CREATE INDEX components_by_module ON components (module);

-- Modules that were removed and can still be brought back.
CREATE TABLE removals (
    name       TEXT PRIMARY KEY,
    sha256     TEXT NOT NULL REFERENCES archives (sha256),
    source     TEXT NOT NULL,
    removed_at BIGINT NOT NULL
);

CREATE TABLE icons (
    sha256     TEXT PRIMARY KEY,
    media_type TEXT NOT NULL,
    bytes      BLOB NOT NULL
);

-- One installation. `job` holds what pages show; the other columns are what the installer decides by.
CREATE TABLE jobs (
    id              TEXT PRIMARY KEY,
    module          TEXT,
    sha256          TEXT NOT NULL,
    is_running      BOOLEAN NOT NULL,
    attempt         BIGINT NOT NULL,
    lease_until     BIGINT NOT NULL,
    request         TEXT NOT NULL,
    job             TEXT NOT NULL,
    started_at      BIGINT NOT NULL
);
-- Two installations of one module never run side by side.
CREATE UNIQUE INDEX jobs_one_running_per_module ON jobs (module) WHERE is_running;
CREATE INDEX jobs_by_start ON jobs (started_at);

-- What open pages were told, for those that come back after a broken connection.
CREATE TABLE events (
    id    INTEGER PRIMARY KEY,
    at    BIGINT NOT NULL,
    event TEXT NOT NULL
);

-- What each catalogue source held when it was last read.
CREATE TABLE catalogue_sources (
    id           TEXT PRIMARY KEY,
    etag         TEXT,
    refreshed_at BIGINT,
    problem      TEXT
);
CREATE TABLE catalogue_entries (
    source      TEXT NOT NULL REFERENCES catalogue_sources (id) ON DELETE CASCADE,
    place       TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    name        TEXT NOT NULL,
    version     TEXT NOT NULL,
    sha256      TEXT NOT NULL,
    size        BIGINT NOT NULL,
    manifest    TEXT,
    card        TEXT NOT NULL,
    findings    TEXT NOT NULL,
    PRIMARY KEY (source, place)
);
CREATE INDEX catalogue_entries_by_name ON catalogue_entries (name);

CREATE TABLE acl_rules (
    id         INTEGER PRIMARY KEY,
    type       TEXT NOT NULL,
    revision   BIGINT NOT NULL,
    identity   TEXT NOT NULL,
    role       TEXT NOT NULL,
    resource   TEXT NOT NULL,
    action     TEXT NOT NULL,
    attributes TEXT NOT NULL,
    UNIQUE (type, identity)
);

-- Small facts that outlive a restart, such as "the first ACL rules were written".
CREATE TABLE settings (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
