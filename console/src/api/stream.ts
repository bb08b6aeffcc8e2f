/** One stream of server-sent events, read by fetch: EventSource cannot send a token. */
import { EventSourceParserStream, type EventSourceMessage } from 'eventsource-parser/stream'
import { send } from './client'

const SILENCE = 40_000
/** Milliseconds without a word, not even a heartbeat, after which a stream is taken for dead. */

export interface Listening {
  lastId: string | null
  signal: AbortSignal
  onOpen: () => void
  onEvent: (event: EventSourceMessage) => void
}

/**
 * Read a stream until it ends. Returns when the server closes it or falls silent; throws Refusal,
 * Unreachable, and whatever the connection broke with.
 */
export async function listen(path: string, to: Listening): Promise<void> {
  const dead = new AbortController()
  const signal = AbortSignal.any([to.signal, dead.signal])
  let timer = setTimeout(() => dead.abort(), SILENCE)
  const alive = () => {
    clearTimeout(timer)
    timer = setTimeout(() => dead.abort(), SILENCE)
  }
  try {
    const headers: Record<string, string> = { Accept: 'text/event-stream' }
    if (to.lastId !== null) headers['Last-Event-ID'] = to.lastId
    const answer = await send(path, { headers, signal })
    if (!answer.body) return
    to.onOpen()
    const seen = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        alive()
        controller.enqueue(chunk)
      },
    })
    const events = answer.body
      .pipeThrough(seen)
      .pipeThrough(new TextDecoderStream() as unknown as ReadableWritablePair<string, Uint8Array>)
      .pipeThrough(new EventSourceParserStream())
      .getReader()
    for (;;) {
      const { done, value } = await events.read()
      if (done) return
      to.onEvent(value)
    }
  } catch (error) {
    if (to.signal.aborted || !dead.signal.aborted) throw error
  } finally {
    clearTimeout(timer)
  }
}
