/**
 * Whose turn it is to hold a connection open, among all tabs of a browser: it opens six to a server
 * over HTTP/1, and a tab without one could ask nothing any more. Browsers have locks only where a
 * page came over TLS or from this host; elsewhere each tab acts as if it were alone.
 */
const STREAMS = 3
/** Tabs that may follow a job by its stream at a time, beside the one that hears of all jobs. */

/** Do something as the only tab that does it, as soon as no other one does. Ends with the signal at the latest. */
export async function alone(name: string, signal: AbortSignal, act: () => Promise<void>): Promise<void> {
  if (!hasLocks()) return act()
  try {
    await navigator.locks.request(`clusterwright.${name}`, { signal }, act)
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

/** Do something that needs a stream. Tells whether there was one to be had. */
export async function streaming(act: () => Promise<void>): Promise<boolean> {
  if (!hasLocks()) {
    await act()
    return true
  }
  for (let place = 0; place < STREAMS; place += 1) {
    const name = `clusterwright.stream.${place}`
    const done = await navigator.locks.request(name, { ifAvailable: true }, async (lock) => {
      if (lock) await act()
      return lock !== null
    })
    if (done) return true
  }
  return false
}

function hasLocks(): boolean {
  // The types promise them everywhere.
  return (navigator as Partial<Navigator>).locks !== undefined
}
