// What JSON.parse forgives but the wire does not: a key written twice, and an integer written as `1.0` or `1e3`.
//
// JSON.parse keeps the last of two equal keys and turns `7.0` into 7; another language's parser may keep the first, or
// give a float that is no valid id. The scan walks over text that JSON.parse has already accepted, so it needs no
// checks of the grammar: it only has to tell keys, strings and numbers apart.

/** A piece of text that parses and is still not allowed. */
export interface JsonFault {
  readonly kind: 'duplicate-key' | 'integer-form'
  readonly text: string
  /** JSON pointer to the field. */
  readonly at: string
}

interface Level {
  /** Keys of an object so far; undefined in an array. */
  readonly keys: Set<string> | undefined
  /** Step of the pointer: the present key, or the present index. */
  step: string | number
}

const pointerTo = (levels: readonly Level[]): string =>
  levels.map(({ step }) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

/** Position of the quote that ends the string which begins at `start`: the first one that no backslash escapes. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let backslashes = 0
    while (text[end - 1 - backslashes] === '\\') backslashes++
    if (backslashes % 2 === 0) return end
  }
}

/** The first fault in `text`, which must be valid JSON. */
export function scanJson(text: string): JsonFault | undefined {
  const levels: Level[] = []
  let expectKey = false
  for (let i = 0; i < text.length; i++) {
    const character = text[i]
    const level = levels.at(-1)
    if (character === '{') {
      levels.push({ keys: new Set(), step: '' })
      expectKey = true
    } else if (character === '[') {
      levels.push({ keys: undefined, step: 0 })
      expectKey = false
    } else if (character === '}' || character === ']') {
      levels.pop()
      expectKey = false
    } else if (character === ',') {
      if (level?.keys === undefined) {
        if (level !== undefined) level.step = Number(level.step) + 1
      } else expectKey = true
    } else if (character === '"') {
      const end = endOfString(text, i)
      if (expectKey && level?.keys !== undefined) {
        const key = JSON.parse(text.slice(i, end + 1)) as string
        level.step = key
        if (level.keys.has(key)) {
          return { kind: 'duplicate-key', text: `the key '${key}' is written twice`, at: pointerTo(levels) }
        }
        level.keys.add(key)
        expectKey = false
      }
      i = end
    } else if (character === '-' || (character !== undefined && character >= '0' && character <= '9')) {
      let end = i + 1
      while (end < text.length && /[0-9.eE+-]/.test(text[end] ?? '')) end++
      const token = text.slice(i, end)
      if (/[.eE]/.test(token) && Number.isInteger(Number(token))) {
        return {
          kind: 'integer-form',
          text: `the integer ${Number(token)} is written as ${token}`,
          at: pointerTo(levels),
        }
      }
      i = end - 1
    }
  }
  return undefined
}
