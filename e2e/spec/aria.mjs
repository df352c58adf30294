// What every screen says to who does not see it, pinned in aria/. UPDATE_SNAPSHOTS=1 writes it anew.
import assert from "node:assert/strict";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { SCREENS, signIn } from "../browser.mjs";
import { close, harness } from "../harness.mjs";

const here = harness();
const folder = new URL("../aria/", import.meta.url).pathname;
const writes = Boolean(process.env.UPDATE_SNAPSHOTS);

/** Without what differs from run to run. */
const stable = (text) => text
  .replaceAll(here.server.origin, "http://server")
  .replace(/localhost:\d+/g, "server")
  .replace(/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?( UTC|Z)?/g, "(time)")
  .replace(/\b\d{4}-\d\d-\d\d\b/g, "(day)")
  .replace(/\b(just now|\d+ (min|h|d) ago|in \d+ (min|h|d))\b/g, "(time)")
  .replace(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, "(id)")
  .replace(/\b[0-9A-HJKMNP-TV-Z]{26}\b/g, "(id)")
  .replace(/\b\d+\.\d+\.\d+\b/g, "(version)")
  .replace(/([*\w-]+:[*\w-]+\.)[\w-]{20,}/g, "$1(secret)");

const told = async (page) => `${stable(await page.getByRole("main").ariaSnapshot())}\n`;

async function compare(name, now) {
  const file = `${folder}${name}.yml`;
  if (writes) return writeFile(file, now);
  const pinned = await readFile(file, "utf8").catch(() => "");
  assert.equal(now, pinned, `${name} says something else: look, then UPDATE_SNAPSHOTS=1 e2e/run spec/aria.mjs`);
}

test("what screens say is what they said", async () => {
  if (writes) await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const page = await here.page(null, { reducedMotion: "reduce" });
  await page.goto(here.at("/sign-in"));
  await compare("sign-in", await told(page));
  await signIn(page, here.server.origin, "admin", here.PASSWORD);
  for (const [name, path] of Object.entries(SCREENS)) {
    await page.goto(here.at(path));
    await compare(name, await told(page));
  }
  await close(page);
});

test("nothing is pinned of screens that are gone", async () => {
  const pinned = (await readdir(folder)).map((file) => file.replace(".yml", ""));
  assert.deepEqual(pinned.filter((name) => name !== "sign-in" && !SCREENS[name]), []);
});
