import { readFile } from "node:fs/promises";
import type { FastifyInstance } from "fastify";

const FOLDER = new URL("../../web/", import.meta.url);

/** The whole page. Nothing else of the disk can be asked for. */
const FILES: Readonly<Record<string, string>> = {
  "index.html": "text/html; charset=utf-8",
  "style.css": "text/css; charset=utf-8",
  "icon.svg": "image/svg+xml",
  "main.js": "text/javascript; charset=utf-8",
  "card.js": "text/javascript; charset=utf-8",
  "uploads.js": "text/javascript; charset=utf-8",
  "pool.js": "text/javascript; charset=utf-8",
  "words.js": "text/javascript; charset=utf-8",
};

export async function pageRoutes(app: FastifyInstance): Promise<void> {
  for (const [file, type] of Object.entries(FILES)) {
    app.get(file === "index.html" ? "/" : `/${file}`, async (_request, reply) => {
      reply.header("content-security-policy", "default-src 'self'; frame-ancestors 'none'; base-uri 'none'");
      reply.header("cache-control", "no-cache");
      return reply.type(type).send(await readFile(new URL(file, FOLDER)));
    });
  }
}
