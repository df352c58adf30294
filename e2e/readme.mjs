// Shoots the screens that the README shows into docs/pictures, light and dark, as `burgee demo` has them.
import { spawn } from "node:child_process";
import { mkdir, stat } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fromDisk, launch, signIn } from "./browser.mjs";

const SCREENS = {
  flags: "/projects/storefront",
  flag: "/projects/storefront/features/checkout.one-page",
  who: "/projects/storefront/features/checkout.one-page/who?c.userId=4711&c.country=NO&c.householdId=1042",
  users: "/users",
  provisioning: "/provisioning",
  events: "/events",
};
/** How much of a screen is shown, in pixels. */
const HEIGHTS = { flag: 800, who: 800 };
/** Pictures must load fast for whoever reads the README. */
const MOST_BYTES = 150_000;

/** Starts the demo; tells where it is, and how to sign in. */
async function demo() {
  const program = process.env.BURGEE ?? new URL("../target/debug/burgee", import.meta.url).pathname;
  const child = spawn(program, ["demo", "--still", "--http-port", "0", "--log-level", "error"], { stdio: ["ignore", "pipe", "inherit"] });
  const told = {};
  for await (const line of createInterface(child.stdout)) {
    told.origin ??= line.match(/^burgee demo: (\S+)/)?.[1];
    told.admin ??= line.match(/Sign in as +(\S+) +(\S+)/)?.slice(1);
    if (line.startsWith("Everything")) return { ...told, stop: () => child.kill("SIGTERM") };
  }
  throw new Error("the demo does not start");
}

const folder = new URL("../docs/pictures/", import.meta.url).pathname;
await mkdir(folder, { recursive: true });
const { origin, admin, stop } = await demo();
const browser = await launch();
try {
  for (const colorScheme of ["light", "dark"]) {
    const context = await browser.newContext({ colorScheme, reducedMotion: "reduce" });
    await fromDisk(context);
    const page = await context.newPage();
    await signIn(page, origin, ...admin);
    for (const [name, path] of Object.entries(SCREENS)) {
      await page.setViewportSize({ width: 1280, height: HEIGHTS[name] ?? 640 });
      const answer = await page.goto(origin + path);
      if (!answer.ok()) throw new Error(`${path}: ${answer.status()}`);
      const file = `${folder}${name}-${colorScheme}.png`;
      await page.screenshot({ path: file });
      const { size } = await stat(file);
      if (size > MOST_BYTES) throw new Error(`${file} has ${size} bytes`);
    }
    await context.close();
  }
} finally {
  await browser.close();
  stop();
}
