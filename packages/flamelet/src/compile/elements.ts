import type { Node } from "oxc-parser";

/** What a JSX element uses as a variable: `<Thumb/>` and `<ui.thumb/>` do; `<div/>` and `<my-thumb/>` do not. */
export function variableOfElement(name: Node): Extract<Node, { type: "JSXIdentifier" }> | null {
  if (name.type === "JSXIdentifier") return /^[a-z]|-/.test(name.name) ? null : name;
  if (name.type !== "JSXMemberExpression") return null;
  let object: Node = name.object;
  while (object.type === "JSXMemberExpression") object = object.object;
  return object.type === "JSXIdentifier" ? object : null;
}
