// OpenFeature in a web page over the Frontend API: @openfeature/unleash-web-provider.

import { UnleashWebProvider } from "@openfeature/unleash-web-provider";
import { OpenFeature } from "@openfeature/web-sdk";
import { InMemoryStorageProvider } from "unleash-proxy-client";
import { answers, base, end, tells, token, told } from "./story.mjs";

const provider = new UnleashWebProvider({
  url: `${base}/api/frontend`,
  clientKey: token,
  appName: "openfeature",
  refreshInterval: 0.2,
  metricsIntervalInitial: 0.5,
  metricsInterval: 0.5,
  storageProvider: new InMemoryStorageProvider(),
});
let refused = false;
provider.unleashClient.on("error", (error) => (refused ||= error.code === 401 || error.code === 403));
await OpenFeature.setProviderAndWait(provider);
const sdk = OpenFeature.getClient();

// The provider gives out payloads as they are stored.
await answers(
  (flag) => told(sdk.getBooleanValue(flag, false), provider.unleashClient.getVariant(flag)),
  (context) => OpenFeature.setContext({ ...context, ...context.properties, properties: undefined }),
);
await tells("flip", () => sdk.getBooleanValue("flip", false));
await tells("refused", () => refused);
end();
