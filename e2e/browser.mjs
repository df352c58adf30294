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
  "flag-new": "/projects/default/new-flag",
  events: "/events",
  "events-of-project": "/projects/default/events",
  event: "/events/2",
  search: "/search?q=turn+on+check",
  design: "/design",
  missing: "/nowhere",
};
