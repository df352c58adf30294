// What who does not see a page is told of it, as ../aria has it: names, roles and states, wide, and narrow where that differs.
// UPDATE=1 writes it anew; look at the differences before you keep them.
import assert from "node:assert/strict";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { breakStrategy, openFullStrategy, signIn } from "../browser.mjs";
import { close, harness } from "../harness.mjs";

const here = harness({}, { used: true });
const SIZES = { wide: { width: 1280, height: 800 }, narrow: { width: 320, height: 640 } };
const folder = new URL("../aria/", import.meta.url).pathname;

/** Screens of which the address is enough; those that list much are asked for a part of it. */
const OPENED = {
  projects: "/projects", flags: "/projects/default?q=ch", "flags-all": "/flags?q=ch", "flags-none-found": "/flags?q=nothing-like-this",
  "flags-archive": "/flags/archive?flag=dark-mode&flag=wallet&flag=checkout", flag: "/projects/default/features/checkout",
  who: "/projects/default/features/checkout/who?c.userId=1&c.country=DE&more=plan+%3D+gold",
  "strategy-new": "/projects/default/features/dark-mode/environments/production/new-strategy",
  members: "/projects/default/members", "settings-environments": "/projects/default/settings/environments",
  environments: "/environments", segments: "/segments", segment: "/segments/1", archive: "/archive",
  playground: "/playground?c.userId=1%2C9&c.country=DE&e=development&e=production&q=ch&why=0+production+checkout",
  applications: "/applications", application: "/applications/shop", users: "/users?q=lovelace", user: "/users/3", "user-held": "/users/53",
  "user-access": "/users/5/access?may=CREATE_FEATURE&project=default", groups: "/groups", group: "/groups/3", "role-matrix": "/roles/7",
  "roles-compare": "/roles/compare?a=5&b=7", tokens: "/tokens", "token-new": "/tokens/new", events: "/events?flag=checkout",
  held: "/provisioning/1/hold", profile: "/profile", security: "/profile/security", instance: "/instance", search: "/search?q=turn+off+check", design: "/design",
  missing: "/nowhere",
};

/** Moments are different each time; so are ids, and what is counted by the hour. */
const steady = () => {
  for (const time of document.querySelectorAll("time")) time.textContent = "(moment)";
};
const UNSTEADY = [
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "(id)"],
  [/\b[0-9A-HJKMNP-TV-Z]{26}\b/g, "(id)"],
  [/(\/tokens\/)[A-Za-z0-9_-]{12,}/g, "$1(id)"],
  [/#\d+\b/g, "#(id)"],
  [/(\/events\/)\d+/g, "$1(id)"],
  [/\d{4}-\d\d-\d\d/g, "(day)"],
  [/\d+ (times|in \d+ days)/g, "(some) $1"],
  [/(The numbers are in the table below\.["']+): .*/g, "$1"],
  [/(version|SQLite|definition:) \d+(\.\d+)*\b/g, "$1 (number)"],
];

async function told(page, within) {
  await page.evaluate(steady);
  const text = (await page.locator(within).ariaSnapshot()).replaceAll(new URL(here.server.origin).host, "(host)");
  return `${UNSTEADY.reduce((text, [found, word]) => text.replace(found, word), text)}\n`;
}

/** Compares what is told with what is kept. */
async function compare(name, found) {
  const file = `${folder}${name}.yaml`;
  if (process.env.UPDATE) return found === null ? rm(file, { force: true }) : writeFile(file, found);
  const kept = await readFile(file, "utf8").catch(() => null);
  assert.equal(found, kept, `${name} differs; UPDATE=1 writes it anew`);
}

async function pin(page, name, within = "#main") {
  const forms = {};
  for (const [size, viewport] of Object.entries(SIZES)) {
    await page.setViewportSize(viewport);
    forms[size] = await told(page, within);
  }
  await compare(name, forms.wide);
  await compare(`${name}.narrow`, forms.narrow === forms.wide ? null : forms.narrow);
}

test("what is told stays as it is", async (t) => {
  if (process.env.UPDATE) await mkdir(folder, { recursive: true });
  const page = await here.page(null, { reducedMotion: "reduce" });
  const screen = (name, reach, within) => t.test(name, async () => {
    await reach();
    await pin(page, name, within);
  });
  await screen("sign-in", () => page.goto(here.at("/sign-in")));
  await signIn(page, here.server.origin, "admin", here.PASSWORD);
  await screen("home", () => page.goto(here.at("/")), "body");
  for (const [name, path] of Object.entries(OPENED)) await screen(name, () => page.goto(here.at(path)));
  await screen("strategy", () => openFullStrategy(page, here.server.origin));
  await screen("strategy-problems", () => breakStrategy(page));
  await screen("conflict", async () => {
    await page.goto(here.at("/projects/default/features/dark-mode/edit"));
    await page.getByLabel("Description").fill("Mine.");
    await here.server.api("PUT", "/api/admin/projects/default/features/dark-mode", { description: "Theirs.", type: "release" });
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Somebody changed this while you were editing").waitFor();
  });
  await close(page);
});

test("who only looks is told why not", async () => {
  const page = await here.onlookersPage();
  await page.goto(here.at(OPENED.flag));
  await pin(page, "flag-of-an-onlooker");
  await close(page);
});
