-- What joins people to flags: segments that take whoever is in a group, and who answers for a flag.

-- Groups do not come back, so that the number may outlive the group.
CREATE TABLE segment_groups (
    segment_id {int} PRIMARY KEY REFERENCES segments (id) ON DELETE CASCADE,
    group_id   {int} NOT NULL,
    -- What a group was called that is gone.
    group_name {text},
    -- The context field, and what of a person it is compared with.
    field      {text} NOT NULL,
    attribute  {text} NOT NULL
){strict};
CREATE INDEX segment_groups_by_group ON segment_groups (group_id, segment_id);

-- Everybody who is in such a segment, with the value that clients get, or why they get none. Written at the very end of
-- changes only; keys of other tables would make those wait who hold rows of them.
CREATE TABLE segment_people (
    segment_id {int} NOT NULL,
    user_id    {int} NOT NULL,
    value      {text},
    without    {text},
    PRIMARY KEY (segment_id, user_id)
){keyed};
CREATE INDEX segment_people_by_user ON segment_people (user_id, segment_id);

-- A person or a group. With `left_at`: they are gone, and nobody took over yet.
CREATE TABLE flag_owners (
    feature    {text} PRIMARY KEY REFERENCES features (name) ON DELETE CASCADE,
    user_id    {int},
    group_id   {int},
    -- What a group was called that is gone.
    group_name {text},
    left_at    {int},
    CHECK ((user_id IS NULL) <> (group_id IS NULL))
){keyed};
CREATE INDEX flag_owners_by_user ON flag_owners (user_id, feature) WHERE user_id IS NOT NULL;
CREATE INDEX flag_owners_by_group ON flag_owners (group_id, feature) WHERE group_id IS NOT NULL;
CREATE INDEX flag_owners_left ON flag_owners (left_at, feature) WHERE left_at IS NOT NULL;

INSERT INTO flag_owners (feature, user_id, left_at)
SELECT f.name, u.id, CASE WHEN u.active = TRUE THEN NULL ELSE u.updated_at END
FROM features f JOIN users u ON u.id = f.created_by
WHERE u.is_service = FALSE AND u.is_system = FALSE;
