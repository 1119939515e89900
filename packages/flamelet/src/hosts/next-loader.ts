/** A loader for Turbopack, which takes loaders where webpack takes plugins too; see `next.ts`. */
import { compile } from "../compile/compile.ts";
import { projectRoot } from "../modules/project-root.ts";
import { mayHaveClosures } from "./app-module.ts";

interface LoaderContext {
  readonly resourcePath: string;
  emitWarning(warning: Error): void;
  callback(error: Error | null, source?: string, map?: object): void;
}

export default function flameletLoader(this: LoaderContext, source: string): void {
  const file = this.resourcePath;
  try {
    const result = mayHaveClosures(source, file) ? compile(source, { file, root: projectRoot(process.cwd()) }) : null;
    for (const { message } of result?.warnings ?? []) this.emitWarning(new Error(message));
    if (result === null) this.callback(null, source);
    else this.callback(null, result.code, result.map);
  } catch (error) {
    this.callback(error as Error);
  }
}
