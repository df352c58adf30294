// unleash-client: the server-side SDK for Node.js, polling everything, polling changes, or following a stream.

import client from "unleash-client";
import { answers, base, end, mode, tells, token, told } from "./story.mjs";

const sdk = new client.Unleash({
  url: `${base}/api`,
  appName: `node-${mode}`,
  customHeaders: { Authorization: token },
  refreshInterval: 200,
  metricsInterval: 500,
  storageProvider: new client.InMemStorageProvider(),
  experimentalMode: mode === "streaming" ? { type: "streaming" } : { type: "polling", format: mode },
});
let refused = false;
sdk.on("error", (error) => (refused ||= /401|403/.test(String(error))));
sdk.on("warn", (warning) => (refused ||= /401|403/.test(String(warning))));
await new Promise((resolve) => sdk.once("synchronized", resolve));

await answers((flag, context) => told(sdk.isEnabled(flag, context), sdk.getVariant(flag, context)));
await tells("flip", () => sdk.isEnabled("flip", {}));
await tells("refused", () => refused);
end();
