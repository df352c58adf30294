// @unleash/nextjs: fetches definitions on the server and evaluates them there.

import { evaluateFlags, flagsClient, getDefinitions } from "@unleash/nextjs";
import { answers, base, end, tells, token, told } from "./story.mjs";

const config = { url: `${base}/api/client/features`, token, appName: "nextjs" };
const evaluate = async (context) => flagsClient(evaluateFlags(await getDefinitions(config), context).toggles);
let sdk;

await answers(
  (flag) => told(sdk.isEnabled(flag), sdk.getVariant(flag)),
  async (context) => (sdk = await evaluate(context)),
);
await tells("flip", async () => (await evaluate({})).isEnabled("flip"));
await tells("refused", async () => (await getDefinitions(config)).name === "AuthenticationRequired");
end();
