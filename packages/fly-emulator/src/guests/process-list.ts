import { readFileSync, readdirSync, readlinkSync } from "node:fs";
import { marked } from "./sweep.ts";

/** One process of a machine, as the API tells of it. */
export interface ProcessStat {
  readonly pid: number;
  /** Its CPU time in ticks. */
  readonly cpu: number;
  /** Bytes. */
  readonly rss: number;
  readonly command: string;
  readonly directory: string;
  /** When it started, and its system time, in ticks. */
  readonly rtime: number;
  readonly stime: number;
  readonly listen_sockets: readonly { readonly proto: string; readonly address: string }[];
}

const PAGE = 4096;
/** `TCP_LISTEN` in /proc/net/tcp. */
const LISTEN = "0A";

/** The processes that carry a mark beginning with `prefix`. Empty where there is no `/proc`. */
export function processList(prefix: string): ProcessStat[] {
  return marked(prefix).flatMap((pid) => {
    try {
      return [stat(pid)];
    } catch {
      // It has ended meanwhile.
      return [];
    }
  });
}

function stat(pid: number): ProcessStat {
  const text = readFileSync(`/proc/${pid}/stat`, "latin1");
  // After the name in parentheses, which may hold anything: state is the first field.
  const fields = text
    .slice(text.lastIndexOf(")") + 2)
    .split(" ")
    .map(Number);
  const [utime = 0, stime = 0] = [fields[11], fields[12]];
  return {
    pid,
    cpu: utime + stime,
    rss: (fields[21] ?? 0) * PAGE,
    command: readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim(),
    directory: readlinkSync(`/proc/${pid}/cwd`),
    rtime: fields[19] ?? 0,
    stime,
    listen_sockets: listening(pid),
  };
}

function listening(pid: number): { proto: string; address: string }[] {
  const inodes = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        return [];
      }
    }),
  );
  return readFileSync(`/proc/${pid}/net/tcp`, "latin1")
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [, local = "", , state, , , , , , inode = ""] = line.trim().split(/\s+/);
      if (state !== LISTEN || !inodes.has(inode)) return [];
      const [address = "", port = ""] = local.split(":");
      const bytes =
        address
          .match(/../g)
          ?.reverse()
          .map((hex) => Number.parseInt(hex, 16)) ?? [];
      return [{ proto: "tcp", address: `${bytes.join(".")}:${Number.parseInt(port, 16)}` }];
    });
}
