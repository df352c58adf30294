-- Connections that are set up each in its own way, and what is known of their tokens.

-- `slug` names the connection in addresses. `rate` is in requests per second, NULL for no limit; `networks` is a list in
-- JSON of the networks that calls may come from, empty for all. `version` rises with every change of the settings.
ALTER TABLE scim_connections ADD COLUMN slug {text} NOT NULL DEFAULT '';
ALTER TABLE scim_connections ADD COLUMN provider {text} NOT NULL DEFAULT 'generic';
ALTER TABLE scim_connections ADD COLUMN mode {text} NOT NULL DEFAULT 'tolerant';
ALTER TABLE scim_connections ADD COLUMN patch_answer {text} NOT NULL DEFAULT 'auto';
ALTER TABLE scim_connections ADD COLUMN on_match {text} NOT NULL DEFAULT 'adopt';
ALTER TABLE scim_connections ADD COLUMN unknown_members {text} NOT NULL DEFAULT 'ignore';
ALTER TABLE scim_connections ADD COLUMN rate {int};
ALTER TABLE scim_connections ADD COLUMN networks {text} NOT NULL DEFAULT '[]';
ALTER TABLE scim_connections ADD COLUMN paused {bool} NOT NULL DEFAULT FALSE;
ALTER TABLE scim_connections ADD COLUMN dry_run {bool} NOT NULL DEFAULT FALSE;
ALTER TABLE scim_connections ADD COLUMN version {int} NOT NULL DEFAULT 1;
UPDATE scim_connections SET slug = CASE WHEN id = 1 THEN 'default' ELSE 'connection-' || id END;
CREATE UNIQUE INDEX scim_connections_by_slug ON scim_connections (slug);

-- `prefix` is what may be shown of the secret; unknown for tokens from before. `origin` is how the token came here.
ALTER TABLE scim_tokens ADD COLUMN prefix {text};
ALTER TABLE scim_tokens ADD COLUMN origin {text} NOT NULL DEFAULT 'made';

-- When, from where and by what program each token was last used.
CREATE TABLE scim_token_uses (
    token_id {int} PRIMARY KEY REFERENCES scim_tokens (id) ON DELETE CASCADE,
    used_at  {int} NOT NULL,
    address  {text},
    agent    {text}
){strict};

-- The trail of what was provisioned outlives its connection.
CREATE TABLE scim_gone (
    scim_id       {text} PRIMARY KEY,
    connection_id {int} NOT NULL,
    resource_type {text} NOT NULL,
    local_id      {int} NOT NULL,
    external_id   {text},
    email_hash    {text},
    deleted_at    {int} NOT NULL
){strict};
INSERT INTO scim_gone SELECT * FROM scim_tombstones;
DROP TABLE scim_tombstones;
ALTER TABLE scim_gone RENAME TO scim_tombstones;
