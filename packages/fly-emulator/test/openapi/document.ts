import { readFileSync } from "node:fs";
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";

interface Operation {
  requestBody?: { content: Record<string, { schema: object }> };
  responses: Record<string, { content?: Record<string, { schema?: object }> }>;
}

const text = readFileSync(new URL("../../spec/machines-openapi.json", import.meta.url), "utf8");
const document = JSON.parse(text) as {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object> };
};

// Objects are closed, so that a field which the document does not know is found.
close(document.components.schemas);
const ajv = new Ajv({ strict: false, allErrors: true });
ajv.addSchema(document, "fly");
const compiled = new Map<string, ValidateFunction>();

const routes = Object.keys(document.paths)
  .map((template) => ({ template, pattern: new RegExp(`^${template.replace(/\{[^}]+\}/g, "[^/]+")}$`) }))
  // Literal parts win over parameters.
  .sort((a, b) => a.template.split("{").length - b.template.split("{").length);

/** One call of the API, as it went over the wire. */
export interface Exchange {
  readonly method: string;
  /** Without `/v1` and query. */
  readonly path: string;
  /** Undefined where there was none. */
  readonly request: unknown;
  readonly status: number;
  readonly response: unknown;
}

/** One thing that is not as the document says: `POST /apps request /app_name additionalProperties`. */
export function differences({ method, path, request, status, response }: Exchange): string[] {
  const template = routes.find(({ pattern }) => pattern.test(path))?.template;
  const operation = template === undefined ? undefined : document.paths[template]?.[method.toLowerCase()];
  if (template === undefined || operation === undefined) return [`${method} ${path} is not in the document`];
  const name = `${method} ${template}`;
  const found: string[] = [];
  const requestSchema = operation.requestBody?.content["application/json"]?.schema;
  if (request !== undefined && requestSchema === undefined) found.push(`${name} request: has a body`);
  // A request that is refused may be as wrong as the test likes.
  if (request !== undefined && requestSchema !== undefined && status < 400)
    found.push(...check(requestSchema, request).map((error) => `${name} request ${error}`));
  const answer = operation.responses[String(status)];
  if (answer === undefined) found.push(`${name} response: status ${status}`);
  const schema =
    status >= 400
      ? { $ref: "#/components/schemas/ErrorResponse" }
      : (answer?.content?.["application/json"]?.schema ?? null);
  if (schema !== null) found.push(...check(schema, response).map((error) => `${name} ${status} ${error}`));
  else if (response !== undefined && response !== "") found.push(`${name} ${status} has a body`);
  return found;
}

function check(schema: object, value: unknown): string[] {
  const key = JSON.stringify(schema);
  let validate = compiled.get(key);
  if (validate === undefined) {
    validate = ajv.compile(JSON.parse(key.replaceAll('"#/', '"fly#/')) as object);
    compiled.set(key, validate);
  }
  return validate(value) ? [] : (validate.errors ?? []).map(describe);
}

function describe({ instancePath, keyword, message, params }: ErrorObject): string {
  const at = instancePath.replace(/\/\d+(?=\/|$)/g, "/*");
  if (keyword === "additionalProperties")
    return `${at}/${(params as { additionalProperty: string }).additionalProperty}: unknown`;
  return `${at}: ${message}`;
}

/** Forbids unknown properties in every object that lists some. */
function close(schema: unknown): void {
  if (typeof schema !== "object" || schema === null) return;
  const node = schema as Record<string, unknown>;
  if (typeof node["properties"] === "object" && node["additionalProperties"] === undefined)
    node["additionalProperties"] = false;
  for (const child of Object.values(node)) close(child);
}
