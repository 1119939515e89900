import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** The checkout of Elixir's FLAME that `FLAME_ELIXIR` names; null when it names none. */
export function flameCheckout(): string | null {
  const folder = resolve(process.env["FLAME_ELIXIR"] ?? "");
  return existsSync(join(folder, "lib/flame.ex")) ? folder : null;
}

/** The versions of what peers need that is no package; without those that are not here. */
export function toolVersions(): Record<string, string> {
  const checkout = flameCheckout();
  const elixir = checkout === null ? "" : output("elixir", "--version");
  const versions = {
    "redis-server": /v=(\S+)/.exec(output("redis-server", "--version"))?.[1],
    Elixir: /^Elixir (\S+)/m.exec(elixir)?.[1],
    "Erlang/OTP": /^Erlang\/OTP (\S+)/m.exec(elixir)?.[1],
    FLAME:
      checkout === null ? undefined : /version: "(.+?)"/.exec(readFileSync(join(checkout, "mix.exs"), "utf8"))?.[1],
  };
  return Object.fromEntries(Object.entries(versions).flatMap(([name, version]) => (version ? [[name, version]] : [])));
}

function output(file: string, ...args: readonly string[]): string {
  try {
    return execFileSync(file, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch {
    return "";
  }
}
