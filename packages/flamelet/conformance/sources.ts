import { globSync, readFileSync } from "node:fs";
import { rowsOf } from "./rows.ts";

/** The folder of this package. */
export const PACKAGE: URL = new URL("../", import.meta.url);

/** A test that names rows, as it stands in the sources. Its name may have placeholders. */
export interface NamedTest {
  readonly file: string;
  readonly name: string;
}

/** All tests whose names begin with rows. */
export function namedTests(): NamedTest[] {
  const files = globSync("test/**/*.test.ts", { cwd: PACKAGE }).toSorted();
  return files.flatMap((file) => {
    const source = readFileSync(new URL(file, PACKAGE), "utf8");
    return [...source.matchAll(/\btest\(\s*(["'`])(.+?)\1,/g)]
      .map((match) => ({ file, name: match[2] as string }))
      .filter(({ name }) => rowsOf(name).length > 0);
  });
}
