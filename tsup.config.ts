// What is published: four libraries with types, the command, and the programs that it starts. One call per kind, because only libraries need types;
// and the types of index apart from the others: sharing a file of types with them, namespaces such as `ring` lose theirs.
import { existsSync } from 'node:fs'
import { defineConfig } from 'tsup'

const libraries = {
  index: 'spec/index.ts',
  reference: 'reference/index.ts',
  conformance: 'conformance/index.ts',
  bench: 'bench/index.ts',
}
const programs = {
  cli: 'conformance/cli/main.ts',
  'reference-main': 'reference/runtime/main.ts',
  'name-service': 'reference/programs/name-service.ts',
  chat: 'reference/programs/chat.ts',
}
/** Programs may be running while others are built. */
const kept = Object.keys(programs).map((name) => `!${name}.js`)

const present = (entries: Record<string, string>) =>
  Object.fromEntries(Object.entries(entries).filter(([, file]) => existsSync(file)))

const { index, ...others } = libraries
const common = { format: 'esm', target: 'node20', outDir: 'dist', splitting: true } as const
/** A program is one file: nothing else has to be found and read before it starts. */
const program = { ...common, splitting: false } as const

// `tsup --no-dts` leaves out the types, which take most of the time and which no program needs.
export default defineConfig(({ dts }) => [
  // Pieces that libraries share carry a hash in their names; those of an earlier build are removed.
  { ...common, entry: present(libraries), clean: kept },
  ...(dts === false
    ? []
    : [
        { ...common, entry: { index }, dts: { only: true } },
        { ...common, entry: present(others), dts: { only: true } },
      ]),
  { ...program, entry: present({ cli: programs.cli }) },
  {
    ...program,
    entry: present({
      'reference-main': programs['reference-main'],
      'name-service': programs['name-service'],
      chat: programs.chat,
    }),
    // A conformance suite starts the first of these hundreds of times, and people wait for the others.
    noExternal: [/^typebox/],
    minify: true,
  },
])
