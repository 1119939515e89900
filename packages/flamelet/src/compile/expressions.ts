import type { Function as FunctionNode, ArrowFunctionExpression, Node } from "oxc-parser";

/** An arrow function or a function expression. */
export type FunctionLiteral = ArrowFunctionExpression | (FunctionNode & { type: "FunctionExpression" });

export function isFunctionLiteral(node: Node): node is FunctionLiteral {
  return node.type === "ArrowFunctionExpression" || node.type === "FunctionExpression";
}

/** The expression inside of type assertions and optional chains, none of which changes its value. */
export function unwrap(node: Node): Node {
  switch (node.type) {
    case "TSAsExpression":
    case "TSSatisfiesExpression":
    case "TSNonNullExpression":
    case "TSTypeAssertion":
    case "TSInstantiationExpression":
    case "ChainExpression":
      return unwrap(node.expression);
    case "SequenceExpression": {
      const last = node.expressions.at(-1);
      return last === undefined ? node : unwrap(last);
    }
    default:
      return node;
  }
}

/** The expressions that may be the value of an expression: one, or several where it chooses. */
export function choices(node: Node): Node[] {
  const value = unwrap(node);
  if (value.type === "ConditionalExpression") return [...choices(value.consequent), ...choices(value.alternate)];
  if (value.type !== "LogicalExpression") return [value];
  // What stands before && is its value only when there is nothing to run.
  return value.operator === "&&" ? choices(value.right) : [...choices(value.left), ...choices(value.right)];
}
