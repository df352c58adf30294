-- People, what they may do, their ways in, and the record of what happened.
-- Times are milliseconds since 1970 in UTC; `*_ci` columns hold case-folded keys computed by the program.

CREATE TABLE roles (
    id          {id},
    name        {text} NOT NULL,
    name_ci     {text} NOT NULL UNIQUE,
    description {text} NOT NULL DEFAULT '',
    type        {text} NOT NULL CHECK (type IN ('root', 'project', 'root-custom', 'custom')),
    created_at  {int} NOT NULL,
    updated_at  {int} NOT NULL
){strict};

-- An empty environment means every environment.
CREATE TABLE role_permissions (
    role_id     {int} NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    permission  {text} NOT NULL,
    environment {text} NOT NULL DEFAULT '',
    PRIMARY KEY (role_id, permission, environment)
){keyed};

-- The ids 1 to 6 are part of the wire format.
INSERT INTO roles (name, name_ci, description, type, created_at, updated_at) VALUES
    ('Admin', 'admin', 'May do everything, everywhere.', 'root', 0, 0),
    ('Editor', 'editor', 'May change most things, but not who may do what.', 'root', 0, 0),
    ('Viewer', 'viewer', 'May look, but not touch.', 'root', 0, 0),
    ('Owner', 'owner', 'May change everything in a project, its members included.', 'project', 0, 0),
    ('Member', 'member', 'May change the flags of a project.', 'project', 0, 0),
    ('Reader', 'reader', 'May see a private project.', 'project', 0, 0);

INSERT INTO role_permissions (role_id, permission) VALUES
    (1, 'ADMIN'),
    (2, 'CREATE_ADDON'), (2, 'UPDATE_ADDON'), (2, 'DELETE_ADDON'), (2, 'CREATE_CONTEXT_FIELD'),
    (2, 'UPDATE_CONTEXT_FIELD'), (2, 'DELETE_CONTEXT_FIELD'), (2, 'CREATE_SEGMENT'), (2, 'UPDATE_SEGMENT'),
    (2, 'DELETE_SEGMENT'), (2, 'CREATE_STRATEGY'), (2, 'UPDATE_STRATEGY'), (2, 'DELETE_STRATEGY'),
    (2, 'CREATE_TAG_TYPE'), (2, 'UPDATE_TAG_TYPE'), (2, 'DELETE_TAG_TYPE'), (2, 'CREATE_PROJECT'),
    (2, 'UPDATE_APPLICATION'), (2, 'READ_CLIENT_API_TOKEN'), (2, 'READ_FRONTEND_API_TOKEN'),
    (2, 'RELEASE_PLAN_TEMPLATE_CREATE'), (2, 'RELEASE_PLAN_TEMPLATE_UPDATE'), (2, 'CREATE_FEATURE'),
    (2, 'UPDATE_FEATURE'), (2, 'DELETE_FEATURE'), (2, 'UPDATE_FEATURE_DEPENDENCY'), (2, 'UPDATE_FEATURE_VARIANTS'),
    (2, 'MOVE_FEATURE_TOGGLE'), (2, 'UPDATE_PROJECT'), (2, 'DELETE_PROJECT'), (2, 'READ_PROJECT_API_TOKEN'),
    (2, 'CREATE_PROJECT_API_TOKEN'), (2, 'DELETE_PROJECT_API_TOKEN'),
    (4, 'CREATE_FEATURE'), (4, 'UPDATE_FEATURE'), (4, 'DELETE_FEATURE'), (4, 'UPDATE_FEATURE_DEPENDENCY'),
    (4, 'UPDATE_FEATURE_VARIANTS'), (4, 'MOVE_FEATURE_TOGGLE'), (4, 'UPDATE_PROJECT'), (4, 'DELETE_PROJECT'),
    (4, 'READ_PROJECT_API_TOKEN'), (4, 'CREATE_PROJECT_API_TOKEN'), (4, 'DELETE_PROJECT_API_TOKEN'),
    (4, 'UPDATE_PROJECT_CONTEXT'), (4, 'UPDATE_PROJECT_RELEASE_TEMPLATE'), (4, 'UPDATE_PROJECT_SEGMENT'),
    (5, 'CREATE_FEATURE'), (5, 'UPDATE_FEATURE'), (5, 'DELETE_FEATURE'), (5, 'UPDATE_FEATURE_DEPENDENCY'),
    (5, 'UPDATE_FEATURE_VARIANTS'), (5, 'READ_PROJECT_API_TOKEN'), (5, 'CREATE_PROJECT_API_TOKEN'),
    (5, 'DELETE_PROJECT_API_TOKEN');

INSERT INTO role_permissions (role_id, permission)
SELECT r.id, p.permission
FROM roles r CROSS JOIN (
    SELECT 'CREATE_FEATURE_STRATEGY' AS permission UNION ALL SELECT 'UPDATE_FEATURE_STRATEGY'
    UNION ALL SELECT 'DELETE_FEATURE_STRATEGY' UNION ALL SELECT 'UPDATE_FEATURE_ENVIRONMENT'
    UNION ALL SELECT 'UPDATE_FEATURE_ENVIRONMENT_VARIANTS'
) p
WHERE r.id IN (2, 4, 5);

CREATE TABLE users (
    id            {id},
    name          {text},
    username      {text},
    username_ci   {text} UNIQUE,
    email         {text},
    email_ci      {text} UNIQUE,
    email_hash    {text},
    image_url     {text},
    password_hash {text},
    root_role_id  {int} NOT NULL REFERENCES roles (id),
    active        {bool} NOT NULL DEFAULT TRUE,
    is_service    {bool} NOT NULL DEFAULT FALSE,
    -- The last admin, kept against the will of an identity provider.
    retained      {bool} NOT NULL DEFAULT FALSE,
    is_system     {bool} NOT NULL DEFAULT FALSE,
    created_at    {int} NOT NULL,
    created_by    {int},
    updated_at    {int} NOT NULL,
    deleted_at    {int},
    version       {int} NOT NULL DEFAULT 1
){strict};
CREATE INDEX users_by_role ON users (root_role_id, id) WHERE deleted_at IS NULL;
CREATE INDEX users_living ON users (id) WHERE deleted_at IS NULL AND is_system = FALSE;

-- The author of automatic changes. Its id is part of the wire format.
INSERT INTO users (id, name, username, username_ci, root_role_id, is_system, created_at, updated_at)
VALUES (-1337, 'Unleash System', 'unleash_system_user', 'unleash_system_user', 3, TRUE, 0, 0);

CREATE TABLE groups (
    id           {id},
    name         {text} NOT NULL,
    name_ci      {text} NOT NULL UNIQUE,
    description  {text},
    mappings_sso {text} NOT NULL DEFAULT '[]',
    root_role_id {int} REFERENCES roles (id),
    created_at   {int} NOT NULL,
    created_by   {text},
    version      {int} NOT NULL DEFAULT 1
){strict};
CREATE INDEX groups_by_role ON groups (root_role_id) WHERE root_role_id IS NOT NULL;

CREATE TABLE group_users (
    group_id   {int} NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    user_id    {int} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    joined_at  {int} NOT NULL,
    created_by {text},
    PRIMARY KEY (group_id, user_id)
){keyed};
CREATE INDEX group_users_by_user ON group_users (user_id, group_id);

-- A group inside a group: its members count as members of the parent.
CREATE TABLE group_groups (
    parent_id {int} NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    child_id  {int} NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    PRIMARY KEY (parent_id, child_id)
){keyed};
CREATE INDEX group_groups_by_child ON group_groups (child_id, parent_id);

CREATE TABLE projects (
    id          {text} PRIMARY KEY,
    name        {text} NOT NULL,
    description {text},
    created_at  {int} NOT NULL,
    updated_at  {int} NOT NULL
){strict};
INSERT INTO projects (id, name, description, created_at, updated_at) VALUES ('default', 'Default', NULL, 0, 0);

CREATE TABLE environments (
    name       {text} PRIMARY KEY,
    type       {text} NOT NULL,
    enabled    {bool} NOT NULL DEFAULT TRUE,
    sort_order {int} NOT NULL DEFAULT 9999,
    created_at {int} NOT NULL
){strict};
INSERT INTO environments (name, type, sort_order, created_at) VALUES
    ('development', 'development', 100, 0), ('production', 'production', 200, 0);

CREATE TABLE user_roles (
    user_id    {int} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role_id    {int} NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    project    {text} NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    created_at {int} NOT NULL,
    PRIMARY KEY (user_id, role_id, project)
){keyed};

CREATE TABLE group_roles (
    group_id   {int} NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    role_id    {int} NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    project    {text} NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    created_at {int} NOT NULL,
    PRIMARY KEY (group_id, role_id, project)
){keyed};

-- Secrets are never stored: `digest` is the SHA-256 of the whole token, `selector` names it to people.
CREATE TABLE personal_tokens (
    id          {id},
    user_id     {int} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    description {text} NOT NULL,
    selector    {text} NOT NULL UNIQUE,
    digest      {text} NOT NULL UNIQUE,
    expires_at  {int} NOT NULL,
    created_at  {int} NOT NULL,
    UNIQUE (user_id, description)
){strict};
CREATE INDEX personal_tokens_by_user ON personal_tokens (user_id, id);

CREATE TABLE api_tokens (
    id          {id},
    name        {text} NOT NULL,
    type        {text} NOT NULL CHECK (type IN ('admin', 'client', 'frontend')),
    environment {text} NOT NULL,
    selector    {text} NOT NULL UNIQUE,
    digest      {text} NOT NULL UNIQUE,
    alias       {text} UNIQUE,
    expires_at  {int},
    created_at  {int} NOT NULL
){strict};

-- A token without rows here reaches every project.
CREATE TABLE api_token_projects (
    token_id {int} NOT NULL REFERENCES api_tokens (id) ON DELETE CASCADE,
    project  {text} NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    PRIMARY KEY (token_id, project)
){keyed};

CREATE TABLE settings (
    name    {text} PRIMARY KEY,
    content {text} NOT NULL
){strict};

-- The record: audit log and revision in one. Ids become visible in commit order.
CREATE TABLE events (
    id                 {id},
    type               {text} NOT NULL,
    created_at         {int} NOT NULL,
    created_by         {text} NOT NULL,
    created_by_user_id {int} NOT NULL,
    ip                 {text},
    data               {text},
    pre_data           {text},
    project            {text},
    environment        {text},
    feature_name       {text},
    connection_id      {int},
    group_type         {text},
    group_id           {text}
){strict};
CREATE INDEX events_by_type ON events (type, id);
CREATE INDEX events_by_author ON events (created_by_user_id, id);
CREATE INDEX events_by_time ON events (created_at);
CREATE INDEX events_by_project ON events (project, id) WHERE project IS NOT NULL;
CREATE INDEX events_by_feature ON events (feature_name, id) WHERE feature_name IS NOT NULL;

-- Bookkeeping: not audited.
CREATE TABLE sessions (
    digest     {text} PRIMARY KEY,
    user_id    {int} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at {int} NOT NULL,
    expires_at {int} NOT NULL,
    ip         {text},
    user_agent {text}
){strict};
CREATE INDEX sessions_by_user ON sessions (user_id, created_at);

CREATE TABLE reset_tokens (
    digest     {text} PRIMARY KEY,
    user_id    {int} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at {int} NOT NULL,
    created_by {text},
    expires_at {int} NOT NULL,
    used_at    {int}
){strict};
CREATE INDEX reset_tokens_by_user ON reset_tokens (user_id);

CREATE TABLE used_passwords (
    user_id       {int} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    password_hash {text} NOT NULL,
    used_at       {int} NOT NULL,
    PRIMARY KEY (user_id, used_at)
){keyed};

-- When a user, a personal token or an API token was first and last seen.
CREATE TABLE seen (
    subject  {text} NOT NULL,
    id       {int} NOT NULL,
    first_at {int} NOT NULL,
    last_at  {int} NOT NULL,
    PRIMARY KEY (subject, id)
){keyed};
