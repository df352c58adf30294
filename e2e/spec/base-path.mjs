import assert from "node:assert/strict";
import { test } from "node:test";
import { close, harness, lever, stands } from "../harness.mjs";

const here = harness({ BASE_URI_PATH: "/flags" });

test("everything works below a base path", async () => {
  const page = await here.page("admin");
  await page.getByRole("link", { name: "Projects" }).click();
  await page.getByRole("link", { name: "Default", exact: true }).click();
  await page.getByRole("heading", { name: "Flags" }).waitFor();
  await page.goto(here.at("/projects/default?q=dark"));
  await lever(page, "dark-mode", "production").click();
  await page.getByRole("button", { name: "Undo" }).click();
  await stands(page, "dark-mode", "production", false);
  await here.server.api("POST", "/api/admin/projects/default/features/dark-mode/environments/production/on");
  await stands(page, "dark-mode", "production", true);
  assert.equal(page.url(), here.at("/projects/default?q=dark"));
  await close(page);
});
