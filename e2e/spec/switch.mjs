import assert from "node:assert/strict";
import { test } from "node:test";
import { close, harness, lever, stands } from "../harness.mjs";

const here = harness();
const production = async (flag) =>
  (await here.server.api("GET", `/api/admin/projects/default/features/${flag}/environments/production`)).enabled;

test("by mouse, with undo, and the page stays", async () => {
  const page = await here.page("admin");
  await page.goto(here.at("/projects/default?sort=name&page=2"));
  await page.evaluate(() => (window.same = true));
  await lever(page, "dark-mode", "production").click();
  await page.getByText("dark-mode is on in production").waitFor();
  await stands(page, "dark-mode", "production", true);
  assert.equal(await production("dark-mode"), true);
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("dark-mode is off in production").waitFor();
  await stands(page, "dark-mode", "production", false);
  assert.equal(await production("dark-mode"), false);
  assert.equal(page.url(), here.at("/projects/default?sort=name&page=2"));
  assert.equal(await page.evaluate(() => window.same), true, "the page was swapped, not loaded again");
  await close(page);
});

test("by keyboard alone: find it, switch it, open it", async () => {
  const page = await here.page("admin");
  await page.keyboard.press("g");
  await page.keyboard.press("p");
  await page.getByRole("heading", { name: "Projects" }).waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("default");
  await page.keyboard.press("Enter");
  await page.waitForURL(/q=default/);
  await page.getByRole("searchbox").blur();
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Flags" }).waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("dark");
  await page.keyboard.press("Enter");
  await page.getByText("1–1 of 1").waitFor();
  await page.getByRole("searchbox").blur();
  await page.keyboard.press("j");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  assert.equal(await lever(page, "dark-mode", "production").evaluate((it) => it === document.activeElement), true);
  await page.keyboard.press("Space");
  await stands(page, "dark-mode", "production", true);
  await page.getByText("dark-mode is on in production").waitFor();
  assert.equal(await lever(page, "dark-mode", "production").evaluate((it) => it === document.activeElement), true, "focus stays");
  assert.equal(await production("dark-mode"), true);
  await page.keyboard.press("?");
  await page.getByRole("heading", { name: "Keyboard shortcuts" }).waitFor();
  await page.keyboard.press("Escape");
  await close(page);
});

test("who may not sees the switch and why", async () => {
  const page = await here.onlookersPage();
  await page.goto(here.at("/projects/default?q=checkout"));
  const forbidden = lever(page, "checkout", "production");
  await forbidden.focus();
  await page.getByRole("tooltip").filter({ hasText: "You need the permission “Enable/disable flags” in production" }).waitFor();
  await forbidden.click({ force: true });
  await stands(page, "checkout", "production", true);
  assert.equal(await page.getByRole("button", { name: "New flag" }).getAttribute("aria-disabled"), "true");
  await close(page);
});

test("what the server refuses is said in place, and the switch goes back", async () => {
  const page = await here.page("admin");
  await page.goto(here.at("/projects/default?q=payments"));
  await page.evaluate(() => document.querySelector("#switch-payments\\.kill-switch-production").form.action += "/nowhere");
  await lever(page, "payments.kill-switch", "production").click();
  await page.getByRole("alert").filter({ hasText: "Page not found" }).waitFor();
  await stands(page, "payments.kill-switch", "production", false);
  await close(page);
});

test("the palette goes anywhere and acts", async () => {
  const page = await here.page("admin");
  await page.keyboard.press("Control+k");
  await page.keyboard.type("turn off checkout prod");
  await page.getByRole("option", { name: "Turn off checkout in production", selected: true }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "checkout", level: 1 }).waitFor();
  await stands(page, "checkout", "production", false);
  assert.equal(await production("checkout"), false);
  await page.keyboard.press("Control+k");
  await page.keyboard.type("mobile");
  await page.getByRole("option", { name: /Mobile apps/, selected: true }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByText("No flags yet").waitFor();
  await page.goBack();
  await page.getByRole("heading", { name: "checkout", level: 1 }).waitFor();
  await page.goForward();
  await page.getByText("No flags yet").waitFor();
  await close(page);
});

test("a flag is made; what is wrong is said at the field, and nothing typed is lost", async () => {
  const page = await here.page("admin");
  await page.goto(here.at("/projects/mobile"));
  await page.keyboard.press("c");
  await page.getByRole("heading", { name: "New flag" }).waitFor();
  await page.getByLabel("Name").fill("checkout");
  await page.getByLabel("Description").fill("Another one.");
  await page.getByRole("button", { name: "Create flag" }).click();
  await page.getByText("A flag with that name already exists").waitFor();
  assert.equal(await page.getByLabel("Name").getAttribute("aria-invalid"), "true");
  assert.equal(await page.getByLabel("Description").inputValue(), "Another one.");
  await page.getByLabel("Name").fill("checkout-mobile");
  await page.getByRole("button", { name: "Create flag" }).click();
  await page.getByRole("heading", { name: "checkout-mobile", level: 1 }).waitFor();
  await page.locator("main").getByText("Another one.", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Favorite" }).click();
  await page.getByRole("button", { name: "Favorite", pressed: true }).waitFor();
  await page.keyboard.press("g");
  await page.keyboard.press("h");
  await page.getByRole("region", { name: "Needs you" }).getByRole("link", { name: "checkout-mobile" }).waitFor();
  await close(page);
});
