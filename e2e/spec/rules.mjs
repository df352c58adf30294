// What holds for every screen, in every form: readable by everybody, ours alone, and small.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { FRESH, SCREENS, breakStrategy, makeToken, open, openFullStrategy, openToken, signIn } from "../browser.mjs";
import { close, harness } from "../harness.mjs";
import { start } from "../server.mjs";

const here = harness({}, { used: true });
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"];

async function violations(page, within) {
  await page.evaluate(axe);
  const found = await page.evaluate(([tags, within]) => axe.run(within ? { include: within } : document, { runOnly: tags }), [TAGS, within]);
  return found.violations.map((it) => `${it.id}: ${it.nodes.map((node) => `${node.html.slice(0, 160)} ${node.any[0]?.message ?? ""}`).join(" | ")}`);
}

for (const colorScheme of ["light", "dark"]) {
  for (const [size, viewport] of [["wide", { width: 1280, height: 800 }], ["narrow", { width: 320, height: 640 }]]) {
    test(`no barrier and no rule broken: ${colorScheme}, ${size}`, async () => {
      const page = await here.page(null, { colorScheme, viewport, reducedMotion: "reduce" });
      const check = async (name, within) => {
        assert.deepEqual(await violations(page, within), [], name);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
        assert.equal(wide, false, `${name} is wider than the window`);
      };
      for (const path of ["/sign-in", "/signed-out"]) {
        await page.goto(here.at(path));
        await check(path);
      }
      await signIn(page, here.server.origin, "admin", here.PASSWORD);
      for (const name of Object.keys(SCREENS)) {
        await open(page, here.server.origin, name);
        await check(name);
      }
      await page.goto(here.at("/projects/default"));
      await page.getByRole("checkbox", { name: "Select bulk-01" }).check();
      await check("selected flags");
      await page.locator("#bulk-on summary").click();
      // What lies under the open menu is not for now.
      await check("what to do with selected flags", "#bulk-on");
      await page.goto(here.at("/projects/default/features/checkout"));
      await page.locator(".event summary").first().click();
      await page.keyboard.press("Control+k");
      await page.getByRole("option").first().waitFor();
      await check("palette and difference");
      await openFullStrategy(page, here.server.origin);
      await check("strategy");
      await breakStrategy(page);
      await check("strategy with problems");
      await openToken(page, here.server.origin);
      await check("token");
      await makeToken(page, here.server.origin);
      await check("token that was just made");
      await close(page);
    });
  }
}

test("nor where nobody did anything yet", async () => {
  const fresh = await start();
  try {
    for (const [colorScheme, width] of [["light", 1280], ["dark", 320]]) {
      const page = await here.page(null, { colorScheme, viewport: { width, height: 700 } });
      page.removeAllListeners("request");
      await signIn(page, fresh.origin, "admin", here.PASSWORD);
      for (const name of Object.keys(FRESH)) {
        await open(page, fresh.origin, name);
        assert.deepEqual(await violations(page), [], name);
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, `${name} is wider than the window`);
      }
      await close(page);
    }
  } finally {
    await fresh.stop();
  }
});

test("who only looks sees no barrier either", async () => {
  const page = await here.onlookersPage();
  for (const name of ["home", "flags", "flag", "events"]) {
    await page.goto(here.at(SCREENS[name]));
    assert.deepEqual(await violations(page), [], name);
  }
  await close(page);
});

test("the first page is small, and what it loads is kept for ever", async () => {
  const page = await here.page();
  const network = await page.context().newCDPSession(page);
  await network.send("Network.enable");
  let bytes = 0;
  network.on("Network.loadingFinished", (event) => (bytes += event.encodedDataLength));
  const answers = [];
  page.on("response", (answer) => answers.push(answer));
  await page.goto(here.at("/sign-in"), { waitUntil: "networkidle" });
  assert.ok(bytes > 10_000 && bytes <= 100_000, `${bytes} bytes`);
  const assets = answers.filter((answer) => answer.url().includes("/assets/"));
  assert.ok(assets.length >= 3);
  for (const asset of assets) assert.match(asset.headers()["cache-control"], /immutable/, asset.url());
  await close(page);
});
