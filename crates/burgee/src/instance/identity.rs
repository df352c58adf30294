//! The name of this installation among others: random, made once, and nobody's secret.

use crate::db::{Db, Read};
use crate::entropy::Entropy;
use crate::error::Result;
use crate::{keep, sql};

/// Names the installation, unless it has a name.
pub async fn ensure(db: &Db, entropy: &Entropy) -> Result<()> {
    let mut tx = db.bookkeep().await?;
    tx.execute(keep!(
        "INSERT INTO installation (singleton, id) VALUES (1, $1) ON CONFLICT (singleton) DO NOTHING",
        entropy.uuid()
    ))
    .await?;
    tx.commit().await
}

/// The name.
pub async fn id(tx: &mut Read) -> Result<String> {
    let found: Option<(String,)> = tx.optional(sql!("SELECT id FROM installation")).await?;
    Ok(found.map(|(id,)| id).unwrap_or_default())
}
