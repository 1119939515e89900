import { parentPort } from "node:worker_threads";
import { expose } from "comlink";
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
import { noop } from "./functions.mjs";

expose({ noop }, nodeEndpoint(parentPort));
