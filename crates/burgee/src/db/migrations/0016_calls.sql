-- What identity providers ask for, and what they are answered. Kept for some time only; written in bulk.
-- `id` is a ULID: its order is that in which calls ended. No connection is referred to: the journal outlives them.
CREATE TABLE scim_calls (
    id            {text} PRIMARY KEY,
    -- NULL: nobody knows whose call it was.
    connection_id {int},
    at            {int} NOT NULL,
    micros        {int} NOT NULL,
    method        {text} NOT NULL,
    path          {text} NOT NULL,
    query         {text},
    status        {int} NOT NULL,
    verb          {text} NOT NULL,
    noun          {text},
    outcome       {text} NOT NULL,
    meaning       {text} NOT NULL,
    meaning_ci    {text} NOT NULL,
    dry_run       {bool} NOT NULL,
    -- What shows whose call it was: never the secret itself.
    credential    {text},
    address       {text},
    agent         {text},
    request_id    {text},
    -- Who did the call of another time again, and which.
    replayed_by   {text},
    replays       {text},
    -- A JSON list of names.
    quirks        {text} NOT NULL,
    -- A JSON list of the groups under which events were recorded.
    events        {text} NOT NULL,
    headers       {text} NOT NULL,
    request       {text},
    request_size  {int} NOT NULL,
    request_state {text} NOT NULL,
    response      {text},
    response_size {int} NOT NULL,
    response_state {text} NOT NULL,
    -- A JSON list of what differs: before and after.
    changes       {text} NOT NULL
){strict};
CREATE INDEX scim_calls_of_connection ON scim_calls (connection_id, id, at);
CREATE INDEX scim_calls_by_outcome ON scim_calls (outcome, id);

-- Whom and what a call was about.
CREATE TABLE scim_call_subjects (
    noun     {text} NOT NULL,
    local_id {int} NOT NULL,
    call_id  {text} NOT NULL REFERENCES scim_calls (id) ON DELETE CASCADE,
    PRIMARY KEY (noun, local_id, call_id)
){keyed};
CREATE INDEX scim_call_subjects_of_call ON scim_call_subjects (call_id);

-- Since when an identity provider is silent that used to call: told once.
CREATE TABLE scim_silences (
    connection_id {int} PRIMARY KEY REFERENCES scim_connections (id) ON DELETE CASCADE,
    since         {int} NOT NULL
){strict};
