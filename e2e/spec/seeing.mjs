// Many flags at once, with scripts and without; and the moment when the first call of an application arrives.
import assert from "node:assert/strict";
import { test } from "node:test";
import { signIn } from "../browser.mjs";
import { close, harness, stands } from "../harness.mjs";

const here = harness();

test("ticked flags are counted, switched and let go", async () => {
  const page = await here.page("admin");
  await page.goto(here.at("/projects/default?q=bulk-0"));
  await page.getByLabel("Select bulk-01").check();
  await page.getByText("1 selected").waitFor();
  await page.getByLabel("Select all on this page").check();
  await page.getByText("9 selected").waitFor();
  await page.getByLabel("Select bulk-02").uncheck();
  await page.getByText("8 selected").waitFor();
  await page.locator("#bulk-on summary").click();
  await page.getByRole("button", { name: "Turn on in production" }).click();
  await page.getByText("8 flags are on in production now").waitFor();
  await stands(page, "bulk-01", "production", true);
  await stands(page, "bulk-02", "production", false);
  assert.equal(page.url(), here.at("/projects/default?q=bulk-0"));
  await page.getByRole("button", { name: "Undo" }).click();
  await stands(page, "bulk-01", "production", false);
  await close(page);
});

test("flags of several projects are tagged together, and that is taken back", async () => {
  const page = await here.page("admin");
  await page.goto(here.at("/flags?q=a"));
  await page.getByLabel("Select wallet").check();
  await page.getByLabel("Select dark-mode").check();
  await page.getByRole("button", { name: "Tag…" }).click();
  await page.getByRole("heading", { name: "Tag 2 flags" }).waitFor();
  await page.getByLabel("Value").fill("spring");
  await page.getByRole("button", { name: "Add to all" }).click();
  await page.getByText("2 flags are tagged with simple:spring").waitFor();
  const tagged = async () => (await here.server.api("GET", "/api/admin/search/features?tag=INCLUDE:simple:spring")).total;
  assert.equal(await tagged(), 2);
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("2 flags are not tagged any more").waitFor();
  assert.equal(await tagged(), 0);
  assert.equal(page.url(), here.at("/flags?q=a"));
  await close(page);
});

test("what somebody ticked stays ticked when others change the list", async () => {
  const page = await here.page("admin");
  await page.goto(here.at("/projects/default?q=bulk-1"));
  await page.getByLabel("Select bulk-11").check();
  await here.server.api("POST", "/api/admin/projects/default/features/bulk-12/environments/production/on");
  await stands(page, "bulk-12", "production", true);
  assert.equal(await page.getByLabel("Select bulk-11").isChecked(), true);
  await page.getByText("1 selected").waitFor();
  await close(page);
});

test("without scripts, all of the page are ticked by a link, and archived after a question", async () => {
  const page = await here.page(null, { javaScriptEnabled: false });
  await signIn(page, here.server.origin, "admin", here.PASSWORD);
  await page.goto(here.at("/projects/default?q=bulk-5"));
  await page.getByRole("link", { name: "All", exact: true }).last().click();
  await page.getByRole("button", { name: "Archive…" }).click();
  await page.getByRole("button", { name: "Archive 7 flags" }).click();
  await page.getByText("7 flags are archived").waitFor();
  await page.context().close();
});

test("the first call of an application turns the page green", async () => {
  const page = await here.page("admin");
  await page.goto(here.at("/projects/default/connect?flag=checkout"));
  await page.getByRole("button", { name: "Create token" }).click();
  await page.getByText("Waiting for the first call.").waitFor();
  const authorization = (await page.locator(".once code").textContent()).trim();
  await fetch(here.at("/api/client/features"), { headers: { authorization } });
  await page.getByText("Connected.").waitFor();
  assert.equal((await page.locator(".once code").textContent()).trim(), authorization, "the secret is still there");
  await close(page);
});
