-- SCIM events (RFC 9967): who is told what happened to provisioned people and groups, and how far each has come.

-- What a fact says of a provisioned resource: the verb, the names of attributes, the version. No values, and nobody's name.
ALTER TABLE events ADD COLUMN signal {text};
CREATE INDEX events_that_signal ON events (id) WHERE signal IS NOT NULL;

-- Without `connection_id`: of all connections. `header` has to be sent, so that it is kept as it is; what receivers
-- show who fetch events is kept as a digest.
CREATE TABLE scim_receivers (
    id            {id},
    connection_id {int} REFERENCES scim_connections (id) ON DELETE CASCADE,
    name          {text} NOT NULL UNIQUE,
    delivery      {text} NOT NULL,
    endpoint      {text},
    header        {text},
    digest        {text} UNIQUE,
    prefix        {text},
    audience      {text} NOT NULL,
    kinds         {text} NOT NULL,
    enabled       {bool} NOT NULL,
    created_at    {int} NOT NULL,
    version       {int} NOT NULL DEFAULT 1
){strict};
CREATE INDEX scim_receivers_by_connection ON scim_receivers (connection_id);

-- Everything up to `position` in the record is done with. Whoever holds the lease delivers.
CREATE TABLE scim_receiver_states (
    receiver_id  {int} PRIMARY KEY REFERENCES scim_receivers (id) ON DELETE CASCADE,
    position     {int} NOT NULL,
    holder       {text},
    leased_until {int} NOT NULL DEFAULT 0,
    failures     {int} NOT NULL DEFAULT 0,
    next_at      {int} NOT NULL DEFAULT 0,
    delivered    {int} NOT NULL DEFAULT 0,
    delivered_at {int},
    refused      {int} NOT NULL DEFAULT 0,
    error        {text},
    error_at     {int}
){strict};

-- What was acknowledged behind the position.
CREATE TABLE scim_receiver_acks (
    receiver_id {int} NOT NULL REFERENCES scim_receivers (id) ON DELETE CASCADE,
    event_id    {int} NOT NULL,
    PRIMARY KEY (receiver_id, event_id)
){keyed};

-- What requests came to whose clients did not wait for the answer.
CREATE TABLE scim_answers (
    txn           {text} PRIMARY KEY,
    connection_id {int} NOT NULL REFERENCES scim_connections (id) ON DELETE CASCADE,
    subject       {text} NOT NULL,
    answer        {text} NOT NULL,
    created_at    {int} NOT NULL
){strict};
CREATE INDEX scim_answers_by_age ON scim_answers (created_at);

-- What events are signed with. A key that was replaced stays public for a while, and its private half is gone.
CREATE TABLE scim_signing_keys (
    kid        {text} PRIMARY KEY,
    private    {text},
    public     {text} NOT NULL,
    in_use     {bool} NOT NULL,
    created_at {int} NOT NULL,
    retired_at {int}
){strict};
CREATE UNIQUE INDEX scim_signing_key_in_use ON scim_signing_keys (in_use) WHERE in_use = TRUE;

-- Whoever is gone is found by the number of the account, or the group.
CREATE INDEX scim_tombstones_by_subject ON scim_tombstones (local_id, resource_type);
