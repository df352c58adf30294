import assert from "node:assert/strict";
import { test } from "node:test";
import { close, harness } from "../harness.mjs";

const here = harness();

test("a list is narrowed by a choice alone, and the address keeps it", async () => {
  const page = await here.page("admin");
  await page.goto(here.at("/users"));
  await page.getByLabel("Origin").selectOption("scim");
  await page.waitForURL(/origin=scim/);
  await page.getByText(/1–\d+ of 36/).waitFor();
  await page.getByLabel("Status").selectOption("deactivated");
  await page.waitForURL(/origin=scim.*status=deactivated/);
  await page.getByRole("link", { name: "Barbara Knuth" }).waitFor();
  await page.reload();
  assert.equal(await page.getByLabel("Status").inputValue(), "deactivated");
  await close(page);
});

test("a role is put together: permissions are found by typing, and what is hidden is kept", async () => {
  const page = await here.page("admin");
  await page.goto(here.at("/roles/new?kind=project"));
  await page.getByLabel("Name").fill("Switcher");
  await page.getByRole("checkbox", { name: "Update feature flags" }).check();
  await page.getByRole("searchbox", { name: "Find a permission" }).fill("enable");
  assert.equal(await page.getByRole("checkbox", { name: "Update feature flags" }).isVisible(), false);
  await page.getByRole("checkbox", { name: "Enable/disable flags in production" }).check();
  await page.keyboard.press("Tab");
  await page.getByRole("button", { name: "Create role" }).click();
  await page.getByRole("heading", { name: "Switcher", level: 1 }).waitFor();
  for (const name of ["Update feature flags", "Enable/disable flags in production"]) {
    assert.equal(await page.getByRole("checkbox", { name }).isChecked(), true, name);
  }
  assert.equal(await page.getByRole("checkbox", { name: "Enable/disable flags in development" }).isChecked(), false);
  await close(page);
});

test("without scripts an account is made, and gets into a group", async () => {
  const page = await here.page("admin");
  const cookies = await page.context().cookies();
  const plain = await here.browser.newContext({ javaScriptEnabled: false });
  await plain.addCookies(cookies);
  const bare = await plain.newPage();
  await bare.goto(here.at("/users/new"));
  await bare.getByLabel("User name").fill("newcomer");
  await bare.getByRole("button", { name: "Create user" }).click();
  await bare.getByText("/new-user?token=").waitFor();
  await bare.goto(here.at("/groups/3"));
  await bare.getByLabel("Add somebody by user name").fill("newcomer");
  await bare.getByRole("button", { name: "Add", exact: true }).click();
  await bare.getByText("newcomer is in Release managers").waitFor();
  await bare.getByRole("button", { name: "Remove newcomer" }).click();
  await bare.getByText("newcomer is not in Release managers any more").waitFor();
  await bare.goto(here.at("/users?q=newcomer"));
  await bare.getByRole("link", { name: "newcomer" }).first().click();
  await bare.getByRole("link", { name: "Deactivate…" }).click();
  await bare.getByRole("button", { name: "Deactivate", exact: true }).click();
  await bare.getByRole("link", { name: "Reactivate…" }).or(bare.getByRole("button", { name: "Reactivate" })).waitFor();
  await plain.close();
  await close(page);
});
