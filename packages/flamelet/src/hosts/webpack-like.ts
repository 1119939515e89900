/**
 * What webpack and Rspack need beside the compiler. Their chunks cannot be imported by others, so the build itself has to
 * say how to load the modules that register functions: it gets a module more that knows.
 */
import { registrationsIn } from "../modules/registrations.ts";

/** Of webpack's and Rspack's compiler alike, what is used here. */
export interface WebpackLikeCompiler {
  readonly context: string;
  readonly options: { readonly output: { readonly module?: boolean | undefined } };
  readonly webpack: {
    readonly ExternalsPlugin: new (type: any, externals: any) => { apply(compiler: any): void };
    readonly EntryPlugin: { createDependency(request: string, options?: any): any };
  };
  readonly hooks: {
    readonly finishMake: { tapPromise(name: string, run: (compilation: any) => Promise<void>): void };
  };
}

interface Compilation {
  readonly compiler: { isChild(): boolean };
  readonly entries: Iterable<[string, { readonly dependencies: unknown[] }]>;
  readonly moduleGraph: {
    getModule(dependency: unknown): Module | null;
    getOutgoingConnections(module: Module): Iterable<{ readonly module: Module | null }>;
  };
  addEntry(context: string, dependency: unknown, options: { name: string }, done: (error?: Error | null) => void): void;
}

interface Module {
  readonly resource?: string;
  originalSource?(): { source(): string | Buffer } | null;
}

const NAME = "flamelet";

/** Leaves flamelet out of the bundle, and adds the module that finds functions to each entry. */
export function adaptWebpackLike(compiler: WebpackLikeCompiler, own: RegExp): void {
  const { ExternalsPlugin } = compiler.webpack;
  const type = compiler.options.output.module === true ? "module-import" : "node-commonjs";
  new ExternalsPlugin(type, [own]).apply(compiler);
  const isRspack = "rspack" in compiler;
  compiler.hooks.finishMake.tapPromise(NAME, async (compilation: Compilation) => {
    if (compilation.compiler.isChild()) return;
    for (const [name, { dependencies }] of compilation.entries) {
      const table = tableModule(reachable(compilation, dependencies));
      if (table === null) continue;
      const last = compilation.moduleGraph.getModule(dependencies.at(-1));
      await addEntry(compiler, compilation, name, isRspack ? table + exportsOf(last) : table);
    }
  });
}

/** All modules that an entry may load. */
function reachable({ moduleGraph }: Compilation, dependencies: readonly unknown[]): Set<Module> {
  const found = new Set<Module>();
  const pending = dependencies.map((dependency) => moduleGraph.getModule(dependency));
  for (let module = pending.pop(); module !== undefined; module = pending.pop()) {
    if (module === null || found.has(module)) continue;
    found.add(module);
    for (const connection of moduleGraph.getOutgoingConnections(module)) pending.push(connection.module);
  }
  return found;
}

/** The source of a module that knows which module registers which function, and how to load it. */
function tableModule(modules: Iterable<Module>): string | null {
  const rows: string[] = [];
  for (const module of modules) {
    const registrations = registrationsIn(sourceOf(module));
    if (module.resource === undefined || registrations.length === 0) continue;
    const ids = registrations.map(({ id }) => id);
    rows.push(`[${JSON.stringify(ids)}, () => import(${JSON.stringify(module.resource)})]`);
  }
  if (rows.length === 0) return null;
  return `import { modules } from "flamelet/runtime"; modules([${rows.join(", ")}]);`;
}

/** What the last module of an entry exports is what the entry exports: the table, when it is that, has to export it too. */
function exportsOf(module: Module | null): string {
  if (module?.resource === undefined) return "";
  const from = JSON.stringify(module.resource);
  const hasDefault = /\bexport\s+default\b|\bas\s+default\b/.test(sourceOf(module));
  return ` export * from ${from};${hasDefault ? ` export { default } from ${from};` : ""}`;
}

function sourceOf(module: Module): string {
  return String(module.originalSource?.()?.source() ?? "");
}

/** Adds a module to an entry, as the first where that can be had: in Rspack it stays the last. */
async function addEntry(
  { context, webpack }: WebpackLikeCompiler,
  compilation: Compilation,
  name: string,
  source: string,
): Promise<void> {
  const dependency = webpack.EntryPlugin.createDependency(`data:text/javascript,${encodeURIComponent(source)}`, {
    name,
  });
  await new Promise<void>((resolve, reject) => {
    compilation.addEntry(context, dependency, { name }, (error) => (error ? reject(error) : resolve()));
  });
  const entry = new Map(compilation.entries).get(name);
  const added = entry?.dependencies.at(-1);
  if (added === dependency) entry?.dependencies.unshift(entry.dependencies.pop());
}
