// A server of its own for each run, with data as people have it: made through the API, like everybody does.
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const PASSWORD = "Sup3r-secret-start";
const TOKEN = "*:*.e2e-admin-token";

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts the program; `more` are settings of its environment. */
export async function start(more = {}) {
  const folder = await mkdtemp(join(tmpdir(), "burgee-e2e-"));
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
    child.once("exit", resolve);
    child.kill("SIGKILL");
  });
  await ready();
  return {
    origin: `${origin}${base}`,
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

/** A project in use: flags in every state, with strategies, tags and people. */
export async function fill(server) {
  const admin = (method, path, body) => server.api(method, `/api/admin${path}`, body);
  const flags = (path = "") => `/projects/default/features${path}`;
  const at = (flag, environment, rest) => flags(`/${flag}/environments/${environment}/${rest}`);
  const flag = (name, description, type = "release") => admin("POST", flags(), { name, description, type });
  await admin("POST", "/user-admin", { username: "ann", name: "Ann Viewer", rootRole: "Viewer", password: PASSWORD });
  await admin("POST", "/user-admin", { username: "ed", name: "Ed Editor", rootRole: "Editor", password: PASSWORD });
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
}
