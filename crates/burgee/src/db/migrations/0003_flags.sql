-- Projects and environments as people shape them, flags and everything that says who gets them.
-- `*_ci` columns hold case-folded text for searches; lists and objects are JSON.

ALTER TABLE projects ADD COLUMN mode {text} NOT NULL DEFAULT 'open' CHECK (mode IN ('open', 'protected', 'private'));
ALTER TABLE projects ADD COLUMN default_stickiness {text} NOT NULL DEFAULT 'default';
ALTER TABLE projects ADD COLUMN feature_limit {int};
-- {pattern, example, description}
ALTER TABLE projects ADD COLUMN naming {text};
-- [{title, urlTemplate}]
ALTER TABLE projects ADD COLUMN link_templates {text} NOT NULL DEFAULT '[]';
ALTER TABLE projects ADD COLUMN archived_at {int};
ALTER TABLE projects ADD COLUMN version {int} NOT NULL DEFAULT 1;
UPDATE projects SET description = 'Default project' WHERE id = 'default';

ALTER TABLE environments ADD COLUMN protected {bool} NOT NULL DEFAULT FALSE;
-- How many approvals changes need in new projects; NULL is none.
ALTER TABLE environments ADD COLUMN required_approvals {int};
ALTER TABLE environments ADD COLUMN version {int} NOT NULL DEFAULT 1;
UPDATE environments SET sort_order = 2 WHERE name = 'development';
UPDATE environments SET sort_order = 3 WHERE name = 'production';

-- The environments that a project uses.
CREATE TABLE project_environments (
    project          {text} NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    environment      {text} NOT NULL REFERENCES environments (name) ON DELETE CASCADE,
    default_strategy {text},
    PRIMARY KEY (project, environment)
){keyed};
CREATE INDEX project_environments_by_environment ON project_environments (environment);
INSERT INTO project_environments (project, environment) VALUES ('default', 'development'), ('default', 'production');

-- Where changes need approval, and of how many.
CREATE TABLE change_request_settings (
    project            {text} NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    environment        {text} NOT NULL REFERENCES environments (name) ON DELETE CASCADE,
    required_approvals {int} NOT NULL,
    PRIMARY KEY (project, environment)
){keyed};

CREATE TABLE feature_types (
    id            {text} PRIMARY KEY,
    name          {text} NOT NULL,
    description   {text} NOT NULL,
    -- After how many days a flag of this type should be gone; NULL is never.
    lifetime_days {int},
    sort_order    {int} NOT NULL
){strict};
INSERT INTO feature_types (id, name, description, lifetime_days, sort_order) VALUES
    ('release', 'Release', 'Bring unfinished or new work to users step by step.', 40, 1),
    ('experiment', 'Experiment', 'Compare variants with real users.', 40, 2),
    ('operational', 'Operational', 'Steer how the system behaves while something changes in it.', 7, 3),
    ('kill-switch', 'Kill switch', 'Turn something off at once when it misbehaves.', NULL, 4),
    ('permission', 'Permission', 'Decide who may use something.', NULL, 5),
    ('sunset', 'Sunset', 'Take something away in an orderly manner.', 90, 6);

-- Names are unique for ever, archived flags included.
CREATE TABLE features (
    name              {text} PRIMARY KEY,
    -- Name and description, folded, for searches.
    search            {text} NOT NULL,
    project           {text} NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    type              {text} NOT NULL REFERENCES feature_types (id),
    description       {text},
    impression_data   {bool} NOT NULL DEFAULT FALSE,
    stale             {bool} NOT NULL DEFAULT FALSE,
    potentially_stale {bool} NOT NULL DEFAULT FALSE,
    created_at        {int} NOT NULL,
    created_by        {int} NOT NULL,
    archived_at       {int},
    version           {int} NOT NULL DEFAULT 1
){strict};
CREATE INDEX features_by_project ON features (project, name) WHERE archived_at IS NULL;
CREATE INDEX features_by_creation ON features (created_at, name) WHERE archived_at IS NULL;
CREATE INDEX features_archived ON features (project, name) WHERE archived_at IS NOT NULL;

CREATE TABLE feature_environments (
    feature      {text} NOT NULL REFERENCES features (name) ON DELETE CASCADE,
    environment  {text} NOT NULL REFERENCES environments (name) ON DELETE CASCADE,
    enabled      {bool} NOT NULL DEFAULT FALSE,
    -- Variants from before strategies had their own.
    variants     {text} NOT NULL DEFAULT '[]',
    last_seen_at {int},
    PRIMARY KEY (feature, environment)
){keyed};
CREATE INDEX feature_environments_by_environment ON feature_environments (environment, feature);

CREATE TABLE feature_strategies (
    id          {text} PRIMARY KEY,
    feature     {text} NOT NULL,
    environment {text} NOT NULL,
    name        {text} NOT NULL,
    title       {text},
    disabled    {bool} NOT NULL DEFAULT FALSE,
    parameters  {text} NOT NULL DEFAULT '{}',
    constraints {text} NOT NULL DEFAULT '[]',
    variants    {text} NOT NULL DEFAULT '[]',
    sort_order  {int} NOT NULL,
    created_at  {int} NOT NULL,
    FOREIGN KEY (feature, environment) REFERENCES feature_environments (feature, environment) ON DELETE CASCADE
){strict};
CREATE INDEX feature_strategies_by_place ON feature_strategies (feature, environment, sort_order, id);
CREATE INDEX feature_strategies_by_name ON feature_strategies (name);

CREATE TABLE segments (
    id          {id},
    name        {text} NOT NULL UNIQUE,
    description {text},
    -- NULL: every project may use it.
    project     {text} REFERENCES projects (id) ON DELETE CASCADE,
    constraints {text} NOT NULL DEFAULT '[]',
    created_by  {text} NOT NULL,
    created_at  {int} NOT NULL,
    version     {int} NOT NULL DEFAULT 1
){strict};

CREATE TABLE feature_strategy_segments (
    strategy_id {text} NOT NULL REFERENCES feature_strategies (id) ON DELETE CASCADE,
    segment_id  {int} NOT NULL REFERENCES segments (id),
    PRIMARY KEY (strategy_id, segment_id)
){keyed};
CREATE INDEX feature_strategy_segments_by_segment ON feature_strategy_segments (segment_id, strategy_id);

CREATE TABLE context_fields (
    name         {text} PRIMARY KEY,
    description  {text},
    stickiness   {bool} NOT NULL DEFAULT FALSE,
    sort_order   {int} NOT NULL DEFAULT 10,
    -- [{value, description?}]
    legal_values {text} NOT NULL DEFAULT '[]',
    project      {text} REFERENCES projects (id) ON DELETE CASCADE,
    created_at   {int} NOT NULL,
    version      {int} NOT NULL DEFAULT 1
){strict};
INSERT INTO context_fields (name, description, stickiness, sort_order, created_at) VALUES
    ('environment', 'The environment that the application runs in', FALSE, 0, 0),
    ('userId', 'The person who uses the application', FALSE, 1, 0),
    ('appName', 'The name of the application', FALSE, 2, 0),
    ('currentTime', 'The moment of the evaluation', FALSE, 3, 0),
    ('sessionId', 'The session of whoever uses the application', TRUE, 4, 0);

CREATE TABLE strategy_types (
    name         {text} PRIMARY KEY,
    title        {text},
    display_name {text},
    description  {text},
    -- [{name, type, description, required}]
    parameters   {text} NOT NULL DEFAULT '[]',
    built_in     {bool} NOT NULL DEFAULT FALSE,
    deprecated   {bool} NOT NULL DEFAULT FALSE,
    sort_order   {int} NOT NULL DEFAULT 9999,
    created_at   {int} NOT NULL,
    version      {int} NOT NULL DEFAULT 1
){strict};

INSERT INTO strategy_types (name, display_name, description, parameters, built_in, deprecated, sort_order, created_at)
VALUES
    ('flexibleRollout', 'Gradual rollout', 'On for a share of users, and always for the same ones.',
     '[{"name":"rollout","type":"percentage","description":"The share of users.","required":false},{"name":"stickiness","type":"string","description":"What decides who is in: default, userId, sessionId, random or a context field that allows it.","required":true},{"name":"groupId","type":"string","description":"Flags with the same group pick the same users.","required":true}]',
     TRUE, FALSE, 0, 0),
    ('default', 'Standard', 'On for everybody.', '[]', TRUE, FALSE, 1, 0),
    ('remoteAddress', 'IPs', 'On for certain addresses.',
     '[{"name":"IPs","type":"list","description":"The addresses.","required":true}]', TRUE, FALSE, 3, 0),
    ('applicationHostname', 'Hosts', 'On where the application runs on certain hosts.',
     '[{"name":"hostNames","type":"list","description":"The names of the hosts.","required":false}]', TRUE, FALSE, 4, 0);

CREATE TABLE tag_types (
    name        {text} PRIMARY KEY,
    description {text},
    icon        {text},
    color       {text},
    created_at  {int} NOT NULL
){strict};
INSERT INTO tag_types (name, description, icon, color, created_at) VALUES
    ('simple', 'Tags without a particular meaning', '#', '#FFFFFF', 0);

CREATE TABLE tags (
    type       {text} NOT NULL REFERENCES tag_types (name) ON DELETE CASCADE,
    value      {text} NOT NULL,
    created_at {int} NOT NULL,
    PRIMARY KEY (type, value)
){keyed};

CREATE TABLE feature_tags (
    feature    {text} NOT NULL REFERENCES features (name) ON DELETE CASCADE,
    type       {text} NOT NULL,
    value      {text} NOT NULL,
    created_at {int} NOT NULL,
    created_by {int} NOT NULL,
    PRIMARY KEY (feature, type, value),
    FOREIGN KEY (type, value) REFERENCES tags (type, value) ON DELETE CASCADE
){keyed};
CREATE INDEX feature_tags_by_tag ON feature_tags (type, value, feature);

-- The child is on only where the parent agrees.
CREATE TABLE feature_dependencies (
    child    {text} NOT NULL REFERENCES features (name) ON DELETE CASCADE,
    parent   {text} NOT NULL REFERENCES features (name),
    enabled  {bool} NOT NULL DEFAULT TRUE,
    variants {text} NOT NULL DEFAULT '[]',
    PRIMARY KEY (child, parent)
){keyed};
CREATE INDEX feature_dependencies_by_parent ON feature_dependencies (parent, child);

CREATE TABLE feature_links (
    id      {text} PRIMARY KEY,
    feature {text} NOT NULL REFERENCES features (name) ON DELETE CASCADE,
    url     {text} NOT NULL,
    title   {text}
){strict};
CREATE INDEX feature_links_by_feature ON feature_links (feature, id);

CREATE TABLE feature_lifecycles (
    feature      {text} NOT NULL REFERENCES features (name) ON DELETE CASCADE,
    stage        {text} NOT NULL CHECK (stage IN ('initial', 'pre-live', 'live', 'completed', 'archived')),
    created_at   {int} NOT NULL,
    status       {text},
    status_value {text},
    PRIMARY KEY (feature, stage)
){keyed};

CREATE TABLE favorite_features (
    user_id    {int} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    feature    {text} NOT NULL REFERENCES features (name) ON DELETE CASCADE,
    created_at {int} NOT NULL,
    PRIMARY KEY (user_id, feature)
){keyed};

CREATE TABLE favorite_projects (
    user_id    {int} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    project    {text} NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    created_at {int} NOT NULL,
    PRIMARY KEY (user_id, project)
){keyed};

-- The author of what admin tokens do. Its id is part of the wire format.
INSERT INTO users (id, name, username, username_ci, root_role_id, is_system, created_at, updated_at)
VALUES (-42, 'Unleash Admin Token User', 'unleash_admin_token', 'unleash_admin_token', 3, TRUE, 0, 0);

-- True for events after which clients may have to fetch something else.
ALTER TABLE events ADD COLUMN revises {bool} NOT NULL DEFAULT FALSE;
CREATE INDEX events_that_revise ON events (id) WHERE revises = TRUE;
