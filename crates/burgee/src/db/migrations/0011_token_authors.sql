-- Who made an API token. Of older ones the log of events knows.
ALTER TABLE api_tokens ADD COLUMN created_by {text};
