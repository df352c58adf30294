import assert from "node:assert/strict";
import { test } from "node:test";
import { close, harness, lever, stands } from "../harness.mjs";

const here = harness();

test("what one does shows in the other tab, where focus and typed text stay", async () => {
  const one = await here.page("admin");
  const two = await here.page("ed");
  await one.goto(here.at("/projects/default/features/checkout"));
  await two.goto(here.at("/projects/default?q=checkout"));
  await two.getByRole("searchbox").fill("half a thou");
  await lever(one, "checkout", "production").click();
  await stands(two, "checkout", "production", false);
  assert.equal(await two.getByRole("searchbox").inputValue(), "half a thou");
  assert.equal(await two.getByRole("searchbox").evaluate((it) => it === document.activeElement), true);
  assert.equal(await two.getByText("checkout is off in production").count(), 0, "the note is for who did it");
  await lever(two, "checkout", "development").focus();
  await lever(one, "checkout", "production").click();
  await stands(two, "checkout", "production", true);
  assert.equal(await lever(two, "checkout", "development").evaluate((it) => it === document.activeElement), true);
  await close(one);
  await close(two);
});

test("what happens between the page and its stream is not lost", async () => {
  const page = await here.page("admin");
  await page.route("**/live?*", async (route) => {
    await here.server.api("POST", "/api/admin/projects/default/features/dark-mode/environments/production/on");
    await route.continue();
  });
  await page.goto(here.at("/projects/default/features/dark-mode"));
  await stands(page, "dark-mode", "production", true);
  await close(page);
});

test("a form with unsaved edits is left alone; what both changed is asked, what one changed is kept", async () => {
  const one = await here.page("admin");
  const two = await here.page("ed");
  for (const page of [one, two]) await page.goto(here.at("/projects/default/features/dark-mode/edit"));
  await two.getByLabel("Description").fill("Ed was here.");
  await one.getByLabel("Description").fill("Admin was here.");
  await one.getByLabel("Type").selectOption("operational");
  await one.getByRole("button", { name: "Save" }).click();
  await one.getByText("dark-mode is saved").waitFor();
  assert.equal(await two.getByLabel("Description").inputValue(), "Ed was here.");
  await two.getByRole("button", { name: "Save" }).click();
  await two.getByText("Somebody changed this while you were editing").waitFor();
  await two.getByText("Somebody else made it “Admin was here.”").waitFor();
  assert.equal(await two.getByLabel("Description").inputValue(), "Ed was here.");
  assert.equal(await two.getByLabel("Type").inputValue(), "operational", "what only the other changed");
  await two.getByRole("button", { name: "Save" }).click();
  await two.getByText("dark-mode is saved").waitFor();
  const flag = await here.server.api("GET", "/api/admin/projects/default/features/dark-mode");
  assert.deepEqual([flag.description, flag.type], ["Ed was here.", "operational"]);
  await close(one);
  await close(two);
});

test("whoever leaves a form is asked first, and leaves nothing behind", async () => {
  const page = await here.page("admin");
  await page.goto(here.at("/projects/default/features/dark-mode/edit"));
  await page.getByLabel("Description").fill("Not yet.");
  page.once("dialog", (question) => question.dismiss());
  await page.getByRole("link", { name: "Cancel" }).click();
  assert.equal(await page.getByLabel("Description").inputValue(), "Not yet.");
  page.once("dialog", (question) => question.accept());
  await page.getByRole("link", { name: "Cancel" }).click();
  await page.getByRole("heading", { name: "dark-mode", level: 1 }).waitFor();
  assert.equal(await page.getByLabel("Description").count(), 0);
  await close(page);
});

test("a lost connection is told, and comes back by itself with what was missed", async () => {
  const page = await here.page("admin");
  await page.goto(here.at("/projects/default/features/checkout"));
  await stands(page, "checkout", "production", true);
  await here.server.kill();
  await page.getByText("Connection lost").waitFor({ state: "visible" });
  await here.server.again();
  await here.server.api("POST", "/api/admin/projects/default/features/checkout/environments/production/off");
  await stands(page, "checkout", "production", false);
  await page.getByText("Connection lost").waitFor({ state: "hidden" });
  await close(page);
});
