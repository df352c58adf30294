//! What identity providers say about roles, and how much of it counts.
//!
//! A word is a root role, or a role in a project, that a connection wants somebody of its own to have: because an attribute
//! of the user says so, or because a rule gives it to those in one of their groups. In each place (everywhere, or one
//! project) words of attributes silence those of rules. Nothing is copied: words are put together whenever they are read,
//! so that a rule holds for whoever is in the group now. Whoever's removal waits for an admin, or whose group's, loses nothing
//! of it until then.

/// Begins a statement about the users whom `$who` selects; `$before` may have further tables, each with a comma after it.
///
/// | table | what it has |
/// |---|---|
/// | `subject (id)` | these users |
/// | `person (id, connection_id)` | those whom a connection manages, or has removed while that waits for an admin |
/// | `reach (user_id, group_id)` | the groups that they are in, and those around these groups |
/// | `said (user_id, project, role_id, place, rule_id, group_id, attribute)` | the words about them |
/// | `own (user_id, role_id)` | their own root role, unless words replace it |
/// | `given` | those words that count; columns like `said` |
///
/// A root role that an admin gave by hand counts, unless the connection's say is final (`idp`) and there is a word; words
/// count beside it where both do (`max`), and otherwise not at all (`local`). Whoever was kept as the last admin stays one.
macro_rules! with_said {
    ($who:literal, $rest:expr) => {
        $crate::access::said::with_said!("", $who, $rest)
    };
    ($before:expr, $who:literal, $rest:expr) => {
        concat!(
            "WITH RECURSIVE ",
            $before,
            "subject (id) AS (",
            $who,
            "), person (id, connection_id) AS (
                 SELECT s.id, p.connection_id FROM subject s JOIN scim_users p ON p.user_id = s.id
                 UNION ALL
                 SELECT s.id, h.connection_id FROM subject s JOIN scim_held h ON h.user_id = s.id AND h.kind = 'delete'
                 WHERE NOT EXISTS (SELECT 1 FROM scim_users p WHERE p.user_id = s.id)
             ), reach (user_id, group_id) AS (
                 SELECT m.user_id, m.group_id FROM subject s JOIN group_users m ON m.user_id = s.id
                 UNION
                 SELECT r.user_id, g.parent_id FROM reach r JOIN group_groups g ON g.child_id = r.group_id
             ), word (user_id, project, role_id, place, rule_id, group_id, attribute) AS (
                 SELECT a.user_id, a.project, a.role_id, 1, CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), a.attribute
                 FROM person p JOIN scim_said a ON a.user_id = p.id JOIN scim_connections c ON c.id = p.connection_id
                 WHERE c.heeds_roles = TRUE AND (a.role_id <> 1 OR c.gives_admin = TRUE)
                 UNION ALL
                 SELECT r.user_id, o.project, o.role_id, 2, x.id, r.group_id, NULL
                 FROM reach r JOIN person p ON p.id = r.user_id
                 JOIN scim_group_keys k ON k.group_id = r.group_id AND k.connection_id = p.connection_id
                 JOIN scim_connections c ON c.id = k.connection_id
                 JOIN scim_rules x ON x.connection_id = k.connection_id AND x.group_key = k.group_key
                 JOIN scim_rule_roles o ON o.rule_id = x.id
                 WHERE o.role_id <> 1 OR c.gives_admin = TRUE
             ), said AS (
                 SELECT w.user_id, w.project, w.role_id, w.place, w.rule_id, w.group_id, w.attribute FROM word w
                 WHERE w.place = 1 OR NOT EXISTS (
                     SELECT 1 FROM word v WHERE v.place = 1 AND v.user_id = w.user_id
                                            AND COALESCE(v.project, '') = COALESCE(w.project, ''))
             ), own (user_id, role_id) AS (
                 SELECT u.id, u.root_role_id FROM subject s JOIN users u ON u.id = s.id
                 LEFT JOIN person p ON p.id = u.id LEFT JOIN scim_connections c ON c.id = p.connection_id
                 WHERE (u.root_by_hand = TRUE AND (c.root_conflict IS NULL OR c.root_conflict <> 'idp'))
                    OR (u.retained = TRUE AND u.root_role_id = 1)
                    OR NOT EXISTS (SELECT 1 FROM said w WHERE w.user_id = u.id AND w.project IS NULL)
             ), given AS (
                 SELECT w.user_id, w.project, w.role_id, w.place, w.rule_id, w.group_id, w.attribute FROM said w
                 JOIN users u ON u.id = w.user_id JOIN person p ON p.id = u.id
                 JOIN scim_connections c ON c.id = p.connection_id
                 WHERE w.project IS NOT NULL OR u.root_by_hand = FALSE OR c.root_conflict <> 'local'
             )",
            $rest
        )
    };
}
pub(crate) use with_said;

/// For [`with_said!`], a table before the others: `ruled (id)` has the groups to which a rule gives a role that is `$which`,
/// and those inside these groups. `o` is what the rule gives.
macro_rules! ruled {
    ($which:literal) => {
        concat!(
            "ruled (id) AS (
                 SELECT k.group_id FROM scim_rule_roles o JOIN scim_rules x ON x.id = o.rule_id
                 JOIN scim_group_keys k ON k.connection_id = x.connection_id AND k.group_key = x.group_key
                 WHERE ",
            $which,
            " UNION
                 SELECT g.child_id FROM group_groups g JOIN ruled a ON g.parent_id = a.id
             ), "
        )
    };
}
pub(crate) use ruled;
