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
  tokens: "/tokens",
  "tokens-none-found": "/tokens?q=nothing-like-this",
  "token-new": "/tokens/new",
  "tokens-of-project": "/projects/default/tokens",
  "token-new-of-project": "/projects/default/tokens/new",
  profile: "/profile",
  security: "/profile/security",
  "access-tokens": "/profile/tokens",
  "access-token-new": "/profile/tokens/new",
  provisioning: "/provisioning",
  "provisioning-entra": "/provisioning?for=entra",
  "provisioning-token": "/provisioning/1/token",
  "provisioning-remove": "/provisioning/remove/users",
  "sign-in-settings": "/sign-in-settings",
  "invite-new": "/sign-in-settings/new-link",
  instance: "/instance",
  configuration: "/instance/configuration",
  "configuration-set": "/instance/configuration?which=set",
  statistics: "/instance/statistics",
  banners: "/instance/banners",
  "banner-new": "/instance/banners/new",
  "banner-edit": "/instance/banners/1",
  "banner-delete": "/instance/banners/1/delete",
  "sign-ins": "/instance/sign-ins",
  sessions: "/instance/sessions",
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

/** Makes a token; its secret is shown once. */
export async function makeToken(page, origin) {
  await page.goto(`${origin}/tokens/new`);
  await page.getByLabel("Name").fill("shop-web");
  await page.getByRole("button", { name: "Create token" }).click();
  await page.getByRole("heading", { name: "Copy the API token now" }).waitFor();
}

/** Opens the page of a token. */
export async function openToken(page, origin) {
  await page.goto(`${origin}/tokens`);
  await page.getByRole("link", { name: "shop-backend" }).click();
  await page.getByRole("heading", { name: "shop-backend" }).waitFor();
}
