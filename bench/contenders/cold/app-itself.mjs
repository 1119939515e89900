/** What a real app loads before it does anything: a web server, a browser driver, a database client. */
import fastify from "fastify";
import pg from "pg";
import { chromium } from "playwright-core";

export const app = fastify();
export const pool = new pg.Pool({ max: 1 });
app.get("/", async () => chromium.name());
