// What holds for every screen, in every form: readable by everybody, ours alone, and small.
import assert from "node:assert/strict";
import { test } from "node:test";
import { violations } from "../barriers.mjs";
import { FRESH, SCREENS, open, signIn } from "../browser.mjs";
import { close, harness } from "../harness.mjs";
import { start } from "../server.mjs";

const here = harness({}, { used: true });

test("no barrier where nobody did anything yet", async () => {
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

test("who only looks sees no barrier", async () => {
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
