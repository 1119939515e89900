const DEFAULT_URL = "https://api.machines.dev";

/** A token, and the header that carries it. */
export interface Token {
  readonly secret: string;
  readonly header: string;
}

/** The token to use. Throws when there is none, or when it cannot be one; the message never shows it. */
export function tokenFrom(given: string | undefined): Token {
  const value = (given ?? (process.env["FLY_API_TOKEN"] || process.env["FLY_ACCESS_TOKEN"] || "")).trim();
  if (value === "")
    throw new Error(
      "there is no token for Fly's Machines API: give the option token, or set FLY_API_TOKEN. " +
        'For an app on Fly: fly secrets set FLY_API_TOKEN="$(fly tokens create deploy)"',
    );
  const [, scheme, secret = ""] = /^(?:(FlyV1|Bearer)\s+)?(.*)$/s.exec(value) ?? [];
  if (!/^[\x21-\x7e]+$/.test(secret))
    throw new Error("the token for Fly's Machines API has characters that no token has, such as spaces within it");
  return { secret, header: `${scheme ?? "Bearer"} ${secret}` };
}

/** The base URL to use, without a slash at its end. Throws when it is none. */
export function urlFrom(given: string | undefined): string {
  const value = given ?? (process.env["FLY_FLAPS_BASE_URL"] || DEFAULT_URL);
  const url = URL.parse(value);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "")
    throw new Error(
      "the base URL of Fly's Machines API (option baseUrl, or FLY_FLAPS_BASE_URL) must be an http(s) URL",
    );
  return value.replace(/\/+$/, "");
}
