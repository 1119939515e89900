import type { Node } from "oxc-parser";
import { isFunctionLiteral } from "./expressions.ts";

/** Whether a value is something that takes the name of what it is given to, and that code can stand in. */
export function canBeNamed(value: Node): boolean {
  return isFunctionLiteral(value) || value.type === "ClassExpression" || value.type === "ObjectExpression";
}

/** The name of what a value is given to: a variable, a property, a member. Undefined where only running it would tell. */
export function nameOfTarget(target: Node): string | undefined {
  if (target.type !== "MemberExpression") return keyName(target);
  return target.computed ? undefined : keyName(target.property);
}

/** The name that a key spells out. */
export function keyName(key: Node): string | undefined {
  if (key.type === "Identifier") return key.name;
  if (key.type === "PrivateIdentifier") return `#${key.name}`;
  return key.type === "Literal" && typeof key.value === "string" ? key.value : undefined;
}
