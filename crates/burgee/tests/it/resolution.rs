//! What somebody holds, against an evaluator that is too simple to be wrong.

use std::collections::BTreeSet;

use burgee::access::{Administer, Granted, Level, Permission, Root, holdings_of};
use burgee::events::{Change, Event, Fact};
use burgee::sql;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};

use crate::support::TestServer;

const PERMISSIONS: [Permission; 6] = [
    Permission::Admin,
    Permission::CreateSegment,
    Permission::UpdateProject,
    Permission::CreateFeature,
    Permission::UpdateFeatureEnvironment,
    Permission::ApproveChangeRequest,
];
const PROJECTS: [&str; 3] = ["default", "p1", "p2"];
const ENVIRONMENTS: [&str; 3] = ["", "development", "production"];
const CASES: u32 = 60;

/// People, groups and roles, all by their place in the lists.
#[derive(Clone, Debug)]
struct World {
    /// What each role holds: permission and environment.
    roles: Vec<Vec<(usize, usize)>>,
    /// Root role and whether active.
    users: Vec<(usize, bool)>,
    /// Root role.
    groups: Vec<Option<usize>>,
    members: Vec<(usize, usize)>,
    /// Parent and child; circles happen.
    nested: Vec<(usize, usize)>,
    /// Who, role, project.
    user_roles: Vec<(usize, usize, usize)>,
    group_roles: Vec<(usize, usize, usize)>,
}

fn world() -> impl Strategy<Value = World> {
    let (roles, users, groups) = (4_usize, 3_usize, 4_usize);
    (
        vec(vec((0..PERMISSIONS.len(), 0..ENVIRONMENTS.len()), 0..4), roles),
        vec((0..roles, prop::bool::weighted(0.8)), users),
        vec(prop::option::weighted(0.4, 0..roles), groups),
        vec((0..groups, 0..users), 0..6),
        vec((0..groups, 0..groups), 0..5),
        vec((0..users, 0..roles, 0..PROJECTS.len()), 0..4),
        vec((0..groups, 0..roles, 0..PROJECTS.len()), 0..4),
    )
        .prop_map(|(roles, users, groups, members, nested, user_roles, group_roles)| World {
            roles,
            users,
            groups,
            members,
            nested,
            user_roles,
            group_roles,
        })
}

impl World {
    /// The groups of a user, those around them included.
    fn groups_of(&self, user: usize) -> BTreeSet<usize> {
        let direct = self.members.iter().filter(|(_, member)| *member == user).map(|(group, _)| *group);
        let mut found: BTreeSet<usize> = direct.collect();
        for _ in 0..self.groups.len() {
            for (parent, child) in &self.nested {
                if found.contains(child) {
                    found.insert(*parent);
                }
            }
        }
        found
    }

    /// True if the role, held in `bound` (a project, or as a root role), allows `wanted` in `place`.
    fn role_allows(
        &self,
        role: usize,
        bound: Option<usize>,
        wanted: Permission,
        place: (usize, usize),
    ) -> bool {
        self.roles[role].iter().any(|(permission, environment)| {
            let permission = PERMISSIONS[*permission];
            let project = match permission.level() {
                Level::Root => true,
                _ => bound.unwrap_or(0) == place.0,
            };
            let environment =
                permission.level() != Level::Environment || *environment == 0 || *environment == place.1;
            (permission == wanted || permission == Permission::Admin) && project && environment
        })
    }

    fn allows(&self, user: usize, wanted: Permission, place: (usize, usize)) -> bool {
        let (root, active) = self.users[user];
        let groups = self.groups_of(user);
        active
            && (self.role_allows(root, None, wanted, place)
                || groups.iter().any(|group| {
                    self.groups[*group].is_some_and(|role| self.role_allows(role, None, wanted, place))
                })
                || self.user_roles.iter().any(|(somebody, role, project)| {
                    *somebody == user && self.role_allows(*role, Some(*project), wanted, place)
                })
                || self.group_roles.iter().any(|(group, role, project)| {
                    groups.contains(group) && self.role_allows(*role, Some(*project), wanted, place)
                }))
    }

    /// Writes the world in place of the one before; gives the users' ids.
    async fn write(&self, tx: &mut Change, round: u32) -> burgee::error::Result<Vec<i64>> {
        for statement in [
            sql!("DELETE FROM groups"),
            sql!("DELETE FROM users WHERE root_role_id > 6"),
            sql!("DELETE FROM roles WHERE id > 6"),
        ] {
            tx.execute(statement).await?;
        }
        for project in &PROJECTS[1..] {
            tx.execute(sql!(
                "INSERT INTO projects (id, name, created_at, updated_at) VALUES ($1, $1, 0, 0) ON CONFLICT DO NOTHING",
                *project
            ))
            .await?;
        }
        let mut roles = Vec::new();
        for (index, held) in self.roles.iter().enumerate() {
            let (id,): (i64,) = tx
                .one(sql!(
                    "INSERT INTO roles (name, name_ci, type, created_at, updated_at) VALUES ($1, $1, 'custom', 0, 0)
                     RETURNING id",
                    format!("r{round}-{index}")
                ))
                .await?;
            for (permission, environment) in held {
                tx.execute(sql!(
                    "INSERT INTO role_permissions (role_id, permission, environment) VALUES ($1, $2, $3)
                     ON CONFLICT DO NOTHING",
                    id,
                    PERMISSIONS[*permission].name(),
                    ENVIRONMENTS[*environment]
                ))
                .await?;
            }
            roles.push(id);
        }
        let mut users = Vec::new();
        for (role, active) in &self.users {
            let (id,): (i64,) = tx
                .one(sql!(
                    "INSERT INTO users (root_role_id, active, created_at, updated_at) VALUES ($1, $2, 0, 0) RETURNING id",
                    roles[*role],
                    *active
                ))
                .await?;
            users.push(id);
        }
        let mut groups = Vec::new();
        for (index, role) in self.groups.iter().enumerate() {
            let (id,): (i64,) = tx
                .one(sql!(
                    "INSERT INTO groups (name, name_ci, root_role_id, created_at) VALUES ($1, $1, $2, 0) RETURNING id",
                    format!("g{index}"),
                    role.map(|role| roles[role])
                ))
                .await?;
            groups.push(id);
        }
        for (group, user) in &self.members {
            tx.execute(sql!(
                "INSERT INTO group_users (group_id, user_id, joined_at) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING",
                groups[*group],
                users[*user]
            ))
            .await?;
        }
        for (parent, child) in &self.nested {
            tx.execute(sql!(
                "INSERT INTO group_groups (parent_id, child_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                groups[*parent],
                groups[*child]
            ))
            .await?;
        }
        for (user, role, project) in &self.user_roles {
            tx.execute(sql!(
                "INSERT INTO user_roles (user_id, role_id, project, created_at) VALUES ($1, $2, $3, 0)
                 ON CONFLICT DO NOTHING",
                users[*user],
                roles[*role],
                PROJECTS[*project]
            ))
            .await?;
        }
        for (group, role, project) in &self.group_roles {
            tx.execute(sql!(
                "INSERT INTO group_roles (group_id, role_id, project, created_at) VALUES ($1, $2, $3, 0)
                 ON CONFLICT DO NOTHING",
                groups[*group],
                roles[*role],
                PROJECTS[*project]
            ))
            .await?;
        }
        Ok(users)
    }

    /// Where the program and the simple evaluator disagree.
    async fn disagreements(&self, server: &TestServer, round: u32) -> Vec<String> {
        let grant = Granted::<Administer>::system("test", Root);
        let mut tx = server.app.db.change(&grant, server.app.clock.now()).await.unwrap();
        let users = self.write(&mut tx, round).await.unwrap();
        tx.record(Event::bare(Fact::SettingUpdated));
        tx.commit().await.unwrap();
        let mut found = Vec::new();
        for (user, id) in users.iter().enumerate() {
            let mut tx = server.app.db.read().await.unwrap();
            let held = holdings_of(&mut tx, *id).await.unwrap();
            for wanted in PERMISSIONS {
                for (project, project_name) in PROJECTS.iter().enumerate() {
                    for (environment, environment_name) in ENVIRONMENTS.iter().enumerate().skip(1) {
                        let expected = self.allows(user, wanted, (project, environment));
                        if held.any(&[wanted], Some(project_name), Some(environment_name)) != expected {
                            found.push(format!(
                                "user {user} {wanted:?} {project_name} {environment_name}: {expected}"
                            ));
                        }
                    }
                }
            }
        }
        found
    }
}

both! {
    async fn holdings_are_the_union_of_all_roles(server) {
        let mut runner = TestRunner::new(Config::default());
        let mut round = 0;
        for _ in 0..CASES {
            let mut case = world().new_tree(&mut runner).unwrap();
            let mut worst = None;
            loop {
                round += 1;
                let found = case.current().disagreements(&server, round).await;
                let failed = !found.is_empty();
                if failed {
                    worst = Some((case.current(), found));
                }
                if worst.is_none() || !(if failed { case.simplify() } else { case.complicate() }) {
                    break;
                }
            }
            assert!(worst.is_none(), "{worst:#?}");
        }
    }
}
