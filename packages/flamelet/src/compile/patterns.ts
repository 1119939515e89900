import type { Node } from "oxc-parser";
import { keyName } from "./names.ts";
import type { Origin } from "./scope.ts";

/** What a pattern is read with. */
export interface PatternReader {
  /** Takes each name that the pattern gives a value, and where that value comes from. */
  name(node: Extract<Node, { type: "Identifier" }>, origin: Origin): void;
  /** Takes each expression in it: defaults, computed keys, and members that an assignment gives a value. */
  expression(node: Node): void;
}

/**
 * Reads a pattern in source order: the target of a declaration or of an assignment.
 *
 * @param origin Where the value comes from that is taken apart.
 */
export function readPattern(pattern: Node, origin: Origin, reader: PatternReader): void {
  switch (pattern.type) {
    case "Identifier":
      return reader.name(pattern, origin);
    case "AssignmentPattern":
      readPattern(pattern.left, null, reader);
      return reader.expression(pattern.right);
    case "RestElement":
      return readPattern(pattern.argument, null, reader);
    case "ArrayPattern":
      for (const element of pattern.elements) if (element !== null) readPattern(element, null, reader);
      return;
    case "ObjectPattern":
      for (const property of pattern.properties) {
        if (property.type === "RestElement") {
          readPattern(property.argument, null, reader);
          continue;
        }
        if (property.computed) reader.expression(property.key);
        const key = property.computed ? undefined : keyName(property.key);
        readPattern(property.value, inside(origin, key), reader);
      }
      return;
    case "TSAsExpression":
    case "TSSatisfiesExpression":
    case "TSNonNullExpression":
    case "TSTypeAssertion":
      return readPattern(pattern.expression, origin, reader);
    default:
      return reader.expression(pattern);
  }
}

function inside(origin: Origin, key: string | undefined): Origin {
  return origin?.from === "value" && key !== undefined ? { ...origin, path: [...origin.path, key] } : null;
}
