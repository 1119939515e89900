import assert from "node:assert/strict";
import { test } from "node:test";
import { WatchdogLink, type WatchdogListener } from "../../src/runner/watchdog-link.ts";
import { memoryTransportPair } from "../../src/session/memory-transport.ts";
import type { Transport } from "../../src/wire/transport.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";

class Heard implements WatchdogListener {
  readonly events: string[] = [];
  responsive(yes: boolean): void {
    this.events.push(yes ? "responsive" : "blocked");
  }
  silent(ms: number): void {
    this.events.push(`silent ${ms}`);
  }
}

/** A link, and the runner's end of its connection, which counts the beats that it gets. */
function linked(clock: FakeClock) {
  const link = new WatchdogLink(clock);
  const heard = new Heard();
  link.listener = heard;
  return { link, heard, ...runner(link) };
}

function runner(link: WatchdogLink) {
  const [ours, theirs] = memoryTransportPair();
  const state = { beats: 0, closed: false };
  theirs.receiver = {
    data: (b) => void (state.beats += b.length),
    drain() {},
    closed: () => void (state.closed = true),
  };
  link.attach(ours);
  return { end: theirs as Transport, state };
}

const RESPONSIVE = Uint8Array.of(1);
const BLOCKED = Uint8Array.of(2);

test("it beats once per second, at once when a connection comes, and not after it is closed", async () => {
  const clock = new FakeClock();
  const { link, state } = linked(clock);
  await clock.advance(3_000);
  assert.equal(state.beats, 4);
  link.close();
  await clock.advance(10_000);
  assert.deepEqual([state.beats, state.closed, clock.pending], [4, true, 0]);
});

test("it tells when the main thread is blocked and when it answers again, once each", async () => {
  const clock = new FakeClock();
  const { link, heard, end } = linked(clock);
  for (const beat of [RESPONSIVE, RESPONSIVE, BLOCKED, BLOCKED, RESPONSIVE]) {
    end.write([beat]);
    await clock.advance(1_000);
    assert.equal(link.responsive, heard.events.at(-1) !== "blocked");
  }
  assert.deepEqual(heard.events, ["blocked", "responsive"]);
  assert.equal(link.lastHeard, 4_000);
});

test("it tells once that a runner is silent for 5 s, and again only after it was heard", async () => {
  const clock = new FakeClock();
  const { heard, end } = linked(clock);
  await clock.advance(4_999);
  assert.deepEqual(heard.events, []);
  await clock.advance(20_001);
  assert.deepEqual(heard.events, ["silent 5000"]);
  end.write([RESPONSIVE]);
  await clock.advance(6_000);
  assert.equal(heard.events.length, 2);
});

test("a connection that ends is no silence yet, and a new one goes on", async () => {
  const clock = new FakeClock();
  const { link, heard, end } = linked(clock);
  await clock.advance(1_000);
  end.destroy();
  await clock.advance(3_000);
  const second = runner(link);
  await clock.advance(3_000);
  assert.deepEqual(heard.events, []);
  assert.ok(second.state.beats >= 3);
});

test("a parent that slept gives its runners a new period before it judges", async () => {
  const clock = new SleepyClock();
  const { heard } = linked(clock);
  await clock.advance(2_000);
  clock.sleep(60_000);
  await clock.advance(1_000);
  await clock.advance(3_000);
  assert.deepEqual(heard.events, []);
  await clock.advance(2_000);
  assert.equal(heard.events.length, 1);
});

test("what is no beat ends the connection", async () => {
  const clock = new FakeClock();
  const { end, state } = linked(clock);
  end.write([Uint8Array.of(7)]);
  await clock.advance(0);
  assert.equal(state.closed, true);
});

/** A clock of a process that can be stopped: time goes on, and its timers are late. */
class SleepyClock extends FakeClock {
  #slept = 0;
  override now(): number {
    return super.now() + this.#slept;
  }
  sleep(ms: number): void {
    this.#slept += ms;
  }
}
