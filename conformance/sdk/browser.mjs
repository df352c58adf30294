// unleash-proxy-client: the SDK for browsers, which gets what flags come to; it asks with GET or with POST.

import { InMemoryStorageProvider, UnleashClient } from "unleash-proxy-client";
import { answers, base, end, mode, tells, token, told } from "./story.mjs";

const sdk = new UnleashClient({
  url: `${base}/api/frontend`,
  clientKey: token,
  appName: `browser-${mode}`,
  refreshInterval: 0.2,
  metricsIntervalInitial: 0.5,
  metricsInterval: 0.5,
  usePOSTrequests: mode === "POST",
  storageProvider: new InMemoryStorageProvider(),
});
let refused = false;
sdk.on("error", (error) => (refused ||= error.code === 401 || error.code === 403));
await sdk.start();

await answers(
  (flag) => told(sdk.isEnabled(flag), sdk.getVariant(flag)),
  (context) => sdk.updateContext(context),
);
await tells("flip", () => sdk.isEnabled("flip"));
await tells("refused", () => refused);
end();
