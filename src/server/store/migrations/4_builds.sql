-- What npm said while a module's dependencies were installed.
ALTER TABLE jobs ADD COLUMN output TEXT;
