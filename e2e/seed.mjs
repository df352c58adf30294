// Fills two servers for all specs of a run: `node seed.mjs FOLDER` leaves their data in FOLDER/filled and FOLDER/used.
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { fill, start, use } from "./server.mjs";

const folder = process.argv[2];
const server = await start();
try {
  await fill(server);
  await server.kill();
  await cp(server.folder, join(folder, "filled"), { recursive: true });
  await server.again();
  await use(server);
  await server.kill();
  await cp(server.folder, join(folder, "used"), { recursive: true });
} finally {
  await server.stop();
}
