// The browser, as plain as it can be: it calls nobody, and forgets everything.
import { chromium } from "playwright-core";

export const launch = () => chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
  ],
});

/** With FROM_DISK=1, style and script come from the tree instead of the program, so that a change of them needs no build. */
export async function fromDisk(context) {
  if (!process.env.FROM_DISK) return;
  const folder = new URL("../crates/burgee/src/ui/asset/", import.meta.url).pathname;
  await context.route("**/assets/app.*.css", (route) => route.fulfill({ path: `${folder}app.css` }));
  await context.route("**/assets/app.*.js", (route) => route.fulfill({ path: `${folder}app.js` }));
}

/** Signs somebody in through the page. */
export async function signIn(page, origin, name, password) {
  await page.goto(`${origin}/sign-in`);
  await page.getByLabel("User name").fill(name);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Home" }).waitFor();
}

/** Every screen that there is. A new screen belongs here: then it is checked and shot in all its forms. */
export const SCREENS = {
  home: "/",
  projects: "/projects",
  "projects-none-found": "/projects?q=nothing-like-this",
  "project-new": "/new-project",
  "settings": "/projects/default/settings",
  "settings-environments": "/projects/default/settings/environments",
  "settings-default-strategy": "/projects/default/settings/environments/production/default-strategy",
  "settings-environment-remove": "/projects/default/settings/environments/production/remove",
  "settings-approvals": "/projects/default/settings/change-requests",
  "settings-approvals-edit": "/projects/default/settings/change-requests/production",
  "settings-end": "/projects/default/settings/end",
  "settings-delete": "/projects/mobile/settings/delete",
  members: "/projects/default/members",
  "members-empty": "/projects/bare/members",
  "members-add": "/projects/default/members/add?q=ed&who=user-2",
  "members-change": "/projects/default/members/user/2",
  environments: "/environments",
  "environment-new": "/new-environment",
  environment: "/environments/production",
  "environment-copy": "/environments/production/copy",
  "environment-delete": "/environments/staging/delete",
  segments: "/segments",
  "segments-of-project": "/projects/mobile/segments",
  segment: "/segments/1",
  "segment-new": "/new-segment?project=mobile",
  "segment-edit": "/segments/2/edit",
  "segment-delete": "/segments/1/delete",
  "context-fields": "/context-fields",
  "context-field": "/context-fields/country",
  "context-field-new": "/new-context-field",
  "strategy-types": "/strategy-types",
  "strategy-type": "/strategy-types/byPlan",
  "strategy-type-built-in": "/strategy-types/flexibleRollout",
  "flag-types": "/flag-types",
  "flag-type": "/flag-types/release",
  "tag-types": "/tag-types",
  "tag-type": "/tag-types/team",
  "tag-type-delete": "/tag-types/team/delete",
  "archive-of-flags": "/archive",
  "archive-of-project": "/projects/mobile/archive",
  "archive-chosen": "/archive/chosen?flag=old-banner&flag=old-search",
  flags: "/projects/default",
  "flags-none-found": "/projects/default?q=nothing-like-this",
  "flags-empty": "/projects/mobile",
  flag: "/projects/default/features/checkout",
  "flag-edit": "/projects/default/features/checkout/edit",
  "flag-without-strategies": "/projects/default/features/legacy-import",
  "who-asked": "/projects/default/features/checkout/who?c.userId=1&c.country=DE&more=plan+%3D+gold",
  "who-not": "/projects/default/features/checkout/who?c.userId=9&more=plan",
  labels: "/projects/default/features/checkout/labels",
  "labels-empty": "/projects/default/features/dark-mode/labels",
  archive: "/projects/default/features/checkout/archive",
  who: "/projects/default/features/checkout/who",
  "strategy-new": "/projects/default/features/dark-mode/environments/production/new-strategy",
  "strategy-new-of-type": "/projects/default/features/dark-mode/environments/production/new-strategy?kind=remoteAddress",
  "flag-new": "/projects/default/new-flag",
  events: "/events",
  "events-of-project": "/projects/default/events",
  event: "/events/2",
  search: "/search?q=turn+on+check",
  design: "/design",
  missing: "/nowhere",
};

/** Opens the form of a strategy with everything in it. */
export async function openFullStrategy(page, origin) {
  await page.goto(`${origin}/projects/default/features/checkout`);
  await page.getByRole("link", { name: "Edit “Beta users first” in production" }).click();
  await page.getByRole("heading", { name: "Edit strategy in production" }).waitFor();
}

/** Sends that form with things that are refused. */
export async function breakStrategy(page) {
  await page.getByLabel("Compared how").selectOption("NUM_GT");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.locator(".field-problem").first().waitFor();
}
