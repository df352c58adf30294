// Shoots every screen into target/screenshots: wide and narrow, light and dark. `node e2e/screenshots.mjs [name…]`
// With FORCED=1, into target/screenshots/forced, as who chose their own colours sees them.
import { mkdir } from "node:fs/promises";
import { FRESH, SCREENS, breakStrategy, fromDisk, launch, makeToken, open, openCall, openFullStrategy, openToken, rehearseCall, signIn } from "./browser.mjs";
import { PASSWORD, fill, start, use } from "./server.mjs";

const only = process.argv.slice(2);
const forcedColors = process.env.FORCED ? "active" : "none";
const folder = new URL(`../target/screenshots/${process.env.FORCED ? "forced/" : ""}`, import.meta.url).pathname;
await mkdir(folder, { recursive: true });
const server = await start();
const browser = await launch();
try {
  await shootFresh();
  await fill(server);
  await use(server);
  for (const colorScheme of ["light", "dark"]) {
    for (const [width, size] of [["wide", { width: 1280, height: 800 }], ["narrow", { width: 320, height: 640 }]]) {
      const context = await browser.newContext({ viewport: size, colorScheme, forcedColors, reducedMotion: "reduce" });
      await fromDisk(context);
      const page = await context.newPage();
      const shoot = (name) => page.screenshot({ path: `${folder}${name}-${width}-${colorScheme}.png`, fullPage: name !== "palette" });
      const wanted = (name) => only.length === 0 || only.includes(name);
      await page.goto(`${server.origin}/sign-in`);
      if (wanted("sign-in")) await shoot("sign-in");
      await signIn(page, server.origin, "admin", PASSWORD);
      for (const name of Object.keys(SCREENS).filter(wanted)) {
        await open(page, server.origin, name);
        await shoot(name);
      }
      if (wanted("palette")) {
        await page.goto(`${server.origin}/projects/default`);
        await page.keyboard.press("Control+k");
        await page.keyboard.type("turn off checkout");
        await page.locator("#palette").getByRole("option", { name: "in production" }).waitFor();
        await shoot("palette");
      }
      if (wanted("token-made")) {
        await makeToken(page, server.origin);
        await shoot("token-made");
      }
      if (wanted("banner-shown")) {
        await server.api("POST", "/api/admin/banners/1/on");
        await page.goto(server.origin);
        await shoot("banner-shown");
        await server.api("POST", "/api/admin/banners/1/off");
      }
      if (wanted("call")) {
        await openCall(page, server.origin, "created “engineering”");
        await shoot("call");
        await openCall(page, server.origin, "refused");
        await shoot("call-refused");
        await rehearseCall(page, server.origin);
        await shoot("call-rehearsed");
      }
      if (wanted("token")) {
        await openToken(page, server.origin);
        await shoot("token");
      }
      if (wanted("strategy")) {
        await openFullStrategy(page, server.origin);
        await shoot("strategy");
        await breakStrategy(page);
        await shoot("strategy-problems");
      }
      if (wanted("strategy-delete")) {
        await page.goto(`${server.origin}/projects/default/features/checkout`);
        await page.getByRole("link", { name: "Delete “Beta users first” in production" }).click();
        await page.getByRole("button", { name: "Delete strategy" }).waitFor();
        await shoot("strategy-delete");
      }
      await context.close();
    }
  }
} finally {
  await browser.close();
  await server.stop();
}

/** What stands where nobody did anything yet. */
async function shootFresh() {
  for (const colorScheme of ["light", "dark"]) {
    for (const [width, size] of [["wide", { width: 1280, height: 800 }], ["narrow", { width: 320, height: 640 }]]) {
      const context = await browser.newContext({ viewport: size, colorScheme, reducedMotion: "reduce" });
      await fromDisk(context);
      const page = await context.newPage();
      const names = Object.keys(FRESH).filter((name) => only.length === 0 || only.includes(name));
      if (names.length > 0) await signIn(page, server.origin, "admin", PASSWORD);
      for (const name of names) {
        await open(page, server.origin, name);
        await page.screenshot({ path: `${folder}${name}-${width}-${colorScheme}.png`, fullPage: true });
      }
      await context.close();
    }
  }
}
