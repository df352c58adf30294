-- How long the pauses between calls usually were, in milliseconds: so that whoever tells of a silence need not look again.
ALTER TABLE scim_silences ADD COLUMN pause {int} NOT NULL DEFAULT 2400000;
