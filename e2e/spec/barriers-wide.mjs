// Every screen in a wide window.
import { noBarriers } from "../barriers.mjs";

noBarriers({ width: 1280, height: 800 });
