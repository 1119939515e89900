import { sep } from "node:path";
import { mayHaveClosures as mayHandOn } from "../compile/app-modules.ts";

const CODE = /\.(?:[cm]?[jt]s|[jt]sx)$/;

/** Whether a file is a module of the app, whose closures are to be compiled: not one that is installed. */
export function isAppModule(file: string): boolean {
  return CODE.test(file) && !file.includes(`${sep}node_modules${sep}`);
}

/** Whether the compiler may have something to do in a module: what all hosts ask before they load it. */
export function mayHaveClosures(source: string, file: string): boolean {
  return isAppModule(file) && mayHandOn(source, { file });
}
