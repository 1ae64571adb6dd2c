// Text on a terminal: wrapping, durations, and the prose of the specification without its Markdown.

/** Lines of at most `width` characters, broken at spaces; the indentation of the text is kept. */
export function wrap(text: string, width: number): readonly string[] {
  const [indent = ''] = /^\s*/.exec(text) ?? []
  const lines: string[] = []
  let line = indent
  for (const word of text.trim().split(/ +/)) {
    if (line.trim() !== '' && line.length + 1 + word.length > Math.max(20, width)) {
      lines.push(line)
      line = indent
    }
    line += line.trim() === '' ? word : ` ${word}`
  }
  return [...lines, line]
}

/** Backticks stay, because they set off names; emphasis and links go. */
export const plainProse = (markdown: string): string =>
  markdown.replace(/\[([^\]]+)\]\([^)]+\)/g, '$1').replace(/(^|\s)_([^_]+)_/g, '$1$2')

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

/** `1 case`, `2 cases`. */
export const plural = (count: number, noun: string): string =>
  `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`

/**
 * Text of the program under test, fit for a terminal: an escape sequence in its log must not repaint or retitle the
 * screen of whoever reads the report.
 */
export const harmless = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to be shown as text.
  text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
