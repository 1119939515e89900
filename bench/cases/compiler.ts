import type { Case, Contender, Metrics, Role, Size } from "../harness/case.ts";
import { median } from "../harness/latency.ts";

const PARSE = "oxc parse alone";
const SEARCH = "a search for a word";

export const compiler: Case = {
  title: "The closure compiler",
  about:
    "Milliseconds for a thousand lines of TypeScript with 20 closures in them, and for as many in which flamelet is not mentioned, which need no more than a search.",
  cores: "one",
  metrics: {
    "with closures": { unit: "ms/kLOC", better: "lower" },
    "not mentioned": { unit: "ms/kLOC", better: "lower" },
  },
  yardstick: PARSE,
  contenders: {
    [PARSE]: timed("limit", async () => {
      const { parseSync } = await import("oxc-parser");
      // The AST is made lazily: looking at it is part of parsing.
      return (source) => parseSync("app.ts", source, { lang: "ts", sourceType: "module" }).program.body.length;
    }),
    [SEARCH]: {
      role: "limit",
      measure: async (size) => ({
        "not mentioned": perThousandLines(module(false), (source) => source.indexOf("flamelet"), size),
      }),
    },
    flamelet: timed("flamelet", async () => {
      const { compile } = await import("../../packages/flamelet/src/compile/compile.ts");
      return (source) => compile(source, { file: "/app/src/app.ts", root: "/app" })?.code.length ?? 0;
    }),
  },
  goals: [
    { metric: "with closures", of: "flamelet", over: { contender: PARSE, by: "ratio" }, solid: 4, goal: 2 },
    { metric: "not mentioned", of: "flamelet", over: { contender: SEARCH, by: "ratio" }, solid: 4, goal: 2 },
  ],
};

function timed(role: Role, open: () => Promise<(source: string) => number>): Contender {
  return {
    role,
    measure: async (size: Size): Promise<Metrics> => {
      const run = await open();
      return {
        "with closures": perThousandLines(module(true), run, size),
        "not mentioned": perThousandLines(module(false), run, size),
      };
    },
  };
}

function perThousandLines(source: string, run: (source: string) => number, size: Size): number {
  const lines = source.split("\n").length;
  const samples: number[] = [];
  for (let i = 0; i < size.pick(60, 3); i++) {
    const started = performance.now();
    run(source);
    samples.push(((performance.now() - started) / lines) * 1000);
  }
  return median(samples);
}

/** About a thousand lines, such as people write. */
function module(withClosures: boolean): string {
  const library = withClosures ? "flamelet" : "elsewhere";
  const verb = withClosures ? "flame.call" : "other.call";
  const parts = Array.from({ length: 20 }, (_, i) => part(i, verb));
  return `import { ${withClosures ? "flame" : "other"} } from "${library}";\nimport { db, store } from "./db.ts";\n\n${parts.join("\n")}`;
}

function part(i: number, verb: string): string {
  return `
export interface Order${i} {
  readonly id: number;
  readonly customer: string;
  readonly lines: readonly { readonly sku: string; readonly count: number; readonly price: number }[];
}

/** The sum of an order, after what it is reduced by. */
export function total${i}(order: Order${i}, discount = 0): number {
  let sum = 0;
  for (const { count, price } of order.lines) {
    if (count <= 0) continue;
    sum += count * price;
  }
  return Math.max(0, sum - discount);
}

export async function invoice${i}(order: Order${i}, options: { currency: string; copies?: number }): Promise<string[]> {
  const { currency, copies = 1 } = options;
  const sum = total${i}(order);
  const known = await db.query("select * from customers where name = $1", [order.customer]);
  if (known.rows.length === 0) throw new Error(\`no customer \${order.customer}\`);
  return await ${verb}(store.pool, async () => {
    const pages: string[] = [];
    for (let copy = 0; copy < copies; copy++) {
      const lines = order.lines.map(({ sku, count, price }) => \`\${count} × \${sku}: \${count * price} \${currency}\`);
      pages.push([...lines, \`total \${sum} \${currency}\`].join("\\n"));
    }
    await store.put(\`invoice-\${order.id}\`, pages);
    return pages;
  });
}

class Report${i} {
  #rows: { name: string; value: number }[] = [];

  add(name: string, value: number): this {
    this.#rows.push({ name, value });
    return this;
  }

  render(): string {
    const width = Math.max(...this.#rows.map(({ name }) => name.length));
    return this.#rows.map(({ name, value }) => \`\${name.padEnd(width)} \${value.toFixed(2)}\`).join("\\n");
  }
}
export const report${i}: Report${i} = new Report${i}();
`;
}
