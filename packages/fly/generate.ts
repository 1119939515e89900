/** Writes `src/api/openapi.ts` from Fly's OpenAPI document; run it with `npm run generate`. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// Not a devDependency: it wants a TypeScript of its own, older than ours.
const GENERATOR = "openapi-typescript@7.13.0";
const METHODS = ["get", "put", "post", "delete", "patch"];

const source = new URL("../fly-emulator/spec/machines-openapi.json", import.meta.url);
const document = JSON.parse(readFileSync(source, "utf8")) as {
  paths: Record<string, Record<string, { operationId?: string }>>;
};

// The document gives one id to two operations (PUT and PATCH of a machine's metadata), which the generator trusts.
const seen = new Set<string>();
for (const operations of Object.values(document.paths))
  for (const method of METHODS) {
    const operation = operations[method];
    if (operation?.operationId === undefined) continue;
    if (seen.has(operation.operationId)) operation.operationId += `_${method}`;
    seen.add(operation.operationId);
  }

const folder = mkdtempSync(join(tmpdir(), "flamelet-openapi-"));
try {
  const input = join(folder, "machines-openapi.json");
  writeFileSync(input, JSON.stringify(document));
  execFileSync("npx", ["--yes", GENERATOR, input, "--output", "src/api/openapi.ts"], { stdio: "inherit" });
} finally {
  rmSync(folder, { recursive: true });
}
