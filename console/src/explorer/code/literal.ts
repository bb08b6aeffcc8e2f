/** Texts as literals: one function for all languages, because JSON's escapes are valid in each of them. */

/** Controls, formats, halves of pairs, and whatever an editor or a compiler would not show or take. */
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}]/gu

export function quoted(text: string): string {
  return JSON.stringify(text).replace(HIDDEN, (found) =>
    [...Array(found.length).keys()].map((at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''),
  )
}

/** Go has no halves of pairs in its texts; what is no letter stands for them, as in UTF-8. */
export function goQuoted(text: string): string {
  return JSON.stringify(text.toWellFormed()).replace(HIDDEN, (found) => {
    const code = found.codePointAt(0) ?? 0
    return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
  })
}

const MOST = 16_000
/** Letters of one literal of Java, whose constants hold 65,535 bytes. */

/** Java's compiler reads half of a pair together with the escape behind it: none may be there. */
export function javaQuoted(text: string): string {
  const letters = [...text.toWellFormed()]
  if (letters.length <= MOST) return quoted(letters.join(''))
  const parts = Array.from({ length: Math.ceil(letters.length / MOST) }, (_, at) =>
    quoted(letters.slice(at * MOST, (at + 1) * MOST).join('')),
  )
  return `String.join("", ${parts.join(', ')})`
}

/** Lines between brackets, one step further in; nothing but the brackets around nothing. */
export function block(open: string, lines: string[], close: string, step: string): string {
  if (lines.length === 0) return open + close
  return [open, ...lines.map((line) => indented(line, step)), close].join('\n')
}

/** All lines of a code further in. No literal holds a line's end, so this changes no text. */
export function indented(code: string, step: string): string {
  return code.replace(/^(?=.)/gm, step)
}

/** Lines of a list, each but the last with a comma, or each where the language likes it so. */
export function separated(lines: string[], last: '' | ','): string[] {
  return lines.map((line, at) => line + (at < lines.length - 1 ? ',' : last))
}
