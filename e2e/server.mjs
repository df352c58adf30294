// A server of its own for each run, with data as people have it: made through the API, like everybody does.
import { execFileSync, spawn } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const PASSWORD = "Sup3r-secret-start";
const TOKEN = "*:*.e2e-admin-token";
const SCIM_TOKEN = "e2e-provisioning-token-e2e";

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts the program; `more` are settings of its environment, `data` a folder with what a server had written. */
export async function start(more = {}, data) {
  const folder = await mkdtemp(join(tmpdir(), "burgee-e2e-"));
  if (data) await cp(data, folder, { recursive: true });
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const base = more.BASE_URI_PATH ?? "";
  const program = process.env.BURGEE ?? new URL("../target/debug/burgee", import.meta.url).pathname;
  const run = () => spawn(program, ["serve"], {
    stdio: ["ignore", "ignore", "inherit"],
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: `sqlite:${join(folder, "burgee.db")}`,
      HTTP_PORT: String(port),
      BURGEE_URL: origin,
      UNLEASH_DEFAULT_ADMIN_PASSWORD: PASSWORD,
      INIT_ADMIN_API_TOKENS: TOKEN,
      INIT_SCIM_TOKEN: SCIM_TOKEN,
      LOG_LEVEL: "error",
      ...more,
    },
  });
  let child = run();
  const ready = async () => {
    for (let tries = 0; tries < 300; tries++) {
      const answer = await fetch(`${origin}${base}/health`).catch(() => null);
      if (answer?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error("the server does not start");
  };
  const end = () => new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once("exit", resolve);
    child.kill("SIGKILL");
  });
  await ready();
  return {
    origin: `${origin}${base}`,
    /** Where its data are. */
    folder,
    /** One call of the API, by an admin. */
    async api(method, path, body) {
      const answer = await fetch(`${origin}${base}${path}`, {
        method,
        headers: { authorization: TOKEN, ...(body && { "content-type": "application/json" }) },
        body: body && JSON.stringify(body),
      });
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
      const text = await answer.text();
      return text ? JSON.parse(text) : null;
    },
    /** One call of an identity provider. */
    async scim(method, path, body) {
      const answer = await fetch(`${origin}${base}/scim${path}`, {
        method,
        headers: { authorization: `Bearer ${SCIM_TOKEN}`, "content-type": "application/scim+json" },
        body: JSON.stringify(body),
      });
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
      const text = await answer.text();
      return text ? JSON.parse(text) : null;
    },
    /** Stops it as a crash would. */
    kill: end,
    /** Starts it again on the same port and data. */
    async again() {
      child = run();
      await ready();
    },
    async stop() {
      await end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * Starts one that is filled; `used`: applications ask for its flags, too. A run of all specs does that once (`seed.mjs`)
 * and each of them begins with a copy.
 */
export async function startFilled(more, used) {
  if (process.env.SEED) return start(more, join(process.env.SEED, used ? "used" : "filled"));
  const server = await start(more);
  await fill(server);
  if (used) await use(server);
  return server;
}

/** A project in use: flags in every state, with strategies, tags and people. */
export async function fill(server) {
  const admin = (method, path, body) => server.api(method, `/api/admin${path}`, body);
  const flags = (path = "") => `/projects/default/features${path}`;
  const at = (flag, environment, rest) => flags(`/${flag}/environments/${environment}/${rest}`);
  const flag = (name, description, type = "release") => admin("POST", flags(), { name, description, type });
  await admin("POST", "/user-admin", { username: "ann", name: "Ann Viewer", rootRole: "Viewer", password: PASSWORD });
  await admin("POST", "/user-admin", { username: "ed", name: "Ed Editor", rootRole: "Editor", password: PASSWORD });
  await fillPeople(server);
  const okta = await admin("POST", "/provisioning/connections", { name: "Acme", slug: "acme", provider: "okta", enabled: true, paused: true, rate: 50, networks: ["192.0.2.0/24"] });
  await admin("POST", `/provisioning/connections/${okta.id}/tokens`, {});
  await admin("POST", `/provisioning/connections/${okta.id}/tokens`, { overlap: 86400, expiresAt: new Date(Date.now() + 7 * 86400_000).toISOString() });
  await admin("POST", `/provisioning/connections/${okta.id}/client/secret`);
  const told = ["feed:add", "prov:create:notice", "prov:patch:notice", "prov:delete", "prov:activate", "prov:deactivate"];
  await admin("POST", "/provisioning/receivers", { name: "SIEM", delivery: "push", endpoint: "http://127.0.0.1:9/events", authorization: "Bearer e2e", audience: "siem", events: told });
  await admin("POST", "/provisioning/receivers", { name: "Directory mirror", delivery: "poll", connection: okta.id, audience: "mirror", events: told });
  await admin("PUT", `/provisioning/connections/${okta.id}/roles`, { heedsRoles: true, rules: [{ displayName: "Pilots", rootRole: 2 }, { externalId: "00g7ab", projectRoles: [{ project: "default", role: 5 }] }] });
  await admin("POST", "/segments", { name: "beta-users", constraints: [{ contextName: "userId", operator: "IN", values: ["1", "2"] }] });
  const segments = await admin("GET", "/segments");
  await flag("checkout", "The new checkout with one page. Can go when all shops use it.");
  await flag("dark-mode", "Lets people choose a dark theme.");
  await flag("search.ranking", "Compares two ways to rank search results.", "experiment");
  await flag("payments.kill-switch", "Turns payments off while the provider is down.", "kill-switch");
  await flag("legacy-import", "Reads files of version 1.", "operational");
  for (let index = 1; index <= 56; index++) await flag(`bulk-${String(index).padStart(2, "0")}`, "");
  await admin("POST", at("checkout", "production", "strategies"), {
    name: "flexibleRollout", title: "Beta users first",
    parameters: { rollout: "50", stickiness: "userId", groupId: "checkout" },
    constraints: [{ contextName: "country", operator: "IN", values: ["DE", "AT", "CH"] }],
    segments: [segments.segments[0].id],
    variants: [{ name: "blue", weight: 500, weightType: "variable", stickiness: "default" }, { name: "red", weight: 500, weightType: "variable", stickiness: "default" }],
  });
  await admin("POST", at("checkout", "development", "on"));
  await admin("POST", at("checkout", "production", "on"));
  await admin("POST", at("dark-mode", "development", "on"));
  await admin("POST", at("search.ranking", "production", "strategies"), {
    name: "flexibleRollout", parameters: { rollout: "100" },
    constraints: [{ contextName: "userId", operator: "IN", values: "ada grace linus barbara donald edsger alan".split(" ") }],
  });
  await admin("POST", "/tag-types", { name: "team", description: "Who owns it", icon: "", color: "#d97706" });
  await admin("POST", "/features/checkout/tags", { type: "team", value: "payments" });
  await admin("POST", "/features/checkout/tags", { type: "simple", value: "q4" });
  await admin("POST", "/projects/default/stale", { features: ["legacy-import"], stale: true });
  await admin("PUT", flags("/checkout"), { description: "The new checkout, on one page. Can go when all shops use it.", type: "release" });
  await admin("POST", flags("/dark-mode/dependencies"), { feature: "checkout", enabled: true, variants: ["blue"] });
  await admin("POST", "/projects", { id: "mobile", name: "Mobile apps", description: "Everything that runs on phones." });
  await admin("POST", "/projects", { id: "payments", name: "Payments", description: "Card, invoice and wallet.", mode: "private", environments: ["production"] });
  for (const name of ["wallet", "invoice.retry", "card.3ds"]) await admin("POST", "/projects/payments/features", { name });
  await admin("POST", "/projects/payments/stale", { features: ["invoice.retry"], stale: true });
  await admin("POST", "/projects", { id: "bare", name: "Bare" });
  const people = (await admin("GET", "/user-admin")).users;
  const id = (name) => people.find((it) => it.username === name).id;
  const group = await admin("POST", "/groups", { name: "Checkout team", users: [{ user: { id: id("ed") } }, { user: { id: id("ann") } }] });
  await admin("POST", "/projects/default/access", { roles: [4], users: [id("ann")], groups: [] });
  await admin("POST", "/projects/default/access", { roles: [5], users: [], groups: [group.id] });
  await admin("POST", "/projects/payments/access", { roles: [4], users: [id("ann"), id("ed")], groups: [] });
  await admin("POST", "/projects/default/environments/production/default-strategy", {
    name: "flexibleRollout", parameters: { rollout: "10", stickiness: "default" },
    constraints: [{ contextName: "country", operator: "IN", values: ["DE", "AT"] }],
  });
  await admin("POST", "/environments", { name: "staging", type: "pre-production", enabled: false, requiredApprovals: 2 });
  await admin("POST", "/segments", { name: "Phones in Europe", description: "People who use our apps in the EU.", project: "mobile", constraints: [
    { contextName: "platform", operator: "IN", values: ["ios", "android"] },
    { contextName: "country", operator: "IN", values: "AT BE DE DK ES FI FR".split(" ") },
    { contextName: "appVersion", operator: "SEMVER_GTE", value: "4.2.0" },
  ] });
  await admin("POST", "/context", { name: "country", description: "Where people are, by their address.", stickiness: true, legalValues: [
    { value: "DE", description: "Germany" }, { value: "AT", description: "Austria" }, { value: "CH" }, { value: "FR" }, { value: "IT" }, { value: "ES" }, { value: "FI" }, { value: "BE" }, { value: "DK" },
  ] });
  await admin("POST", "/strategies", { name: "byPlan", title: "By plan", description: "Customers who pay for a plan.", parameters: [
    { name: "plans", type: "list", description: "The plans that get it", required: true }, { name: "minimumSeats", type: "number", required: false },
  ] });
  for (const name of ["old-banner", "old-search"]) {
    await flag(name, "Replaced long ago.");
    await admin("DELETE", flags(`/${name}`));
  }
  await admin("POST", "/projects", { id: "attic", name: "Attic" });
  await admin("POST", "/projects/archive/attic");
  await fillSetup(server);
  await fillBridge(server);
  await fillHeld(server);
}

/** Applications that use it: two days of counts, SDKs old and new, and flags that nobody made. Waits until all of it is written. */
export async function use(server) {
  const token = async (tokenName, environment, projects) =>
    (await server.api("POST", "/api/admin/api-tokens", { tokenName, type: "client", environment, projects })).secret;
  const client = async (secret, path, body) => {
    const headers = { authorization: secret, "content-type": "application/json" };
    const answer = await fetch(`${server.origin}/api/client/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  };
  const secrets = {
    production: await token("shops", "production", ["*"]),
    development: await token("laptops", "development", ["default"]),
  };
  const start = (environment, appName, instanceId, sdkVersion, strategies = ["default", "flexibleRollout"]) =>
    client(secrets[environment], "register", { appName, instanceId, sdkVersion, strategies, interval: 15, started: new Date() });
  await start("production", "shop", "shop-7f9c", "unleash-node-sdk:6.8.0");
  await start("production", "shop", "shop-2b41", "unleash-client-node:5.1.0");
  await start("production", "search-api", "search-1", "unleash-java-sdk:11.1.0", ["default", "flexibleRollout", "byTenant"]);
  await start("development", "shop", "laptop-ann", "unleash-node-sdk:6.8.0");
  await start("development", "importer", "importer-1", "unleash-python-sdk:6.2.0");
  const hour = 3600_000;
  const counts = (environment, appName, back, toggles) => {
    const start = new Date(Date.now() - back * hour);
    return client(secrets[environment], "metrics", { appName, instanceId: `${appName}-1`, bucket: { start, stop: start, toggles } });
  };
  for (let back = 0; back < 24; back++) {
    const day = Math.round(400 + 300 * Math.sin(back / 3.8) + (back * 37) % 50);
    const on = Math.round(day * (back < 9 ? 0.5 : 0.1));
    const variants = { blue: Math.round(on / 2), red: on - Math.round(on / 2) };
    await counts("production", "shop", back, { checkout: { yes: on, no: day - on, variants }, "search.ranking": { yes: day, no: 0 } });
    if (back % 5 === 0) await counts("development", "shop", back, { checkout: { yes: 12, no: 0 }, "dark-mode": { yes: 3, no: 3 } });
  }
  await counts("production", "shop", 0, { "checkout-v2": { yes: 0, no: 90 }, "payments.new-provider": { yes: 0, no: 14 } });
  await counts("development", "importer", 1, { "checkout-v2": { yes: 0, no: 3 } });
  for (let tries = 0; ; tries++) {
    const { applications } = await server.api("GET", "/api/admin/metrics/applications");
    const { unknownFlags } = await server.api("GET", "/api/admin/metrics/unknown-flags");
    const flag = await server.api("GET", "/api/admin/projects/default/features/checkout");
    if (applications.length === 3 && unknownFlags.length === 2 && flag.environments.some((place) => place.lastSeenAt)) return;
    if (tries > 120) throw new Error("what applications told is not written");
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** People whom admins and an identity provider made, in groups, with roles; and what programs act as. */
async function fillPeople(server) {
  const admin = (method, path, body) => server.api(method, `/api/admin${path}`, body);
  await admin("POST", "/scim-settings", { enabled: true });
  const first = "Ada Barbara Donald Edsger Frances Grace Katherine Linus".split(" ");
  const last = "Allen Dijkstra Hopper Johnson Knuth Liskov Lovelace".split(" ");
  const pushed = [];
  for (const [index, name] of first.flatMap((one) => last.map((two) => `${one} ${two}`)).entries()) {
    const [givenName, familyName] = name.split(" ");
    const username = `${givenName}.${familyName}`.toLowerCase();
    const email = `${username}@example.com`;
    if (index % 3) {
      const person = { userName: email, name: { givenName, familyName }, emails: [{ value: email, primary: true }], active: index % 11 !== 0 };
      pushed.push({ value: (await server.scim("POST", "/Users", person)).id });
    } else {
      await admin("POST", "/user-admin", { username, email, name, rootRole: index % 2 ? "Editor" : "Viewer" });
    }
  }
  const group = (displayName, members) => server.scim("POST", "/Groups", { displayName, members });
  const payments = await group("Payments team", pushed.slice(0, 6));
  await group("Engineering", [...pushed.slice(6, 30), { value: payments.id }]);
  const patch = (path, ...Operations) => server.scim("PATCH", path, { schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], Operations });
  await patch(`/Users/${pushed[3].value}`, { op: "Replace", path: "active", value: "False" });
  await patch(`/Users/${pushed[3].value}`, { op: "Replace", path: "active", value: "True" });
  await patch(`/Groups/${payments.id}`, { op: "Add", path: "members", value: [pushed[7]] });
  await server.scim("GET", `/Users?filter=${encodeURIComponent('userName eq "nobody@example.com"')}`);
  await fetch(`${server.origin}/scim/v2/Users`, { headers: { authorization: "Bearer of-another-server" } });
  const operator = await admin("POST", "/roles", {
    name: "Flag operator", description: "Turns flags on and off where customers are.", type: "custom",
    permissions: [
      { name: "UPDATE_FEATURE" }, { name: "UPDATE_FEATURE_ENVIRONMENT", environment: "production" },
      { name: "UPDATE_FEATURE_ENVIRONMENT", environment: "development" }, { name: "CREATE_FEATURE_STRATEGY", environment: "development" },
    ],
  });
  await admin("POST", "/roles", {
    name: "Token keeper", description: "Keeps the API tokens.", type: "root-custom",
    permissions: [{ name: "READ_CLIENT_API_TOKEN" }, { name: "CREATE_CLIENT_API_TOKEN" }],
  });
  const ed = (await admin("GET", "/user-admin/search?q=ed"))[0].id;
  const release = await admin("POST", "/groups", { name: "Release managers", description: "Say when something goes out.", rootRole: 2, users: [{ user: { id: ed } }, { user: { id: 1 } }] });
  const groups = (await admin("GET", "/groups")).groups;
  const engineering = groups.find((it) => it.name === "Engineering").id;
  await admin("PUT", `/projects/default/groups/${engineering}/roles`, { roles: [5] });
  await admin("PUT", `/projects/default/groups/${release.id}/roles`, { roles: [operator.roles.id, 4] });
  await admin("PUT", `/projects/default/users/${ed}/roles`, { roles: [operator.roles.id] });
  for (const [username, name] of [["nightly", "Nightly build"], ["terraform", "Terraform"]]) {
    const account = await admin("POST", "/service-account", { username, name, rootRole: 2 });
    await admin("POST", `/service-account/${account.id}/token`, { description: "the only one", expiresAt: new Date(Date.now() + 864e7).toISOString() });
  }
}

/** Segments that take whoever is in a group, and flags of people and groups that left. */
async function fillBridge(server) {
  const admin = (method, path, body) => server.api(method, `/api/admin${path}`, body);
  const groups = (await admin("GET", "/groups")).groups;
  const group = (name) => groups.find((it) => it.name === name).id;
  const segment = (name, of, by) => admin("POST", "/segments", { name, description: "As the identity provider says.", constraints: [], group: { id: group(of), by } });
  const engineers = await segment("Engineers", "Engineering", "scimId");
  await segment("Payments people", "Payments team", "userName");
  await admin("POST", "/projects/default/features/bulk-01/environments/development/strategies", { name: "default", segments: [engineers.id] });
  const owner = (flag, owner) => admin("PUT", `/projects/default/features/${flag}/owner`, { owner });
  const radia = await admin("POST", "/user-admin", { username: "radia", name: "Radia Perlman", rootRole: "Editor", password: PASSWORD });
  const crew = await admin("POST", "/groups", { name: "Search crew", users: [] });
  for (const flag of ["bulk-10", "bulk-11", "bulk-12"]) await owner(flag, { user: radia.id });
  await owner("search.ranking", { group: crew.id });
  await owner("checkout", { group: group("Checkout team") });
  await admin("DELETE", `/user-admin/${radia.id}`);
  await admin("DELETE", `/groups/${crew.id}`);
}

/**
 * Removals that wait for an admin, and one that was discarded. Whoever was made a moment ago is never held, so that
 * everybody of the identity provider has to become older first.
 */
async function fillHeld(server) {
  const hold = "/api/admin/provisioning/connections/1/hold";
  await journalled(server, (call) => call.status === 401);
  await server.kill();
  execFileSync("python3", ["-c", OLDER, join(server.folder, "burgee.db")]);
  await server.again();
  const { users } = await server.api("GET", "/api/admin/user-admin");
  const { groups } = await server.api("GET", "/api/admin/groups");
  const user = (name) => users.find((it) => it.name === name).scimId;
  const group = (name) => groups.find((it) => it.name === name).scimId;
  const patch = (path, operation) => server.scim("PATCH", path, { schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], Operations: [operation] });
  await server.api("PUT", hold, { share: 5, least: 1, minutes: 60 });
  const members = ["Donald Allen", "Donald Hopper", "Donald Johnson"].map((name) => ({ value: user(name) }));
  await patch(`/Groups/${group("Engineering")}`, { op: "Remove", path: "members", value: members });
  await patch(`/Users/${user("Katherine Knuth")}`, { op: "Replace", path: "active", value: "False" });
  await server.scim("DELETE", `/Users/${user("Linus Allen")}`);
  const { changes } = await server.api("GET", hold);
  await server.api("POST", `${hold}/discard`, { ids: [changes[0].id] });
  await journalled(server, (call) => call.method === "DELETE");
}

/** Makes whoever an identity provider made, and all members of groups, two hours older. */
const OLDER = `
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
with database:
    database.execute("UPDATE users SET created_at = created_at - 7200000 WHERE id IN (SELECT user_id FROM scim_users)")
    database.execute("UPDATE group_users SET joined_at = joined_at - 7200000")
database.close()
`;

/** Waits until the last call of an identity provider is written: calls are written in order, a moment after they are answered. */
async function journalled(server, isLast) {
  for (let tries = 0; tries < 120; tries++) {
    const { calls } = await server.api("GET", "/api/admin/provisioning/calls?limit=1");
    if (calls.some(isLast)) return;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error("the calls of the identity provider are not written");
}

/** Tokens in every state, an invite link, and banners that nobody is shown. */
async function fillSetup(server) {
  const admin = (method, path, body) => server.api(method, `/api/admin${path}`, body);
  const day = (days) => new Date(Date.now() + days * 86_400_000).toISOString();
  const token = (tokenName, type, environment, projects, expiresAt) =>
    admin("POST", "/api-tokens", { tokenName, type, environment, projects, expiresAt });
  await token("shop-backend", "client", "production", ["*"]);
  await token("shop-web", "frontend", "production", ["default"], day(400));
  await token("checkout-tests", "client", "development", ["default", "mobile"], day(5));
  await token("old-importer", "client", "development", ["default"], day(-3));
  await admin("POST", "/invite-link/tokens", { name: "Team checkout", expiresAt: day(7) });
  await admin("POST", "/banners", {
    message: "Production is frozen until Monday, 8:00.", variant: "warning", link: "/events", linkText: "What changed last", enabled: false,
  });
  await admin("POST", "/banners", { message: "Welcome to the new flags server.", variant: "info", enabled: false });
}
