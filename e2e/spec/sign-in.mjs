import assert from "node:assert/strict";
import { test } from "node:test";
import { close, harness, lever, stands } from "../harness.mjs";

const here = harness({ SIMPLE_LOGIN_LIMIT_PER_MINUTE: "6" });

test("whoever is not signed in signs in first, and gets where they wanted to go", async () => {
  const page = await here.page();
  await page.goto(here.at("/projects/default/features/checkout?from=mail"));
  assert.match(page.url(), /\/sign-in\?next=/);
  await page.getByLabel("User name").fill("admin");
  await page.getByLabel("Password").fill("wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("User name and password do not belong together.").waitFor();
  assert.equal(await page.getByLabel("User name").inputValue(), "admin");
  await page.getByLabel("Password").fill(here.PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "checkout", level: 1 }).waitFor();
  assert.equal(page.url(), here.at("/projects/default/features/checkout?from=mail"));
  await page.getByLabel("Account", { exact: true }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "You are signed out" }).waitFor();
  await page.goto(here.at("/projects"));
  assert.match(page.url(), /\/sign-in/);
  await close(page);
});

test("an open page whose session ended leads to the sign-in, and from there to where one wanted to go", async () => {
  const page = await here.page("ann");
  await page.goto(here.at("/projects/default?q=dark"));
  const other = await page.context().newPage();
  await other.goto(here.at("/"));
  await other.getByLabel("Account", { exact: true }).click();
  await other.getByRole("button", { name: "Sign out" }).click();
  await other.getByRole("heading", { name: "You are signed out" }).waitFor();
  await page.getByRole("link", { name: "dark-mode", exact: true }).click();
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  await page.getByLabel("User name").fill("ann");
  await page.getByLabel("Password").fill(here.PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "dark-mode", level: 1 }).waitFor();
  await close(page);
});

test("without scripts, too: signing in, turning a flag on, and the theme", async () => {
  const page = await here.page("ed", { javaScriptEnabled: false });
  await page.goto(here.at("/projects/default?q=dark"));
  await lever(page, "dark-mode", "production").click();
  await stands(page, "dark-mode", "production", true);
  await page.getByText("dark-mode is on in production").waitFor();
  assert.equal(page.url(), here.at("/projects/default?q=dark"));
  await page.getByRole("button", { name: "Undo" }).click();
  await stands(page, "dark-mode", "production", false);
  await page.getByLabel("Account", { exact: true }).click();
  await page.getByRole("button", { name: "Dark" }).click();
  assert.equal(await page.locator("html").getAttribute("data-theme"), "dark");
  await page.goto(here.at("/search?q=turn+on+dark-mode"));
  await page.getByRole("option", { name: "Turn on dark-mode in production" }).click();
  await page.getByRole("heading", { name: "dark-mode", level: 1 }).waitFor();
  await stands(page, "dark-mode", "production", true);
  await close(page);
});

test("who tries too often has to wait, and is told how long", async () => {
  const page = await here.page();
  await page.goto(here.at("/sign-in"));
  for (let tries = 0; tries < 8; tries++) {
    await page.getByLabel("User name").fill("nobody");
    await page.getByLabel("Password").fill("wrong");
    await page.getByRole("button", { name: "Sign in" }).click();
  }
  await page.getByText(/Too many tries. You can try again in \d+ seconds./).waitFor();
  await close(page);
});

test("a password link is used once", async () => {
  const { resetPasswordUrl } = await here.server.api("POST", "/api/admin/user-admin/reset-password", { id: "ann" });
  const page = await here.page();
  await page.goto(resetPasswordUrl);
  await page.getByLabel("New password").fill("short");
  await page.getByRole("button", { name: "Set password" }).click();
  await page.getByRole("alert").waitFor();
  await page.getByLabel("New password").fill("An0ther-secret-start");
  await page.getByRole("button", { name: "Set password" }).click();
  await page.getByText("Your password is set").waitFor();
  await page.goto(resetPasswordUrl);
  await page.getByRole("heading", { name: "The link does not work" }).waitFor();
  await close(page);
});
