import type { Node } from "oxc-parser";

type ImportDeclaration = Extract<Node, { type: "ImportDeclaration" }>;

/** A name that an import declares, and what it is called where it comes from: `"*"` for all of it. */
export interface ImportedName {
  readonly local: string;
  readonly imported: string;
}

/** The names that an import declares. Types are none: they are gone when the module runs. */
export function importedNames({ importKind, specifiers }: ImportDeclaration): ImportedName[] {
  if (importKind === "type") return [];
  return specifiers.flatMap((specifier): ImportedName[] => {
    const local = specifier.local.name;
    if (specifier.type === "ImportDefaultSpecifier") return [{ local, imported: "default" }];
    if (specifier.type === "ImportNamespaceSpecifier") return [{ local, imported: "*" }];
    if (specifier.importKind === "type") return [];
    const { imported } = specifier;
    return [{ local, imported: imported.type === "Literal" ? imported.value : imported.name }];
  });
}
