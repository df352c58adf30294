// What each SDK's script tells the test that started it: one JSON object a line.
//
// The test gives BASE (the server), TOKEN, CONTEXTS and FLAGS (JSON), and MODE where an SDK has several. A script
// 1. tells what each flag comes to in each context, once the SDK is ready,
// 2. tells when the SDK has seen that the flag `flip` was switched on,
// 3. goes on until the SDK has been refused, because the test deleted the token, and tells so.

export const base = process.env.BASE;
export const token = process.env.TOKEN;
export const mode = process.env.MODE;
export const contexts = JSON.parse(process.env.CONTEXTS);
const flags = JSON.parse(process.env.FLAGS);

const say = (line) => console.log(JSON.stringify(line));

/** Tells what an SDK answers. `ask(flag, context)` gives `[enabled, variant, payload]`. */
export async function answers(ask, prepare = async () => {}) {
  const all = [];
  for (const context of contexts) {
    await prepare(context);
    all.push(await Promise.all(flags.map((flag) => ask(flag, context))));
  }
  say({ answers: all });
}

/** Waits until `good` holds, and tells so. */
export async function tells(what, good) {
  while (!(await good())) await new Promise((resolve) => setTimeout(resolve, 50));
  say({ saw: what });
}

/** A variant as the test compares it. */
export const told = (enabled, variant) => [enabled, variant.name, variant.payload?.value ?? null];

/** Ends the program, whatever timers the SDK still has. */
export const end = () => process.exit(0);
