/** All that backends and pools are asked for, where the session between hosts is encrypted. */
import { describe, test } from "node:test";
import type { Backend, Network } from "../../src/backends/backend.ts";
import { processBackend } from "../../src/backends/process.ts";
import { conformanceApp, testBackend } from "../../src/testing/backend-suite.ts";

const network: Network = { kind: "tcp", host: "127.0.0.1", encrypted: false };

function encrypted(): Backend {
  const inner = processBackend({ entry: conformanceApp, execArgv: [] });
  return {
    name: inner.name,
    network,
    provision: (spec, signal) => inner.provision(spec, signal),
    destroy: (machine) => inner.destroy(machine),
    list: () => inner.list(),
  };
}

testBackend({ name: "process, over TLS", backend: encrypted, without: ["others"], test, describe });
