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

/** The function literals that may be the value of an expression: one, none, or some where it chooses. */
export function functionLiterals(node: Node): FunctionLiteral[] {
  const value = unwrap(node);
  if (isFunctionLiteral(value)) return [value];
  if (value.type === "ConditionalExpression")
    return [...functionLiterals(value.consequent), ...functionLiterals(value.alternate)];
  if (value.type === "LogicalExpression") return [...functionLiterals(value.left), ...functionLiterals(value.right)];
  return [];
}
