-- OAuth 2.0 client credentials for identity providers that take no token from hand to hand.

-- One client for each connection. `keys` are public, as PEM or as a JWK set.
CREATE TABLE scim_clients (
    connection_id {int} PRIMARY KEY REFERENCES scim_connections (id) ON DELETE CASCADE,
    client_id     {text} NOT NULL UNIQUE,
    secret_digest {text},
    secret_prefix {text},
    keys          {text},
    created_at    {int} NOT NULL
){strict};

-- Access tokens live for an hour.
CREATE TABLE scim_access_tokens (
    id            {id},
    connection_id {int} NOT NULL REFERENCES scim_connections (id) ON DELETE CASCADE,
    digest        {text} NOT NULL UNIQUE,
    created_at    {int} NOT NULL,
    expires_at    {int} NOT NULL
){strict};
CREATE INDEX scim_access_tokens_by_connection ON scim_access_tokens (connection_id, id);

-- Assertions that were used, by the digest of their ids, for as long as they would be accepted.
CREATE TABLE scim_used_assertions (
    connection_id {int} NOT NULL REFERENCES scim_connections (id) ON DELETE CASCADE,
    jti           {text} NOT NULL,
    expires_at    {int} NOT NULL,
    PRIMARY KEY (connection_id, jti)
){keyed};
CREATE INDEX scim_used_assertions_by_age ON scim_used_assertions (expires_at);
