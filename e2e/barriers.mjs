// What hinders nobody: every screen and state is looked at with axe, in a window of one size, light and dark.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { SCREENS, breakStrategy, makeToken, open, openCall, openFullStrategy, openToken, rehearseCall, signIn } from "./browser.mjs";
import { close, harness } from "./harness.mjs";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"];

/** In the dark only colours differ: what has nothing to do with them is not looked at twice. */
const COLOURS = ["color-contrast", "link-in-text-block"];

/** What axe finds on a page, or within a part of it: by these rules, or by all that WCAG 2.2 AA asks for. */
export async function violations(page, within, rules) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe);
  const only = rules ? { type: "rule", values: rules } : { type: "tag", values: TAGS };
  const found = await page.evaluate(([only, within]) => axe.run(within ? { include: within } : document, { runOnly: only, resultTypes: ["violations"] }), [only, within]);
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

/** Every screen in a window of this size: each size is a spec of its own, so that they are looked at side by side. */
export function noBarriers(viewport) {
  const here = harness({}, { used: true });
  test(`no barrier, nothing that moves and nothing too wide: light and dark, ${viewport.width} pixels`, async () => {
    const page = await here.page(null, { reducedMotion: "reduce", viewport });
    const check = async (name, within) => {
      for (const [colorScheme, rules] of [["light", null], ["dark", COLOURS]]) {
        await page.emulateMedia({ colorScheme });
        assert.deepEqual(await violations(page, within, rules), [], `${name}, ${colorScheme}`);
      }
      const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
      assert.equal(wide, false, `${name} is wider than the window`);
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
}
