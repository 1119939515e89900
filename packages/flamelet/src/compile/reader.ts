import {
  visitorKeys,
  type ArrowFunctionExpression,
  type Class,
  type Function as FunctionNode,
  type Node,
  type Program,
} from "oxc-parser";
import type { Call, ContextUse } from "./analysis.ts";
import { variableOfElement } from "./elements.ts";
import { unwrap } from "./expressions.ts";
import { importedNames } from "./imports.ts";
import { canBeNamed, nameOfTarget } from "./names.ts";
import { readPattern } from "./patterns.ts";
import type { BindingKind, Origin, Reference, Scope } from "./scope.ts";
import { Surroundings } from "./surroundings.ts";

/** Reads the nodes of a module in source order, and notes what they declare and use. */
export class Reader {
  readonly references: Reference[] = [];
  readonly contextUses: ContextUse[] = [];
  readonly calls: Call[] = [];
  readonly #around: Surroundings;
  /** Names that functions, classes and objects have from where they stand: `const resize = () => …`. */
  readonly #givenNames = new Map<Node, string>();

  constructor(program: Program) {
    this.#around = new Surroundings(program);
  }

  visit(node: Node | null | undefined): void {
    if (node === null || node === undefined) return;
    switch (node.type) {
      case "Identifier":
        return this.#refer(node, node.name, false);
      case "ThisExpression":
        return this.#useContext("this", node);
      case "Super":
        return this.#useContext("super", node);
      case "MetaProperty":
        if (node.meta.name === "new") this.#useContext("new.target", node);
        return;
      case "AwaitExpression":
        this.#useContext("await", node);
        return this.visit(node.argument);
      case "YieldExpression":
        this.#useContext("yield", node);
        return this.visit(node.argument);
      case "PrivateIdentifier":
        return this.#usePrivateName(node, node.name);

      case "FunctionDeclaration":
        if (node.id !== null)
          this.#around.scope.declare(node.id.name, "function", { from: "value", init: node, path: [] });
        return this.#visitFunction(node);
      case "FunctionExpression":
      case "ArrowFunctionExpression":
        return this.#visitFunction(node);
      case "ClassDeclaration":
        if (node.declare) return;
        if (node.id !== null) this.#around.scope.declare(node.id.name, "class", null);
        return this.#visitClass(node);
      case "ClassExpression":
        return this.#visitClass(node);
      case "StaticBlock":
        return this.#around.owned(node, () => this.#around.inScope("function", node, () => this.#visitChildren(node)));
      case "MethodDefinition":
        if (node.computed) this.visit(node.key);
        this.#visitAll(node.decorators);
        this.#nameAfter(node.key, node.value);
        return this.visit(node.value);
      case "PropertyDefinition":
      case "AccessorProperty":
        if (node.computed) this.visit(node.key);
        this.#visitAll(node.decorators);
        if (node.value !== null) this.#nameAfter(node.key, node.value);
        return this.#around.owned(node, () => this.visit(node.value));

      case "BlockStatement":
        return this.#around.inScope("block", node, () => this.#visitAll(node.body));
      case "ForStatement":
        return this.#around.inScope("block", node, () => this.#visitChildren(node));
      case "ForInStatement":
      case "ForOfStatement":
        if (node.type === "ForOfStatement" && node.await) this.#useContext("await", node);
        return this.#around.inScope("block", node, () => {
          if (node.left.type === "VariableDeclaration") this.visit(node.left);
          else this.#assign(node.left);
          this.visit(node.right);
          this.visit(node.body);
        });
      case "SwitchStatement":
        this.visit(node.discriminant);
        return this.#around.inScope("block", node, () => this.#visitAll(node.cases));
      case "CatchClause":
        return this.#around.inScope("block", node, () => {
          if (node.param !== null) this.#declare(node.param, "catch", this.#around.scope);
          this.visit(node.body);
        });
      case "WithStatement":
        this.#useContext("with", node);
        return this.#visitChildren(node);

      case "VariableDeclaration":
        if (node.declare === true) return;
        if (node.kind === "await using") this.#useContext("await", node);
        for (const { id, init } of node.declarations) {
          const kind = node.kind === "var" || node.kind === "let" ? node.kind : "const";
          const scope = kind === "var" ? this.#around.scope.varScope : this.#around.scope;
          this.#declare(id, kind, scope, init === null ? null : { from: "value", init, path: [] });
          if (init !== null) this.#nameAfter(id, init);
          this.visit(init);
        }
        return;
      case "ImportDeclaration":
        for (const { local, imported } of importedNames(node)) {
          const origin = { from: "import", specifier: node.source.value, imported } as const;
          this.#around.scope.declare(local, "import", origin);
        }
        return;
      case "TSImportEqualsDeclaration": {
        const { moduleReference, id } = node;
        const external = moduleReference.type === "TSExternalModuleReference" && node.importKind !== "type";
        const specifier = external ? moduleReference.expression.value : "";
        return this.#around.scope.declare(
          id.name,
          "import",
          external ? { from: "import", specifier, imported: "*" } : null,
        );
      }
      case "ExportNamedDeclaration":
        this.visit(node.declaration);
        if (node.source === null) for (const { local } of node.specifiers) this.visit(local as Node);
        return;
      case "ExportAllDeclaration":
        return;
      case "ExportDefaultDeclaration":
        this.#givenNames.set(unwrap(node.declaration as Node), "default");
        return this.visit(node.declaration);

      case "AssignmentExpression":
        this.#nameAfter(node.left, node.right);
        this.#assign(node.left);
        return this.visit(node.right);
      case "UpdateExpression":
        return this.#assign(node.argument);
      case "UnaryExpression":
        return node.operator === "delete" ? this.#assign(node.argument) : this.visit(node.argument);
      case "CallExpression":
        this.calls.push({ node, path: this.#around.path, strict: this.#around.strict });
        if (node.callee.type === "Identifier" && node.callee.name === "eval") this.#useContext("eval", node.callee);
        return this.#visitChildren(node);
      case "MemberExpression":
        this.visit(node.object);
        if (node.computed || node.property.type === "PrivateIdentifier") this.visit(node.property);
        return;
      case "ObjectExpression":
        return this.#around.inPath(this.#givenNames.get(node), () => this.#visitChildren(node));
      case "Property":
        if (node.computed) this.visit(node.key);
        this.#nameAfter(node.key, node.value);
        return this.visit(node.value);
      case "LabeledStatement":
        return this.visit(node.body);
      case "BreakStatement":
      case "ContinueStatement":
        return;

      case "JSXOpeningElement":
        this.#referToElement(node.name);
        return this.#visitAll(node.attributes);
      case "JSXClosingElement":
        return;
      case "JSXAttribute":
        return this.visit(node.value);

      case "TSAsExpression":
      case "TSSatisfiesExpression":
      case "TSNonNullExpression":
      case "TSTypeAssertion":
      case "TSInstantiationExpression":
      case "TSExportAssignment":
        return this.visit(node.expression);
      case "TSEnumDeclaration":
        if (node.declare) return;
        this.#around.scope.declare(node.id.name, "enum", null);
        return this.#around.inScope("block", node, () => {
          for (const { id, initializer } of node.body.members) {
            if (id.type === "Identifier") this.#around.scope.declare(id.name, "const", null);
            this.visit(initializer);
          }
        });
      case "TSModuleDeclaration": {
        const { body } = node;
        if (node.declare || body?.type !== "TSModuleBlock") return;
        const name = node.id.type === "Identifier" ? node.id.name : undefined;
        if (name !== undefined) this.#around.scope.declare(name, "namespace", null);
        const read = (): void => this.#around.inScope("function", node, () => this.#visitAll(body.body));
        return this.#around.inPath(name, read);
      }
      default:
        // What else begins with TS is a type, or has no code.
        if (!node.type.startsWith("TS")) this.#visitChildren(node);
    }
  }

  #visitChildren(node: Node): void {
    const children = node as unknown as Record<string, Node | null | (Node | null)[]>;
    for (const key of visitorKeys[node.type] ?? []) {
      const child = children[key];
      if (Array.isArray(child)) this.#visitAll(child);
      else this.visit(child);
    }
  }

  #visitAll(nodes: readonly (Node | null)[] | undefined): void {
    for (const node of nodes ?? []) this.visit(node);
  }

  #visitFunction(node: FunctionNode | ArrowFunctionExpression): void {
    const arrow = node.type === "ArrowFunctionExpression";
    const name = (arrow ? undefined : node.id?.name) ?? this.#givenNames.get(node);
    const read = (): void => {
      // Parameters have a scope of their own, since their defaults do not see what the body declares.
      this.#around.inScope("function", node, () => {
        if (node.type === "FunctionExpression" && node.id !== null)
          this.#around.scope.declare(node.id.name, "function", null);
        for (const param of node.params) {
          const pattern = param.type === "TSParameterProperty" ? param.parameter : param;
          if (pattern.type === "Identifier" && pattern.name === "this") continue;
          this.#visitAll(param.decorators);
          this.#declare(pattern, "param", this.#around.scope);
        }
        const { body } = node;
        if (body === null) return;
        if (body.type !== "BlockStatement") return this.visit(body);
        this.#around.inScope("function", body, () => this.#visitAll(body.body));
      });
    };
    const strict = node.body?.type === "BlockStatement" && isStrict(node.body);
    const inside = (): void => this.#around.strictly(strict, () => this.#around.inFunction(node, read));
    this.#around.inPath(name, () => (arrow ? inside() : this.#around.owned(node, inside)));
  }

  #visitClass(node: Class): void {
    this.#visitAll(node.decorators);
    const names = new Set<string>();
    for (const member of node.body.body)
      if ("key" in member && member.key.type === "PrivateIdentifier") names.add(member.key.name);
    this.#around.inPath(node.id?.name ?? this.#givenNames.get(node), () =>
      this.#around.inScope("block", node, () => {
        if (node.type === "ClassExpression" && node.id !== null)
          this.#around.scope.declare(node.id.name, "class", null);
        this.visit(node.superClass);
        this.#around.strictly(true, () => this.#around.inClass(node, names, () => this.#visitAll(node.body.body)));
      }),
    );
  }

  /** Declares every name in a pattern, and reads the defaults and computed keys in it. */
  #declare(pattern: Node, kind: BindingKind, scope: Scope, from: Origin = null): void {
    readPattern(pattern, from, {
      name: ({ name }, origin) => scope.declare(name, kind, origin),
      expression: (node) => this.visit(node),
    });
  }

  /** Reads the target of an assignment: names in it are written, everything else is read. */
  #assign(target: Node): void {
    readPattern(target, null, {
      name: (node) => this.#refer(node, node.name, true),
      expression: (node) => this.visit(node),
    });
  }

  #refer(node: Node, name: string, writes: boolean): void {
    if (name === "arguments") this.#useContext("arguments", node);
    else this.references.push({ name, node, scope: this.#around.scope, writes });
  }

  #referToElement(element: Node): void {
    const variable = variableOfElement(element);
    if (variable?.name === "this") this.#useContext("this", variable);
    else if (variable !== null) this.#refer(variable, variable.name, false);
  }

  #useContext(kind: ContextUse["kind"], node: Node): void {
    const { owner, fn } = this.#around;
    this.contextUses.push({ kind, node, owner: kind === "await" || kind === "yield" ? fn : owner });
  }

  #usePrivateName(node: Node, name: string): void {
    this.contextUses.push({ kind: "private name", node, owner: this.#around.classWith(name) });
  }

  /** Names `value` after the variable, property or member that it is given to, if it is something that can have a name. */
  #nameAfter(target: Node, value: Node): void {
    const named = unwrap(value);
    const name = canBeNamed(named) ? nameOfTarget(target) : undefined;
    if (name !== undefined) this.#givenNames.set(named, name);
  }
}

function isStrict(body: Extract<Node, { type: "BlockStatement" }>): boolean {
  return body.body.some((statement) => "directive" in statement && statement.directive === "use strict");
}
