/** The function of those peers that load a module of functions. */
export async function noop() {}
