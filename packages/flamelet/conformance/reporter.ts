import type { TestEvent } from "node:test/reporters";

/** One test that has ended: a line of JSON in the report. */
export interface Result {
  readonly name: string;
  readonly file: string;
  readonly passed: boolean;
}

/** A reporter for `node --test`: one line of JSON for each test, with its name, its file and whether it passed. */
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string, void> {
  for await (const { type, data } of events) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    // A test that was skipped shows nothing.
    const passed = type === "test:pass" && data.skip === undefined && data.todo === undefined;
    yield `${JSON.stringify({ name: data.name, file: data.file ?? "", passed } satisfies Result)}\n`;
  }
}
