// Faults for random broken messages, of whatever system: strange values for fields, and bytes changed, cut, doubled, inserted.

export type Random = () => number

export const pick = <T>(random: Random, values: readonly T[]): T =>
  values[Math.floor(random() * values.length)] as T

/** One fault among the bytes: one changed, some cut off, some doubled, noise in between. */
export function breakBytes(random: Random, bytes: Uint8Array): Uint8Array {
  const at = Math.floor(random() * bytes.length)
  switch (Math.floor(random() * 4)) {
    case 0: {
      const changed = Uint8Array.from(bytes)
      changed[at] = Math.floor(random() * 256)
      return changed
    }
    case 1:
      return bytes.subarray(0, at)
    case 2:
      return Buffer.concat([bytes, bytes.subarray(at)])
    default: {
      const noise = Uint8Array.from({ length: 1 + Math.floor(random() * 40) }, () =>
        Math.floor(random() * 256),
      )
      return Buffer.concat([bytes.subarray(0, at), noise, bytes.subarray(at)])
    }
  }
}

const LF = 0x0a

/** The same bytes on one line. */
export const onOneLine = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => (byte === LF ? 0x20 : byte))

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The JSON object that these bytes are; undefined when they are none. */
export function objectOf(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  let value: unknown
  try {
    value = JSON.parse(strictUtf8.decode(bytes))
  } catch {
    return undefined
  }
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject ? (value as Record<string, unknown>) : undefined
}
