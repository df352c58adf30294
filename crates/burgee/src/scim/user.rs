//! Users as the client sees them.

use std::collections::HashMap;

use burgee_scim::{Object, Projection, USER};
use serde_json::{Value, json};

use super::reply;
use crate::db::Read;
use crate::error::Result;
use crate::provisioning::Provisioned;
use crate::provisioning::members::{self, Membership};

/// Users with their groups.
pub(super) async fn render(
    tx: &mut Read,
    connection: i64,
    users: &[Provisioned],
    base: &str,
    projection: &Projection,
) -> Result<Vec<Object>> {
    let ids: Vec<&str> = users.iter().map(|user| user.scim_id.as_str()).collect();
    let memberships = if projection.wants("groups") && !users.is_empty() {
        members::memberships(tx, connection, &ids).await?
    } else {
        Vec::new()
    };
    let mut by_user: HashMap<&str, Vec<&Membership>> = HashMap::new();
    for membership in &memberships {
        by_user.entry(&membership.who).or_default().push(membership);
    }
    let of = |user: &Provisioned| by_user.get(user.scim_id.as_str()).map_or(&[][..], Vec::as_slice);
    Ok(users.iter().map(|user| object(user, of(user), base, projection)).collect())
}

/// One user, in these groups.
pub(super) fn object(
    user: &Provisioned,
    memberships: &[&Membership],
    base: &str,
    projection: &Projection,
) -> Object {
    let mut object = reply::resource(user, &USER, base);
    let groups: Vec<Value> = memberships
        .iter()
        .map(|membership| {
            json!({
                "value": membership.scim_id,
                "$ref": format!("{base}/Groups/{}", membership.scim_id),
                "display": membership.display,
                "type": if membership.direct { "direct" } else { "indirect" },
            })
        })
        .collect();
    if !groups.is_empty() {
        object.insert("groups".to_owned(), Value::Array(groups));
    }
    projection.apply(&mut object);
    object
}
