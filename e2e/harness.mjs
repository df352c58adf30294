// What every spec begins with: a server with data, and a browser whose pages must stay within the rules.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { fromDisk, launch, signIn } from "./browser.mjs";
import { PASSWORD, startFilled } from "./server.mjs";

/** Sets up a spec; what it needs is there when its tests run. `used`: applications ask for its flags, too. */
export function harness(settings, { used = false } = {}) {
  const here = { PASSWORD };
  before(async () => {
    here.server = await startFilled(settings, used);
    here.browser = await launch();
  });
  after(async () => {
    await here.browser?.close();
    await here.server?.stop();
  });
  /** A page of its own browser profile; signed in, if a name is given. */
  here.page = async (name, options = {}) => {
    const context = await here.browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    context.setDefaultTimeout(15_000);
    await fromDisk(context);
    const page = await context.newPage();
    watch(page, here);
    if (name) await signIn(page, here.server.origin, name, PASSWORD);
    return page;
  };
  /** The page of somebody who may look at everything public and change nothing. */
  here.onlookersPage = async () => {
    await here.server.api("POST", "/api/admin/user-admin", { username: "vera", name: "Vera", rootRole: "Viewer", password: PASSWORD });
    return here.page("vera");
  };
  here.at = (path) => here.server.origin + path;
  return here;
}

/** What no page may do, wherever it is seen: break the policy, fail in a script, or call anybody else. */
function watch(page, here) {
  page.broken = [];
  page.on("console", (message) => {
    if (/Content Security Policy/i.test(message.text())) page.broken.push(message.text());
  });
  page.on("pageerror", (error) => page.broken.push(`script: ${error.message}`));
  page.on("request", (request) => {
    const origin = new URL(here.server.origin).origin;
    if (!request.url().startsWith(`${origin}/`)) page.broken.push(`called ${request.url()}`);
  });
}

/** Ends a page that must have stayed within the rules. */
export async function close(page) {
  assert.deepEqual(page.broken, []);
  await page.context().close();
}

/** The switch of a flag in an environment. */
export const lever = (page, flag, environment) => page.getByRole("switch", { name: `${flag} in ${environment}` });

/** Waits until a switch stands as wanted. */
export const stands = (page, flag, environment, on) =>
  page.getByRole("switch", { name: `${flag} in ${environment}`, checked: on }).waitFor();
