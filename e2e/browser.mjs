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
  "segment-of-group": "/segments/3",
  "segment-of-group-edit": "/segments/3/edit",
  "segment-left-out": "/segments/4",
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
  "flags-filtered": "/projects/default?kind=release&at=development%3Aon&seen=7d&pick=all",
  "flags-all": "/flags",
  "flags-all-picked": "/flags?q=ch&pick=all",
  "flags-tags": "/flags/tags?flag=checkout&flag=dark-mode",
  "flags-archive": "/flags/archive?flag=dark-mode&flag=wallet&flag=checkout",
  flag: "/projects/default/features/checkout",
  "flag-edit": "/projects/default/features/checkout/edit",
  "flag-without-strategies": "/projects/default/features/legacy-import",
  "who-asked": "/projects/default/features/checkout/who?c.userId=1&c.country=DE&more=plan+%3D+gold",
  "who-not": "/projects/default/features/checkout/who?c.userId=9&more=plan",
  dependency: "/projects/default/features/search.ranking/dependency",
  "dependency-as": "/projects/default/features/dark-mode/dependency?parent=checkout",
  "flag-dark-mode": "/projects/default/features/dark-mode",
  "copy-flag": "/projects/default/features/checkout/copy",
  "move-flag": "/projects/default/features/legacy-import/move",
  "complete-flag": "/projects/default/features/checkout/complete",
  "copy-strategies": "/projects/default/features/checkout/environments/development/copy-strategies?from=production",
  labels: "/projects/default/features/checkout/labels",
  "labels-empty": "/projects/default/features/dark-mode/labels",
  archive: "/projects/default/features/checkout/archive",
  who: "/projects/default/features/checkout/who",
  "strategy-new": "/projects/default/features/dark-mode/environments/production/new-strategy",
  "strategy-new-of-type": "/projects/default/features/dark-mode/environments/production/new-strategy?kind=remoteAddress",
  "flag-new": "/projects/default/new-flag",
  playground: "/playground",
  "playground-asked": "/playground?c.userId=1%2C9&c.country=DE&e=development&e=production&why=0+production+checkout",
  "playground-differs": "/playground?c.userId=1&e=development&e=production&only=differs",
  "playground-wrong": "/playground?e=production&more=plan",
  applications: "/applications",
  "applications-of-project": "/projects/default/applications",
  application: "/applications/shop",
  "application-edit": "/applications/shop/edit",
  "application-forget": "/applications/shop/forget",
  "unknown-flags": "/unknown-flags",
  "unknown-flags-create": "/unknown-flags/create?name=checkout-v2",
  users: "/users",
  "users-narrowed": "/users?origin=scim&status=deactivated",
  "users-none-found": "/users?q=nobody-like-this",
  "user-new": "/users/new",
  user: "/users/3",
  "user-provisioned": "/users/5",
  "user-admin": "/users/1",
  "user-held": "/users/53",
  "user-access": "/users/3/access?may=UPDATE_FEATURE_ENVIRONMENT&project=default&environment=production",
  "user-access-through-groups": "/users/5/access?may=CREATE_FEATURE&project=default",
  "user-sign-in": "/users/1/sign-in",
  "user-password-link": "/users/3/password-link",
  "user-events": "/users/1/events",
  "user-edit": "/users/3/edit",
  "user-deactivate": "/users/3/deactivate",
  "user-delete": "/users/5/delete",
  "user-delete-last": "/users/1/delete",
  groups: "/groups",
  "groups-none-found": "/groups?q=no-such-group",
  "group-new": "/groups/new",
  group: "/groups/3",
  "group-provisioned": "/groups/2",
  "group-access": "/groups/1/access",
  "group-edit": "/groups/3/edit",
  "group-edit-provisioned": "/groups/2/edit",
  "group-delete": "/groups/2/delete",
  "group-delete-plain": "/groups/3/delete",
  "flag-owners": "/flag-owners",
  "flag-owners-policy": "/flag-owners/policy",
  "flag-owner": "/projects/default/features/checkout/owner",
  roles: "/roles",
  "role-predefined": "/roles/2",
  "role-of-projects": "/roles/7",
  "role-new": "/roles/new?kind=project",
  "role-new-root": "/roles/new?kind=root",
  "roles-compare": "/roles/compare?a=5&b=7",
  "role-delete": "/roles/8/delete",
  "role-delete-used": "/roles/7/delete",
  "service-accounts": "/service-accounts",
  "service-account-new": "/service-accounts/new",
  "service-account": "/service-accounts/60",
  "service-account-token": "/service-accounts/60/new-token",
  "service-account-access": "/service-accounts/60/access",
  "service-account-edit": "/service-accounts/60/edit",
  "service-account-delete": "/service-accounts/60/delete",
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
  "access-token-new": "/profile/tokens/new-token",
  provisioning: "/provisioning",
  "connection-new": "/provisioning/new",
  connection: "/provisioning/1",
  "connection-paused": "/provisioning/2",
  "connection-setup": "/provisioning/1/setup",
  "connection-setup-okta": "/provisioning/2/setup",
  "connection-settings": "/provisioning/1/settings",
  "connection-roles": "/provisioning/1/roles",
  "connection-roles-some": "/provisioning/2/roles",
  "connection-rule-new": "/provisioning/2/roles/rule",
  "connection-rule-edit": "/provisioning/2/roles/rule?rule=1",
  "connection-rule-remove": "/provisioning/2/roles/remove?rule=1",
  "connection-oauth": "/provisioning/1/client",
  "connection-oauth-keys": "/provisioning/2/client",
  "connection-token": "/provisioning/1/token",
  "connection-token-revoke": "/provisioning/1/tokens/1/revoke",
  "connection-empty": "/provisioning/1/remove/users",
  "connection-delete": "/provisioning/2/delete",
  receivers: "/provisioning/receivers",
  "receiver-new": "/provisioning/receivers/new",
  receiver: "/provisioning/receivers/1",
  "receiver-fetches": "/provisioning/receivers/2",
  "receiver-remove": "/provisioning/receivers/1/delete",
  "connection-held": "/provisioning/1/hold",
  "connection-held-empty": "/provisioning/2/hold",
  "connection-held-apply": "/provisioning/1/hold/apply?all=true",
  "connection-held-apply-nothing": "/provisioning/1/hold/apply",
  "connection-drift": "/provisioning/1/drift",
  "connection-drift-okta": "/provisioning/2/drift",
  unowned: "/provisioning/unowned",
  calls: "/provisioning/calls",
  "calls-narrowed": "/provisioning/calls?q=payments&outcome=changed",
  "calls-none-found": "/provisioning/calls?q=nothing-like-this",
  "sign-in-settings": "/sign-in-settings",
  "invite-new": "/sign-in-settings/new-link",
  instance: "/instance",
  configuration: "/instance/configuration",
  "configuration-set": "/instance/configuration?which=set",
  statistics: "/instance/statistics",
  maintenance: "/instance/maintenance",
  banners: "/instance/banners",
  "banner-new": "/instance/banners/new",
  "banner-edit": "/instance/banners/1",
  "banner-delete": "/instance/banners/1/delete",
  "sign-ins": "/instance/sign-ins",
  sessions: "/instance/sessions",
  search: "/search?q=turn+off+check",
  design: "/design",
  missing: "/nowhere",
};

/** Those that are a refusal. */
const REFUSED = { missing: 404, "playground-wrong": 422 };

/** Opens a screen by its name. One that is not there, or a mistake of the server, is no screen. */
export async function open(page, origin, name) {
  const status = (await page.goto(origin + (SCREENS[name] ?? FRESH[name]))).status();
  if (status !== (REFUSED[name] ?? 200)) throw new Error(`${name} answers ${status}`);
}

/** What is different where nobody did anything yet. */
export const FRESH = {
  "fresh-home": "/",
  "fresh-flags": "/flags",
  "fresh-applications": "/applications",
  "fresh-unknown-flags": "/unknown-flags",
  connect: "/projects/default/connect",
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

/** Opens a call of the identity provider, and the dry run of doing it again. */
export async function openCall(page, origin, words) {
  await page.goto(`${origin}/provisioning/calls?q=${encodeURIComponent(words)}`);
  await page.locator(".calls a").first().click();
  await page.getByRole("heading", { name: "Request", exact: true }).waitFor();
}
export async function rehearseCall(page, origin) {
  await openCall(page, origin, "created “engineering”");
  await page.getByRole("button", { name: "Dry run, then replay…" }).click();
  await page.getByText("This is what would happen").waitFor();
}
