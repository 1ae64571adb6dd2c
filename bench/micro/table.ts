// Measurements as a table for people.
import type { Measurement } from './codec.ts'

const header = ['message', 'operation', 'per second', 'margin', 'time of a parse']

export function tableOf(measurements: readonly Measurement[]): string {
  const rows = measurements.map((one) => [
    one.sample,
    one.operation,
    Math.round(one.perSecond).toLocaleString('en'),
    `±${one.marginPercent.toFixed(1)} %`,
    `${(100 * one.ofParse).toFixed(1)} %`,
  ])
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  // Words to the left, figures to the right.
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (i < 2 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd()
  return [header, ...rows].map(line).join('\n')
}
