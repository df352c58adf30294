// OpenFeature in a web page: @openfeature/ofrep-web-provider fetches all results, and hears of changes by a stream.

import { OFREPWebProvider } from "@openfeature/ofrep-web-provider";
import { OpenFeature, ProviderEvents } from "@openfeature/web-sdk";
import { EventSource } from "eventsource";
import { evaluation, flat } from "./openfeature.mjs";
import { answers, base, end, tells, token } from "./story.mjs";

// The server under test has an external URL that leads nowhere.
globalThis.EventSource = class extends EventSource {
  constructor(url) {
    super(new URL(new URL(url).pathname + new URL(url).search, base));
  }
};
await OpenFeature.setProviderAndWait(
  new OFREPWebProvider({ baseUrl: base, headers: [["Authorization", `Bearer ${token}`]], changeDetection: "sse" }),
);
const sdk = OpenFeature.getClient();
let refused = false;
OpenFeature.addHandler(ProviderEvents.Error, () => (refused = true));

await answers(
  (flag) => evaluation((type, flag, otherwise) => sdk[`get${type}Details`](flag, otherwise), flag),
  (context) => OpenFeature.setContext(flat(context)),
);
await tells("flip", () => sdk.getBooleanValue("flip", false));
await tells("refused", async () => {
  await OpenFeature.setContext({ asked: String(Date.now()) });
  return refused;
});
end();
