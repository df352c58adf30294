//! Three weeks at Tidewater, day by day.

use axum::http::{Method, header};
use serde_json::{Value, json};

use super::calendar::{Calendar, Hand};
use super::caller::{Caller, number, text};
use super::company::{
    ADMINS, APPLICATIONS, APPS, Application, DARK, DATA, DEALS, ENGINEERING, EXPRESS, FLAGS, FOUNDERS, FRAUD,
    GROUPS, HARVEST, INVOICE, JOINER, LISTS, LIVE_MAP, MARKETING, MOBILE, OFFLINE, OLD_GATEWAY, ONE_PAGE,
    PASSKEYS, PAY, PAY_OFF, PAYMENTS, PEOPLE, PHOTOS, PLATFORM, PRODUCT, PROJECTS, PUSH, Person, QUEUE,
    RANKING, REFUNDS, REPLICA, RETRY, ROUNDING, SCAN, SHOP, SLOTS, SUBSTITUTES, SUPPORT, SYNONYMS, Side,
    VERBOSE,
};
use super::flags::{DEV, LIVE, STAGING};
use super::live::{Lever, Live};
use super::okta::Okta;
use super::traffic::Traffic;
use crate::app::App;
use crate::clock::{Clock, Time};
use crate::error::Result;

/// When it begins: days ago, hour, minute.
pub(super) const BEGINS: (u32, u32, u32) = (21, 7, 40);

const ADMIN: i64 = 1;
const EDITOR: i64 = 2;
const VIEWER: i64 = 3;
const MEMBER: i64 = 5;

/// What the story leaves in our hands.
pub(super) struct Handed {
    pub(super) viewer: (String, String),
    pub(super) backend: String,
    pub(super) frontend: String,
    pub(super) live: Live,
}

/// Those whom the story follows, each with their own personal token.
pub(super) struct Crew {
    pub(super) admin: Caller,
    pub(super) marit: Caller,
    pub(super) jonas: Caller,
    pub(super) priya: Caller,
    pub(super) tomas: Caller,
    pub(super) aiko: Caller,
    pub(super) ben: Caller,
    /// The pipeline that releases.
    pub(super) robot: Caller,
}

/// Tells all of it.
pub(super) async fn tell(app: &App, hand: Hand, admin: &(String, String)) -> Result<Handed> {
    let mut days = Calendar::new(app.clone(), hand, Traffic::seeded(21));
    let secret = || format!("{}-Aa1", app.entropy.base64url::<15>());
    let nobody = Caller::nobody(app);

    let admin = sign_in(&nobody, &admin.0, &admin.1).await?;
    let viewer = ("viewer".to_owned(), secret());
    account(&admin, &viewer.0, None, "Guest", VIEWER, &viewer.1).await?;
    let crew = gather(&nobody, admin, secret).await?;
    set_up(&crew).await?;

    days.on(20, 9, 5).await?;
    make_flags(&crew).await?;
    days.on(20, 13, 30).await?;
    first_strategies(&crew).await?;
    days.on(18, 8, 15).await?;
    let (backend, frontend) = start_applications(app, &crew, &nobody, &mut days).await?;
    first_releases(&crew, &mut days).await?;

    days.on(14, 8, 50).await?;
    let token = crew.marit.post("/api/admin/scim-settings/generate-new-token", json!({})).await?;
    crew.marit.post("/api/admin/scim-settings", json!({ "enabled": true })).await?;
    let named = json!({ "name": "Okta", "provider": "okta" });
    crew.marit.put("/api/admin/provisioning/connections/1", named).await?;
    let mut okta = Okta::new(&nobody, text(&token, "/token")?, app.entropy.clone())?;
    provision(&mut okta, &mut days).await?;
    give_roles(&crew).await?;

    two_weeks(&crew, &mut okta, &mut days).await?;
    let traffic = days.arrive().await?;
    let levers = Lever::all(&crew.marit, &crew.priya, &crew.tomas, &crew.jonas);
    Ok(Handed { viewer, backend, frontend, live: Live { traffic, levers } })
}

/// The first six have accounts that an admin made, with passwords that they forget.
async fn gather(nobody: &Caller, admin: Caller, secret: impl Fn() -> String) -> Result<Crew> {
    let mut callers = Vec::new();
    for (place, person) in (11..).zip(&FOUNDERS) {
        let role = if person.groups.contains(&ADMINS) { ADMIN } else { EDITOR };
        let password = secret();
        account(&admin, person.handle, Some(&person.email()), &person.name(), role, &password).await?;
        callers.push(sign_in(&nobody.at(place), person.handle, &password).await?);
    }
    let robot = json!({ "name": "Release pipeline", "username": "release-pipeline", "rootRole": EDITOR });
    let robot = number(&admin.post("/api/admin/service-account", robot).await?, "/id")?;
    let path = format!("/api/admin/service-account/{robot}/token");
    let token = admin.post(&path, json!({ "description": "pipeline", "expiresAt": in_a_year() })).await?;
    let robot = nobody.at(99).holding(text(&token, "/secret")?)?;
    let mut next = callers.into_iter();
    let mut next = || next.next().unwrap_or_else(|| nobody.clone());
    Ok(Crew {
        admin,
        marit: next(),
        jonas: next(),
        priya: next(),
        tomas: next(),
        aiko: next(),
        ben: next(),
        robot,
    })
}

async fn account(
    admin: &Caller,
    username: &str,
    email: Option<&str>,
    name: &str,
    role: i64,
    password: &str,
) -> Result<()> {
    let body = json!({
        "username": username, "email": email, "name": name, "rootRole": role, "password": password, "sendEmail": false,
    });
    admin.post("/api/admin/user-admin", body).await.map(drop)
}

/// Signs somebody in, and goes on with a personal token.
async fn sign_in(nobody: &Caller, username: &str, password: &str) -> Result<Caller> {
    let body = json!({ "username": username, "password": password });
    let answer = nobody.ask(Method::POST, "/auth/simple/login", Some(body)).await?;
    let cookie = answer.headers.get(header::SET_COOKIE).and_then(|value| value.to_str().ok());
    let cookie = cookie.and_then(|value| value.split(';').next()).unwrap_or_default();
    let signed_in = nobody.with(header::COOKIE, cookie)?;
    let body = json!({ "description": "laptop", "expiresAt": in_a_year() });
    let token = signed_in.post("/api/admin/user/tokens", body).await?;
    nobody.holding(text(&token, "/secret")?)
}

fn in_a_year() -> Time {
    Clock::System.now().plus(std::time::Duration::from_hours(8760))
}

/// Projects, environments, and what strategies speak of.
async fn set_up(crew: &Crew) -> Result<()> {
    let marit = &crew.marit;
    marit.post("/api/admin/environments", json!({ "name": STAGING, "type": "test" })).await?;
    let order = json!({ DEV: 1, STAGING: 2, LIVE: 3 });
    marit.put("/api/admin/environments/sort-order", order).await?;
    let platform =
        json!({ "name": "Platform", "description": "Orders, queues and what everything runs on." });
    marit.put(&format!("/api/admin/projects/{PLATFORM}"), platform).await?;
    marit
        .post(&format!("/api/admin/projects/{PLATFORM}/environments"), json!({ "environment": STAGING }))
        .await?;
    for (id, name, description) in PROJECTS {
        let project = json!({ "id": id, "name": name, "description": description, "environments": [DEV, STAGING, LIVE] });
        marit.post("/api/admin/projects", project).await?;
    }
    let team = everybody(&crew.admin).await?;
    for project in [PLATFORM, SHOP, PAY, APPS] {
        let access = json!({ "roles": [MEMBER], "groups": [], "users": team });
        marit.post(&format!("/api/admin/projects/{project}/access"), access).await?;
    }
    for field in [
        json!({ "name": "country", "description": "Where the order goes", "stickiness": false, "legalValues": [
            { "value": "NO", "description": "Norway" }, { "value": "SE", "description": "Sweden" },
            { "value": "DK", "description": "Denmark" }, { "value": "DE", "description": "Germany" } ] }),
        json!({ "name": "plan", "description": "What the household pays for", "legalValues": [
            { "value": "free" }, { "value": "plus" }, { "value": "business" } ] }),
        json!({ "name": "householdId", "description": "People who share a basket", "stickiness": true }),
        json!({ "name": "appVersion", "description": "Version of the app on the phone" }),
    ] {
        marit.post("/api/admin/context", field).await?;
    }
    for (name, description, color) in
        [("team", "Who looks after it", "#0f766e"), ("quarter", "When it should be gone", "#b45309")]
    {
        marit
            .post(
                "/api/admin/tag-types",
                json!({ "name": name, "description": description, "icon": "", "color": color }),
            )
            .await?;
    }
    for (name, description, constraint) in [
        (
            "staff",
            "Everybody with an address of ours",
            json!({ "contextName": "email", "operator": "STR_ENDS_WITH", "values": ["@tidewater.example"] }),
        ),
        (
            "beta-households",
            "They asked to see things first",
            json!({ "contextName": "householdId", "operator": "IN", "values": ["1042", "1377", "2210", "3981", "4711"] }),
        ),
        (
            "nordics",
            "Norway, Sweden and Denmark",
            json!({ "contextName": "country", "operator": "IN", "values": ["NO", "SE", "DK"] }),
        ),
    ] {
        crew.priya
            .post(
                "/api/admin/segments",
                json!({ "name": name, "description": description, "constraints": [constraint] }),
            )
            .await?;
    }
    Ok(())
}

/// The ids of people and programs, but for those who may only look.
async fn everybody(admin: &Caller) -> Result<Vec<Value>> {
    let people = admin.get("/api/admin/user-admin").await?;
    let programs = admin.get("/api/admin/service-account").await?;
    let lists = [&people["users"], &programs["serviceAccounts"]].into_iter().filter_map(Value::as_array);
    Ok(lists.flatten().filter(|user| user["rootRole"] != VIEWER).map(|user| user["id"].clone()).collect())
}

async fn make_flags(crew: &Crew) -> Result<()> {
    for (flag, kind, description, by) in FLAGS {
        flag.make(by(crew), kind, description).await?;
    }
    for (flag, team) in [
        (ONE_PAGE, "checkout"),
        (EXPRESS, "checkout"),
        (RANKING, "search"),
        (SYNONYMS, "search"),
        (SLOTS, "delivery"),
        (LIVE_MAP, "delivery"),
        (LISTS, "checkout"),
        (DARK, "growth"),
        (PHOTOS, "growth"),
    ] {
        flag.tag(&crew.jonas, "team", team).await?;
    }
    for (flag, quarter) in [(ONE_PAGE, "q1"), (EXPRESS, "q2"), (OFFLINE, "q1")] {
        flag.tag(&crew.priya, "quarter", quarter).await?;
    }
    ONE_PAGE.link(&crew.jonas, "https://docs.tidewater.example/checkout/one-page", "Design").await?;
    ONE_PAGE.favour(&crew.priya).await?;
    EXPRESS.depend_on(&crew.jonas, ONE_PAGE).await?;
    SCAN.depend_on(&crew.tomas, OFFLINE).await
}

async fn first_strategies(crew: &Crew) -> Result<()> {
    let Crew { jonas, priya, tomas, aiko, ben, marit, .. } = crew;
    let only = |field: &str, values: &[&str]| json!({ "constraints": [{ "contextName": field, "operator": "IN", "values": values }] });
    RANKING
        .roll_out(
            priya,
            LIVE,
            100,
            "Everybody, in three parts",
            json!({ "variants": [
            { "name": "control", "weight": 334, "weightType": "variable", "stickiness": "householdId" },
            { "name": "freshness", "weight": 333, "weightType": "variable", "stickiness": "householdId" },
            { "name": "margin", "weight": 333, "weightType": "variable", "stickiness": "householdId" } ] }),
        )
        .await?;
    PHOTOS
        .roll_out(ben, LIVE, 50, "Half of the households", json!({ "variants": [
            { "name": "grid", "weight": 500, "weightType": "variable", "stickiness": "default", "payload": { "type": "string", "value": "3x2" } },
            { "name": "strip", "weight": 500, "weightType": "variable", "stickiness": "default", "payload": { "type": "string", "value": "1x6" } } ] }))
        .await?;
    SLOTS.roll_out(priya, LIVE, 100, "Where drivers agreed", only("country", &["NO", "DK"])).await?;
    INVOICE.roll_out(aiko, LIVE, 100, "Companies", only("plan", &["business"])).await?;
    SUBSTITUTES.roll_out(priya, LIVE, 100, "Who pays for it", only("plan", &["plus", "business"])).await?;
    SCAN.roll_out(
        tomas,
        LIVE,
        100,
        "New apps",
        json!({ "constraints": [
        { "contextName": "appVersion", "operator": "SEMVER_GT", "value": "7.2.0" } ] }),
    )
    .await?;
    for (flag, who) in [
        (DEALS, priya),
        (ROUNDING, jonas),
        (OLD_GATEWAY, aiko),
        (REPLICA, marit),
        (PUSH, tomas),
        (SYNONYMS, ben),
    ] {
        flag.on(who, &[DEV, STAGING, LIVE]).await?;
    }
    for (flag, who) in [
        (ONE_PAGE, jonas),
        (EXPRESS, jonas),
        (LISTS, jonas),
        (DARK, ben),
        (LIVE_MAP, ben),
        (RETRY, aiko),
        (OFFLINE, tomas),
        (QUEUE, marit),
    ] {
        flag.on(who, &[DEV]).await?;
    }
    Ok(())
}

/// Each application gets a token of its own. Tells one for backends and one for frontends.
async fn start_applications(
    app: &App,
    crew: &Crew,
    nobody: &Caller,
    days: &mut Calendar,
) -> Result<(String, String)> {
    let mut tokens = Vec::new();
    for application in &APPLICATIONS {
        let token = token(crew, application.name, application).await?;
        tokens.push((application, token));
    }
    app.published.refresh(&app.db).await?;
    for (place, (application, token)) in (120..).zip(&tokens) {
        days.traffic.start(application, &nobody.at(place), token, app.clock.now()).await?;
    }
    let of = |side| Application {
        name: "demo",
        side,
        environment: LIVE,
        projects: &["*"],
        sdk: "",
        instances: &[],
        uses: &[],
    };
    let backend = token(crew, "demo-backend", &of(Side::Backend)).await?;
    Ok((backend, token(crew, "demo-frontend", &of(Side::Frontend)).await?))
}

async fn token(crew: &Crew, name: &str, application: &Application) -> Result<String> {
    let kind = match application.side {
        Side::Backend => "backend",
        Side::Frontend => "frontend",
    };
    let body = json!({
        "tokenName": name, "type": kind, "environment": application.environment, "projects": application.projects,
    });
    let made = crew.marit.post("/api/admin/api-tokens", body).await?;
    Ok(text(&made, "/secret")?.to_owned())
}

async fn first_releases(crew: &Crew, days: &mut Calendar) -> Result<()> {
    days.on(18, 14, 20).await?;
    for flag in [ONE_PAGE, EXPRESS, LISTS] {
        flag.turn(&crew.robot, true, STAGING).await?;
    }
    days.on(17, 9, 45).await?;
    RANKING.on(&crew.priya, &[STAGING, LIVE]).await?;
    SLOTS.on(&crew.priya, &[LIVE]).await?;
    days.on(16, 10, 30).await?;
    INVOICE.on(&crew.aiko, &[STAGING, LIVE]).await?;
    SUBSTITUTES.on(&crew.priya, &[STAGING, LIVE]).await?;
    days.on(15, 13, 10).await?;
    PHOTOS.on(&crew.ben, &[STAGING, LIVE]).await?;
    HARVEST.on(&crew.priya, &[DEV, STAGING, LIVE]).await
}

/// Okta brings everybody: those who have an account are taken over with what they may do.
async fn provision(okta: &mut Okta, days: &mut Calendar) -> Result<()> {
    okta.test().await?;
    days.on(14, 9, 10).await?;
    for person in FOUNDERS.iter().chain(&PEOPLE) {
        okta.assign(person).await?;
    }
    days.on(14, 9, 25).await?;
    for group in GROUPS {
        let members: Vec<&Person> =
            FOUNDERS.iter().chain(&PEOPLE).filter(|person| person.groups.contains(&group)).collect();
        okta.push_group(group, &members).await?;
    }
    days.on(14, 10, 5).await
}

/// Who is in a group may do what the group may do.
async fn give_roles(crew: &Crew) -> Result<()> {
    let groups = crew.marit.get("/api/admin/groups").await?;
    let groups = groups["groups"].as_array().cloned().unwrap_or_default();
    let id = |name: &str| {
        let group = groups.iter().find(|group| group["name"] == name);
        number(group.unwrap_or(&Value::Null), "/id")
    };
    let admins = json!({ "name": ADMINS, "description": "May do everything", "rootRole": ADMIN });
    crew.admin.put(&format!("/api/admin/groups/{}", id(ADMINS)?), admins).await?;
    for (project, members) in [
        (PLATFORM, vec![ENGINEERING]),
        (SHOP, vec![ENGINEERING, PRODUCT, MARKETING]),
        (PAY, vec![PAYMENTS]),
        (APPS, vec![MOBILE, PRODUCT, DATA]),
    ] {
        let groups = members.into_iter().map(id).collect::<Result<Vec<_>>>()?;
        let access = json!({ "roles": [MEMBER], "groups": groups, "users": [] });
        crew.marit.post(&format!("/api/admin/projects/{project}/access"), access).await?;
    }
    Ok(())
}

async fn two_weeks(crew: &Crew, okta: &mut Okta, days: &mut Calendar) -> Result<()> {
    let Crew { jonas, priya, tomas, aiko, ben, marit, robot, .. } = crew;

    days.on(13, 9, 20).await?;
    let nordics = segment(crew, "nordics").await?;
    let beta = segment(crew, "beta-households").await?;
    ONE_PAGE.roll_out(jonas, LIVE, 100, "Beta households", json!({ "segments": [beta] })).await?;
    let one_page =
        ONE_PAGE.roll_out(jonas, LIVE, 10, "Nordics, step by step", json!({ "segments": [nordics] })).await?;
    ONE_PAGE.turn(jonas, true, LIVE).await?;
    days.on(12, 10, 40).await?;
    DARK.on(ben, &[STAGING, LIVE]).await?;
    RETRY.turn(robot, true, STAGING).await?;
    days.on(12, 15, 5).await?;
    let queue = QUEUE.roll_out(marit, LIVE, 5, "A few first", json!({})).await?;
    QUEUE.on(marit, &[STAGING, LIVE]).await?;
    days.on(11, 9, 0).await?;
    OFFLINE.on(tomas, &[STAGING, LIVE]).await?;
    PASSKEYS.on(tomas, &[DEV, STAGING]).await?;
    SCAN.on(tomas, &[STAGING, LIVE]).await?;

    // Somebody new: in the team on the first morning.
    days.on(10, 7, 55).await?;
    okta.assign(&JOINER).await?;
    okta.change_members(ENGINEERING, &[&JOINER], &[]).await?;
    days.on(10, 13, 15).await?;
    ONE_PAGE.widen(jonas, LIVE, &one_page, 25).await?;
    QUEUE.widen(marit, LIVE, &queue, 25).await?;
    days.on(9, 11, 35).await?;
    FRAUD
        .roll_out(
            aiko,
            LIVE,
            20,
            "A fifth of all orders",
            json!({ "variants": [
        { "name": "model-a", "weight": 500, "weightType": "variable", "stickiness": "default" },
        { "name": "model-b", "weight": 500, "weightType": "variable", "stickiness": "default" } ] }),
        )
        .await?;
    FRAUD.on(aiko, &[STAGING, LIVE]).await?;
    days.on(8, 9, 30).await?;
    HARVEST.turn(priya, false, LIVE).await?;
    HARVEST.complete(priya).await?;
    HARVEST.archive(priya).await?;
    OLD_GATEWAY.turn(aiko, false, LIVE).await?;
    days.on(7, 16, 45).await?;
    OLD_GATEWAY.mark_stale(aiko).await?;
    OLD_GATEWAY.archive(aiko).await?;
    ROUNDING.mark_stale(jonas).await?;

    // Somebody goes from support to product.
    days.on(6, 8, 5).await?;
    let mover = moved();
    okta.push_profile(mover, json!({ "title": "Associate product manager" })).await?;
    okta.change_members(SUPPORT, &[], &[mover]).await?;
    okta.change_members(PRODUCT, &[mover], &[]).await?;
    days.on(6, 12, 10).await?;
    RETRY.on(aiko, &[LIVE]).await?;
    LIVE_MAP.on(ben, &[STAGING]).await?;

    // The payment provider is down for an evening.
    days.on(5, 18, 12).await?;
    PAY_OFF.turn(aiko, true, LIVE).await?;
    days.on(5, 19, 40).await?;
    PAY_OFF.turn(aiko, false, LIVE).await?;
    days.on(4, 9, 50).await?;
    RETRY
        .describe(
            aiko,
            "release",
            "Tries a declined card once more, an hour later. Not while the provider is down.",
        )
        .await?;
    okta.rename_group(PAYMENTS, "Payments and billing").await?;
    days.on(4, 14, 0).await?;
    ONE_PAGE.widen(jonas, LIVE, &one_page, 50).await?;
    QUEUE.widen(marit, LIVE, &queue, 100).await?;
    LISTS.on(jonas, &[LIVE]).await?;
    days.on(3, 10, 25).await?;
    EXPRESS.roll_out(jonas, LIVE, 20, "One in five", json!({})).await?;
    EXPRESS.turn(jonas, true, LIVE).await?;
    REFUNDS.on(aiko, &[DEV, STAGING]).await?;

    // Somebody leaves: their token and their sessions end in the same moment.
    days.on(2, 16, 0).await?;
    okta.unassign(&FOUNDERS[5]).await?;
    days.on(1, 9, 15).await?;
    VERBOSE.turn(marit, true, LIVE).await?;
    days.on(1, 10, 20).await?;
    VERBOSE.turn(marit, false, LIVE).await?;
    PASSKEYS
        .roll_out(tomas, LIVE, 100, "Staff", json!({ "segments": [segment(crew, "staff").await?] }))
        .await?;
    PASSKEYS.turn(tomas, true, LIVE).await?;
    days.on(1, 15, 30).await?;
    SYNONYMS.complete(priya).await?;

    // This morning.
    days.ago(175).await?;
    ONE_PAGE.widen(jonas, LIVE, &one_page, 75).await?;
    days.ago(64).await?;
    LIVE_MAP.roll_out(jonas, LIVE, 25, "A quarter of the vans", json!({ "segments": [nordics] })).await?;
    LIVE_MAP.turn(robot, true, LIVE).await?;
    days.ago(12).await?;
    REFUNDS.turn(aiko, true, LIVE).await
}

/// Whoever goes from one team to another.
fn moved() -> &'static Person {
    PEOPLE.iter().find(|person| person.handle == "liam.murphy").unwrap_or(&JOINER)
}

async fn segment(crew: &Crew, name: &str) -> Result<i64> {
    let all = crew.priya.get("/api/admin/segments").await?;
    let found =
        all["segments"].as_array().into_iter().flatten().find(|segment| segment["name"] == name).cloned();
    number(&found.unwrap_or_default(), "/id")
}
