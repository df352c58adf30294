// OpenFeature on a server: @openfeature/ofrep-provider asks for one flag at a time.

import { OFREPProvider } from "@openfeature/ofrep-provider";
import { OpenFeature } from "@openfeature/server-sdk";
import { evaluation, flat } from "./openfeature.mjs";
import { answers, base, end, tells, token } from "./story.mjs";

await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl: base, headers: [["Authorization", `Bearer ${token}`]] }));
const sdk = OpenFeature.getClient();

await answers((flag, context) =>
  evaluation((type, flag, otherwise) => sdk[`get${type}Details`](flag, otherwise, flat(context)), flag),
);
await tells("flip", () => sdk.getBooleanValue("flip", false, {}));
await tells("refused", async () => Boolean((await sdk.getBooleanDetails("flip", false, {})).errorCode));
end();
