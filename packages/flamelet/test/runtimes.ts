/** For the option `skip` of a test: why it does not hold on Bun; false elsewhere. */
export function onBun(why: string): string | false {
  return process.versions["bun"] === undefined ? false : why;
}

/** For the option `skip` of a test: why it does not hold on Deno; false elsewhere. */
export function onDeno(why: string): string | false {
  return process.versions["deno"] === undefined ? false : why;
}
