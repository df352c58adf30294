// The tasks that people come for, each by mouse and by keyboard alone, with much room and with little.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { keyboard, mouse } from "../hands.mjs";
import { close, harness, lever, stands } from "../harness.mjs";

const here = harness();
const SIZES = { wide: { width: 1280, height: 800 }, narrow: { width: 320, height: 640 } };

for (const [way, hands] of Object.entries({ mouse, keyboard })) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    describe(`${way}, ${size}`, () => {
      const mine = (word) => `${word}-${way}-${size}`;
      const button = (page, name) => page.locator("main").getByRole("button", { name, exact: true });
      const link = (page, name) => page.locator("main").getByRole("link", { name, exact: true });
      const field = (page, name) => page.locator("main").getByLabel(name, { exact: true });
      const titled = (page, name) => page.getByRole("heading", { name, level: 1, exact: true }).waitFor();
      // One person does all of it.
      let admin;
      before(async () => (admin = await here.page("admin", { viewport })));
      after(() => close(admin));
      const task = (name, work) => test(name, async () => {
        await admin.goto(here.at("/"));
        await work(admin, hands(admin));
      });
      /** To a screen by the navigation. */
      const go = async (page, hand, name) => {
        const menu = page.getByRole("button", { name: "Menu", exact: true });
        if (await menu.isVisible()) await hand.press(menu);
        await hand.press(page.getByRole("navigation", { name: "Main" }).getByRole("link", { name, exact: true }).first());
        await titled(page, name);
      };
      const flag = (name) => here.server.api("GET", `/api/admin/projects/default/features/${name}`);
      const at = async (name, environment) => (await flag(name)).environments.find((place) => place.name === environment);

      test("sign in", async () => {
        const page = await here.page(null, { viewport });
        const hand = hands(page);
        await page.goto(here.at("/sign-in"));
        await hand.type(page.getByLabel("User name"), "ann");
        await hand.type(page.getByLabel("Password"), here.PASSWORD);
        await hand.press(page.getByRole("button", { name: "Sign in" }));
        await titled(page, "Home");
        await close(page);
      });

      task("create a flag", async (page, hand) => {
        await go(page, hand, "Projects");
        await hand.press(link(page, "Default"));
        await titled(page, "Flags");
        await hand.press(link(page, "New flag"));
        await hand.type(field(page, "Name"), mine("flag"));
        await hand.choose(field(page, "Type"), "Kill switch");
        await hand.press(button(page, "Create flag"));
        await titled(page, mine("flag"));
        assert.equal((await flag(mine("flag"))).type, "kill-switch");
      });

      task("turn it on", async (page, hand) => {
        await page.goto(here.at(`/projects/default/features/${mine("flag")}`));
        await hand.press(lever(page, mine("flag"), "development"));
        await stands(page, mine("flag"), "development", true);
        await page.getByText(`${mine("flag")} is on in development`).waitFor();
        assert.equal((await at(mine("flag"), "development")).enabled, true);
      });

      task("roll it out to a share of people in some countries", async (page, hand) => {
        await page.goto(here.at(`/projects/default/features/${mine("flag")}`));
        await hand.press(page.getByRole("article", { name: "production" }).getByRole("link", { name: "Add strategy" }));
        await titled(page, "New strategy in production");
        await hand.type(page.getByLabel(/^Share of users/), "25");
        await hand.press(button(page, "Add a condition"));
        await hand.type(page.getByRole("combobox", { name: "Context field" }), "country");
        await hand.type(page.getByRole("textbox", { name: "Values" }), "DE");
        await hand.press(button(page, "Add strategy"));
        await titled(page, mine("flag"));
        const [strategy] = (await at(mine("flag"), "production")).strategies;
        assert.equal(strategy.parameters.rollout, "25");
        assert.deepEqual(strategy.constraints[0].values, ["DE"]);
      });

      task("find out who gets it", async (page, hand) => {
        await page.goto(here.at("/projects/default/features/checkout"));
        await hand.press(link(page, "Who gets this?"));
        await hand.type(page.getByLabel(/^country/), "FR");
        await hand.press(button(page, "Evaluate"));
        await page.getByText("country").first().waitFor();
        await page.locator(".verdict.problem").first().waitFor();
      });

      task("add a person", async (page, hand) => {
        await go(page, hand, "Users");
        await hand.press(link(page, "New user"));
        await hand.type(page.getByLabel(/^User name/), mine("person"));
        await hand.choose(page.getByLabel("Root role"), "Editor");
        await hand.press(button(page, "Create user"));
        await page.getByText("/new-user?token=").first().waitFor();
      });

      task("let a person go", async (page, hand) => {
        const { users } = await here.server.api("GET", "/api/admin/user-admin");
        const { id } = users.find((user) => user.username === mine("person"));
        await page.goto(here.at(`/users/${id}`));
        await hand.press(link(page, "Deactivate…"));
        await hand.press(button(page, "Deactivate"));
        await page.getByText("deactivated").first().waitFor();
      });

      task("put somebody into a new group", async (page, hand) => {
        await go(page, hand, "Groups");
        await hand.press(link(page, "New group"));
        await hand.type(field(page, "Name"), mine("group"));
        await hand.press(button(page, "Create group"));
        await titled(page, mine("group"));
        await hand.type(page.getByRole("combobox", { name: /^Add somebody/ }), "ann");
        await hand.press(button(page, "Add"));
        await page.getByRole("button", { name: "Remove Ann Viewer" }).waitFor();
      });

      task("put a role together", async (page, hand) => {
        await go(page, hand, "Roles");
        await hand.press(link(page, "New project role"));
        await hand.type(field(page, "Name"), mine("role"));
        await hand.tick(page.getByRole("checkbox", { name: "Enable/disable flags in development" }));
        await hand.press(button(page, "Create role"));
        await titled(page, mine("role"));
      });

      task("make a token and see it once", async (page, hand) => {
        await go(page, hand, "API tokens");
        await hand.press(link(page, "New token"));
        await hand.type(field(page, "Name"), mine("token"));
        await hand.choose(page.getByLabel("Environment"), "production");
        await hand.press(button(page, "Create token"));
        await page.getByText("*:production.v2_").first().waitFor();
        await page.goto(page.url());
        assert.equal(await page.getByText("*:production.v2_").count(), 0, "it is not shown again");
      });

      task("name a group of users as a segment", async (page, hand) => {
        await go(page, hand, "Segments");
        await hand.press(link(page, "New segment"));
        await hand.type(field(page, "Name"), mine("segment"));
        await hand.type(page.getByRole("combobox", { name: "Context field" }), "userId");
        await hand.type(page.getByRole("textbox", { name: "Values" }), "7");
        await hand.press(button(page, "Create segment"));
        await page.getByText(mine("segment")).first().waitFor();
        const { segments } = await here.server.api("GET", "/api/admin/segments");
        assert.deepEqual(segments.find((segment) => segment.name === mine("segment")).constraints[0].values, ["7"]);
      });

      task("connect an identity provider", async (page, hand) => {
        await go(page, hand, "Provisioning");
        await hand.press(link(page, "Connect an identity provider"));
        await hand.type(field(page, "Name"), mine("okta"));
        await hand.press(button(page, "Continue"));
        await titled(page, "Set up Okta");
        await hand.press(button(page, "Create token and switch on"));
        await page.getByText("Waiting for the first call.").waitFor();
        const token = (await page.getByText(/^bgs_[0-9a-f]{64}$/).first().textContent()).trim();
        const url = (await page.getByText(/\/scim\/c\//).first().textContent()).trim();
        await fetch(`${url}/Users`, { headers: { authorization: token, "user-agent": "Okta SCIM Client 1.0.0" } });
        await page.getByText("Okta SCIM Client 1.0.0 called").waitFor();
      });

      task("archive a flag that is not needed any more", async (page, hand) => {
        await page.goto(here.at(`/projects/default/features/${mine("flag")}`));
        await hand.press(link(page, "Archive…"));
        await hand.press(button(page, "Archive flag"));
        await page.getByText(`${mine("flag")} is archived`).first().waitFor();
        const { features } = await here.server.api("GET", "/api/admin/search/features?archived=IS:true");
        assert.ok(features.some((feature) => feature.name === mine("flag")));
      });
    });
  }
}
