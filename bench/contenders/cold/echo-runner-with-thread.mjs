/** The smallest runner, with one more thread: what a thread costs that does nothing. */
import { Worker } from "node:worker_threads";
import "./echo-runner.mjs";

new Worker("setInterval(() => {}, 1000)", { eval: true }).unref();
