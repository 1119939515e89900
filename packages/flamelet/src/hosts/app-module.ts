import { sep } from "node:path";

const CODE = /\.(?:[cm]?[jt]s|[jt]sx)$/;

/** Whether a file is a module of the app, whose closures are to be compiled: not one that is installed. */
export function isAppModule(file: string): boolean {
  return CODE.test(file) && !file.includes(`${sep}node_modules${sep}`);
}
