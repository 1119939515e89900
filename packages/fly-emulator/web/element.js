/**
 * Makes an element: `element("li", { class: "x", hidden: true }, "text", child)`. Texts become text nodes, so nothing that
 * an app or a client wrote is ever read as HTML.
 */
export function element(name, attributes = {}, ...children) {
  const made = name.startsWith("svg:")
    ? document.createElementNS("http://www.w3.org/2000/svg", name.slice(4))
    : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === undefined || value === null) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : String(value));
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function byId(id) {
  return document.getElementById(id);
}

/** Sets a text, if it is another one: what is unchanged is not read out again. */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}
