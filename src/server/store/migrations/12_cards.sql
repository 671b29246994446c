-- What lists show of a module stands in columns, apart from manifests, which are large: a start reads all of the one and
-- none of the other.
CREATE TABLE old_entries AS SELECT * FROM catalogue_entries;
DROP TABLE catalogue_entries;

CREATE TABLE catalogue_entries (
    source          TEXT NOT NULL REFERENCES catalogue_sources (id) ON DELETE CASCADE,
    place           TEXT NOT NULL,
    fingerprint     TEXT NOT NULL,
    name            TEXT NOT NULL,
    version         TEXT NOT NULL,
    sha256          TEXT NOT NULL,
    size            BIGINT NOT NULL,
    label           TEXT NOT NULL,
    description     TEXT NOT NULL,
    category        TEXT NOT NULL,
    components      BIGINT NOT NULL,
    icon            TEXT,
    -- Why it cannot be installed.
    broken          TEXT,
    component_names TEXT NOT NULL,
    PRIMARY KEY (source, place)
);
CREATE INDEX catalogue_entries_by_name ON catalogue_entries (name);
INSERT INTO catalogue_entries
SELECT source, place, fingerprint, name, version, sha256, size,
       card ->> 'label', card ->> 'description', card ->> 'category', CAST(card ->> 'components' AS BIGINT),
       card ->> 'icon', card ->> 'broken', card ->> 'component_names'
FROM old_entries;

CREATE TABLE catalogue_manifests (
    source   TEXT NOT NULL,
    place    TEXT NOT NULL,
    -- NULL when the entry is broken.
    manifest TEXT,
    findings TEXT NOT NULL,
    PRIMARY KEY (source, place),
    FOREIGN KEY (source, place) REFERENCES catalogue_entries (source, place) ON DELETE CASCADE
);
INSERT INTO catalogue_manifests SELECT source, place, manifest, findings FROM old_entries;
DROP TABLE old_entries;

ALTER TABLE installs ADD COLUMN version TEXT NOT NULL DEFAULT '';
ALTER TABLE installs ADD COLUMN label TEXT NOT NULL DEFAULT '';
ALTER TABLE installs ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE installs ADD COLUMN category TEXT NOT NULL DEFAULT '';
ALTER TABLE installs ADD COLUMN components BIGINT NOT NULL DEFAULT 0;
ALTER TABLE installs ADD COLUMN icon TEXT;
ALTER TABLE installs ADD COLUMN component_names TEXT NOT NULL DEFAULT '';
UPDATE installs SET (version, label, description, category, components, icon, component_names) = (
    SELECT version, card ->> 'label', card ->> 'description', card ->> 'category',
           CAST(card ->> 'components' AS BIGINT), card ->> 'icon', card ->> 'component_names'
    FROM archives WHERE archives.sha256 = installs.sha256
);
ALTER TABLE archives DROP COLUMN card;
