import {
  visitorKeys,
  type ArrowFunctionExpression,
  type CallExpression,
  type Class,
  type Function as FunctionNode,
  type Node,
  type Program,
} from "oxc-parser";
import { Scope, type Binding, type BindingKind, type Origin, type Reference } from "./scope.ts";
import { unwrap } from "./expressions.ts";
import { canBeNamed, keyName, nameOfTarget } from "./names.ts";

/** A use of something that belongs to a function or a class rather than to a name. */
export interface ContextUse {
  readonly kind: "this" | "super" | "new.target" | "arguments" | "private name" | "eval" | "with";
  readonly node: Node;
  /** The function, field, static block or class that it belongs to; null for the module. */
  readonly owner: Node | null;
}

/** A call, and the names of the functions and classes around it, outermost first. */
export interface Call {
  readonly node: CallExpression;
  readonly path: readonly string[];
}

/** What a module declares and uses, in source order. */
export interface Analysis {
  readonly references: readonly Reference[];
  readonly contextUses: readonly ContextUse[];
  readonly calls: readonly Call[];
  /** What an identifier that is used as a value refers to; undefined for a global. */
  bindingOf(node: Node): Binding | undefined;
}

/** Reads a whole module once. Types are never looked at, so that what only they mention is not a use. */
export function analyze(program: Program): Analysis {
  const reader = new Reader(program);
  for (const statement of program.body) reader.visit(statement);
  const bindings = new Map<Node, Binding>();
  for (const { node, name, scope, writes } of reader.references) {
    const binding = scope.find(name);
    if (binding === undefined) continue;
    bindings.set(node, binding);
    if (writes) binding.reassigned = true;
  }
  const { references, contextUses, calls } = reader;
  return { references, contextUses, calls, bindingOf: (node) => bindings.get(node) };
}

class Reader {
  readonly references: Reference[] = [];
  readonly contextUses: ContextUse[] = [];
  readonly calls: Call[] = [];
  #scope: Scope;
  /** Whose `this` and `arguments` are meant here. */
  #owner: Node | null = null;
  /** The classes around, innermost last, with the private names that each declares. */
  readonly #classes: { readonly node: Node; readonly names: ReadonlySet<string> }[] = [];
  #path: readonly string[] = [];
  /** Names that functions, classes and objects have from where they stand: `const resize = () => …`. */
  readonly #givenNames = new Map<Node, string>();

  constructor(program: Program) {
    this.#scope = new Scope("module", null, program);
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
      case "PrivateIdentifier":
        return this.#usePrivateName(node, node.name);

      case "FunctionDeclaration":
        if (node.id !== null) this.#scope.declare(node.id.name, "function", null);
        return this.#visitFunction(node);
      case "FunctionExpression":
      case "ArrowFunctionExpression":
        return this.#visitFunction(node);
      case "ClassDeclaration":
        if (node.declare) return;
        if (node.id !== null) this.#scope.declare(node.id.name, "class", null);
        return this.#visitClass(node);
      case "ClassExpression":
        return this.#visitClass(node);
      case "StaticBlock":
        return this.#owned(node, () => this.#inScope("function", node, () => this.#visitChildren(node)));
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
        return this.#owned(node, () => this.visit(node.value));

      case "BlockStatement":
        return this.#inScope("block", node, () => this.#visitAll(node.body));
      case "ForStatement":
        return this.#inScope("block", node, () => this.#visitChildren(node));
      case "ForInStatement":
      case "ForOfStatement":
        return this.#inScope("block", node, () => {
          if (node.left.type === "VariableDeclaration") this.visit(node.left);
          else this.#assign(node.left);
          this.visit(node.right);
          this.visit(node.body);
        });
      case "SwitchStatement":
        this.visit(node.discriminant);
        return this.#inScope("block", node, () => this.#visitAll(node.cases));
      case "CatchClause":
        return this.#inScope("block", node, () => {
          if (node.param !== null) this.#declare(node.param, "catch", this.#scope);
          this.visit(node.body);
        });
      case "WithStatement":
        this.#useContext("with", node);
        return this.#visitChildren(node);

      case "VariableDeclaration":
        if (node.declare === true) return;
        for (const { id, init } of node.declarations) {
          const kind = node.kind === "var" || node.kind === "let" ? node.kind : "const";
          const scope = kind === "var" ? this.#scope.varScope : this.#scope;
          this.#declare(id, kind, scope, init === null ? null : { from: "value", init, path: [] });
          if (init !== null) this.#nameAfter(id, init);
          this.visit(init);
        }
        return;
      case "ImportDeclaration":
        if (node.importKind !== "type") for (const specifier of node.specifiers) this.#declareImport(specifier, node);
        return;
      case "TSImportEqualsDeclaration": {
        const { moduleReference, id } = node;
        const external = moduleReference.type === "TSExternalModuleReference" && node.importKind !== "type";
        const specifier = external ? moduleReference.expression.value : "";
        return this.#scope.declare(id.name, "import", external ? { from: "import", specifier, imported: "*" } : null);
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
        this.calls.push({ node, path: this.#path });
        if (node.callee.type === "Identifier" && node.callee.name === "eval") this.#useContext("eval", node.callee);
        return this.#visitChildren(node);
      case "MemberExpression":
        this.visit(node.object);
        if (node.computed || node.property.type === "PrivateIdentifier") this.visit(node.property);
        return;
      case "ObjectExpression":
        return this.#inPath(this.#givenNames.get(node), () => this.#visitChildren(node));
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
        this.#scope.declare(node.id.name, "enum", null);
        return this.#inScope("block", node, () => {
          for (const { id, initializer } of node.body.members) {
            if (id.type === "Identifier") this.#scope.declare(id.name, "const", null);
            this.visit(initializer);
          }
        });
      case "TSModuleDeclaration": {
        if (node.declare) return;
        if (node.id.type === "Identifier") this.#scope.declare(node.id.name, "namespace", null);
        const { body } = node;
        if (body?.type === "TSModuleBlock") this.#inScope("function", node, () => this.#visitAll(body.body));
        return;
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
      this.#inScope("function", node, () => {
        if (node.type === "FunctionExpression" && node.id !== null) this.#scope.declare(node.id.name, "function", null);
        for (const param of node.params) {
          const pattern = param.type === "TSParameterProperty" ? param.parameter : param;
          if (pattern.type === "Identifier" && pattern.name === "this") continue;
          this.#visitAll(param.decorators);
          this.#declare(pattern, "param", this.#scope);
        }
        const { body } = node;
        if (body === null) return;
        if (body.type !== "BlockStatement") return this.visit(body);
        this.#inScope("function", body, () => this.#visitAll(body.body));
      });
    };
    this.#inPath(name, () => (arrow ? read() : this.#owned(node, read)));
  }

  #visitClass(node: Class): void {
    this.#visitAll(node.decorators);
    const names = new Set<string>();
    for (const member of node.body.body)
      if ("key" in member && member.key.type === "PrivateIdentifier") names.add(member.key.name);
    this.#inPath(node.id?.name ?? this.#givenNames.get(node), () =>
      this.#inScope("block", node, () => {
        if (node.type === "ClassExpression" && node.id !== null) this.#scope.declare(node.id.name, "class", null);
        this.visit(node.superClass);
        this.#classes.push({ node, names });
        this.#visitAll(node.body.body);
        this.#classes.pop();
      }),
    );
  }

  #declareImport(
    specifier: Extract<Node, { type: "ImportDeclaration" }>["specifiers"][number],
    { source }: Extract<Node, { type: "ImportDeclaration" }>,
  ): void {
    let imported = "*";
    if (specifier.type === "ImportDefaultSpecifier") imported = "default";
    if (specifier.type === "ImportSpecifier") {
      if (specifier.importKind === "type") return;
      imported = specifier.imported.type === "Literal" ? specifier.imported.value : specifier.imported.name;
    }
    this.#scope.declare(specifier.local.name, "import", {
      from: "import",
      specifier: source.value,
      imported,
    });
  }

  /** Declares every name in a pattern, and reads the defaults and computed keys in it. */
  #declare(pattern: Node, kind: BindingKind, scope: Scope, origin: Origin = null): void {
    switch (pattern.type) {
      case "Identifier":
        return scope.declare(pattern.name, kind, origin);
      case "AssignmentPattern":
        this.#declare(pattern.left, kind, scope);
        return this.visit(pattern.right);
      case "RestElement":
        return this.#declare(pattern.argument, kind, scope);
      case "ArrayPattern":
        for (const element of pattern.elements) if (element !== null) this.#declare(element, kind, scope);
        return;
      case "ObjectPattern":
        for (const property of pattern.properties) {
          if (property.type === "RestElement") {
            this.#declare(property.argument, kind, scope);
            continue;
          }
          if (property.computed) this.visit(property.key);
          const key = property.computed ? undefined : keyName(property.key);
          const inner: Origin =
            origin?.from === "value" && key !== undefined ? { ...origin, path: [...origin.path, key] } : null;
          this.#declare(property.value, kind, scope, inner);
        }
    }
  }

  /** Reads the target of an assignment: names in it are written, everything else is read. */
  #assign(target: Node): void {
    switch (target.type) {
      case "Identifier":
        return this.#refer(target, target.name, true);
      case "AssignmentPattern":
        this.#assign(target.left);
        return this.visit(target.right);
      case "RestElement":
        return this.#assign(target.argument);
      case "ArrayPattern":
        for (const element of target.elements) if (element !== null) this.#assign(element);
        return;
      case "ObjectPattern":
        for (const property of target.properties) {
          if (property.type === "RestElement") {
            this.#assign(property.argument);
            continue;
          }
          if (property.computed) this.visit(property.key);
          this.#assign(property.value);
        }
        return;
      case "TSAsExpression":
      case "TSSatisfiesExpression":
      case "TSNonNullExpression":
      case "TSTypeAssertion":
        return this.#assign(target.expression);
      default:
        return this.visit(target);
    }
  }

  #refer(node: Node, name: string, writes: boolean): void {
    if (name === "arguments") this.#useContext("arguments", node);
    else this.references.push({ name, node, scope: this.#scope, writes });
  }

  /** `<Thumb/>` and `<ui.thumb/>` use a variable; `<div/>` and `<my-thumb/>` do not. */
  #referToElement(name: Node): void {
    if (name.type === "JSXMemberExpression") {
      let object: Node = name.object;
      while (object.type === "JSXMemberExpression") object = object.object;
      if (object.type !== "JSXIdentifier") return;
      if (object.name === "this") this.#useContext("this", object);
      else this.#refer(object, object.name, false);
    } else if (name.type === "JSXIdentifier" && !/^[a-z]|-/.test(name.name)) this.#refer(name, name.name, false);
  }

  #useContext(kind: ContextUse["kind"], node: Node): void {
    this.contextUses.push({ kind, node, owner: this.#owner });
  }

  #usePrivateName(node: Node, name: string): void {
    const owner = this.#classes.findLast((around) => around.names.has(name))?.node ?? null;
    this.contextUses.push({ kind: "private name", node, owner });
  }

  #inScope(kind: "function" | "block", node: Node, read: () => void): void {
    const outside = this.#scope;
    this.#scope = new Scope(kind, outside, node);
    read();
    this.#scope = outside;
  }

  #owned(node: Node, read: () => void): void {
    const outside = this.#owner;
    this.#owner = node;
    read();
    this.#owner = outside;
  }

  #inPath(name: string | undefined, read: () => void): void {
    const outside = this.#path;
    if (name !== undefined) this.#path = [...outside, name];
    read();
    this.#path = outside;
  }

  /** Names `value` after the variable, property or member that it is given to, if it is something that can have a name. */
  #nameAfter(target: Node, value: Node): void {
    const named = unwrap(value);
    const name = canBeNamed(named) ? nameOfTarget(target) : undefined;
    if (name !== undefined) this.#givenNames.set(named, name);
  }
}
