import { flame } from "flamelet";
import { database } from "./database/connection.ts";
import { serve } from "./serve.ts";

// A runner has the database, the store and all the code, but no web server: the port belongs to the parent.
if (flame.isRunner) await database().query("select 1");
else await serve();
