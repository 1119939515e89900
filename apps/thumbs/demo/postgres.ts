/** A Postgres on a machine of its own, as `fly postgres create` makes one: its data in the folder of the argument. */
import { startEmbeddedPostgres } from "../src/database/embedded-postgres.ts";

const folder = process.argv[2];
if (folder === undefined) throw new Error("which folder?");
const postgres = await startEmbeddedPostgres(folder, "thumbs");
// An open handle keeps this process, until it is told to stop.
const staying = setInterval(() => {}, 2 ** 30);
process.once("SIGTERM", () => void postgres.stop().then(() => clearInterval(staying)));
console.log(postgres.url);
