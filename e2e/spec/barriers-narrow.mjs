// Every screen in a narrow window.
import { noBarriers } from "../barriers.mjs";

noBarriers({ width: 320, height: 640 });
