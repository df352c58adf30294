// Two ways to work with a page: a mouse, and a keyboard that knows nothing but Tab, arrows, Enter, Space and letters.
import assert from "node:assert/strict";

/** More steps than any page has places for focus. */
const FAR = 400;

/** Clicks. */
export const mouse = (page) => ({
  press: (target) => target.click(),
  type: (target, text) => target.fill(text),
  choose: (target, label) => target.selectOption({ label }),
  tick: (target) => target.check(),
});

/** Never touches anything but keys: what Tab does not reach, it cannot use. */
export const keyboard = (page) => {
  const focused = (target) => target.evaluate((element) => element === document.activeElement);
  const reach = async (target) => {
    await target.waitFor();
    for (let step = 0; step < FAR; step++) {
      if (await focused(target)) return;
      await page.keyboard.press("Tab");
    }
    assert.fail(`Tab does not reach ${target}`);
  };
  return {
    async press(target) {
      await reach(target);
      const lever = await target.evaluate((element) => element.matches("[role=switch]"));
      await page.keyboard.press(lever ? "Space" : "Enter");
    },
    async type(target, text) {
      await reach(target);
      await page.keyboard.press("Control+a");
      await page.keyboard.type(text);
    },
    async choose(target, label) {
      await reach(target);
      await page.keyboard.type(label);
      assert.equal(await target.evaluate((element) => element.selectedOptions[0].label), label);
    },
    async tick(target) {
      await reach(target);
      await page.keyboard.press("Space");
      assert.ok(await target.isChecked());
    },
  };
};
