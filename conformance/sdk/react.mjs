// @unleash/proxy-client-react: hooks in a page.

import { JSDOM } from "jsdom";
import { base, contexts, answers, end, tells, token, told } from "./story.mjs";

const page = new JSDOM("<div id='root'></div>", { url: base });
const { document, localStorage, navigator } = page.window;
for (const [name, value] of Object.entries({ window: page.window, document, localStorage, navigator })) {
  Object.defineProperty(globalThis, name, { value, configurable: true });
}
const { createElement, useEffect } = await import("react");
const { createRoot } = await import("react-dom/client");
const { FlagProvider, useFlag, useFlagsStatus, useUnleashClient } = await import("@unleash/proxy-client-react");

let sdk, status, flip;
function Page() {
  const client = useUnleashClient();
  const now = useFlagsStatus();
  const on = useFlag("flip");
  useEffect(() => {
    [sdk, status, flip] = [client, now, on];
  });
  return null;
}
const config = {
  url: `${base}/api/frontend`,
  clientKey: token,
  appName: "react",
  refreshInterval: 0.2,
  metricsIntervalInitial: 0.5,
  metricsInterval: 0.5,
  context: contexts[0],
};
createRoot(document.getElementById("root")).render(createElement(FlagProvider, { config }, createElement(Page)));
while (!status?.flagsReady) await new Promise((resolve) => setTimeout(resolve, 20));

await answers(
  (flag) => told(sdk.isEnabled(flag), sdk.getVariant(flag)),
  (context) => sdk.updateContext(context),
);
await tells("flip", () => flip);
await tells("refused", () => [401, 403].includes(status.flagsError?.code));
end();
