/** Files of the console that are loaded when they are first wanted. */
import { send } from './client'

const KEY = 'clusterwright.reloaded'

/**
 * What `load` imports. Throws Unreachable and Refusal where the server is away. A server that is there
 * and has no such file is of another build than this page, which is loaded anew then, once.
 */
export async function wanted<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (error) {
    await isThere()
    if (sessionStorage.getItem(KEY) === document.title) throw error
    sessionStorage.setItem(KEY, document.title)
    location.reload()
    return new Promise(() => undefined)
  }
}

/** Throws Unreachable and Refusal where the server is away. */
export async function isThere(): Promise<void> {
  await send('/healthz', { proof: null })
}
