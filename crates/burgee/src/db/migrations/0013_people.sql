-- What lists of people and of tries to sign in are read by.

-- The beginning of the name under which lists show somebody, in folded form. The program writes it at its start.
ALTER TABLE users ADD COLUMN label_ci {text};
CREATE INDEX users_by_label ON users (is_service, label_ci, id) WHERE deleted_at IS NULL AND is_system = FALSE;
CREATE INDEX logins_by_name ON logins (lower(username), id);
