-- What guards against an identity provider that takes away too much at once.

-- The limits of a connection, in percent (0: no guard), people and minutes; a connection without a row has the usual ones.
-- `tally` is how many lost their account lately, in JSON; nothing before `counted_from` counts. `held_since`: removals wait.
CREATE TABLE scim_guards (
    connection_id {int} PRIMARY KEY REFERENCES scim_connections (id) ON DELETE CASCADE,
    share         {int} NOT NULL DEFAULT 20,
    least         {int} NOT NULL DEFAULT 10,
    minutes       {int} NOT NULL DEFAULT 60,
    tally         {text},
    counted_from  {int} NOT NULL DEFAULT 0,
    held_since    {int}
){strict};

-- The same tally of those who were taken out of a group.
ALTER TABLE scim_groups ADD COLUMN tally {text};

-- The identity provider took this member out, who is still in the group for everybody else.
ALTER TABLE group_users ADD COLUMN unwanted {bool} NOT NULL DEFAULT FALSE;

-- Removals that wait for an admin, and those that an admin discarded (until the identity provider thinks better of it).
CREATE TABLE scim_held (
    id            {id},
    connection_id {int} NOT NULL REFERENCES scim_connections (id) ON DELETE CASCADE,
    kind          {text} NOT NULL,
    user_id       {int} REFERENCES users (id) ON DELETE CASCADE,
    group_id      {int} REFERENCES groups (id) ON DELETE CASCADE,
    since         {int} NOT NULL,
    discarded_at  {int},
    discarded_by  {text}
){strict};
CREATE INDEX scim_held_of_connection ON scim_held (connection_id, id);
CREATE INDEX scim_held_waiting ON scim_held (connection_id, id) WHERE discarded_at IS NULL;
CREATE INDEX scim_held_of_group ON scim_held (group_id, user_id);
CREATE INDEX scim_held_of_user ON scim_held (user_id);
