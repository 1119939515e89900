import { parentPort } from "node:worker_threads";
import { expose } from "comlink";
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
import * as functions from "../functions.ts";

if (parentPort === null) throw new Error("this module is for a worker thread");
expose({ ...functions }, nodeEndpoint(parentPort));
