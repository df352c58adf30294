-- The instance itself: what is configured for everybody, and what people did with it.

-- The name of this installation among others. There is one row.
CREATE TABLE installation (
    singleton {int} PRIMARY KEY CHECK (singleton = 1),
    id        {text} NOT NULL
){strict};

CREATE TABLE banners (
    id           {id},
    message      {text} NOT NULL,
    enabled      {bool} NOT NULL,
    variant      {text} NOT NULL,
    sticky       {bool} NOT NULL,
    icon         {text},
    link         {text},
    link_text    {text},
    dialog_title {text},
    dialog       {text},
    created_at   {int} NOT NULL
){strict};

-- Integrations. `parameters` holds secrets: they go to the other side and nowhere else. The lists are JSON.
CREATE TABLE addons (
    id           {id},
    provider     {text} NOT NULL,
    description  {text},
    enabled      {bool} NOT NULL,
    parameters   {text} NOT NULL,
    events       {text} NOT NULL,
    projects     {text} NOT NULL,
    environments {text} NOT NULL,
    created_at   {int} NOT NULL
){strict};

-- Links with which newcomers sign up. As for tokens, the secret is not stored.
CREATE TABLE invite_links (
    id         {id},
    name       {text} NOT NULL,
    selector   {text} NOT NULL UNIQUE,
    digest     {text} NOT NULL UNIQUE,
    enabled    {bool} NOT NULL DEFAULT TRUE,
    expires_at {int} NOT NULL,
    created_at {int} NOT NULL,
    created_by {text}
){strict};

CREATE TABLE invited_users (
    link_id {int} NOT NULL REFERENCES invite_links (id) ON DELETE CASCADE,
    user_id {int} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (link_id, user_id)
){keyed};

-- A row for every mail that somebody does not want.
CREATE TABLE unsubscriptions (
    user_id      {int} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    subscription {text} NOT NULL,
    PRIMARY KEY (user_id, subscription)
){keyed};

-- Bookkeeping: not audited.
CREATE TABLE logins (
    id             {id},
    username       {text} NOT NULL,
    auth_type      {text} NOT NULL,
    successful     {bool} NOT NULL,
    failure_reason {text},
    ip             {text},
    created_at     {int} NOT NULL
){strict};
CREATE INDEX logins_by_time ON logins (created_at);

CREATE TABLE splashes (
    user_id {int} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    splash  {text} NOT NULL,
    PRIMARY KEY (user_id, splash)
){keyed};

-- Whether somebody was asked for their opinion, and whether to ask again.
CREATE TABLE user_feedback (
    user_id     {int} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    feedback_id {text} NOT NULL,
    given       {int},
    never_show  {bool} NOT NULL,
    PRIMARY KEY (user_id, feedback_id)
){keyed};

CREATE TABLE feedback (
    id                    {id},
    category              {text} NOT NULL,
    user_type             {text},
    difficulty_score      {int},
    positive              {text},
    areas_for_improvement {text},
    created_at            {int} NOT NULL
){strict};
