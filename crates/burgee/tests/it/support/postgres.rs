//! A PostgreSQL of the tests' own: started by the first test that needs it, shared by all, stopped when quiet.
//!
//! Tests run in processes of their own, so the cluster outlives each. A small shell script watches over it: it stops
//! the server and deletes its files when no test has touched the heartbeat file for a while.

use std::fs::{self, File};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use burgee::db::Db;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// The user to run PostgreSQL as when the tests run as root, which PostgreSQL refuses.
const NOBODY: u32 = 65534;
/// Seconds without a test after which the cluster goes.
const QUIET: u32 = 300;

/// A database of a test, dropped with the value.
pub struct Scratch {
    name: String,
    folder: PathBuf,
}

impl Scratch {
    /// Makes a database with the schema on the shared cluster.
    pub async fn create() -> Self {
        let (folder, mut operator) = operator().await;
        let schema = schema(&folder, &mut operator).await;
        Self::copy(folder, &mut operator, &schema).await
    }

    /// Makes a database with nothing in it.
    pub async fn empty() -> Self {
        let (folder, mut operator) = operator().await;
        Self::copy(folder, &mut operator, "template1").await
    }

    async fn copy(folder: PathBuf, operator: &mut PgConnection, template: &str) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("t{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst));
        run(operator, format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
        Self { name, folder }
    }

    pub fn url(&self) -> String {
        url(&self.folder, &self.name)
    }
}

/// The cluster, and a connection to rule it with.
async fn operator() -> (PathBuf, PgConnection) {
    let folder = tokio::task::spawn_blocking(cluster).await.unwrap();
    let operator = PgConnection::connect(&url(&folder, "postgres")).await.unwrap();
    (folder, operator)
}

/// The database that others are copied from, with the schema of this build; whoever comes first makes it.
async fn schema(folder: &Path, operator: &mut PgConnection) -> String {
    let built = fs::metadata(std::env::current_exe().unwrap()).unwrap().modified().unwrap();
    let name = format!("schema_{}", built.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos());
    let is_there = format!("SELECT datname FROM pg_database WHERE datname = '{name}'");
    if run(operator, is_there.clone()).await == 1 {
        return name;
    }
    let first = folder.join("schema.lock");
    let _first = tokio::task::spawn_blocking(move || {
        let lock = File::create(first).unwrap();
        lock.lock().unwrap();
        lock
    })
    .await
    .unwrap();
    if run(operator, is_there).await == 1 {
        return name;
    }
    // Under its name it is complete, whatever becomes of this test.
    run(operator, "DROP DATABASE IF EXISTS draft".to_owned()).await;
    run(operator, "CREATE DATABASE draft".to_owned()).await;
    drop(Db::open(&url(folder, "draft")).await.unwrap());
    let end = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = 'draft'";
    run(operator, end.to_owned()).await;
    run(operator, format!("ALTER DATABASE draft RENAME TO {name}")).await;
    name
}

/// Runs a statement; returns the number of rows.
async fn run(operator: &mut PgConnection, sql: String) -> u64 {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(operator).await.unwrap().rows_affected()
}

/// Tells the cluster that a test which takes long still needs it.
pub fn still_needed() {
    let _ = File::create(std::env::temp_dir().join("burgee-test-postgres/beat"));
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // The connections of the server under test may still be closing: FORCE ends them.
        let program = binary("psql");
        let _ = Command::new(program)
            .arg(url(&self.folder, "postgres"))
            .args(["-qc", &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}

fn url(folder: &Path, database: &str) -> String {
    let socket = folder.display().to_string().replace('/', "%2F");
    format!("postgres://postgres@{socket}/{database}")
}

/// The folder of the running cluster; starts one if there is none.
fn cluster() -> PathBuf {
    let folder = std::env::temp_dir().join("burgee-test-postgres");
    let lock = File::create(std::env::temp_dir().join("burgee-test-postgres.lock")).unwrap();
    lock.lock().unwrap();
    let beat = folder.join("beat");
    if folder.join("postmaster.pid").exists() && answers(&folder) {
        File::create(&beat).unwrap();
        return folder;
    }
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let root = File::create(&beat).is_ok() && owner_is_root(&folder);
    if root {
        chown(&folder, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let data = folder.join("data");
    let mut initdb = Command::new(binary("initdb"));
    initdb.args(["--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "-D"]).arg(&data);
    as_nobody(&mut initdb, root);
    let made = initdb.output().unwrap();
    assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
    let script = format!(
        "'{postgres}' -D '{data}' -k '{folder}' -c listen_addresses= -c fsync=off -c full_page_writes=off \
           -c synchronous_commit=on -c max_connections=400 -c shared_buffers=64MB >'{folder}/log' 2>&1 & pg=$!
         while [ -n \"$(find '{folder}/beat' -newermt '-{QUIET} seconds' 2>/dev/null)\" ]; do sleep 3; done
         kill -INT $pg; wait $pg; rm -rf '{folder}'/*",
        postgres = binary("postgres").display(),
        data = data.display(),
        folder = folder.display(),
    );
    let mut watch = Command::new("sh");
    watch.args(["-c", &script]).process_group(0);
    watch.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    as_nobody(&mut watch, root);
    #[expect(clippy::zombie_processes, reason = "it watches over the server and outlives the test")]
    watch.spawn().unwrap();
    for _ in 0..200 {
        #[expect(clippy::disallowed_methods, reason = "on a blocking thread")]
        std::thread::sleep(Duration::from_millis(100));
        if answers(&folder) {
            let _ = File::create(folder.join("postmaster.pid"));
            return folder;
        }
    }
    panic!("PostgreSQL did not start; see {}/log", folder.display());
}

fn answers(folder: &Path) -> bool {
    Command::new(binary("pg_isready"))
        .arg("-q")
        .arg("-h")
        .arg(folder)
        .status()
        .is_ok_and(|status| status.success())
}

fn owner_is_root(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(folder).is_ok_and(|data| data.uid() == 0)
}

fn as_nobody(command: &mut Command, root: bool) {
    if root {
        command.uid(NOBODY).gid(NOBODY);
    }
}

/// A program of PostgreSQL. Debian keeps them out of the PATH.
fn binary(name: &str) -> PathBuf {
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|entries| entries.flatten().map(|entry| entry.path().join("bin").join(name)).collect())
        .unwrap_or_default();
    versions.sort();
    let found = versions.into_iter().rev().find(|path| path.exists());
    found.unwrap_or_else(|| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path)
            .map(|folder| folder.join(name))
            .find(|path| path.exists())
            .unwrap_or_else(|| panic!("PostgreSQL's {name} is not installed: apt-get install postgresql"))
    })
}
