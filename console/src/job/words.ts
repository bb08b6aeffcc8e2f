/** What a cause means and what to do, in the reader's language where the server's words are in another. */
import type { Cause } from '../api/types'
import type { CauseWords, Messages } from '../i18n/en'

export function wordsOf(cause: Cause, messages: Messages): CauseWords {
  const { causes } = messages
  const known = causes[`${cause.code}.${cause.class}`] ?? causes[cause.code]
  return known ?? { means: '', action: cause.action }
}
