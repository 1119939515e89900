/** The domains below which each app has its name, as `<app>.fly.dev` on Fly. */
const DOMAINS = [".fly.dev", ".localhost", ".flycast", ".internal"];

/**
 * The name of the app that a `Host` header means, or null when it means none.
 *
 * @param hosts Other host names, and the apps that they belong to.
 */
export function appOfHost(host: string | undefined, hosts: Readonly<Record<string, string>>): string | null {
  const name = (host ?? "").toLowerCase().replace(/:\d+$/, "").replace(/\.$/, "");
  if (Object.hasOwn(hosts, name)) return hosts[name] as string;
  for (const domain of DOMAINS) {
    const app = name.slice(0, -domain.length);
    if (name.endsWith(domain) && /^[a-z0-9-]+$/.test(app)) return app;
  }
  return null;
}
