// Whoever asked for less motion gets none, and whoever chose their own colours sees everything.
import assert from "node:assert/strict";
import { test } from "node:test";
import { SCREENS, open } from "../browser.mjs";
import { close, harness } from "../harness.mjs";

const here = harness({}, { used: true });

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

test("nothing moves for whoever asked for less motion", async () => {
  const page = await here.page("admin", { reducedMotion: "reduce" });
  for (const name of Object.keys(SCREENS)) {
    await open(page, here.server.origin, name);
    assert.deepEqual(await page.evaluate(moving), [], name);
  }
  await page.goto(here.at("/"));
  await page.keyboard.press("Control+k");
  await page.getByRole("option").first().waitFor();
  assert.deepEqual(await page.evaluate(moving), [], "palette");
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
