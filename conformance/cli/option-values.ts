// Values of options: text in, value out, or a `UsageError` that names the option, the value and what was expected.
import { type Level, profiles as requiredProfiles } from '../../spec/requirement.ts'
import { levels } from '../verdict/requirement-level.ts'
import type { ChosenProfile } from '../verdict/result.ts'
import { SEED_MAX } from '../verdict/seed.ts'
import { suggestion, UsageError } from '../verdict/selection.ts'

const wrong = (option: string, value: string, expectation: string): UsageError =>
  new UsageError(`${option}: ${value === '' ? 'an empty value' : value} is not ${expectation}`)

/** A parser for an option that takes an integer. */
export const integer =
  (option: string, minimum: number, maximum: number) =>
  (value: string): number => {
    const number = /^\d+$/.test(value) ? Number(value) : Number.NaN
    if (number >= minimum && number <= maximum) return number
    throw wrong(option, value, `an integer from ${minimum} to ${maximum}`)
  }

/** A parser for an option that takes one of a few words. */
export const oneOf =
  <const W extends string>(option: string, words: readonly W[]) =>
  (value: string): W => {
    const word = words.find((known) => known === value)
    if (word !== undefined) return word
    throw new UsageError(`${option}: ${value} is not one of ${words.join(', ')}${suggestion(value, words)}`)
  }

/** Collects an option that may be repeated and whose values may be comma lists. */
export const list = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  ...value
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== ''),
]

export const profiles: readonly ChosenProfile[] = [...requiredProfiles, 'declared']
export const profile = oneOf('--profile', profiles)
export const seed = integer('--seed', 0, SEED_MAX)
export const TIME_SCALE_RANGE = [0.1, 100] as const

export function timeScale(value: string): number {
  const number = value.trim() === '' ? Number.NaN : Number(value)
  const [minimum, maximum] = TIME_SCALE_RANGE
  if (number >= minimum && number <= maximum) return number
  throw wrong('--time-scale', value, `a number from ${minimum} to ${maximum}`)
}

export function level(value: string): Level {
  const words = levels.map((word) => word.toLowerCase())
  const index = words.indexOf(oneOf('--level', words)(value.toLowerCase()))
  return levels[index] ?? 'MAY'
}

/** `3` or `2-5`. */
export function stages(value: string): readonly [number, number] {
  const [, first, last = first] = /^(\d{1,3})(?:-(\d{1,3}))?$/.exec(value) ?? []
  if (first === undefined || last === undefined || Number(first) > Number(last))
    throw wrong('--stage', value, 'a stage or a range of stages such as 2 or 2-5')
  return [Number(first), Number(last)]
}

/** `127.0.0.1:7400` or `[::1]:7400`. */
export function hostAndPort(value: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(value) ?? []
  const host = bracketed ?? plain
  if (host === undefined || port === undefined)
    throw wrong('--attach', value, 'a host and a port such as 127.0.0.1:7400')
  if (Number(port) < 1 || Number(port) > 65_535)
    throw wrong('--attach', value, `a host and a port: the port ${port} is not from 1 to 65535`)
  return { host, port: Number(port) }
}
