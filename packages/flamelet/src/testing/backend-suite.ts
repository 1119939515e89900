import type { Backend } from "../backends/backend.ts";
import type { BootFailure } from "../errors.ts";
import { ownModule } from "../own-files.ts";
import { machineTests } from "./machine-tests.ts";
import { poolTests } from "./pool-tests.ts";

/**
 * The module that the machines of the suite run: pass it to a backend that is told its app; in the image of one that is
 * not, it is `flamelet/dist/testing/conformance-app.js`. It needs nothing but flamelet.
 */
export const conformanceApp: URL = ownModule("testing/conformance-app");

/** What the suite is run on, and with. */
export interface BackendSuite {
  /** Stands in the names of the tests. */
  readonly name: string;
  /** Makes a backend whose machines run `conformanceApp`. Called for each test. */
  readonly backend: () => Backend | Promise<Backend>;
  /**
   * For some kinds of failure, a backend that fails in this way whatever it is asked to provision: with an option that
   * cannot be, credentials that are refused, a provider that answers 503.
   */
  readonly failures?: Partial<Record<BootFailure, () => Backend | Promise<Backend>>>;
  /**
   * What cannot be done here, by its nature. `"exit"`: tell how a machine ended. `"output"`: see what it writes.
   * `"others"`: list and destroy what another parent made.
   */
  readonly without?: readonly ("exit" | "output" | "others")[];
  /** What defines a test: that of `node:test`, or of any test runner that is like it. */
  readonly test: (name: string, run: () => Promise<void>) => unknown;
  /** What groups tests. */
  readonly describe: (name: string, define: () => void) => unknown;
}

/**
 * Checks that a backend does all that its interface asks for, and that pools work on it. A test may take a minute, unless
 * the test runner has a lower limit.
 *
 * ```ts
 * import { describe, test } from "node:test";
 * import { conformanceApp, testBackend } from "flamelet/testing";
 *
 * testBackend({ name: "nice", backend: () => nice({ entry: conformanceApp }), test, describe });
 * ```
 */
export function testBackend(suite: BackendSuite): void {
  suite.describe(`machines of ${suite.name}`, () => machineTests(suite));
  suite.describe(`pools on ${suite.name}`, () => poolTests(suite));
}
