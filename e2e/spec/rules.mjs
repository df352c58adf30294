// What holds for every screen, in every form: readable by everybody, ours alone, and small.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { FRESH, SCREENS, breakStrategy, makeToken, open, openCall, openFullStrategy, openToken, rehearseCall, signIn } from "../browser.mjs";
import { close, harness } from "../harness.mjs";
import { start } from "../server.mjs";

const here = harness({}, { used: true });
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"];

/** In the dark only colours differ: what has nothing to do with them is not looked at twice. */
const COLOURS = ["color-contrast", "link-in-text-block"];
const SIZES = { wide: { width: 1280, height: 800 }, narrow: { width: 320, height: 640 } };

async function violations(page, within, rules) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe);
  const only = rules ? { type: "rule", values: rules } : { type: "tag", values: TAGS };
  const found = await page.evaluate(([only, within]) => axe.run(within ? { include: within } : document, { runOnly: only }), [only, within]);
  return found.violations.map((it) => `${it.id}: ${it.nodes.map((node) => `${node.html.slice(0, 160)} ${node.any[0]?.message ?? ""}`).join(" | ")}`);
}

/** What moves, or would move when its state changes. */
const moving = () => {
  const seconds = (list) => Math.max(...list.split(",").map((it) => parseFloat(it) * (it.trim().endsWith("ms") ? 0.001 : 1)));
  const styled = [...document.querySelectorAll("body, body *")].flatMap((element) => [null, "::before", "::after"].map((part) => {
    const style = getComputedStyle(element, part);
    const runs = style.animationName !== "none" || seconds(style.transitionDuration) > 0;
    return runs || style.scrollBehavior === "smooth" ? `${element.tagName} ${element.className} ${part ?? ""}` : null;
  })).filter(Boolean);
  const running = document.getAnimations().map((it) => `runs: ${it.animationName ?? it.transitionProperty}`);
  return [...new Set([...styled, ...running])];
};

test("no barrier, nothing that moves and nothing too wide: light and dark, wide and narrow", async () => {
  const page = await here.page(null, { reducedMotion: "reduce" });
  const check = async (name, within) => {
    for (const [size, viewport] of Object.entries(SIZES)) {
      await page.setViewportSize(viewport);
      for (const [colorScheme, rules] of [["light", null], ["dark", COLOURS]]) {
        await page.emulateMedia({ colorScheme });
        assert.deepEqual(await violations(page, within, rules), [], `${name}, ${size}, ${colorScheme}`);
      }
      const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
      assert.equal(wide, false, `${name} is wider than a ${size} window`);
    }
    await page.setViewportSize(SIZES.wide);
    assert.deepEqual(await page.evaluate(moving), [], name);
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
  await openCall(page, here.server.origin, "created “engineering”");
  await check("call");
  await rehearseCall(page, here.server.origin);
  await check("call, as it would be done again");
  await openToken(page, here.server.origin);
  await check("token");
  await makeToken(page, here.server.origin);
  await check("token that was just made");
  await close(page);
});

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

test("switches, marked buttons and focus are seen in the reader’s own colours", async () => {
  const page = await here.page("admin", { forcedColors: "active" });
  await page.goto(here.at(SCREENS.design));
  const drawn = (locator, part) => locator.evaluate((element, part) => {
    const style = getComputedStyle(element, part);
    return { border: parseFloat(style.borderTopWidth), outline: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth), colour: style.backgroundColor };
  }, part);
  const lever = (on) => page.locator(`[role=switch][aria-checked=${on}]`).first();
  const [on, off] = [await drawn(lever(true), "::before"), await drawn(lever(false), "::before")];
  assert.notDeepEqual(on, off, "a switch that is on looks like one that is off");
  await lever(true).focus();
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Tab");
  assert.ok((await drawn(page.locator(":focus"))).outline >= 2, "focus is not seen");
  await page.goto(here.at(SCREENS.flags));
  assert.ok((await drawn(page.getByRole("link", { name: "New flag" }))).border >= 1, "the main button has no edge");
  await close(page);
});
