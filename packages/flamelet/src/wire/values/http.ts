import { cannot, fieldCount, indexField, malformed, textField, type ValueKind } from "./kind.ts";

/** Fetch's own classes. Bodies are streams and stay streams; `url` and `redirected` of a response do not cross. */

/**
 * Whether it is of that class of fetch's, or of one that extends it. The name is looked at first, since a mere mention of
 * the class has Node load its whole HTTP client, and most runners start without any need of that.
 */
function isA(name: "Headers" | "Request" | "Response", value: object): boolean {
  for (let level: object | null = value; level !== null; level = Object.getPrototypeOf(level)) {
    const type: unknown = Object.getOwnPropertyDescriptor(level, "constructor")?.value;
    if (typeof type === "function" && type.name === name) return value instanceof globalThis[name];
  }
  return false;
}

const USED = "its body has been used";

const headers: ValueKind = {
  tag: "Headers",
  matches: (value) => isA("Headers", value),
  reduce: (value: Headers) => [[...value]],
  revive(fields) {
    fieldCount(fields, 1, "Headers");
    if (!Array.isArray(fields[0])) throw malformed("Headers");
    const revived = new Headers();
    for (const pair of fields[0] as unknown[]) {
      if (!Array.isArray(pair) || pair.length !== 2) throw malformed("Headers");
      revived.append(textField(pair[0], "Headers"), textField(pair[1], "Headers"));
    }
    return revived;
  },
};

function headersField(value: unknown): Headers {
  if (!(value instanceof Headers)) throw malformed("message of HTTP");
  return value;
}

/** A body that could not cross along with an error is undefined. */
function bodyField(value: unknown): ReadableStream | null {
  if (value === null || value === undefined) return null;
  if (!(value instanceof ReadableStream)) throw malformed("message of HTTP");
  return value;
}

const request: ValueKind = {
  tag: "Request",
  matches: (value) => isA("Request", value),
  reduce(value: Request) {
    if (value.bodyUsed) throw cannot("Request", USED);
    return [value.url, value.method, value.headers, value.redirect, value.signal, value.body];
  },
  revive(fields) {
    fieldCount(fields, 6, "Request");
    const [url, method, fieldsOfHead, redirect, signal, body] = fields;
    if (signal !== undefined && !(signal instanceof AbortSignal)) throw malformed("Request");
    return new Request(textField(url, "Request"), {
      method: textField(method, "Request"),
      headers: headersField(fieldsOfHead),
      redirect: textField(redirect, "Request") as Request["redirect"],
      body: bodyField(body),
      duplex: "half",
      ...(signal === undefined ? {} : { signal }),
    });
  },
};

const response: ValueKind = {
  tag: "Response",
  matches: (value) => isA("Response", value),
  reduce(value: Response) {
    if (value.bodyUsed) throw cannot("Response", USED);
    if (value.status === 0) throw cannot("Response", "it is that of a request which failed");
    return [value.status, value.statusText, value.headers, value.body];
  },
  revive(fields) {
    fieldCount(fields, 4, "Response");
    const [status, statusText, fieldsOfHead, body] = fields;
    return new Response(bodyField(body), {
      status: indexField(status, "Response"),
      statusText: textField(statusText, "Response"),
      headers: headersField(fieldsOfHead),
    });
  },
};

export const httpKinds: readonly ValueKind[] = [headers, request, response];
