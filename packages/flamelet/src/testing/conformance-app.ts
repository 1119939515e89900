/**
 * The app that a backend's machines run in the conformance suite. With `CONFORMANCE` in its environment it does what it is
 * told there; else it is an ordinary copy of an app, whose functions a pool can call.
 */
import { spawn } from "node:child_process";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { flame } from "../index.ts";
import "./conformance-functions.ts";
import type { Ending, Order, Report } from "./conformance-probe.ts";

/** The exit code of an app that was told to crash on its start. */
const CRASHED = 9;

const order = process.env["CONFORMANCE"];
if (order === "crash") {
  console.error("this app crashes on its start");
  process.exit(CRASHED);
}
if (order !== undefined) obey(JSON.parse(order) as Order);

function obey({ address, tag, grandchild, role }: Order): void {
  const socket = connect(address);
  // Nobody is left who would want it.
  socket.on("error", () => process.exit(1));
  socket.on("close", () => process.exit(1));
  const scrubbed = process.env["FLAME_PARENT"] === undefined;
  const report: Report = { role, tag, scrubbed, isRunner: flame.isRunner };
  socket.write(`${JSON.stringify(report)}\n`);
  if (role === "grandchild") return;
  if (grandchild) leaveBehind({ address, tag, grandchild: false, role: "grandchild" });
  console.log("a line on stdout");
  console.error("a line on stderr");
  process.stdout.write("a last line without an end");
  socket.on("data", (bytes) => {
    const ending = JSON.parse(bytes.toString()) as Ending;
    if ("signal" in ending) process.kill(process.pid, ending.signal);
    else process.exit(ending.code);
  });
}

/** Starts a process that stays, and that holds the output of this one open. */
function leaveBehind(next: Order): void {
  const env = { ...process.env, CONFORMANCE: JSON.stringify(next) };
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url)], { env, stdio: "inherit" });
  child.unref();
}
