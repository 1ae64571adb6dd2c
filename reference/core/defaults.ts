// Fills in the defaults of a configuration. They are written once, in its schema.

/** A configuration in which every default is filled in; `derived` are those that depend on other fields. */
export function withDefaults<C extends object>(
  schema: { readonly properties: Readonly<Record<string, object>> },
  derived: Partial<C>,
  config: C,
): C {
  const defaults: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(schema.properties)) {
    if ('default' in field) defaults[name] = field.default
  }
  return { ...defaults, ...derived, ...config }
}
