-- Who made an API token. Of older ones the log of events knows.
ALTER TABLE api_tokens ADD COLUMN created_by {text};

-- What identity providers did.
CREATE INDEX events_by_connection ON events (connection_id, id) WHERE connection_id IS NOT NULL;
