//! `both! { async fn name(server) { … } }` makes two tests: one on SQLite, one on PostgreSQL.

/// Runs the body against a fresh server on each database.
#[macro_export]
macro_rules! both {
    ($($(#[$meta:meta])* async fn $name:ident($server:ident) $body:block)*) => {$(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports, reason = "a story may need nothing from around it")]
            use super::*;

            async fn story($server: $crate::support::TestServer) $body

            #[tokio::test]
            async fn sqlite() {
                story($crate::support::TestServer::sqlite().await).await;
            }

            #[tokio::test]
            async fn postgres() {
                story($crate::support::TestServer::postgres().await).await;
            }
        }
    )*};
}
