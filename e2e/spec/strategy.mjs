import assert from "node:assert/strict";
import { test } from "node:test";
import { close, harness } from "../harness.mjs";

const here = harness();
const place = "/projects/default/features/dark-mode/environments/production";
const stored = async () => (await here.server.api("GET", `/api/admin${place}`)).strategies;

test("rows come, refusals stand beside their fields, and nothing typed is lost", async () => {
  const page = await here.page("admin");
  await page.goto(here.at("/projects/default/features/dark-mode"));
  await page.evaluate(() => (window.same = true));
  await page.locator("#add-production").click();
  await page.getByRole("heading", { name: "New strategy in production" }).waitFor();
  await page.getByLabel("Title").fill("Grown-ups");
  await page.getByRole("button", { name: "Add a condition" }).click();
  const row = page.getByRole("group", { name: "Condition 1" });
  await row.getByLabel("Context field").fill("age");
  await row.getByLabel("Compared how").selectOption({ label: "is at least" });
  await row.getByLabel("Value").fill("many");
  // What is wrong is said as one types, and nobody has sent anything yet.
  await row.getByText("must be a number").waitFor();
  assert.equal(await page.locator("form.stack").getAttribute("hx-morph-skip"), "", "the draft is still left alone");
  await row.getByLabel("Value").fill("7");
  await row.getByText("must be a number").waitFor({ state: "detached" });
  await row.getByLabel("Value").fill("many");
  await row.getByText("must be a number").waitFor();
  await page.getByRole("button", { name: "Add a condition" }).click();
  await page.getByRole("group", { name: "Condition 2" }).waitFor();
  assert.equal(await row.getByLabel("Value").inputValue(), "many");
  await page.getByRole("button", { name: "Add strategy" }).click();
  await row.getByText("must be a number").waitFor();
  assert.equal(await page.getByLabel("Title").inputValue(), "Grown-ups");
  await row.getByLabel("Value").fill("18");
  // Enter in a field saves.
  await page.getByLabel("Title").press("Enter");
  await page.getByText("dark-mode has one more strategy in production").waitFor();
  assert.equal(await page.evaluate(() => window.same), true, "the page was swapped, not loaded again");
  const [strategy] = await stored();
  assert.equal(strategy.title, "Grown-ups");
  assert.deepEqual(strategy.constraints.map((it) => [it.contextName, it.operator, it.value]), [["age", "NUM_GTE", "18"]]);
  await close(page);
});

test("the rows that stay keep what was typed when another one goes", async () => {
  const page = await here.page("admin");
  await page.goto(here.at(`${place}/new-strategy?kind=default`));
  for (const [number, name] of [[1, "one"], [2, "two"]]) {
    await page.getByRole("button", { name: "Add a variant" }).click();
    await page.getByRole("group", { name: `Variant ${number}` }).getByLabel("Name").fill(name);
  }
  await page.getByRole("button", { name: "Remove variant 1" }).click();
  await page.getByRole("button", { name: "Remove variant 2" }).waitFor({ state: "detached" });
  assert.equal(await page.getByRole("group", { name: "Variant 1" }).getByLabel("Name").inputValue(), "two");
  await close(page);
});

test("it works without scripts", async () => {
  const page = await here.page("admin", { javaScriptEnabled: false });
  await page.goto(here.at(`${place}/new-strategy?kind=default`));
  await page.getByRole("button", { name: "Add a condition" }).click();
  await page.getByLabel("Context field").fill("country");
  await page.getByLabel("Values").fill("DE\nAT");
  await page.getByLabel("Title").fill("No scripts");
  await page.getByRole("button", { name: "Add strategy" }).click();
  await page.getByText("No scripts", { exact: true }).waitFor();
  const added = (await stored()).at(-1);
  assert.deepEqual(added.constraints[0].values, ["DE", "AT"]);
  await page.getByRole("button", { name: "Move up “No scripts” in production" }).click();
  await page.getByText("moved up").waitFor();
  assert.equal((await stored())[0].title, "No scripts");
  await page.getByRole("link", { name: "Delete “No scripts” in production" }).click();
  await page.getByRole("button", { name: "Delete strategy" }).click();
  await page.getByText("is deleted").waitFor();
  assert.equal((await stored()).some((it) => it.title === "No scripts"), false);
  await close(page);
});
