-- What identity providers push. A resource belongs to one connection.

CREATE TABLE scim_connections (
    id         {id},
    name       {text} NOT NULL UNIQUE,
    enabled    {bool} NOT NULL DEFAULT FALSE,
    created_at {int} NOT NULL,
    updated_at {int} NOT NULL
){strict};
INSERT INTO scim_connections (name, created_at, updated_at) VALUES ('default', 0, 0);

CREATE TABLE scim_tokens (
    id            {id},
    connection_id {int} NOT NULL REFERENCES scim_connections (id) ON DELETE CASCADE,
    digest        {text} NOT NULL UNIQUE,
    created_at    {int} NOT NULL,
    expires_at    {int}
){strict};
CREATE INDEX scim_tokens_by_connection ON scim_tokens (connection_id);

-- `document` is the resource as the identity provider sees it; the other columns are what is looked up.
-- `active` is what the identity provider wants; users.active is what holds.
CREATE TABLE scim_users (
    id            {id},
    user_id       {int} NOT NULL UNIQUE REFERENCES users (id) ON DELETE CASCADE,
    connection_id {int} NOT NULL REFERENCES scim_connections (id),
    scim_id       {text} NOT NULL UNIQUE,
    external_id   {text},
    user_name_ci  {text} NOT NULL,
    active        {bool} NOT NULL,
    document      {text} NOT NULL,
    created_at    {int} NOT NULL,
    updated_at    {int} NOT NULL,
    version       {int} NOT NULL DEFAULT 1,
    UNIQUE (connection_id, user_name_ci),
    UNIQUE (connection_id, external_id)
){strict};
CREATE INDEX scim_users_in_order ON scim_users (connection_id, id);
CREATE INDEX scim_users_by_time ON scim_users (connection_id, updated_at, id);
CREATE INDEX scim_users_inactive ON scim_users (connection_id, id) WHERE active = FALSE;

-- One row for each simple value of a user's attributes: what filters search. Values too long for an index stand
-- there by their beginning and a digest, and `whole`.
CREATE TABLE scim_leaves (
    attribute    {text} NOT NULL,
    value        {text} NOT NULL,
    whole        {text},
    owner        {int} NOT NULL REFERENCES scim_users (id) ON DELETE CASCADE,
    ordinal      {int} NOT NULL,
    element_type {text},
    is_primary   {bool} NOT NULL DEFAULT FALSE,
    PRIMARY KEY (attribute, value, owner, ordinal)
){keyed};
CREATE INDEX scim_leaves_by_owner ON scim_leaves (owner, attribute, ordinal);

CREATE TABLE scim_groups (
    id              {id},
    group_id        {int} NOT NULL UNIQUE REFERENCES groups (id) ON DELETE CASCADE,
    connection_id   {int} NOT NULL REFERENCES scim_connections (id),
    scim_id         {text} NOT NULL UNIQUE,
    external_id     {text},
    display_name_ci {text} NOT NULL,
    document        {text} NOT NULL,
    created_at      {int} NOT NULL,
    updated_at      {int} NOT NULL,
    version         {int} NOT NULL DEFAULT 1,
    UNIQUE (connection_id, display_name_ci),
    UNIQUE (connection_id, external_id)
){strict};
CREATE INDEX scim_groups_in_order ON scim_groups (connection_id, id);
CREATE INDEX scim_groups_by_time ON scim_groups (connection_id, updated_at, id);

-- What was once provisioned and was removed: joins the audit trail to the ids that are gone.
CREATE TABLE scim_tombstones (
    scim_id       {text} PRIMARY KEY,
    connection_id {int} NOT NULL REFERENCES scim_connections (id),
    resource_type {text} NOT NULL,
    local_id      {int} NOT NULL,
    external_id   {text},
    email_hash    {text},
    deleted_at    {int} NOT NULL
){strict};
