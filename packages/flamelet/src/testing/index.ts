export { type BackendSuite, conformanceApp, testBackend } from "./backend-suite.ts";
export { FakeClock } from "./fake-clock.ts";
export { poolBehaviours } from "./pool-behaviours.ts";
export { ToxicBackend } from "./toxic-backend.ts";
export { type Address, ToxicProxy, type ToxicProxyOptions } from "./toxic-proxy.ts";
export { type ActiveToxic, type Direction, type Toxic, Toxics } from "./toxics.ts";
