-- What clients made of flags, as SDKs count it.
CREATE TABLE flag_usage (
    feature     {text} NOT NULL REFERENCES features (name) ON DELETE CASCADE,
    -- How much time a row is about, and where it begins.
    per         {text} NOT NULL CHECK (per IN ('hour', 'day')),
    begins      {int} NOT NULL,
    environment {text} NOT NULL REFERENCES environments (name) ON DELETE CASCADE,
    application {text} NOT NULL,
    -- '' is the flag itself; of a variant, all are `yes`.
    variant     {text} NOT NULL,
    yes         {int} NOT NULL,
    no          {int} NOT NULL,
    PRIMARY KEY (feature, per, begins, environment, application, variant)
){keyed};
CREATE INDEX flag_usage_by_age ON flag_usage (per, begins, application, feature);
CREATE INDEX flag_usage_by_environment ON flag_usage (environment);

-- When clients last used a flag.
CREATE TABLE flag_sightings (
    feature     {text} NOT NULL REFERENCES features (name) ON DELETE CASCADE,
    environment {text} NOT NULL REFERENCES environments (name) ON DELETE CASCADE,
    seen_at     {int} NOT NULL,
    PRIMARY KEY (feature, environment)
){keyed};
CREATE INDEX flag_sightings_by_environment ON flag_sightings (environment);
ALTER TABLE feature_environments DROP COLUMN last_seen_at;

-- Flags that applications ask for and that are not there.
CREATE TABLE unknown_flags (
    name        {text} NOT NULL,
    application {text} NOT NULL,
    environment {text} NOT NULL,
    seen_at     {int} NOT NULL,
    PRIMARY KEY (name, application, environment)
){keyed};
CREATE INDEX unknown_flags_by_age ON unknown_flags (environment, seen_at);
CREATE INDEX unknown_flags_by_application ON unknown_flags (application);
