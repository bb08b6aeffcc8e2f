/** The title of the tab, and its picture: a tab in the background tells how its job is. */
import { useEffect } from 'react'

export type Picture = 'icon' | 'running' | 'success' | 'failed'

export function useTitle(title: string, picture: Picture = 'icon'): void {
  useEffect(() => {
    document.title = title ? `${title} – Clusterwright` : 'Clusterwright'
  }, [title])
  useEffect(() => {
    const link = document.querySelector<HTMLLinkElement>('link[rel=icon]')
    if (link) link.href = `/console/${picture}.svg`
    return () => {
      if (link) link.href = '/console/icon.svg'
    }
  }, [picture])
}
