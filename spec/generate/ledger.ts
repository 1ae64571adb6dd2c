// The ledger lists every requirement id that was ever used, so that no id vanishes or gets a second meaning unseen.
// A line is an id, or an id that is no longer used: `ring.join.old-name retired: now ring.join.new-name`.

export interface Ledger {
  current: Set<string>
  retired: Set<string>
}

const isEntry = (line: string): boolean => line !== '' && !line.startsWith('#')

export function parseLedger(text: string): Ledger {
  const ledger: Ledger = { current: new Set(), retired: new Set() }
  for (const line of text.split('\n').filter(isEntry)) {
    const [id = '', word] = line.split(' ')
    ;(word === 'retired:' ? ledger.retired : ledger.current).add(id)
  }
  return ledger
}

/** What is wrong with the ledger for these ids; each problem says how to mend it. */
export function ledgerProblems(text: string, ids: readonly string[]): string[] {
  const { current, retired } = parseLedger(text)
  const used = new Set(ids)
  const file = 'spec/requirement-ids.txt'
  return [
    ...[...current]
      .filter((id) => !used.has(id))
      .map(
        (id) =>
          `${file}: ${id} is in no prose any more; put it back, or end its line with "retired: <why or new id>"`,
      ),
    ...[...retired]
      .filter((id) => used.has(id))
      .map((id) => `${file}: ${id} is retired; give the requirement a new id`),
    ...ids
      .filter((id) => !current.has(id) && !retired.has(id))
      .map((id) => `${file}: ${id} is missing; run npm run generate:spec`),
  ]
}

/** The ledger with the ids appended that it does not have yet. Nothing is ever taken out. */
export function extendLedger(text: string, ids: readonly string[]): string {
  const { current, retired } = parseLedger(text)
  const added = ids.filter((id) => !current.has(id) && !retired.has(id))
  return added.length === 0 ? text : `${text.trimEnd()}\n${added.join('\n')}\n`
}
