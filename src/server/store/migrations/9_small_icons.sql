-- Icons as lists show them, made when they are first asked for. No bytes: nothing small can be made of this icon.
CREATE TABLE small_icons (
    sha256     TEXT PRIMARY KEY,
    media_type TEXT NOT NULL,
    bytes      BLOB NOT NULL
);
