//! Flags with strategies, straight from the database: for tests about what flags use.

use burgee::access::{Administer, Granted, Root};
use burgee::constraints;
use burgee::events::{Event, Fact};
use burgee::sql;

use super::TestServer;

/// Makes a project.
pub async fn project(server: &TestServer, id: &str, mode: &str) {
    let grant = Granted::<Administer>::system("test", Root);
    let mut tx = server.app.db.change(&grant, server.app.clock.now()).await.unwrap();
    tx.execute(sql!(
        "INSERT INTO projects (id, name, description, created_at, updated_at, mode) VALUES ($1, $1, '', 0, 0, $2)",
        id,
        mode
    ))
    .await
    .unwrap();
    tx.execute(sql!(
        "INSERT INTO project_environments (project, environment) VALUES ($1, 'development')",
        id
    ))
    .await
    .unwrap();
    tx.record(Event::bare(Fact::ProjectCreated));
    tx.commit().await.unwrap();
}

/// Makes a flag with one strategy in `development`, whose id is the flag's name.
pub async fn flag(server: &TestServer, project: &str, name: &str, fields: &[&str], segments: &[i64]) {
    let grant = Granted::<Administer>::system("test", Root);
    let mut tx = server.app.db.change(&grant, server.app.clock.now()).await.unwrap();
    let list: Vec<_> = fields.iter().map(|field| constraint(field)).collect();
    tx.execute(sql!(
        "INSERT INTO features (name, search, project, type, created_at, created_by) VALUES ($1, $1, $2, 'release', 0, 1)",
        name,
        project
    ))
    .await
    .unwrap();
    tx.execute(sql!(
        "INSERT INTO feature_environments (feature, environment) VALUES ($1, 'development')",
        name
    ))
    .await
    .unwrap();
    tx.execute(sql!(
        "INSERT INTO feature_strategies (id, feature, environment, name, constraints, sort_order, created_at)
         VALUES ($1, $1, 'development', 'default', $2, 0, 0)",
        name,
        serde_json::to_string(&list).unwrap()
    ))
    .await
    .unwrap();
    constraints::index_strategy(&mut tx, name, &list).await.unwrap();
    for segment in segments {
        tx.execute(sql!(
            "INSERT INTO feature_strategy_segments (strategy_id, segment_id) VALUES ($1, $2)",
            name,
            *segment
        ))
        .await
        .unwrap();
    }
    tx.record(Event::bare(Fact::FeatureCreated));
    tx.commit().await.unwrap();
}

/// Archives a flag.
pub async fn archive(server: &TestServer, name: &str) {
    let grant = Granted::<Administer>::system("test", Root);
    let mut tx = server.app.db.change(&grant, server.app.clock.now()).await.unwrap();
    tx.execute(sql!("UPDATE features SET archived_at = 1 WHERE name = $1", name)).await.unwrap();
    tx.record(Event::bare(Fact::FeatureArchived));
    tx.commit().await.unwrap();
}

fn constraint(field: &str) -> burgee_eval::document::Constraint {
    let json = serde_json::json!({"contextName": field, "operator": "IN", "values": ["x"]});
    serde_json::from_value(json).unwrap()
}
