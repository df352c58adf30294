-- Roles that identity providers give: by attributes of a user, and by rules about groups. Both stand beside what admins
-- gave by hand, and are put together when somebody's permissions are read.

-- True: an admin decided on the root role. False: the person came by a connection, with the role that newcomers get.
ALTER TABLE users ADD COLUMN root_by_hand {bool} NOT NULL DEFAULT TRUE;
UPDATE users SET root_by_hand = FALSE WHERE root_role_id = 3 AND id IN (SELECT user_id FROM scim_users);

-- Whether `roles` and `entitlements` of users count, what newcomers are, whose root role counts where both decided, and
-- whether Admin may be given.
ALTER TABLE scim_connections ADD COLUMN heeds_roles {bool} NOT NULL DEFAULT FALSE;
ALTER TABLE scim_connections ADD COLUMN usual_role {int} NOT NULL DEFAULT 3;
ALTER TABLE scim_connections ADD COLUMN root_conflict {text} NOT NULL DEFAULT 'local';
ALTER TABLE scim_connections ADD COLUMN gives_admin {bool} NOT NULL DEFAULT FALSE;

-- What the document of a user says, of those whose connection heeds it. Without a project it is a root role. It stays
-- while the removal of the user waits for an admin.
CREATE TABLE scim_said (
    user_id   {int} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role_id   {int} NOT NULL REFERENCES roles (id),
    project   {text} REFERENCES projects (id) ON DELETE CASCADE,
    attribute {text} NOT NULL
){strict};
CREATE UNIQUE INDEX scim_said_once ON scim_said (user_id, role_id, COALESCE(project, ''));
CREATE INDEX scim_said_by_role ON scim_said (role_id, user_id);
CREATE INDEX scim_said_by_project ON scim_said (project);

-- What rules find a group by: `n:` and its folded name, `i:` and its external id. They stay while the removal of the group
-- waits for an admin.
CREATE TABLE scim_group_keys (
    group_id      {int} NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    connection_id {int} NOT NULL REFERENCES scim_connections (id) ON DELETE CASCADE,
    group_key     {text} NOT NULL,
    PRIMARY KEY (group_id, group_key)
){strict};
CREATE INDEX scim_group_keys_of_connection ON scim_group_keys (connection_id, group_key);
INSERT INTO scim_group_keys (group_id, connection_id, group_key)
SELECT group_id, connection_id, 'n:' || display_name_ci FROM scim_groups;
INSERT INTO scim_group_keys (group_id, connection_id, group_key)
SELECT group_id, connection_id, 'i:' || external_id FROM scim_groups WHERE external_id IS NOT NULL;

-- What being in a group gives. `wanted` is the name or external id of the group, as typed; `group_key` is what it is found
-- by. The group need not be there.
CREATE TABLE scim_rules (
    id            {id},
    connection_id {int} NOT NULL REFERENCES scim_connections (id) ON DELETE CASCADE,
    wanted        {text} NOT NULL,
    group_key     {text} NOT NULL,
    created_at    {int} NOT NULL,
    UNIQUE (connection_id, group_key)
){strict};
CREATE TABLE scim_rule_roles (
    rule_id {int} NOT NULL REFERENCES scim_rules (id) ON DELETE CASCADE,
    role_id {int} NOT NULL REFERENCES roles (id),
    project {text} REFERENCES projects (id) ON DELETE CASCADE
){strict};
CREATE UNIQUE INDEX scim_rule_roles_once ON scim_rule_roles (rule_id, role_id, COALESCE(project, ''));
CREATE INDEX scim_rule_roles_by_role ON scim_rule_roles (role_id, rule_id);
CREATE INDEX scim_rule_roles_by_project ON scim_rule_roles (project);
