/** A job in a page: followed while the page is there. */
import { useEffect, useState, useSyncExternalStore } from 'react'
import { follow } from './follow'
import { JobStore } from './store'

export function useJob(id: string): JobStore {
  const [store, setStore] = useState(() => new JobStore())
  const [followed, setFollowed] = useState(id)
  if (followed !== id) {
    setFollowed(id)
    setStore(new JobStore())
  }
  useEffect(() => {
    const left = new AbortController()
    void follow(store, id, left.signal)
    return () => left.abort()
  }, [store, id])
  useSyncExternalStore(store.subscribe, store.current)
  return store
}
